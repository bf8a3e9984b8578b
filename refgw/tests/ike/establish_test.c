// The initial exchanges, end to end.
#include "harness/tap/tap.h"
#include "refgw/tests/ike_pair.h"

#include <stdio.h>
#include <string.h>

static bool comes_up(const char *ike, const char *esp)
{
    struct ike_pair *pair = ike_pair_new();
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        ike_pair_set_ike(pair, host, ike);
        ike_pair_set_esp(pair, host, esp);
    }
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    const bool is_up = ike_pair_is_up(pair) && pair->network.hosts[WEST].sent == 2 &&
                       pair->network.hosts[EAST].sent == 2;
    ike_pair_free(pair);
    return is_up;
}

static void establishes_with_every_group(const char *cipher, const char *prf)
{
    static const char *const GROUPS[] = {"x25519", "ecp256", "ecp384", "modp2048"};
    for (size_t i = 0; i < sizeof(GROUPS) / sizeof(GROUPS[0]); i++) {
        char ike[80];
        char esp[80];
        (void)snprintf(ike, sizeof(ike), "%s-%s-%s", cipher, prf, GROUPS[i]);
        (void)snprintf(esp, sizeof(esp), "%s-%s", cipher, i % 2 == 0 ? "esn" : "noesn");
        ok(comes_up(ike, esp), "%s, ESP %s comes up in four messages", ike, esp);
    }
}

static void establishes_with_every_suite(void)
{
    static const char *const CIPHERS[] = {"aes128gcm16", "aes256gcm16", "aes128-sha256",
                                          "aes256-sha256", "chacha20poly1305"};
    static const char *const PRFS[] = {"prfsha256", "prfsha384", "prfsha512"};
    for (size_t i = 0; i < sizeof(CIPHERS) / sizeof(CIPHERS[0]); i++) {
        for (size_t j = 0; j < sizeof(PRFS) / sizeof(PRFS[0]); j++) {
            establishes_with_every_group(CIPHERS[i], PRFS[j]);
        }
    }
}

int main(void)
{
    establishes_with_every_suite();
    return done_testing();
}
