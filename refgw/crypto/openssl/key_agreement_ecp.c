// ECP groups of RFC 5903, section 7: a public value is x | y without a leading octet, the
// shared secret is x alone. Prime order, so a point on the curve is in the group.
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>

#include "refgw/crypto/openssl/key_agreement_family.h"

enum { MOST_POINT_SIZE = 1 + 132, UNCOMPRESSED = 4, MOST_DRAWS = 64 };

// One computation on a curve: everything it needs and gives back.
struct work {
    EC_GROUP *curve;
    EC_POINT *point; // the result
    EC_POINT *peer;
    BIGNUM *scalar; // the private key
    BIGNUM *x;
    BN_CTX *context;
};

static bool open_work(struct work *work, const struct key_agreement *agreement)
{
    *work = (struct work){.curve = EC_GROUP_new_by_curve_name(agreement->group->nid)};
    if (work->curve == NULL) {
        return false;
    }
    work->point = EC_POINT_new(work->curve);
    work->peer = EC_POINT_new(work->curve);
    work->scalar = BN_bin2bn(agreement->private_key.data, (int)agreement->private_key.size, NULL);
    work->x = BN_new();
    work->context = BN_CTX_secure_new();
    if (work->point == NULL || work->peer == NULL || work->scalar == NULL || work->x == NULL ||
        work->context == NULL) {
        return false;
    }
    BN_set_flags(work->scalar, BN_FLG_CONSTTIME);
    return true;
}

static void close_work(struct work *work)
{
    EC_POINT_clear_free(work->point);
    EC_POINT_free(work->peer);
    BN_clear_free(work->scalar);
    BN_clear_free(work->x);
    BN_CTX_free(work->context);
    EC_GROUP_free(work->curve);
}

// Draws until the number is in 1 .. order - 1: FIPS 186-4, appendix B.4.2. The sizes of the
// curves make a second draw rare; a source that repeats itself must not hang us.
static bool draw_private_key(struct key_agreement *agreement,
                             const struct random_source *randomness)
{
    struct secret *key = &agreement->private_key;
    EC_GROUP *curve = EC_GROUP_new_by_curve_name(agreement->group->nid);
    BIGNUM *drawn = BN_new();
    bool done = false;
    for (unsigned i = 0; curve != NULL && drawn != NULL && !done && i < MOST_DRAWS; i++) {
        if (!random_fill(randomness, key->data, key->size)) {
            break;
        }
        if (agreement->group->method == KE_ECP_521) {
            key->data[0] &= 1; // 66 bytes hold 528 bits
        }
        done = BN_bin2bn(key->data, (int)key->size, drawn) != NULL && !BN_is_zero(drawn) &&
               BN_cmp(drawn, EC_GROUP_get0_order(curve)) < 0;
    }
    BN_clear_free(drawn);
    EC_GROUP_free(curve);
    return done;
}

static bool start(struct key_agreement *agreement, const struct random_source *randomness)
{
    uint8_t encoded[MOST_POINT_SIZE];
    const size_t size = 1 + agreement->group->public_size;
    struct work work = {0};
    const bool done =
        draw_private_key(agreement, randomness) && open_work(&work, agreement) &&
        EC_POINT_mul(work.curve, work.point, work.scalar, NULL, NULL, work.context) == 1 &&
        EC_POINT_point2oct(work.curve, work.point, POINT_CONVERSION_UNCOMPRESSED, encoded,
                           sizeof(encoded), work.context) == size;
    if (done) {
        memcpy(agreement->public_value, encoded + 1, size - 1);
    }
    close_work(&work);
    return done;
}

static bool derive(const struct key_agreement *agreement, const uint8_t *peer_public,
                   uint8_t *out_shared)
{
    uint8_t encoded[MOST_POINT_SIZE] = {UNCOMPRESSED};
    const size_t size = agreement->group->public_size;
    struct work work;

    memcpy(encoded + 1, peer_public, size);
    // EC_POINT_oct2point() wants both coordinates below p and the point on the curve; the
    // point at infinity has no encoding of this form.
    // RFC 6989, section 2.3 demands just this.
    const bool done =
        open_work(&work, agreement) &&
        EC_POINT_oct2point(work.curve, work.peer, encoded, 1 + size, work.context) == 1 &&
        EC_POINT_is_on_curve(work.curve, work.peer, work.context) == 1 &&
        EC_POINT_mul(work.curve, work.point, NULL, work.peer, work.scalar, work.context) == 1 &&
        EC_POINT_get_affine_coordinates(work.curve, work.point, work.x, NULL, work.context) == 1 &&
        BN_bn2binpad(work.x, out_shared, (int)agreement->group->shared_size) > 0;
    close_work(&work);
    return done;
}

const struct key_agreement_family key_agreement_ecp = {.start = start, .derive = derive};
