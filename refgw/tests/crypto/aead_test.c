// Published vectors for every cipher, then properties that hold for every choice.
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/crypto/scripted/deterministic_random.h"
#include "refgw/tests/crypto/hex.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { MOST_TEXT = 640 };

struct vector {
    const char *name;
    struct aead_choice choice;
    const char *encryption_key; // salt at the end
    const char *integrity_key;
    const char *iv;
    const char *associated;
    const char *plain;
    const char *cipher;
    const char *icv; // NULL: the source has none
};

#define GCM(bits)                        \
    {                                    \
        ENCR_AES_GCM_16, bits, AUTH_NONE \
    }
#define CBC                                       \
    {                                             \
        ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128 \
    }
#define CTR(bits)                                  \
    {                                              \
        ENCR_AES_CTR, bits, AUTH_HMAC_SHA2_256_128 \
    }
#define ANY_HMAC_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct vector combined_vectors[] = {
    {"GCM specification, test case 2",                                          GCM(128), "00000000000000000000000000000000 00000000", "",
     "0000000000000000",                                                                                                                                       "",                                                                 "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78",
     "ab6e47d42cec13bdf53a67b21257bddf"                                                                                                                                                                                                                                                                                                                                      },
    {"GCM specification, test case 4",                                          GCM(128), "feffe9928665731c6d6a8f9467308308 cafebabe", "",
     "facedbaddecaf888",                                                                                                                                       "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",                                                                                                                                                                                                       "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",                                                                                                                                                                                                           "5bc94fbc3221a5db94fae95ae7121a47"},
    {"GCM specification, test case 16",                                         GCM(256),
     "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308 cafebabe",                                                      "",
     "facedbaddecaf888",                                                                                                                                       "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",                                                                                                                                                                                                       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",                                                                                                                                                                                                           "76fc6ece0f4e1768cddf8853bb2d551b"},
    {"ESP packet of draft-mcgrew-gcm-test, 128 bits, extended sequence number", GCM(128),
     "4c80cdefbb5d10da906ac73c3613a634 2e443b68",                                                                                      "", "4956ed7e3b244cfe",
     "000043218765432100000000",                                                                                                                                                                                                   "45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000"
     "00000000045f736970045f756470037369700963796265726369747902646b00"
     "0021000101020201",                                                                                                                                                                                                               "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34"
     "cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce"
     "61bc17d768fd9732",                                                                                                                                                                                                                                                           "459018148f6cbe722fd04796562dfdb4"},
    {"ESP packet of draft-mcgrew-gcm-test, 192 bits",                           GCM(192),
     "feffe9928665731c6d6a8f9467308308feffe9928665731c cafebabe",                                                                      "", "facedbaddecaf888",
     "0000a5f80000000a",                                                                                                                                                                                                           "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e"
     "501016d075680001",                                                                                                                                                                                                                       "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0"
     "315b27452144cc77",                                                                                                                                                                                                                                                                   "95457b9652037f5318027b5b4cd7a636"},
    {"ESP packet of draft-mcgrew-gcm-test, 256 bits",                           GCM(256),
     "abbccddef00112233445566778899aababbccddef00112233445566778899aab 11223344",                                                      "",
     "0102030405060708",                                                                                                                                       "4a2cbfe300000002",
     "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
     "7002400020bf0000020405b40101040201020201",                                                                                                                                                                                                                       "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
     "748a637985771d347f0545659f14e99def842d8e",                                                                                                                                                                                                                                           "b335f4eecfdbf831824b4c4915956c96"},
    {"RFC 8439, section 2.8.2",
     {ENCR_CHACHA20_POLY1305, 256, AUTH_NONE},
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f 07000000",                                                      "",
     "4041424344454647",                                                                                                                                       "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
     "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
     "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
     "637265656e20776f756c642062652069742e",                                                                                                                                                                                                                           "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
     "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
     "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b6116",                                                                                                                                                                                                                                                   "1ae10b594f09e26a7e902ecbd0600691"},
    {"RFC 7634, appendix A (ESP)",
     {ENCR_CHACHA20_POLY1305, 256, AUTH_NONE},
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f a0a1a2a3",                                                      "",
     "1011121314151617",                                                                                                                                       "0102030400000005",
     "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
     "0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
     "2425262728292a2b2c2d2e2f303132333435363701020204",                                                                                                                                                                                                               "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
     "14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
     "cbec163fac469b502773f6fb94e664da9165b82829f641e0",                                                                                                                                                                                                                           "76aaa8266b7fb0f7b11b369907e1ad43"},
    {"RFC 7634, appendix B (IKE)",
     {ENCR_CHACHA20_POLY1305, 0, AUTH_NONE},
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f a0a1a2a3",                                                      "",
     "1011121314151617",                                                                                                                                       "c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029",
     "0000000c000040010000000a00",                                                                                                                                                                                                                                     "610394701f8d017f7c12924889",
     "6b71bfe25236efd7cdc67066906315b2"                                                                                                                                                                                                                                                                                                                                      },
    {"NIST CCM, nonce of 11 octets, first",
     {ENCR_AES_CCM_16, 192, AUTH_NONE},
     "7a182e4e3367194662d614bb11da11e86596f724204f48ff d3284d",                                                                        "",
     "1de51559c1ddbfe6",                                                                                                                                       "21214ac2314fdfe07bc4d066245a97b1a10470df2a6d6b926cdcbff07f5b61ef",
     "88a5c1c2ae4eb463a3283dc5c81f665b0f6d54495f6cc9d43aa8ee179d3950f8",                                                                                                                                                                                               "65ed1e3919d208e9e5267370b9cf9b1431ef0c584dd2cf057d243a03523ca756",
     "2a18840cac2199030c008741d74fb220"                                                                                                                                                                                                                                                                                                                                      },
    {"NIST CCM, nonce of 11 octets, second",
     {ENCR_AES_CCM_16, 192, AUTH_NONE},
     "7a182e4e3367194662d614bb11da11e86596f724204f48ff 50f7d1",                                                                        "",
     "82a3d5f0388465e4",                                                                                                                                       "6389bbe519992fd98a97842ecc4d2b2569328c10bd3d93c09ffb6b4044e089c4",
     "68e9cca19882c4b0c817d0645a97f74016b3f0ac133829eadb9c0e4bcad687a3",                                                                                                                                                                                               "72836a9a3c196e6c6e49b9a7808297d1bc2f0f02f018bb5418a4264215a9cadf",
     "691d71c18798554efcc028599a7d1e21"                                                                                                                                                                                                                                                                                                                                      },
};

static const struct vector pair_vectors[] = {
    {"RFC 3602, case 1",        CBC,         "06a9214036b8a15b512e03d534120006",          ANY_HMAC_KEY,
     "3dafba429d9eb430b422da802c9fac41",                                                                                                                          "", "53696e676c6520626c6f636b206d7367",
     "e353779c1079aeb82708942dbe77181a",                                                                                                                                                                                                                                                                                      NULL                                                              },
    {"RFC 3602, case 2",        CBC,         "c286696d887c9aa0611bbb3e2025a45a",          ANY_HMAC_KEY,
     "562e17996d093d28ddb3ba695a2e6f58",                                                                                                                          "",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",                                                                                                                                                                  "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1",                 NULL                                                              },
    {"RFC 3602, case 3",        CBC,         "6c3ea0477630ce21a2ce334aa746c2cd",          ANY_HMAC_KEY,
     "c782dc4c098c66cbd9cd27d825682c81",                                                                                                                          "",
     "5468697320697320612034382d62797465206d657373616765202865786163746c7920332041455320626c6f636b73"
     "29",                                                                                                                                                                                                                                "d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5"
     "021c19216bad525c8579695d83ba2684",                                                                                                                                                                                                                                                                            NULL                                                              },
    {"RFC 3602, case 4",        CBC,         "56e47a38c5598974bc46903dba290349",          ANY_HMAC_KEY,
     "8ce82eefbea0da3c44699ed7db51b7d9",                                                                                                                          "",
     "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
     "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf",                                                                                                                                                                  "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e"
     "35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55",                                                                                                                                                                              NULL                                                              },
    {"RFC 3686, test vector 1", CTR(128),    "ae6852f8121067cc4bf7a5765577f39e 00000030", ANY_HMAC_KEY,
     "0000000000000000",                                                                                                                                          "", "53696e676c6520626c6f636b206d7367",                                 "e4095d4fb7a7b3792d6175a3261311b8",
     NULL                                                                                                                                                                                                                                                                                                                                                                                       },
    {"RFC 3686, test vector 2", CTR(128),    "7e24067817fae0d743d6ce1f32539163 006cb6db", ANY_HMAC_KEY,
     "c0543b59da48d90b",                                                                                                                                          "", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28",                                                                                                                                                                                                                                                      NULL                                                              },
    {"RFC 3686, test vector 9", CTR(256),
     "ff7a617ce69148e4f1726e2f43581de2aa62d9f805532edff1eed687fb54153d 001cc5b7",         ANY_HMAC_KEY,
     "51a51d70a1c11148",                                                                                                                                          "",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",                                                                                                                                                          "eb6c52821d0bbbf7ce7594462aca4faab407df866569fd07f48cc0b583d6071f1ec0e6b8",         NULL                                                              },
    {"RFC 4868, AUTH256-1",
     {ENCR_NULL, 0, AUTH_HMAC_SHA2_256_128},
     "",                                                                                  "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "",                                                                                                                                                          "",
     "4869205468657265",                                                                                                                                                                                                                  "4869205468657265",
     "198a607eb44bfbc69903a0f1cf2bbdc5"                                                                                                                                                                                                                                                                                                                                                         },
    {"RFC 4868, AUTH384-1",
     {ENCR_NULL, 0, AUTH_HMAC_SHA2_384_192},
     "",                                                                                  "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
     "0b",                                                                                                                                            "",
     "",                                                                                                                                                              "4869205468657265",
     "4869205468657265",                                                                                                                                                                                                                                                                                                      "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"                },
    {"RFC 4868, AUTH512-1",
     {ENCR_NULL, 0, AUTH_HMAC_SHA2_512_256},
     "",                                                                                  "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",                                                                              "",
     "",                                                                                                                                                              "4869205468657265",
     "4869205468657265",                                                                                                                                                                                                                                                                                                      "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"},
    {"RFC 3566, test case 4",
     {ENCR_NULL, 0, AUTH_AES_XCBC_96},
     "",                                                                                  "000102030405060708090a0b0c0d0e0f",
     "",                                                                                                                                                          "",
     "000102030405060708090a0b0c0d0e0f10111213",                                                                                                                                                                                          "000102030405060708090a0b0c0d0e0f10111213",
     "47f51b4564966215b8985c63"                                                                                                                                                                                                                                                                                                                                                                 },
    {"RFC 4493, example 3",
     {ENCR_NULL, 0, AUTH_AES_CMAC_96},
     "",                                                                                  "2b7e151628aed2a6abf7158809cf4f3c",
     "",                                                                                                                                                          "",
     "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",                                                                                                                                                  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
     "dfa66747de9ae63030ca3261"                                                                                                                                                                                                                                                                                                                                                                 },
};

static const struct crypto_provider *crypto(void)
{
    return openssl_provider();
}

// --- Vectors -------------------------------------------------------------------------------

static void seals_as_published(const struct vector *vector, struct aead *aead)
{
    const struct hex_bytes iv = hex(vector->iv);
    const struct hex_bytes associated = hex(vector->associated);
    const struct hex_bytes plain = hex(vector->plain);
    const struct hex_bytes cipher = hex(vector->cipher);
    struct hex_bytes text = plain;
    uint8_t icv[32];
    const struct aead_job job = {
        .associated = hex_view(&associated),
        .iv = hex_view(&iv),
        .text = text.bytes,
        .text_size = text.size,
        .icv = icv,
    };

    ok(crypto()->aead_seal(aead, &job), "seals %s", vector->name);
    is_bytes(text.bytes, text.size, cipher.bytes, cipher.size, "ciphertext of %s", vector->name);
    if (vector->icv != NULL) {
        const struct hex_bytes wanted = hex(vector->icv);
        is_bytes(icv, wanted.size, wanted.bytes, wanted.size, "ICV of %s", vector->name);
    }
    ok(crypto()->aead_open(aead, &job), "opens %s", vector->name);
    is_bytes(text.bytes, text.size, plain.bytes, plain.size, "plaintext of %s", vector->name);
}

static void seals_all(const struct vector *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct hex_bytes encryption_key = hex(vectors[i].encryption_key);
        const struct hex_bytes integrity_key = hex(vectors[i].integrity_key);
        struct aead *aead = crypto()->aead_new(&vectors[i].choice, hex_view(&encryption_key),
                                               hex_view(&integrity_key));
        if (ok(aead != NULL, "takes the keys of %s", vectors[i].name)) {
            seals_as_published(&vectors[i], aead);
        }
        crypto()->aead_free(aead);
    }
}

// --- CCM by the book -----------------------------------------------------------------------

// One AES-128 block through a context of its own: slow, and nothing but the definition.
static void aes_block(const uint8_t *key, const uint8_t *in, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;
    EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), NULL, key, NULL);
    EVP_CIPHER_CTX_set_padding(context, 0);
    EVP_EncryptUpdate(context, out, &size, in, 16);
    EVP_CIPHER_CTX_free(context);
}

static void mix_block(const uint8_t *key, uint8_t *state, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        state[i] = (uint8_t)(state[i] ^ bytes[i]);
    }
    aes_block(key, state, state);
}

// The ICV of RFC 3610, section 2.2 and 2.3, with L = 4 and less than 2^16 - 2^8 bytes of
// associated data, up to 14 bytes of them.
static void ccm_icv(const uint8_t *key, const uint8_t *nonce, struct byte_view associated,
                    struct byte_view plain, size_t icv_size, uint8_t *out_icv)
{
    uint8_t state[16] = {0};
    uint8_t block[16] = {(uint8_t)(0x40 | (icv_size - 2) / 2 << 3 | 3)};
    memcpy(block + 1, nonce, 11);
    block[14] = (uint8_t)(plain.size >> 8);
    block[15] = (uint8_t)plain.size;
    mix_block(key, state, block, 16);

    memset(block, 0, sizeof(block));
    block[1] = (uint8_t)associated.size;
    memcpy(block + 2, associated.data, associated.size);
    mix_block(key, state, block, 16);
    for (size_t i = 0; i < plain.size; i += 16) {
        mix_block(key, state, plain.data + i, plain.size - i < 16 ? plain.size - i : 16);
    }

    memset(block, 0, sizeof(block));
    block[0] = 3;
    memcpy(block + 1, nonce, 11);
    aes_block(key, block, block);
    for (size_t i = 0; i < icv_size; i++) {
        out_icv[i] = (uint8_t)(state[i] ^ block[i]);
    }
}

static void makes_short_ccm_icvs_of_their_own_not_truncated_ones(void)
{
    static const enum encryption_transform transforms[] = {ENCR_AES_CCM_8, ENCR_AES_CCM_12,
                                                           ENCR_AES_CCM_16};
    const struct hex_bytes key = hex("000102030405060708090a0b0c0d0e0f aabbcc");
    const struct hex_bytes nonce = hex("aabbcc 0000000000000007");
    const struct hex_bytes associated = hex("01020304 00000005");
    const struct hex_bytes plain = hex("4500001442a200008001441f406793b6e00000020a00f5ff01020204");
    for (size_t i = 0; i < 3; i++) {
        const size_t size = 8 + 4 * i;
        const struct aead_choice choice = {transforms[i], 128, AUTH_NONE};
        struct aead *aead =
            crypto()->aead_new(&choice, hex_view(&key), (struct byte_view){NULL, 0});
        struct hex_bytes text = plain;
        uint8_t wanted[16];
        uint8_t icv[16];
        const struct aead_job job = {
            .associated = hex_view(&associated),
            .iv = {nonce.bytes + 3, 8},
            .text = text.bytes,
            .text_size = text.size,
            .icv = icv,
        };
        ccm_icv(key.bytes, nonce.bytes, hex_view(&associated), hex_view(&plain), size, wanted);
        ok(aead != NULL && crypto()->aead_seal(aead, &job), "seals with CCM_%zu", size);
        is_bytes(icv, size, wanted, size, "CCM_%zu makes the ICV of RFC 3610", size);
        crypto()->aead_free(aead);
    }
}

// --- Every choice --------------------------------------------------------------------------

static const enum encryption_transform combined_ciphers[] = {
    ENCR_AES_GCM_8,  ENCR_AES_GCM_12, ENCR_AES_GCM_16,        ENCR_AES_CCM_8,
    ENCR_AES_CCM_12, ENCR_AES_CCM_16, ENCR_CHACHA20_POLY1305,
};
static const enum integrity_transform integrities[] = {
    AUTH_HMAC_SHA2_256_128, AUTH_HMAC_SHA2_384_192, AUTH_HMAC_SHA2_512_256,
    AUTH_AES_XCBC_96,       AUTH_AES_CMAC_96,
};

// What a test needs of one sealed packet.
struct sealed {
    struct aead_sizes sizes;
    struct aead *aead;
    uint8_t iv[16];
    uint8_t associated[12];
    uint8_t trailer[4];
    uint8_t plain[MOST_TEXT];
    uint8_t text[MOST_TEXT];
    size_t text_size;
    uint8_t icv[32];
};

static struct aead_job job_of(struct sealed *sealed)
{
    const bool is_pair = sealed->sizes.integrity_key > 0;
    return (struct aead_job){
        .associated = {sealed->associated, sizeof(sealed->associated)           },
        .trailer = {sealed->trailer,    is_pair ? sizeof(sealed->trailer) : 0},
        .iv = {sealed->iv,         sealed->sizes.iv                     },
        .text = sealed->text,
        .text_size = sealed->text_size,
        .icv = sealed->icv,
    };
}

static bool seal_some(const struct aead_choice *choice, size_t text_size, struct sealed *out)
{
    struct deterministic_random random;
    uint8_t keys[2][96];
    deterministic_random_init(&random, text_size);
    const struct random_source source = deterministic_random_source(&random);

    memset(out, 0, sizeof(*out));
    if (!crypto()->aead_sizes(choice, &out->sizes) ||
        !random_fill(&source, keys[0], sizeof(keys[0])) ||
        !random_fill(&source, keys[1], sizeof(keys[1])) ||
        !random_fill(&source, out->associated, sizeof(out->associated)) ||
        !random_fill(&source, out->trailer, sizeof(out->trailer)) ||
        !random_fill(&source, out->plain, sizeof(out->plain))) {
        return false;
    }
    out->text_size = text_size - text_size % out->sizes.block;
    memcpy(out->text, out->plain, out->text_size);
    out->aead = crypto()->aead_new(choice, (struct byte_view){keys[0], out->sizes.encryption_key},
                                   (struct byte_view){keys[1], out->sizes.integrity_key});
    const struct aead_job job = job_of(out);
    return out->aead != NULL && crypto()->aead_make_iv(out->aead, 7, out->iv) &&
           crypto()->aead_seal(out->aead, &job);
}

static bool round_trips(const struct aead_choice *choice, size_t text_size)
{
    struct sealed sealed;
    bool passed = seal_some(choice, text_size, &sealed);
    const struct aead_job job = job_of(&sealed);
    const bool hides = choice->encryption == ENCR_NULL || sealed.text_size < 8 ||
                       memcmp(sealed.text, sealed.plain, sealed.text_size) != 0;
    passed = passed && hides && crypto()->aead_open(sealed.aead, &job) &&
             memcmp(sealed.text, sealed.plain, sealed.text_size) == 0;
    crypto()->aead_free(sealed.aead);
    return passed;
}

// Flips one bit in each byte of `bytes` in turn; nothing may open, and what is left in the text
// must not be the plaintext.
static bool notices_every_flip(struct sealed *sealed, uint8_t *bytes, size_t size, bool is_text)
{
    uint8_t kept[MOST_TEXT];
    const struct aead_job job = job_of(sealed);
    memcpy(kept, sealed->text, sealed->text_size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= (uint8_t)(1U << (i % 8));
        if (crypto()->aead_open(sealed->aead, &job)) {
            return false;
        }
        if (sealed->sizes.encryption_key > 0 && sealed->text_size > 16 &&
            memcmp(sealed->text + 16, sealed->plain + 16, sealed->text_size - 16) == 0) {
            return false;
        }
        memcpy(sealed->text, kept, sealed->text_size);
        if (!is_text) {
            bytes[i] ^= (uint8_t)(1U << (i % 8));
        }
    }
    return crypto()->aead_open(sealed->aead, &job);
}

static bool notices_every_change(const struct aead_choice *choice)
{
    struct sealed sealed;
    static const char *const names[] = {"ICV", "IV", "associated data", "trailer", "text"};
    bool all = true;
    for (size_t part = 0; part < 5; part++) {
        bool passed = seal_some(choice, 64, &sealed);
        uint8_t *const starts[] = {sealed.icv, sealed.iv, sealed.associated, sealed.trailer,
                                   sealed.text};
        const size_t sizes[] = {sealed.sizes.icv, sealed.sizes.iv, sizeof(sealed.associated),
                                sealed.sizes.integrity_key > 0 ? sizeof(sealed.trailer) : 0,
                                sealed.text_size};
        passed = passed && notices_every_flip(&sealed, starts[part], sizes[part], part == 4);
        if (!passed) {
            note("a change of the %s was not noticed", names[part]);
        }
        all = all && passed;
        crypto()->aead_free(sealed.aead);
    }
    return all;
}

static void works_in_every_way(const struct aead_choice *choice)
{
    bool passed = true;
    for (size_t size = 0; size <= 600; size += size < 70 ? 1 : 53) {
        passed = passed && round_trips(choice, size);
    }
    ok(passed, "encryption %d/%u integrity %d opens what it sealed, in all sizes",
       (int)choice->encryption, choice->key_bits, (int)choice->integrity);
    ok(notices_every_change(choice),
       "encryption %d/%u integrity %d opens nothing that was changed, and shows no plaintext",
       (int)choice->encryption, choice->key_bits, (int)choice->integrity);
}

static void works_with_every_key_size(enum encryption_transform encryption,
                                      enum integrity_transform integrity)
{
    static const uint16_t key_bits[] = {128, 192, 256};
    for (size_t i = 0; i < sizeof(key_bits) / sizeof(key_bits[0]); i++) {
        const struct aead_choice choice = {encryption, key_bits[i], integrity};
        if (encryption != ENCR_CHACHA20_POLY1305 || key_bits[i] == 256) {
            works_in_every_way(&choice);
        }
    }
}

static void every_choice_works(void)
{
    for (size_t i = 0; i < sizeof(combined_ciphers) / sizeof(combined_ciphers[0]); i++) {
        works_with_every_key_size(combined_ciphers[i], AUTH_NONE);
    }
    for (size_t i = 0; i < sizeof(integrities) / sizeof(integrities[0]); i++) {
        const struct aead_choice null = {ENCR_NULL, 0, integrities[i]};
        works_in_every_way(&null);
        works_with_every_key_size(ENCR_AES_CBC, integrities[i]);
        works_with_every_key_size(ENCR_AES_CTR, integrities[i]);
    }
}

// --- What is refused, and IVs --------------------------------------------------------------

static void refuses_what_is_not_offered(void)
{
    static const struct aead_choice refused[] = {
        {ENCR_NULL,                       0,   AUTH_NONE                      },
        {ENCR_NONE,                       0,   AUTH_HMAC_SHA2_256_128         },
        {ENCR_AES_CBC,                    128, AUTH_NONE                      },
        {ENCR_AES_CTR,                    128, AUTH_NONE                      },
        {ENCR_AES_CBC,                    0,   AUTH_HMAC_SHA2_256_128         },
        {ENCR_AES_CBC,                    64,  AUTH_HMAC_SHA2_256_128         },
        {ENCR_AES_GCM_16,                 0,   AUTH_NONE                      },
        {ENCR_AES_GCM_16,                 512, AUTH_NONE                      },
        {ENCR_AES_GCM_16,                 128, AUTH_HMAC_SHA2_256_128         },
        {ENCR_CHACHA20_POLY1305,          128, AUTH_NONE                      },
        {ENCR_3DES,                       0,   AUTH_HMAC_SHA2_256_128         },
        {ENCR_3DES,                       192, AUTH_HMAC_SHA2_256_128         },
        {ENCR_AES_CBC,                    128, AUTH_HMAC_MD5_96               },
        {ENCR_AES_CBC,                    128, AUTH_HMAC_SHA1_96              },
        {ENCR_NULL_AUTH_AES_GMAC,         128, AUTH_NONE                      },
        {(enum encryption_transform)1024, 128, AUTH_NONE                      },
        {ENCR_AES_CBC,                    128, (enum integrity_transform)65535},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct aead_sizes sizes = {.iv = 99};
        ok(!crypto()->aead_sizes(&refused[i], &sizes) && sizes.iv == 99,
           "encryption %d/%u with integrity %d is not offered", (int)refused[i].encryption,
           refused[i].key_bits, (int)refused[i].integrity);
    }
}

static void refuses_keys_of_other_sizes(void)
{
    static const uint8_t key[96];
    const struct aead_choice gcm = {ENCR_AES_GCM_16, 128, AUTH_NONE};
    const struct aead_choice cbc = {ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128};
    bool refused = true;
    for (size_t size = 0; size <= sizeof(key); size++) {
        const struct byte_view view = {key, size};
        const struct byte_view none = {NULL, 0};
        refused = refused && (size == 20 || crypto()->aead_new(&gcm, view, none) == NULL);
        refused = refused && (size == 16 ||
                              crypto()->aead_new(&cbc, view, (struct byte_view){key, 32}) == NULL);
        refused = refused && (size == 32 ||
                              crypto()->aead_new(&cbc, (struct byte_view){key, 16}, view) == NULL);
    }
    ok(refused, "keys of any other size are refused");
}

static void refuses_jobs_that_do_not_fit(void)
{
    const struct aead_choice gcm = {ENCR_AES_GCM_16, 128, AUTH_NONE};
    const struct aead_choice cbc = {ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128};
    struct sealed sealed;
    ok(seal_some(&gcm, 64, &sealed), "a packet is sealed");
    struct aead_job job = job_of(&sealed);
    job.trailer = (struct byte_view){sealed.trailer, 4};
    ok(!crypto()->aead_seal(sealed.aead, &job), "a combined mode takes no trailer");
    job = job_of(&sealed);
    job.iv.size = 7;
    ok(!crypto()->aead_seal(sealed.aead, &job), "an IV of 7 bytes does not seal");
    ok(!crypto()->aead_open(sealed.aead, &job), "an IV of 7 bytes does not open");
    crypto()->aead_free(sealed.aead);

    ok(seal_some(&cbc, 64, &sealed), "a packet is sealed");
    job = job_of(&sealed);
    job.text_size = 63;
    ok(!crypto()->aead_seal(sealed.aead, &job), "CBC seals no text of 63 bytes");
    crypto()->aead_free(sealed.aead);
    crypto()->aead_free(NULL);
}

static void makes_counter_ivs_that_count(void)
{
    static const struct aead_choice choices[] = {
        {ENCR_AES_GCM_16,        128, AUTH_NONE             },
        {ENCR_CHACHA20_POLY1305, 256, AUTH_NONE             },
        {ENCR_AES_CCM_16,        128, AUTH_NONE             },
        {ENCR_AES_CTR,           128, AUTH_HMAC_SHA2_256_128},
    };
    const struct hex_bytes wanted = hex("0123456789abcdef");
    for (size_t i = 0; i < 4; i++) {
        struct sealed sealed;
        uint8_t iv[8];
        const bool made = seal_some(&choices[i], 16, &sealed) &&
                          crypto()->aead_make_iv(sealed.aead, 0x0123456789abcdef, iv);
        ok(made && memcmp(iv, wanted.bytes, 8) == 0,
           "the IV of cipher %d is the counter, big-endian", (int)choices[i].encryption);
        crypto()->aead_free(sealed.aead);
    }
}

static void makes_cbc_ivs_that_cannot_be_foreseen(void)
{
    const struct aead_choice choice = {ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128};
    const struct hex_bytes key = hex("000102030405060708090a0b0c0d0e0f");
    const struct hex_bytes integrity = hex(ANY_HMAC_KEY);
    struct aead *aead = crypto()->aead_new(&choice, hex_view(&key), hex_view(&integrity));
    uint8_t block[16] = {0};
    uint8_t wanted[16];
    uint8_t first[16];
    uint8_t second[16];
    if (!ok(aead != NULL, "AES-CBC takes its keys")) {
        return;
    }
    block[15] = 5;
    aes_block(key.bytes, block, wanted);
    ok(crypto()->aead_make_iv(aead, 5, first) && memcmp(first, wanted, 16) == 0,
       "the IV is the counter block encrypted under the SA's key");
    ok(crypto()->aead_make_iv(aead, 6, second) && memcmp(first, second, 16) != 0,
       "the next IV is another one");
    unsigned different = 0;
    for (size_t i = 0; i < 16; i++) {
        different += first[i] != second[i];
    }
    ok(different >= 12, "the next IV differs nearly everywhere (%u of 16 bytes)", different);
    crypto()->aead_free(aead);
}

int main(void)
{
    seals_all(combined_vectors, sizeof(combined_vectors) / sizeof(combined_vectors[0]));
    seals_all(pair_vectors, sizeof(pair_vectors) / sizeof(pair_vectors[0]));
    makes_short_ccm_icvs_of_their_own_not_truncated_ones();
    every_choice_works();
    refuses_what_is_not_offered();
    refuses_keys_of_other_sizes();
    refuses_jobs_that_do_not_fit();
    makes_counter_ivs_that_count();
    makes_cbc_ivs_that_cannot_be_foreseen();
    return done_testing();
}
