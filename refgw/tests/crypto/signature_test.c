// Signatures of IKEv2: RFC 7427 with the identifiers of its appendix A, RFC 4754, RFC 8420.
#include "harness/tap/tap.h"
#include "refgw/crypto/certificate.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/tests/crypto/hex.h"
#include "refgw/tests/test_pki.h"

#include <stdlib.h>
#include <string.h>

struct algorithm_row {
    const char *what;
    const char *der;
    enum signature_scheme scheme; // SIGNATURE_NONE: refused
};

#define PSS_SHA256                                                   \
    "06092a864886f70d01010a 3034 a00f300d06096086480165030402010500" \
    "a11c301a06092a864886f70d010108300d06096086480165030402010500 a203020120"

static const struct algorithm_row ALGORITHMS[] = {
    {"A.1.2 sha256WithRSAEncryption",       "300d06092a864886f70d01010b0500", SIGNATURE_RSA_PKCS1_SHA256},
    {"A.1.3 sha384WithRSAEncryption",       "300d06092a864886f70d01010c0500", SIGNATURE_RSA_PKCS1_SHA384},
    {"A.1.4 sha512WithRSAEncryption",       "300d06092a864886f70d01010d0500", SIGNATURE_RSA_PKCS1_SHA512},
    {"A.3.2 ecdsa-with-SHA256",             "300a06082a8648ce3d040302",       SIGNATURE_ECDSA_SHA256    },
    {"A.3.3 ecdsa-with-SHA384",             "300a06082a8648ce3d040303",       SIGNATURE_ECDSA_SHA384    },
    {"A.3.4 ecdsa-with-SHA512",             "300a06082a8648ce3d040304",       SIGNATURE_ECDSA_SHA512    },
    {"A.4.3 RSASSA-PSS with SHA-256",
     "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d0101"
     "08300d06096086480165030402010500a203020120a303020101",                  SIGNATURE_RSA_PSS_SHA256  },
    {"RSASSA-PSS with SHA-256, DER",        "3041" PSS_SHA256,                SIGNATURE_RSA_PSS_SHA256  },
    {"RFC 8420 id-Ed25519",                 "300506032b6570",                 SIGNATURE_ED25519         },
    {"RFC 8420 id-Ed448",                   "300506032b6571",                 SIGNATURE_ED448           },
    {"A.1.1 sha1WithRSAEncryption",         "300d06092a864886f70d0101050500", SIGNATURE_NONE            },
    {"md5WithRSAEncryption",                "300d06092a864886f70d0101040500", SIGNATURE_NONE            },
    {"A.2.1 dsa-with-sha1",                 "300906072a8648ce380403",         SIGNATURE_NONE            },
    {"A.2.2 dsa-with-sha256",               "300b0609608648016503040302",     SIGNATURE_NONE            },
    {"A.3.1 ecdsa-with-sha1",               "300906072a8648ce3d0401",         SIGNATURE_NONE            },
    {"A.4.1 RSASSA-PSS without parameters", "300d06092a864886f70d01010a3000", SIGNATURE_NONE            },
    {"RSA without NULL",                    "300b06092a864886f70d01010b",     SIGNATURE_NONE            },
    {"ECDSA with NULL",                     "300c06082a8648ce3d0403020500",   SIGNATURE_NONE            },
    {"trailing bytes",                      "300a06082a8648ce3d04030200",     SIGNATURE_NONE            },
    {"trailing bytes inside",               "300b06082a8648ce3d04030200",     SIGNATURE_NONE            },
    {"a long length (BER)",                 "30810a06082a8648ce3d040302",     SIGNATURE_NONE            },
    {"indefinite length (BER)",             "308006082a8648ce3d0403020000",   SIGNATURE_NONE            },
    {"nothing",                             "",                               SIGNATURE_NONE            },
    {"PSS, MGF1 with SHA-1",
     "303d06092a864886f70d01010a3030a00f300d06096086480165030402010500a118301606092a864886f70d0101"
     "08300906052b0e03021a0500a203020120",                                    SIGNATURE_NONE            },
    {"PSS, a salt of 20",
     "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d0101"
     "08300d06096086480165030402010500a203020114",                            SIGNATURE_NONE            },
};

static void algorithm_identifiers_are_read_strictly(void)
{
    for (size_t i = 0; i < sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]); i++) {
        const struct hex_bytes der = hex(ALGORITHMS[i].der);
        ok(signature_algorithm_read(hex_view(&der)) == ALGORITHMS[i].scheme, "%s: %s",
           ALGORITHMS[i].what, ALGORITHMS[i].scheme == SIGNATURE_NONE ? "refused" : "known");
    }
}

static void what_is_written_is_read(void)
{
    unsigned same = 0;
    for (unsigned i = SIGNATURE_RSA_PKCS1_SHA256; i < SIGNATURE_SCHEME_COUNT; i++) {
        uint8_t buffer[SIGNATURE_ALGORITHM_MOST_SIZE];
        struct byte_writer out = writer_into(buffer, sizeof(buffer));
        struct byte_view der;
        signature_algorithm_put((enum signature_scheme)i, &out);
        const bool is_raw = i >= SIGNATURE_P256_RAW && i <= SIGNATURE_P521_RAW;
        if (writer_finish(&out, &der) &&
            signature_algorithm_read(der) == (is_raw ? SIGNATURE_NONE : (enum signature_scheme)i)) {
            same++;
        }
    }
    ok(same == SIGNATURE_SCHEME_COUNT - 1, "every identifier of ours is read as what it is");
}

static void hashes_are_agreed_on(void)
{
    uint8_t buffer[16];
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view data;
    uint32_t hashes = 0;
    signature_hashes_put(&out);
    ok(writer_finish(&out, &data) && signature_hashes_read(data, &hashes) &&
           hashes == SIGNATURE_HASHES_STRONG,
       "we name SHA2-256, SHA2-384, SHA2-512 and Identity");
    static const uint8_t weak[] = {0, 1, 0, 9, 0xff, 0xff};
    ok(signature_hashes_read(VIEW_OF(weak), &hashes) && hashes == 0,
       "SHA-1 and unknown numbers are skipped");
    ok(!signature_hashes_read((struct byte_view){.data = weak, .size = 3}, &hashes),
       "an odd size is refused");
    ok(signature_scheme_choose(KEY_RSA, SIGNATURE_HASHES_STRONG, false) ==
               SIGNATURE_RSA_PSS_SHA256 &&
           signature_scheme_choose(KEY_RSA, 1u << SIGNATURE_HASH_SHA2_512, true) ==
               SIGNATURE_RSA_PKCS1_SHA512 &&
           signature_scheme_choose(KEY_P384, SIGNATURE_HASHES_STRONG, false) ==
               SIGNATURE_ECDSA_SHA384 &&
           signature_scheme_choose(KEY_ED25519, 1u << SIGNATURE_HASH_SHA2_256, false) ==
               SIGNATURE_NONE,
       "a scheme is chosen among the peer's hashes");
}

struct published_row {
    const char *what;
    const char *key; // SubjectPublicKeyInfo
    const char *message;
    const char *signature;
    enum signature_scheme scheme;
};

static const struct published_row PUBLISHED[] = {
  // RFC 4754, section 8.1: public point gw, "abc", r | s.
    {"RFC 4754, 8.1 ECDSA-256",
     "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
     "2442A5CC0ECD015FA3CA31DC8E2BBC70BF42D60CBCA20085E0822CB04235E970"
     "6FC98BD7E50211A4A27102FA3549DF79EBCB4BF246B80945CDDFE7D509BBFD7D",                         "616263",
     "CB28E0999B9C7715FD0A80D8E47A77079716CBBF917DD72E97566EA1C066957C"
     "86FA3BB4E26CAD5BF90B7F81899256CE7594BB1EA0C89212748BFF3B3D5B0315", SIGNATURE_P256_RAW},
 // RFC 8032, section 7.1, test 2.
    {"RFC 8032, 7.1 Ed25519 test 2",
     "302a300506032b65700321003d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00", SIGNATURE_ED25519 },
 // RFC 8032, section 7.1, test 1.
    {"RFC 8032, 7.1 Ed25519 test 1",
     "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b", SIGNATURE_ED25519 },
};

// N-AUTH-02: one bit, one byte less, one byte more.
static bool changes_are_refused(const struct public_key *key, const struct published_row *row,
                                struct byte_view message, struct hex_bytes signature)
{
    bool refused = true;
    for (size_t i = 0; i < signature.size; i++) {
        signature.bytes[i] ^= 1;
        refused =
            refused && !key->methods->verify(key, row->scheme, &message, 1, hex_view(&signature));
        signature.bytes[i] ^= 1;
    }
    signature.size--;
    refused = refused && !key->methods->verify(key, row->scheme, &message, 1, hex_view(&signature));
    signature.size += 2;
    return refused && !key->methods->verify(key, row->scheme, &message, 1, hex_view(&signature));
}

static void published_signatures_verify(void)
{
    for (size_t i = 0; i < sizeof(PUBLISHED) / sizeof(PUBLISHED[0]); i++) {
        const struct published_row *row = &PUBLISHED[i];
        const struct hex_bytes der = hex(row->key);
        const struct hex_bytes message = hex(row->message);
        const struct hex_bytes signature = hex(row->signature);
        const struct byte_view view = hex_view(&message);
        struct public_key *key = openssl_provider()->signatures->public_key_read(hex_view(&der));
        ok(key != NULL && key->methods->verify(key, row->scheme, &view, 1, hex_view(&signature)),
           "%s", row->what);
        ok(key != NULL && changes_are_refused(key, row, view, signature),
           "%s: changed, shorter, longer are refused", row->what);
        public_key_free(key);
    }
}

static const struct byte_view MESSAGE[] = {
    {(const uint8_t *)"IKE_SA_INIT", 11},
    {(const uint8_t *)"nonce",       5 },
    {(const uint8_t *)"id",          2 }
};

// N-AUTH-05: what once passed for a signature elsewhere.
static bool degenerate_is_refused(const struct public_key *key, enum signature_scheme scheme,
                                  struct byte_view good)
{
    static const uint8_t der_zero[] = {0x30, 6, 2, 1, 0, 2, 1, 0};
    static const uint8_t der_one[] = {0x30, 6, 2, 1, 1, 2, 1, 1};
    uint8_t bytes[SIGNATURE_MOST_SIZE] = {0};
    const struct byte_view zeros = {.data = bytes, .size = good.size};
    const struct public_key_methods *methods = key->methods;
    bool refused = !methods->verify(key, scheme, MESSAGE, 3, (struct byte_view){.size = 0}) &&
                   !methods->verify(key, scheme, MESSAGE, 3, zeros) &&
                   !methods->verify(key, scheme, MESSAGE, 3, VIEW_OF(der_zero)) &&
                   !methods->verify(key, scheme, MESSAGE, 3, VIEW_OF(der_one)) &&
                   !methods->verify(key, scheme, MESSAGE, 2, good);
    memset(bytes, 0xff, good.size);
    refused = refused && !methods->verify(key, scheme, MESSAGE, 3, zeros);
    memcpy(bytes, good.data, good.size);
    const struct byte_view longer = {.data = bytes, .size = good.size + 1};
    bytes[good.size] = 0;
    return refused && !methods->verify(key, scheme, MESSAGE, 3, longer);
}

static void try_scheme(const struct private_key *private_key, const struct public_key *key,
                       enum signature_scheme scheme, const char *kind)
{
    uint8_t buffer[SIGNATURE_MOST_SIZE];
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view signature = {.size = 0};
    const bool is_signed = private_key->methods->sign(private_key, scheme, MESSAGE, 3, &out) &&
                           writer_finish(&out, &signature);
    if (!signature_scheme_fits(scheme, key->kind)) {
        ok(!is_signed, "%s does not make scheme %d", kind, (int)scheme);
        return;
    }
    ok(is_signed && key->methods->verify(key, scheme, MESSAGE, 3, signature) &&
           degenerate_is_refused(key, scheme, signature),
       "%s signs and verifies scheme %d; empty, zero, r = s = 0, trailing byte are refused", kind,
       (int)scheme);
}

static void every_key_makes_its_schemes_and_no_others(void)
{
    static const char *const kinds[] = {"rsa2048", "p256", "p384", "p521", "ed25519", "ed448"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct test_certificate wanted = {.subject = "key", .key = kinds[i]};
        struct test_entity entity = test_pki_make(&wanted, NULL);
        size_t der_size = 0;
        size_t pem_size = 0;
        uint8_t *der = test_pki_der(&entity, &der_size);
        uint8_t *pem = test_pki_key_pem(&entity, &pem_size);
        struct private_key *private_key = openssl_provider()->signatures->private_key_read(
            (struct byte_view){.data = pem, .size = pem_size});
        struct public_key *key = openssl_provider()->certificates->public_key(
            (struct byte_view){.data = der, .size = der_size});
        ok(private_key != NULL && key != NULL && key->methods->belongs_to(key, private_key),
           "%s: both halves are read and belong together", kinds[i]);
        for (unsigned scheme = 1; scheme < SIGNATURE_SCHEME_COUNT; scheme++) {
            try_scheme(private_key, key, (enum signature_scheme)scheme, kinds[i]);
        }
        private_key_free(private_key);
        public_key_free(key);
        free(pem);
        free(der);
        test_pki_free(&entity);
    }
}

static void weak_keys_are_refused(void)
{
    const struct test_certificate wanted = {.subject = "weak", .key = "rsa1024"};
    struct test_entity entity = test_pki_make(&wanted, NULL);
    size_t size = 0;
    uint8_t *pem = test_pki_key_pem(&entity, &size);
    ok(openssl_provider()->signatures->private_key_read(
           (struct byte_view){.data = pem, .size = size}) == NULL,
       "N-CERT-04 RSA with 1024 bits");
    ok(openssl_provider()->signatures->private_key_read(
           (struct byte_view){.data = pem, .size = size / 2}) == NULL,
       "half a key file");
    free(pem);
    test_pki_free(&entity);
}

int main(void)
{
    algorithm_identifiers_are_read_strictly();
    what_is_written_is_read();
    hashes_are_agreed_on();
    published_signatures_verify();
    every_key_makes_its_schemes_and_no_others();
    weak_keys_are_refused();
    return done_testing();
}
