#include "harness/peer/capability.h"

#include <string.h>

struct algorithm_name {
    const char *word;
    enum algorithm_kind kind;
};

static const struct algorithm_name algorithms[] = {
    {"aes128gcm16",      ALGORITHM_ENCRYPTION},
    {"aes192gcm16",      ALGORITHM_ENCRYPTION},
    {"aes256gcm16",      ALGORITHM_ENCRYPTION},
    {"aes128gcm12",      ALGORITHM_ENCRYPTION},
    {"aes256gcm12",      ALGORITHM_ENCRYPTION},
    {"aes128gcm8",       ALGORITHM_ENCRYPTION},
    {"aes256gcm8",       ALGORITHM_ENCRYPTION},
    {"aes128ccm16",      ALGORITHM_ENCRYPTION},
    {"aes256ccm16",      ALGORITHM_ENCRYPTION},
    {"aes128ccm8",       ALGORITHM_ENCRYPTION},
    {"aes256ccm8",       ALGORITHM_ENCRYPTION},
    {"aes128gmac",       ALGORITHM_ENCRYPTION},
    {"aes256gmac",       ALGORITHM_ENCRYPTION},
    {"aes128ctr",        ALGORITHM_ENCRYPTION},
    {"aes256ctr",        ALGORITHM_ENCRYPTION},
    {"aes128",           ALGORITHM_ENCRYPTION},
    {"aes192",           ALGORITHM_ENCRYPTION},
    {"aes256",           ALGORITHM_ENCRYPTION},
    {"chacha20poly1305", ALGORITHM_ENCRYPTION},
    {"null",             ALGORITHM_ENCRYPTION},
    {"sha1",             ALGORITHM_INTEGRITY },
    {"sha256",           ALGORITHM_INTEGRITY },
    {"sha384",           ALGORITHM_INTEGRITY },
    {"sha512",           ALGORITHM_INTEGRITY },
    {"aesxcbc",          ALGORITHM_INTEGRITY },
    {"aescmac",          ALGORITHM_INTEGRITY },
    {"prfsha1",          ALGORITHM_PRF       },
    {"prfsha256",        ALGORITHM_PRF       },
    {"prfsha384",        ALGORITHM_PRF       },
    {"prfsha512",        ALGORITHM_PRF       },
    {"prfaesxcbc",       ALGORITHM_PRF       },
    {"prfaescmac",       ALGORITHM_PRF       },
    {"modp2048",         ALGORITHM_GROUP     },
    {"modp3072",         ALGORITHM_GROUP     },
    {"modp4096",         ALGORITHM_GROUP     },
    {"modp6144",         ALGORITHM_GROUP     },
    {"modp8192",         ALGORITHM_GROUP     },
    {"ecp256",           ALGORITHM_GROUP     },
    {"ecp384",           ALGORITHM_GROUP     },
    {"ecp521",           ALGORITHM_GROUP     },
    {"ecp256bp",         ALGORITHM_GROUP     },
    {"ecp384bp",         ALGORITHM_GROUP     },
    {"ecp512bp",         ALGORITHM_GROUP     },
    {"x25519",           ALGORITHM_GROUP     },
    {"x448",             ALGORITHM_GROUP     },
    {"mlkem512",         ALGORITHM_GROUP     },
    {"mlkem768",         ALGORITHM_GROUP     },
    {"mlkem1024",        ALGORITHM_GROUP     },
    {"esn",              ALGORITHM_SEQUENCE  },
    {"noesn",            ALGORITHM_SEQUENCE  },
};

// What a scenario may need and a manifest answers.
static const char *const capabilities[] = {
    "auth.psk",
    "auth.signature",
    "auth.eap",
    "auth.null",
    "role.initiator",
    "role.responder",
    "child.multiple",
    "child.pfs",
    "child.rekey",
    "child.transport",
    "child.narrowing",
    "child.route-based",
    "esp.esn",
    "esp.plain",
    "esp.tfc",
    "esp.udp-encapsulation",
    "ike.additional-key-exchange",
    "ike.childless",
    "ike.configuration",
    "ike.cookie",
    "ike.fragmentation",
    "ike.intermediate",
    "ike.mobike",
    "ike.ppk",
    "ike.redirect",
    "ike.rekey",
    "ike.repeated-authentication",
    "ike.tcp-encapsulation",
    "inner.ipv4",
    "inner.ipv6",
    "outer.ipv4",
    "outer.ipv6",
    "keys.esp",
    "keys.ike",
    "liveness.when-idle",
    "natt.initiator",
    "natt.responder",
    "op.dpd",
    "op.down-child",
    "op.down-ike",
    "op.kill",
    "op.rekey-child",
    "op.rekey-ike",
    "op.roam",
    "retransmit.configurable",
    "status.generation",
    "status.replayed",
};

enum {
    ALGORITHM_COUNT = sizeof(algorithms) / sizeof(algorithms[0]),
    CAPABILITY_COUNT = sizeof(capabilities) / sizeof(capabilities[0]),
};

enum algorithm_kind algorithm_kind_of(const char *word)
{
    for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
        if (strcmp(algorithms[i].word, word) == 0) {
            return algorithms[i].kind;
        }
    }
    return ALGORITHM_UNKNOWN;
}

bool capability_is_known(const char *word)
{
    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        if (strcmp(capabilities[i], word) == 0) {
            return true;
        }
    }
    if (strncmp(word, "ike.", 4) != 0 && strncmp(word, "esp.", 4) != 0) {
        return false;
    }
    return algorithm_kind_of(word + 4) != ALGORITHM_UNKNOWN;
}

const char *capability_at(size_t index)
{
    return index < CAPABILITY_COUNT ? capabilities[index] : NULL;
}
