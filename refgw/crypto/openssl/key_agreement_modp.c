// MODP groups of RFC 3526: generator 2, p a safe prime (RFC 7296, section 3.4 for the encoding).
#include "refgw/crypto/openssl/key_agreement_family.h"

// base ^ private key mod p, in constant time with regard to the private key, left-padded
// to the size of the group.
static bool raise(const struct key_agreement *agreement, const BIGNUM *base, const BIGNUM *prime,
                  uint8_t *out)
{
    BN_CTX *context = BN_CTX_secure_new();
    BIGNUM *exponent =
        BN_bin2bn(agreement->private_key.data, (int)agreement->private_key.size, NULL);
    BIGNUM *result = BN_new();
    bool done = context != NULL && exponent != NULL && result != NULL;
    if (done) {
        BN_set_flags(exponent, BN_FLG_CONSTTIME);
        done = BN_mod_exp_mont_consttime(result, base, exponent, prime, context, NULL) == 1 &&
               BN_bn2binpad(result, out, (int)agreement->group->public_size) > 0;
    }
    BN_clear_free(result);
    BN_clear_free(exponent);
    BN_CTX_free(context);
    return done;
}

static bool start(struct key_agreement *agreement, const struct random_source *randomness)
{
    BIGNUM *prime = agreement->group->modp_prime(NULL);
    BIGNUM *generator = BN_new();
    const bool done =
        prime != NULL && generator != NULL && BN_set_word(generator, 2) == 1 &&
        random_fill(randomness, agreement->private_key.data, agreement->private_key.size) &&
        raise(agreement, generator, prime, agreement->public_value);
    BN_free(generator);
    BN_free(prime);
    return done;
}

// Whether 1 < value < p - 1 (RFC 6989, section 2.1). In a group with a safe prime nothing else has a small order:
// what is left generates the subgroup of order (p - 1) / 2 or the whole group.
static bool is_in_range(const BIGNUM *value, const BIGNUM *prime)
{
    BIGNUM *last = BN_dup(prime);
    const bool fits = last != NULL && BN_sub_word(last, 1) == 1 &&
                      BN_cmp(value, BN_value_one()) > 0 && BN_cmp(value, last) < 0;
    BN_free(last);
    return fits;
}

static bool derive(const struct key_agreement *agreement, const uint8_t *peer_public,
                   uint8_t *out_shared)
{
    BIGNUM *prime = agreement->group->modp_prime(NULL);
    BIGNUM *peer = BN_bin2bn(peer_public, (int)agreement->group->public_size, NULL);
    const bool done = prime != NULL && peer != NULL && is_in_range(peer, prime) &&
                      raise(agreement, peer, prime, out_shared);
    BN_free(peer);
    BN_free(prime);
    return done;
}

const struct key_agreement_family key_agreement_modp = {.start = start, .derive = derive};
