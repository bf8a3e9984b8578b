// X25519 and X448 (RFC 8031, functions of RFC 7748).
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "refgw/crypto/openssl/key_agreement_family.h"

enum { MOST_SHARED_SIZE = 56 };

static bool start(struct key_agreement *agreement, const struct random_source *randomness)
{
    size_t size = agreement->group->public_size;
    if (!random_fill(randomness, agreement->private_key.data, agreement->private_key.size)) {
        return false;
    }
    agreement->montgomery_key = EVP_PKEY_new_raw_private_key(
        agreement->group->nid, NULL, agreement->private_key.data, agreement->private_key.size);
    EVP_PKEY *key = agreement->montgomery_key;
    return key != NULL && EVP_PKEY_get_raw_public_key(key, agreement->public_value, &size) == 1 &&
           size == agreement->group->public_size;
}

// RFC 7748, section 6 wants this check: a point of small order gives zero.
static bool is_all_zero(const uint8_t *bytes, size_t size)
{
    static const uint8_t zeros[MOST_SHARED_SIZE];
    return CRYPTO_memcmp(bytes, zeros, size) == 0;
}

static bool derive(const struct key_agreement *agreement, const uint8_t *peer_public,
                   uint8_t *out_shared)
{
    const struct key_agreement_group *group = agreement->group;
    size_t size = group->shared_size;
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(group->nid, NULL, peer_public, group->public_size);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, agreement->montgomery_key, NULL);
    const bool done = peer != NULL && context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                      EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                      EVP_PKEY_derive(context, out_shared, &size) == 1 &&
                      size == group->shared_size && !is_all_zero(out_shared, size);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    return done;
}

const struct key_agreement_family key_agreement_montgomery = {.start = start, .derive = derive};
