// Key agreement groups of IKEv2. RFC 6989, section 2 decides what a public value must pass.
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "refgw/crypto/openssl/key_agreement_family.h"
#include "refgw/crypto/openssl/primitives.h"

static const struct key_agreement_group *find_group(enum key_exchange_method method)
{
    // Private sizes of MODP are the larger estimate of RFC 3526, section 8, rounded up.
    static const struct key_agreement_group groups[] = {
        {KE_MODP_2048,  &key_agreement_modp,       0,                    BN_get_rfc3526_prime_2048, 40, 256,  256 },
        {KE_MODP_3072,  &key_agreement_modp,       0,                    BN_get_rfc3526_prime_3072, 53, 384,  384 },
        {KE_MODP_4096,  &key_agreement_modp,       0,                    BN_get_rfc3526_prime_4096, 60, 512,  512 },
        {KE_MODP_6144,  &key_agreement_modp,       0,                    BN_get_rfc3526_prime_6144, 68, 768,  768 },
        {KE_MODP_8192,  &key_agreement_modp,       0,                    BN_get_rfc3526_prime_8192, 78, 1024, 1024},
        {KE_ECP_256,    &key_agreement_ecp,        NID_X9_62_prime256v1, NULL,                      32, 64,   32  },
        {KE_ECP_384,    &key_agreement_ecp,        NID_secp384r1,        NULL,                      48, 96,   48  },
        {KE_ECP_521,    &key_agreement_ecp,        NID_secp521r1,        NULL,                      66, 132,  66  },
        {KE_CURVE25519, &key_agreement_montgomery, NID_X25519,           NULL,                      32, 32,   32  },
        {KE_CURVE448,   &key_agreement_montgomery, NID_X448,             NULL,                      56, 56,   56  },
    };
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (groups[i].method == method) {
            return &groups[i];
        }
    }
    return NULL;
}

size_t openssl_key_agreement_size(enum key_exchange_method method)
{
    const struct key_agreement_group *group = find_group(method);
    return group == NULL ? 0 : group->public_size;
}

struct key_agreement *openssl_key_agreement_new(enum key_exchange_method method,
                                                const struct random_source *randomness)
{
    const struct key_agreement_group *group = find_group(method);
    if (group == NULL) {
        return NULL;
    }
    struct key_agreement *agreement = OPENSSL_zalloc(sizeof(*agreement));
    if (agreement == NULL) {
        return NULL;
    }
    agreement->group = group;
    if (!secret_allocate(&agreement->private_key, group->private_size) ||
        !group->family->start(agreement, randomness)) {
        openssl_key_agreement_free(agreement);
        return NULL;
    }
    return agreement;
}

struct byte_view openssl_key_agreement_public(const struct key_agreement *agreement)
{
    return (struct byte_view){.data = agreement->public_value,
                              .size = agreement->group->public_size};
}

bool openssl_key_agreement_derive(struct key_agreement *agreement, struct byte_view peer_public,
                                  struct secret *out_shared)
{
    const struct key_agreement_group *group = agreement->group;
    struct secret shared = {0};

    if (peer_public.size != group->public_size || !secret_allocate(&shared, group->shared_size)) {
        return false;
    }
    if (!group->family->derive(agreement, peer_public.data, shared.data)) {
        secret_clear(&shared);
        return false;
    }
    secret_move(out_shared, &shared);
    return true;
}

void openssl_key_agreement_free(struct key_agreement *agreement)
{
    if (agreement == NULL) {
        return;
    }
    secret_clear(&agreement->private_key);
    EVP_PKEY_free(agreement->montgomery_key);
    OPENSSL_free(agreement);
}
