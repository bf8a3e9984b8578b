// X25519 and X448 by RFC 7748, ECP by RFC 5903, MODP by agreement and by the table of RFC 3526;
// the public values that RFC 6989 and RFC 8031 forbid.
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/crypto/scripted/deterministic_random.h"
#include "refgw/tests/crypto/hex.h"

#include <openssl/bn.h>
#include <string.h>

struct vector {
    const char *name;
    enum key_exchange_method method;
    const char *private_key;
    const char *public_value;
    const char *peer_private_key; // NULL: the source gives only the public value
    const char *peer_public_value;
    const char *shared;
};

static const struct vector vectors[] = {
    {"RFC 7748, section 6.1", KE_CURVE25519,
     "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
     "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",                                                                                                                                                     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"                                                                                                                                                                                                                                                                                            },
    {"RFC 7748, section 6.2", KE_CURVE448,
     "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d"
     "d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",             "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c"
     "22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",                         "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d"
     "6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d",                             "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430"
     "27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",                                 "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b"
     "b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d"                                    },
    {"RFC 5903, section 8.1", KE_ECP_256,
     "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",     "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
     "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",         "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
     "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
     "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",                                                                                                                                                                                                                         "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"},
    {"RFC 5903, section 8.2", KE_ECP_384,
     "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
     "e35b538041e649ee3faef896783ab194",                                     "667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6"
     "de3ac808acb4bdb4c88732aee95f41aa"
     "9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38e"
     "eb9fcff3c2c947dae69b4c634573a81c",                                                                         NULL,
     "e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d"
     "0d1ac43a0336def96fda41d0774a3571"
     "dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1ff"
     "f83fa40142209dff5eaad96db9e6386c",                                                                                                                                                                                                                                                         "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
     "d603135569b9e9d09cf5d4a270f59746"                                                                                                                                                                                                                                                                                    },
    {"RFC 5903, section 8.3", KE_ECP_521,
     "0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a0"
     "95aa85a30fe1c2952c6771d937ba9777f5957b2639bab072462f68c27a57382d4a52", "0015417e84dbf28c0ad3c278713349dc7df153c897a1891bd98bab4357c9ecbe"
     "e1e3bf42e00b8e380aeae57c2d107564941885942af5a7f4601723c4195d176ced3e"
     "017cae20b6641d2eeb695786d8c946146239d099e18e1d5a514c739d7cb4a10a"
     "d8a788015ac405d7799dc75e7b7d5b6cf2261a6a7f1507438bf01beb6ca3926f9582", NULL,
     "00d0b3975ac4b799f5bea16d5e13e9af971d5e9b984c9f39728b5e5739735a21"
     "9b97c356436adc6e95bb0352f6be64a6c2912d4ef2d0433ced2b6171640012d9460f"
     "015c68226383956e3bd066e797b623c27ce0eac2f551a10c2c724d9852077b87"
     "220b6536c5c408a1d2aebb8e86d678ae49cb57091f4732296579ab44fcd17f0fc56a",                                                                                                                                                                                                                     "01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04"
     "d1427e73ca4baa240a34786859810c06b3c715a3a8cc3151f2bee417996d19f3ddea"                                                                                                                                                                                                            },
};

struct group {
    enum key_exchange_method method;
    size_t public_size;
    size_t shared_size;
};

static const struct group groups[] = {
    {KE_MODP_2048,  256,  256 },
    {KE_MODP_3072,  384,  384 },
    {KE_MODP_4096,  512,  512 },
    {KE_MODP_6144,  768,  768 },
    {KE_MODP_8192,  1024, 1024},
    {KE_ECP_256,    64,   32  },
    {KE_ECP_384,    96,   48  },
    {KE_ECP_521,    132,  66  },
    {KE_CURVE25519, 32,   32  },
    {KE_CURVE448,   56,   56  },
};
enum { GROUP_COUNT = sizeof(groups) / sizeof(groups[0]), MOST_PUBLIC = 1024 };

static const struct crypto_provider *crypto(void)
{
    return openssl_provider();
}

// Gives exactly these bytes, and fails when they are used up.
static bool fill_from_bytes(void *context, uint8_t *bytes, size_t size)
{
    struct byte_reader *in = context;
    struct byte_view taken;
    if (!reader_take_bytes(in, size, &taken)) {
        return false;
    }
    memcpy(bytes, taken.data, size);
    return true;
}

static struct key_agreement *agreement_with(enum key_exchange_method method, struct byte_view key)
{
    struct byte_reader in = reader_over(key);
    const struct random_source source = {.fill = fill_from_bytes, .context = &in};
    return crypto()->key_agreement_new(method, &source);
}

static struct key_agreement *agreement_from_seed(enum key_exchange_method method, uint64_t seed)
{
    struct deterministic_random random;
    deterministic_random_init(&random, seed);
    const struct random_source source = deterministic_random_source(&random);
    return crypto()->key_agreement_new(method, &source);
}

static void computes_one_side(const struct vector *vector, const char *private_key,
                              const char *public_value, const char *peer_public_value)
{
    const struct hex_bytes key = hex(private_key);
    const struct hex_bytes wanted_public = hex(public_value);
    const struct hex_bytes peer = hex(peer_public_value);
    const struct hex_bytes wanted = hex(vector->shared);
    struct key_agreement *agreement = agreement_with(vector->method, hex_view(&key));
    struct secret shared = {0};
    if (!ok(agreement != NULL, "%s: takes the private key", vector->name)) {
        return;
    }
    const struct byte_view public_view = crypto()->key_agreement_public(agreement);
    is_bytes(public_view.data, public_view.size, wanted_public.bytes, wanted_public.size,
             "%s: public value", vector->name);
    ok(crypto()->key_agreement_derive(agreement, hex_view(&peer), &shared),
       "%s: accepts the peer's value", vector->name);
    is_bytes(shared.data, shared.size, wanted.bytes, wanted.size, "%s: shared secret",
             vector->name);
    secret_clear(&shared);
    crypto()->key_agreement_free(agreement);
}

static void agrees_as_published(void)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct vector *vector = &vectors[i];
        computes_one_side(vector, vector->private_key, vector->public_value,
                          vector->peer_public_value);
        if (vector->peer_private_key != NULL) {
            computes_one_side(vector, vector->peer_private_key, vector->peer_public_value,
                              vector->public_value);
        }
    }
}

static void both_sides_agree_in_every_group(void)
{
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        const struct group *group = &groups[i];
        struct key_agreement *left = agreement_from_seed(group->method, 1);
        struct key_agreement *right = agreement_from_seed(group->method, 2);
        struct secret left_shared = {0};
        struct secret right_shared = {0};
        const struct byte_view left_public = crypto()->key_agreement_public(left);
        const struct byte_view right_public = crypto()->key_agreement_public(right);

        ok(crypto()->key_agreement_size(group->method) == group->public_size &&
               left_public.size == group->public_size,
           "the public value of group %d has %zu bytes", (int)group->method, group->public_size);
        ok(!view_equals(left_public, right_public), "other random bytes, another value");
        ok(crypto()->key_agreement_derive(left, right_public, &left_shared) &&
               crypto()->key_agreement_derive(right, left_public, &right_shared) &&
               left_shared.size == group->shared_size &&
               secret_equals(secret_view(&left_shared), secret_view(&right_shared)),
           "both sides of group %d agree on %zu bytes", (int)group->method, group->shared_size);
        secret_clear(&left_shared);
        secret_clear(&right_shared);
        crypto()->key_agreement_free(left);
        crypto()->key_agreement_free(right);
    }
}

static void repeats_with_the_same_random_bytes(void)
{
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        struct key_agreement *first = agreement_from_seed(groups[i].method, 9);
        struct key_agreement *second = agreement_from_seed(groups[i].method, 9);
        ok(view_equals(crypto()->key_agreement_public(first),
                       crypto()->key_agreement_public(second)),
           "group %d repeats with the same random bytes", (int)groups[i].method);
        crypto()->key_agreement_free(first);
        crypto()->key_agreement_free(second);
    }
}

static void gives_up_when_the_source_fails(void)
{
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        ok(agreement_with(groups[i].method, (struct byte_view){NULL, 0}) == NULL,
           "group %d makes no key from a source that has run dry", (int)groups[i].method);
    }
}

// --- What is rejected ----------------------------------------------------------------------

static bool rejects(enum key_exchange_method method, struct byte_view peer)
{
    static const uint8_t before[] = {1, 2, 3};
    struct key_agreement *agreement = agreement_from_seed(method, 3);
    struct secret shared = {0};
    const bool is_rejected = secret_set(&shared, VIEW_OF(before)) &&
                             !crypto()->key_agreement_derive(agreement, peer, &shared) &&
                             secret_equals(secret_view(&shared), VIEW_OF(before));
    secret_clear(&shared);
    crypto()->key_agreement_free(agreement);
    return is_rejected;
}

static void rejects_every_wrong_size(void)
{
    static const uint8_t value[MOST_PUBLIC + 2] = {4};
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        const size_t size = groups[i].public_size;
        const size_t sizes[] = {0, 1, size / 2, size - 1, size + 1, 1026};
        bool all = true;
        for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
            all = all && rejects(groups[i].method, (struct byte_view){value, sizes[k]});
        }
        ok(all, "group %d rejects values of other sizes", (int)groups[i].method);
    }
}

static void rejects_modp_values_out_of_range(void)
{
    static BIGNUM *(*const primes[])(BIGNUM *) = {
        BN_get_rfc3526_prime_2048, BN_get_rfc3526_prime_3072, BN_get_rfc3526_prime_4096,
        BN_get_rfc3526_prime_6144, BN_get_rfc3526_prime_8192};
    for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
        const struct group *group = &groups[i];
        const int size = (int)group->public_size;
        BIGNUM *prime = primes[i](NULL);
        uint8_t value[MOST_PUBLIC] = {0};
        const struct byte_view view = {value, group->public_size};

        ok(rejects(group->method, view), "group %d rejects 0", (int)group->method);
        value[size - 1] = 1;
        ok(rejects(group->method, view), "group %d rejects 1", (int)group->method);
        (void)BN_bn2binpad(prime, value, size);
        ok(rejects(group->method, view), "group %d rejects p", (int)group->method);
        value[size - 1]--; // p is odd
        ok(rejects(group->method, view), "group %d rejects p - 1", (int)group->method);
        value[size - 1]--;
        ok(!rejects(group->method, view), "group %d takes p - 2", (int)group->method);
        (void)BN_add_word(prime, 1); // all primes end in 64 ones, so this carries
        (void)BN_bn2binpad(prime, value, size);
        ok(rejects(group->method, view), "group %d rejects p + 1", (int)group->method);
        memset(value, 0xff, sizeof(value));
        ok(rejects(group->method, view), "group %d rejects all ones", (int)group->method);
        memset(value, 0, sizeof(value));
        value[size - 1] = 2;
        ok(!rejects(group->method, view), "group %d takes 2", (int)group->method);
        BN_free(prime);
    }
}

static void rejects_points_off_the_curve(void)
{
    for (size_t i = 5; i < 8; i++) {
        const struct group *group = &groups[i];
        struct key_agreement *peer = agreement_from_seed(group->method, 4);
        uint8_t value[MOST_PUBLIC] = {0};
        const struct byte_view view = {value, group->public_size};

        ok(rejects(group->method, view), "group %d rejects (0, 0)", (int)group->method);
        memset(value, 0xff, sizeof(value));
        ok(rejects(group->method, view), "group %d rejects coordinates beyond p",
           (int)group->method);
        memcpy(value, crypto()->key_agreement_public(peer).data, group->public_size);
        ok(!rejects(group->method, view), "group %d takes a point on the curve",
           (int)group->method);
        bool all = true;
        for (size_t k = 0; k < group->public_size; k++) {
            value[k] ^= 1;
            all = all && rejects(group->method, view);
            value[k] ^= 1;
        }
        ok(all, "group %d rejects a point with one bit changed, in every byte", (int)group->method);
        crypto()->key_agreement_free(peer);
    }
}

static void rejects_points_of_small_order(void)
{
    static const char *const x25519[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    static const char *const x448[] = {
        "0000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000",
        "fefffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffff"
        "ffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    for (size_t i = 0; i < sizeof(x25519) / sizeof(x25519[0]); i++) {
        const struct hex_bytes value = hex(x25519[i]);
        ok(rejects(KE_CURVE25519, hex_view(&value)), "X25519 rejects %.16s...", x25519[i]);
    }
    for (size_t i = 0; i < sizeof(x448) / sizeof(x448[0]); i++) {
        const struct hex_bytes value = hex(x448[i]);
        ok(rejects(KE_CURVE448, hex_view(&value)), "X448 rejects %.16s...", x448[i]);
    }
}

static void refuses_every_other_group(void)
{
    struct deterministic_random random;
    deterministic_random_init(&random, 1);
    const struct random_source source = deterministic_random_source(&random);
    unsigned offered = 0;
    bool consistent = true;
    for (unsigned number = 0; number <= 65535; number++) {
        const enum key_exchange_method method = (enum key_exchange_method)number;
        if (crypto()->key_agreement_size(method) > 0) {
            offered++;
        } else {
            consistent = consistent && crypto()->key_agreement_new(method, &source) == NULL;
        }
    }
    ok(offered == GROUP_COUNT && consistent, "of 65536 group numbers %u are offered", offered);
    crypto()->key_agreement_free(NULL);
}

static void draws_private_scalars_below_the_order_only(void)
{
    // First the order of P-256 itself, then zero, then a good number: the third is taken.
    const struct hex_bytes draws =
        hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
            "0000000000000000000000000000000000000000000000000000000000000000"
            "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");
    const struct hex_bytes wanted = hex(vectors[2].public_value);
    static const uint8_t zeros[32 * 100];
    struct key_agreement *agreement = agreement_with(KE_ECP_256, hex_view(&draws));
    ok(agreement != NULL &&
           view_equals(crypto()->key_agreement_public(agreement), hex_view(&wanted)),
       "draws again until the scalar is in range");
    ok(agreement_with(KE_ECP_256, VIEW_OF(zeros)) == NULL,
       "gives up on a source that never gives a scalar in range");
    crypto()->key_agreement_free(agreement);
}

int main(void)
{
    agrees_as_published();
    both_sides_agree_in_every_group();
    repeats_with_the_same_random_bytes();
    gives_up_when_the_source_fails();
    rejects_every_wrong_size();
    rejects_modp_values_out_of_range();
    rejects_points_off_the_curve();
    rejects_points_of_small_order();
    refuses_every_other_group();
    draws_private_scalars_below_the_order_only();
    return done_testing();
}
