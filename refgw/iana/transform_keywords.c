#include "refgw/iana/ikev2_names.h"

#include <string.h>

// Nothing here that must never be negotiated: no DES, 3DES, MD5, SHA-1, MODP below 2048.
static const struct transform_keyword keywords[] = {
    {"aes128gcm16",      IKE_TRANSFORM_ENCR,  ENCR_AES_GCM_16,         128},
    {"aes192gcm16",      IKE_TRANSFORM_ENCR,  ENCR_AES_GCM_16,         192},
    {"aes256gcm16",      IKE_TRANSFORM_ENCR,  ENCR_AES_GCM_16,         256},
    {"aes128gcm12",      IKE_TRANSFORM_ENCR,  ENCR_AES_GCM_12,         128},
    {"aes192gcm12",      IKE_TRANSFORM_ENCR,  ENCR_AES_GCM_12,         192},
    {"aes256gcm12",      IKE_TRANSFORM_ENCR,  ENCR_AES_GCM_12,         256},
    {"aes128gcm8",       IKE_TRANSFORM_ENCR,  ENCR_AES_GCM_8,          128},
    {"aes192gcm8",       IKE_TRANSFORM_ENCR,  ENCR_AES_GCM_8,          192},
    {"aes256gcm8",       IKE_TRANSFORM_ENCR,  ENCR_AES_GCM_8,          256},
    {"aes128ccm16",      IKE_TRANSFORM_ENCR,  ENCR_AES_CCM_16,         128},
    {"aes192ccm16",      IKE_TRANSFORM_ENCR,  ENCR_AES_CCM_16,         192},
    {"aes256ccm16",      IKE_TRANSFORM_ENCR,  ENCR_AES_CCM_16,         256},
    {"aes128ccm12",      IKE_TRANSFORM_ENCR,  ENCR_AES_CCM_12,         128},
    {"aes192ccm12",      IKE_TRANSFORM_ENCR,  ENCR_AES_CCM_12,         192},
    {"aes256ccm12",      IKE_TRANSFORM_ENCR,  ENCR_AES_CCM_12,         256},
    {"aes128ccm8",       IKE_TRANSFORM_ENCR,  ENCR_AES_CCM_8,          128},
    {"aes192ccm8",       IKE_TRANSFORM_ENCR,  ENCR_AES_CCM_8,          192},
    {"aes256ccm8",       IKE_TRANSFORM_ENCR,  ENCR_AES_CCM_8,          256},
    {"aes128",           IKE_TRANSFORM_ENCR,  ENCR_AES_CBC,            128},
    {"aes192",           IKE_TRANSFORM_ENCR,  ENCR_AES_CBC,            192},
    {"aes256",           IKE_TRANSFORM_ENCR,  ENCR_AES_CBC,            256},
    {"aes128ctr",        IKE_TRANSFORM_ENCR,  ENCR_AES_CTR,            128},
    {"aes192ctr",        IKE_TRANSFORM_ENCR,  ENCR_AES_CTR,            192},
    {"aes256ctr",        IKE_TRANSFORM_ENCR,  ENCR_AES_CTR,            256},
    {"aes128gmac",       IKE_TRANSFORM_ENCR,  ENCR_NULL_AUTH_AES_GMAC, 128},
    {"aes192gmac",       IKE_TRANSFORM_ENCR,  ENCR_NULL_AUTH_AES_GMAC, 192},
    {"aes256gmac",       IKE_TRANSFORM_ENCR,  ENCR_NULL_AUTH_AES_GMAC, 256},
    {"chacha20poly1305", IKE_TRANSFORM_ENCR,  ENCR_CHACHA20_POLY1305,  0  },
    {"null",             IKE_TRANSFORM_ENCR,  ENCR_NULL,               0  },
    {"sha256",           IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA2_256_128,  0  },
    {"sha384",           IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA2_384_192,  0  },
    {"sha512",           IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA2_512_256,  0  },
    {"aesxcbc",          IKE_TRANSFORM_INTEG, AUTH_AES_XCBC_96,        0  },
    {"aescmac",          IKE_TRANSFORM_INTEG, AUTH_AES_CMAC_96,        0  },
    {"prfsha256",        IKE_TRANSFORM_PRF,   PRF_HMAC_SHA2_256,       0  },
    {"prfsha384",        IKE_TRANSFORM_PRF,   PRF_HMAC_SHA2_384,       0  },
    {"prfsha512",        IKE_TRANSFORM_PRF,   PRF_HMAC_SHA2_512,       0  },
    {"prfaesxcbc",       IKE_TRANSFORM_PRF,   PRF_AES128_XCBC,         0  },
    {"prfaescmac",       IKE_TRANSFORM_PRF,   PRF_AES128_CMAC,         0  },
    {"x25519",           IKE_TRANSFORM_KE,    KE_CURVE25519,           0  },
    {"x448",             IKE_TRANSFORM_KE,    KE_CURVE448,             0  },
    {"ecp256",           IKE_TRANSFORM_KE,    KE_ECP_256,              0  },
    {"ecp384",           IKE_TRANSFORM_KE,    KE_ECP_384,              0  },
    {"ecp521",           IKE_TRANSFORM_KE,    KE_ECP_521,              0  },
    {"modp2048",         IKE_TRANSFORM_KE,    KE_MODP_2048,            0  },
    {"modp3072",         IKE_TRANSFORM_KE,    KE_MODP_3072,            0  },
    {"modp4096",         IKE_TRANSFORM_KE,    KE_MODP_4096,            0  },
    {"modp6144",         IKE_TRANSFORM_KE,    KE_MODP_6144,            0  },
    {"modp8192",         IKE_TRANSFORM_KE,    KE_MODP_8192,            0  },
    {"mlkem512",         IKE_TRANSFORM_KE,    KE_ML_KEM_512,           0  },
    {"mlkem768",         IKE_TRANSFORM_KE,    KE_ML_KEM_768,           0  },
    {"mlkem1024",        IKE_TRANSFORM_KE,    KE_ML_KEM_1024,          0  },
    {"esn",              IKE_TRANSFORM_SN,    SN_64_BIT_PARTIAL,       0  },
    {"noesn",            IKE_TRANSFORM_SN,    SN_32_BIT_SEQUENTIAL,    0  },
};

enum { KEYWORD_COUNT = sizeof(keywords) / sizeof(keywords[0]) };

const struct transform_keyword *transform_keyword_find(const char *word)
{
    for (size_t i = 0; i < KEYWORD_COUNT; i++) {
        if (strcmp(keywords[i].word, word) == 0) {
            return &keywords[i];
        }
    }
    return NULL;
}

const char *transform_keyword_name(unsigned type, unsigned number, unsigned key_bits)
{
    if (type >= IKE_TRANSFORM_ADDKE1 && type <= IKE_TRANSFORM_ADDKE7) {
        type = IKE_TRANSFORM_KE; // the same methods, as further rounds (RFC 9370)
    }
    for (size_t i = 0; i < KEYWORD_COUNT; i++) {
        const struct transform_keyword *row = &keywords[i];
        if (row->type == type && row->number == number && row->key_bits == key_bits) {
            return row->word;
        }
    }
    return NULL;
}

const struct transform_keyword *transform_keyword_at(size_t index)
{
    return index < KEYWORD_COUNT ? &keywords[index] : NULL;
}
