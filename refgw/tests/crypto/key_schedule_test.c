// RFC 7296, sections 2.13 to 2.18, against NIST's vectors for IKEv2 and against its own text.
#include "refgw/crypto/key_schedule.h"
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/tests/crypto/hex.h"

#include <string.h>

static const struct crypto_provider *crypto(void)
{
    return openssl_provider();
}

// --- A provider with HMAC-SHA1, which nothing but these vectors needs ----------------------

enum { SHA1_SIZE = 20, SHA1_BLOCK = 64 };

static size_t sha1_prf_size(enum prf_transform prf)
{
    return prf == PRF_HMAC_SHA1 ? SHA1_SIZE : 0;
}

// RFC 2104 for keys of at most one block.
static bool sha1_prf(enum prf_transform prf, struct byte_view key, const struct byte_view *parts,
                     size_t part_count, uint8_t *out)
{
    uint8_t pad[SHA1_BLOCK];
    uint8_t inner[SHA1_SIZE];
    struct byte_view inner_parts[8] = {VIEW_OF(pad)};
    const struct byte_view outer_parts[] = {VIEW_OF(pad), VIEW_OF(inner)};
    if (prf != PRF_HMAC_SHA1 || key.size > SHA1_BLOCK || part_count > 7) {
        return false;
    }
    for (size_t i = 0; i < SHA1_BLOCK; i++) {
        pad[i] = (uint8_t)(0x36 ^ (i < key.size ? key.data[i] : 0));
    }
    for (size_t i = 0; i < part_count; i++) {
        inner_parts[i + 1] = parts[i];
    }
    if (!crypto()->sha1(inner_parts, part_count + 1, inner)) {
        return false;
    }
    for (size_t i = 0; i < SHA1_BLOCK; i++) {
        pad[i] = (uint8_t)(pad[i] ^ 0x36 ^ 0x5c);
    }
    return crypto()->sha1(outer_parts, 2, out);
}

static struct crypto_provider sha1_provider(void)
{
    struct crypto_provider provider = *crypto();
    provider.prf_size = sha1_prf_size;
    provider.prf = sha1_prf;
    return provider;
}

// NIST CAVP, IKEv2 with HMAC-SHA1, g^ir of 256 bits.
#define NI               "32b50d5f4a3763f3"
#define NR               "9206a04b26564cb1"
#define SPI_I            "34c9e7c188868785"
#define SPI_R            "3ff77d760d2b2199"
#define GIR              "4b2c1f971981a8ad8d0abeafabf38cf75fc8349c148142465ed9c8b516b8be52"
#define GIR_NEW          "863f3c9d06efd39d2b907b97f8699e5dd5251ef64a2a176f36ee40c87d4f9330"
#define SKEYSEED         "a9a7b222b59f8f48645f28a1db5b5f5d7479cba7"
#define SKEYSEED_REKEYED "63e81194946ebd05df7df5ebf5d8750056bf1f1d"
#define DKM                                                            \
    "a14293677cc80ff8f9cc0eee30d895da9d8f405666e30ef0dfcb63c634a46002" \
    "a2a63080e514a062768b76606f9fa5e992204fc5a670bde3f10d6b027113936a" \
    "5c55b648a194ae587b0088d52204b702c979fa280870d2ed41efa9c549fd1119" \
    "8af1670b143d384bd275c5f594cf266b05ebadca855e4249520a441a81157435a7a56cc4"
#define CHILD_DKM_START     "8059e3ee8810e6c3a91bc8bcd2a7a41151b8d0e6"
#define CHILD_DKM_PFS_START "bb43244c1860ad65ee1e211ffe8bb3661750c8f8"

static const struct ike_suite sha1_suite = {
    .aead = {ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128},
    .prf = PRF_HMAC_SHA1,
};

// The inputs of one derivation, with the bytes they point to.
struct inputs {
    struct hex_bytes ni, nr, gir;
    struct ike_key_inputs views;
};

static uint64_t spi_of(const char *text)
{
    const struct hex_bytes bytes = hex(text);
    struct byte_reader in = reader_over(hex_view(&bytes));
    uint64_t spi = 0;
    (void)!reader_take_u64(&in, &spi);
    return spi;
}

static void set_inputs(struct inputs *inputs, const char *ni, const char *nr, const char *gir)
{
    inputs->ni = hex(ni);
    inputs->nr = hex(nr);
    inputs->gir = hex(gir);
    inputs->views = (struct ike_key_inputs){
        .initiator_nonce = hex_view(&inputs->ni),
        .responder_nonce = hex_view(&inputs->nr),
        .initiator_spi = spi_of(SPI_I),
        .responder_spi = spi_of(SPI_R),
        .shared = hex_view(&inputs->gir),
    };
}

// The keys one after the other, as section 2.14 lists them.
static struct hex_bytes joined(const struct ike_keys *keys)
{
    const struct secret *const parts[] = {&keys->sk_d,  &keys->sk_ai, &keys->sk_ar, &keys->sk_ei,
                                          &keys->sk_er, &keys->sk_pi, &keys->sk_pr};
    struct hex_bytes all = {0};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i]->size > 0) {
            memcpy(all.bytes + all.size, parts[i]->data, parts[i]->size);
        }
        all.size += parts[i]->size;
    }
    return all;
}

static void expands_as_nist_published(void)
{
    const struct crypto_provider provider = sha1_provider();
    const struct hex_bytes skeyseed = hex(SKEYSEED);
    const struct hex_bytes seed = hex(NI NR SPI_I SPI_R);
    const struct hex_bytes wanted = hex(DKM);
    uint8_t output[132];
    ok(prf_plus(&provider, PRF_HMAC_SHA1, hex_view(&skeyseed), hex_view(&seed), output,
                sizeof(output)),
       "prf+ expands");
    is_bytes(output, sizeof(output), wanted.bytes, wanted.size, "DKM of HMAC-SHA1");
}

static void derives_ike_keys_as_nist_published(void)
{
    const struct crypto_provider provider = sha1_provider();
    const struct hex_bytes wanted = hex(DKM);
    struct inputs inputs;
    struct ike_keys keys = {0};
    // 3 * 20 + 2 * 32 are 124 of the published bytes; the encryption keys take 32 more.
    const struct ike_suite suite = {
        .aead = {ENCR_AES_GCM_16, 256, AUTH_NONE},
          .prf = PRF_HMAC_SHA1
    };
    set_inputs(&inputs, NI, NR, GIR);
    ok(ike_keys_derive(&provider, &suite, &inputs.views, &keys), "keys are derived");
    ok(keys.sk_d.size == 20 && keys.sk_ai.size == 0 && keys.sk_ar.size == 0 &&
           keys.sk_ei.size == 36 && keys.sk_er.size == 36 && keys.sk_pi.size == 20 &&
           keys.sk_pr.size == 20,
       "a combined mode has salts and no integrity keys");
    const struct hex_bytes got = joined(&keys);
    is_bytes(got.bytes, got.size, wanted.bytes, 132, "SK_d to SK_pr of HMAC-SHA1");

    ok(ike_keys_derive(&provider, &sha1_suite, &inputs.views, &keys), "keys are derived again");
    ok(keys.sk_ai.size == 32 && keys.sk_ar.size == 32 && keys.sk_ei.size == 16 &&
           keys.sk_er.size == 16,
       "a pair has integrity keys and no salts");
    const struct hex_bytes pair = joined(&keys);
    is_bytes(pair.bytes, 132, wanted.bytes, 132, "the same bytes, cut elsewhere");
    ike_keys_clear(&keys);
    ok(keys.sk_d.data == NULL && keys.sk_pr.data == NULL, "clearing leaves nothing");
}

static void derives_rekeyed_keys_as_nist_published(void)
{
    const struct crypto_provider provider = sha1_provider();
    const struct hex_bytes dkm = hex(DKM);
    const struct hex_bytes skeyseed = hex(SKEYSEED_REKEYED);
    const struct hex_bytes seed = hex(NI NR SPI_I SPI_R);
    struct inputs inputs;
    struct ike_keys keys = {0};
    uint8_t wanted[156];

    set_inputs(&inputs, NI, NR, GIR_NEW);
    ok(prf_plus(&provider, PRF_HMAC_SHA1, hex_view(&skeyseed), hex_view(&seed), wanted,
                sizeof(wanted)) &&
           ike_keys_derive_rekeyed(&provider, &sha1_suite, PRF_HMAC_SHA1,
                                   (struct byte_view){dkm.bytes, 20}, &inputs.views, &keys),
       "keys of the rekeyed SA are derived");
    const struct hex_bytes got = joined(&keys);
    is_bytes(got.bytes, got.size, wanted, sizeof(wanted), "they grow from NIST's rekeyed SKEYSEED");
    ike_keys_clear(&keys);
}

static void derives_child_keys_as_nist_published(void)
{
    const struct crypto_provider provider = sha1_provider();
    const struct hex_bytes dkm = hex(DKM);
    const struct hex_bytes ni = hex(NI);
    const struct hex_bytes nr = hex(NR);
    const struct hex_bytes gir_new = hex(GIR_NEW);
    const struct hex_bytes without = hex(CHILD_DKM_START);
    const struct hex_bytes with = hex(CHILD_DKM_PFS_START);
    const struct aead_choice aead = {ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128};
    struct child_key_inputs inputs = {
        .prf = PRF_HMAC_SHA1,
        .sk_d = {dkm.bytes, 20},
        .initiator_nonce = hex_view(&ni),
        .responder_nonce = hex_view(&nr),
    };
    struct child_keys keys = {0};
    ok(child_keys_derive(&provider, &aead, &inputs, &keys), "child keys are derived");
    is_bytes(keys.encryption_i.data, keys.encryption_i.size, without.bytes, 16,
             "the initiator's encryption key comes first");
    is_bytes(keys.integrity_i.data, 4, without.bytes + 16, 4, "then its integrity key");
    ok(keys.encryption_r.size == 16 && keys.integrity_i.size == 32 && keys.integrity_r.size == 32,
       "the responder has keys of the same sizes");

    inputs.shared = hex_view(&gir_new);
    ok(child_keys_derive(&provider, &aead, &inputs, &keys), "child keys with PFS are derived");
    is_bytes(keys.encryption_i.data, keys.encryption_i.size, with.bytes, 16,
             "g^ir stands before the nonces");
    child_keys_clear(&keys);
}

static void derives_sha256_keys_as_nist_published(void)
{
    // Nonces together 16 octets, SPIs together 16: NIST CAVP, HMAC-SHA256, first case.
    const struct hex_bytes nonces = hex("ed80dc79912c32a935fb6d1a3feac078");
    const struct hex_bytes gir =
        hex("42968e5d0ccc3cfc5a3e4bc1bba370cea1fae0d54c49ccba34b2bee804beeb2e"
            "9e8c57a4e01bd45102cf2433aacc6cfec06792f363e5170e6aa6650274e90664"
            "8e449d27a8f00b5b44261982c9835c748a751ec5138eaacc5e025661339538a6"
            "1bf418e454699e19c32db8d9ce5dd86b220f1e89afc5872e68be36cb1a0c8866");
    const struct hex_bytes wanted =
        hex("63d018a08f7a29daa7d1f92cb63f45fa39bbaf5e5f1a78139613bb891e3e6bf9");
    const struct hex_bytes wanted_skeyseed =
        hex("37fde90b81d63692620f67367b62092e3efdc6a03509137d731004767ff35010");
    const struct ike_suite suite = {
        .aead = {ENCR_AES_GCM_16, 128, AUTH_NONE},
          .prf = PRF_HMAC_SHA2_256
    };
    const struct byte_view part = hex_view(&gir);
    uint8_t skeyseed[32];
    struct ike_keys keys = {0};

    ok(crypto()->prf(PRF_HMAC_SHA2_256, hex_view(&nonces), &part, 1, skeyseed), "prf computes");
    is_bytes(skeyseed, 32, wanted_skeyseed.bytes, 32, "SKEYSEED of HMAC-SHA256");
    // Where the nonce of the initiator ends does not matter to the keys.
    for (size_t split = 0; split <= 16; split += 8) {
        const struct ike_key_inputs inputs = {
            .initiator_nonce = {nonces.bytes,         split     },
            .responder_nonce = {nonces.bytes + split, 16 - split},
            .initiator_spi = 0x47c1858efc932ea4,
            .responder_spi = 0x606fd05609624002,
            .shared = part,
        };
        ok(ike_keys_derive(crypto(), &suite, &inputs, &keys), "keys are derived");
        is_bytes(keys.sk_d.data, keys.sk_d.size, wanted.bytes, wanted.size,
                 "SK_d of HMAC-SHA256, nonces cut at %zu", split);
    }
    ike_keys_clear(&keys);
}

static void takes_64_bits_of_each_nonce_for_the_fixed_size_prfs(void)
{
    // SKEYSEED of XCBC is then RFC 4434's vector, whose key is the two halves together.
    const struct hex_bytes skeyseed = hex("47f51b4564966215b8985c63055ed308");
    const struct hex_bytes seed = hex("0001020304050607a0a1a2a3a4a5a6a7"
                                      "08090a0b0c0d0e0fb0b1b2b3b4b5b6b7" SPI_I SPI_R);
    const struct ike_suite suite = {
        .aead = {ENCR_AES_GCM_16, 128, AUTH_NONE},
          .prf = PRF_AES128_XCBC
    };
    struct inputs inputs;
    struct ike_keys keys = {0};
    uint8_t wanted[88];
    set_inputs(&inputs, "0001020304050607a0a1a2a3a4a5a6a7", "08090a0b0c0d0e0fb0b1b2b3b4b5b6b7",
               "000102030405060708090a0b0c0d0e0f10111213");
    ok(prf_plus(crypto(), PRF_AES128_XCBC, hex_view(&skeyseed), hex_view(&seed), wanted,
                sizeof(wanted)) &&
           ike_keys_derive(crypto(), &suite, &inputs.views, &keys),
       "keys are derived with AES-XCBC");
    const struct hex_bytes got = joined(&keys);
    is_bytes(got.bytes, got.size, wanted, sizeof(wanted),
             "8 octets of each nonce make SKEYSEED, the whole nonces feed prf+");
    ike_keys_clear(&keys);
}

// prf+ written down once more, from the formula.
static void expands_like_the_formula_at_every_size(void)
{
    static const enum prf_transform prfs[] = {PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384,
                                              PRF_HMAC_SHA2_512, PRF_AES128_CMAC};
    static const uint8_t key[] = "the key of the expansion";
    static const uint8_t seed[] = "and its seed";
    for (size_t p = 0; p < sizeof(prfs) / sizeof(prfs[0]); p++) {
        const size_t size = crypto()->prf_size(prfs[p]);
        uint8_t wanted[255 * 64];
        for (size_t i = 0; i < 255; i++) {
            const uint8_t number = (uint8_t)(i + 1);
            const struct byte_view parts[] = {
                {i == 0 ? NULL : wanted + (i - 1) * size, i == 0 ? 0 : size},
                VIEW_OF(seed),
                {&number,                                 1                }
            };
            (void)!crypto()->prf(prfs[p], VIEW_OF(key), parts, 3, wanted + i * size);
        }
        bool same = true;
        for (size_t length = 0; length <= 255 * size; length += length < 3 * size ? 1 : 97) {
            uint8_t output[255 * 64];
            same = same &&
                   prf_plus(crypto(), prfs[p], VIEW_OF(key), VIEW_OF(seed), output, length) &&
                   memcmp(output, wanted, length) == 0;
        }
        ok(same, "prf+ with prf %d is the formula of section 2.13", (int)prfs[p]);
        uint8_t untouched = 0xa5;
        ok(!prf_plus(crypto(), prfs[p], VIEW_OF(key), VIEW_OF(seed), &untouched, 255 * size + 1) &&
               untouched == 0xa5,
           "prf+ with prf %d gives at most 255 blocks", (int)prfs[p]);
    }
}

static void fails_without_touching_the_output(void)
{
    static const uint8_t before[] = {1, 2, 3};
    const struct ike_suite suites[] = {
        {.aead = {ENCR_AES_GCM_16, 128, AUTH_NONE}, .prf = PRF_HMAC_MD5     },
        {.aead = {ENCR_3DES, 0, AUTH_HMAC_SHA1_96}, .prf = PRF_HMAC_SHA2_256},
    };
    struct inputs inputs;
    set_inputs(&inputs, NI, NR, GIR);
    for (size_t i = 0; i < 2; i++) {
        struct ike_keys keys = {0};
        struct child_keys child = {0};
        const struct child_key_inputs child_inputs = {.prf = suites[i].prf,
                                                      .sk_d = VIEW_OF(before)};
        uint8_t auth[64] = {0xa5};
        const struct auth_octets octets = {.message = VIEW_OF(before)};
        const bool made = secret_set(&keys.sk_d, VIEW_OF(before)) &&
                          secret_set(&child.encryption_i, VIEW_OF(before));
        ok(made && !ike_keys_derive(crypto(), &suites[i], &inputs.views, &keys) &&
               !ike_keys_derive_rekeyed(crypto(), &suites[i], suites[i].prf, VIEW_OF(before),
                                        &inputs.views, &keys) &&
               secret_equals(secret_view(&keys.sk_d), VIEW_OF(before)),
           "IKE keys are unchanged when an algorithm is missing (%zu)", i);
        ok(!child_keys_derive(crypto(), &suites[i].aead, &child_inputs, &child) &&
               secret_equals(secret_view(&child.encryption_i), VIEW_OF(before)),
           "child keys are unchanged when an algorithm is missing (%zu)", i);
        ok(i == 1 || (!psk_auth_data(crypto(), suites[i].prf, VIEW_OF(before), &octets, auth) &&
                      auth[0] == 0xa5),
           "AUTH data is unchanged when the prf is missing (%zu)", i);
        ike_keys_clear(&keys);
        child_keys_clear(&child);
    }
}

static void computes_psk_auth_data_by_the_formula(void)
{
    const struct byte_view psk = TEXT_VIEW("a very secret secret");
    const struct byte_view key_pad = TEXT_VIEW("Key Pad for IKEv2");
    const struct byte_view sk_p = TEXT_VIEW("0123456789abcdef0123456789abcdef");
    const struct byte_view id = TEXT_VIEW("\x02\0\0\0west.example.test");
    const struct byte_view message = TEXT_VIEW("a whole IKE_SA_INIT message");
    const struct byte_view nonce = TEXT_VIEW("the nonce of the other");
    const struct auth_octets octets = {message, nonce, sk_p, id};
    uint8_t key[32];
    uint8_t maced_id[32];
    uint8_t wanted[32];
    uint8_t got[32];
    const struct byte_view parts[] = {message, nonce, VIEW_OF(maced_id)};

    ok(crypto()->prf(PRF_HMAC_SHA2_256, psk, &key_pad, 1, key) &&
           crypto()->prf(PRF_HMAC_SHA2_256, sk_p, &id, 1, maced_id) &&
           crypto()->prf(PRF_HMAC_SHA2_256, VIEW_OF(key), parts, 3, wanted) &&
           psk_auth_data(crypto(), PRF_HMAC_SHA2_256, psk, &octets, got),
       "AUTH data is computed");
    is_bytes(got, 32, wanted, 32, "AUTH data is the formula of section 2.15");
}

int main(void)
{
    expands_as_nist_published();
    derives_ike_keys_as_nist_published();
    derives_rekeyed_keys_as_nist_published();
    derives_child_keys_as_nist_published();
    derives_sha256_keys_as_nist_published();
    takes_64_bits_of_each_nonce_for_the_fixed_size_prfs();
    expands_like_the_formula_at_every_size();
    fails_without_touching_the_output();
    computes_psk_auth_data_by_the_formula();
    return done_testing();
}
