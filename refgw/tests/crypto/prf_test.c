// HMAC-SHA2 by RFC 4231 and RFC 4868, AES-XCBC by RFC 3566 and RFC 4434, AES-CMAC by RFC 4493
// and RFC 4615; digests.
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/tests/crypto/hex.h"

#include <string.h>

struct vector {
    const char *name;
    enum prf_transform prf;
    const char *key;
    const char *message;
    const char *output; // may be shorter than the prf's output
};

#define KEY_0B_20       "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define HI_THERE        "4869205468657265"
#define JEFE            "4a656665"
#define WHAT_DO_YA_WANT "7768617420646f2079612077616e7420666f72206e6f7468696e673f"
#define AA_20           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AA_131          AA_20 AA_20 AA_20 AA_20 AA_20 AA_20 "aaaaaaaaaaaaaaaaaaaaaa"
#define DD_50                                            \
    "dddddddddddddddddddddddddddddddddddddddddddddddddd" \
    "dddddddddddddddddddddddddddddddddddddddddddddddddd"
#define TEST_LARGER_THAN_BLOCK                                         \
    "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a" \
    "65204b6579202d2048617368204b6579204669727374"
#define KEY_16     "000102030405060708090a0b0c0d0e0f"
#define MESSAGE_20 "000102030405060708090a0b0c0d0e0f10111213"
#define CMAC_KEY   "2b7e151628aed2a6abf7158809cf4f3c"
#define CMAC_40    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"

static const struct vector vectors[] = {
    {"RFC 4231, test case 1",      PRF_HMAC_SHA2_256, KEY_0B_20,              HI_THERE,
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"                                                                                    },
    {"RFC 4231, test case 1",      PRF_HMAC_SHA2_384, KEY_0B_20,              HI_THERE,
     "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
     "faea9ea9076ede7f4af152e8b2fa9cb6"                                                                                                                    },
    {"RFC 4231, test case 1",      PRF_HMAC_SHA2_512, KEY_0B_20,              HI_THERE,
     "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
     "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"                                                                                    },
    {"RFC 4231, test case 2",      PRF_HMAC_SHA2_256, JEFE,                   WHAT_DO_YA_WANT,
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"                                                                                    },
    {"RFC 4231, test case 2",      PRF_HMAC_SHA2_384, JEFE,                   WHAT_DO_YA_WANT,
     "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
     "8e2240ca5e69e2c78b3239ecfab21649"                                                                                                                    },
    {"RFC 4231, test case 2",      PRF_HMAC_SHA2_512, JEFE,                   WHAT_DO_YA_WANT,
     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
     "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"                                                                                    },
    {"RFC 4231, test case 3",      PRF_HMAC_SHA2_256, AA_20,                  DD_50,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"                                                                                    },
    {"RFC 4231, test case 6",      PRF_HMAC_SHA2_256, AA_131,                 TEST_LARGER_THAN_BLOCK,
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"                                                                                    },
    {"RFC 4231, test case 6",      PRF_HMAC_SHA2_512, AA_131,                 TEST_LARGER_THAN_BLOCK,
     "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
     "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"                                                                                    },
    {"RFC 3566, test case 1",      PRF_AES128_XCBC,   KEY_16,                 "",                                        "75f0251d528ac01c4573dfd584d79f29"},
    {"RFC 3566, test case 2",      PRF_AES128_XCBC,   KEY_16,                 "000102",
     "5b376580ae2f19afe7219ceef172756f"                                                                                                                    },
    {"RFC 3566, test case 3",      PRF_AES128_XCBC,   KEY_16,                 KEY_16,                                    "d2a246fa349b68a79998a4394ff7a263"},
    {"RFC 3566, test case 4",      PRF_AES128_XCBC,   KEY_16,                 MESSAGE_20,
     "47f51b4564966215b8985c63055ed308"                                                                                                                    },
    {"RFC 3566, test case 5",      PRF_AES128_XCBC,   KEY_16,                 KEY_16 "101112131415161718191a1b1c1d1e1f",
     "f54f0ec8d2b9f3d36807734bd5283fd4"                                                                                                                    },
    {"RFC 3566, test case 6",      PRF_AES128_XCBC,   KEY_16,
     KEY_16 "101112131415161718191a1b1c1d1e1f2021",                                                                      "becbb3bccdb518a30677d5481fb6b4d8"},
    {"RFC 4434, key of 10 octets", PRF_AES128_XCBC,   "00010203040506070809", MESSAGE_20,
     "0fa087af7d866e7653434e602fdde835"                                                                                                                    },
    {"RFC 4434, key of 18 octets", PRF_AES128_XCBC,   KEY_16 "edcb",          MESSAGE_20,
     "8cd3c93ae598a9803006ffb67c40e9e4"                                                                                                                    },
    {"RFC 4493, example 1",        PRF_AES128_CMAC,   CMAC_KEY,               "",                                        "bb1d6929e95937287fa37d129b756746"},
    {"RFC 4493, example 2",        PRF_AES128_CMAC,   CMAC_KEY,               "6bc1bee22e409f96e93d7e117393172a",
     "070a16b46b4d4144f79bdd9dd04a287c"                                                                                                                    },
    {"RFC 4493, example 3",        PRF_AES128_CMAC,   CMAC_KEY,               CMAC_40,                                   "dfa66747de9ae63030ca32611497c827"},
    {"RFC 4493, example 4",        PRF_AES128_CMAC,   CMAC_KEY,
     CMAC_40 "e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
     "51f0bebf7e3b9d92fc49741779363cfe"                                                                                                                    },
    {"RFC 4615, key of 18 octets", PRF_AES128_CMAC,   KEY_16 "edcb",          MESSAGE_20,
     "84a348a4a45d235babfffc0d2b4da09a"                                                                                                                    },
    {"RFC 4615, key of 16 octets", PRF_AES128_CMAC,   KEY_16,                 MESSAGE_20,
     "980ae87b5f4c9c5214f5b6a8455e4c2d"                                                                                                                    },
    {"RFC 4615, key of 10 octets", PRF_AES128_CMAC,   "00010203040506070809", MESSAGE_20,
     "290d9e112edb09ee141fcf64c0b72f3d"                                                                                                                    },
};

static const struct crypto_provider *crypto(void)
{
    return openssl_provider();
}

static void computes_what_is_published(void)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct hex_bytes key = hex(vectors[i].key);
        const struct hex_bytes message = hex(vectors[i].message);
        const struct hex_bytes wanted = hex(vectors[i].output);
        const struct byte_view part = hex_view(&message);
        uint8_t output[64] = {0};
        ok(crypto()->prf(vectors[i].prf, hex_view(&key), &part, 1, output), "prf %d computes",
           (int)vectors[i].prf);
        is_bytes(output, crypto()->prf_size(vectors[i].prf), wanted.bytes, wanted.size,
                 "prf %d: %s", (int)vectors[i].prf, vectors[i].name);
    }
}

static void computes_xcbc_over_a_thousand_zeros(void)
{
    static const uint8_t zeros[1000];
    const struct hex_bytes key = hex(KEY_16);
    const struct hex_bytes wanted = hex("f0dafee895db30253761103b5d84528f");
    const struct byte_view part = VIEW_OF(zeros);
    uint8_t output[16];
    ok(crypto()->prf(PRF_AES128_XCBC, hex_view(&key), &part, 1, output), "prf computes");
    is_bytes(output, 16, wanted.bytes, wanted.size, "RFC 3566, test case 7");
}

static bool is_same_cut_into_three(enum prf_transform prf, struct byte_view message, size_t first,
                                   size_t second, const uint8_t wanted[64])
{
    const struct hex_bytes key = hex(KEY_16);
    const struct byte_view parts[] = {
        {message.data,          first                },
        {message.data + first,  second - first       },
        {message.data + second, message.size - second}
    };
    uint8_t output[64] = {0};
    return crypto()->prf(prf, hex_view(&key), parts, 3, output) && memcmp(output, wanted, 64) == 0;
}

static bool is_same_however_cut(enum prf_transform prf)
{
    const struct hex_bytes key = hex(KEY_16);
    uint8_t message[50];
    uint8_t wanted[64] = {0};
    const struct byte_view whole = VIEW_OF(message);
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)i;
    }
    bool same = crypto()->prf(prf, hex_view(&key), &whole, 1, wanted);
    for (size_t first = 0; first <= sizeof(message); first++) {
        for (size_t second = first; second <= sizeof(message); second++) {
            same = same && is_same_cut_into_three(prf, whole, first, second, wanted);
        }
    }
    return same;
}

static void does_not_care_how_the_message_is_cut(void)
{
    static const enum prf_transform prfs[] = {PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384,
                                              PRF_HMAC_SHA2_512, PRF_AES128_XCBC, PRF_AES128_CMAC};
    for (size_t i = 0; i < sizeof(prfs) / sizeof(prfs[0]); i++) {
        ok(is_same_however_cut(prfs[i]), "prf %d does not care how the message is cut",
           (int)prfs[i]);
    }
}

static void takes_empty_keys(void)
{
    const struct hex_bytes wanted =
        hex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    uint8_t output[32];
    ok(crypto()->prf(PRF_HMAC_SHA2_256, (struct byte_view){NULL, 0}, NULL, 0, output),
       "an empty key and no message are taken");
    is_bytes(output, 32, wanted.bytes, wanted.size, "HMAC-SHA2-256 of nothing under nothing");
}

static void refuses_what_is_not_offered(void)
{
    static const enum prf_transform refused[] = {PRF_NONE, PRF_HMAC_MD5, PRF_HMAC_SHA1,
                                                 (enum prf_transform)1024};
    const struct hex_bytes key = hex(KEY_16);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        uint8_t output[64] = {0xa5};
        ok(crypto()->prf_size(refused[i]) == 0 &&
               !crypto()->prf(refused[i], hex_view(&key), NULL, 0, output) && output[0] == 0xa5,
           "prf %d is not offered", (int)refused[i]);
    }
}

static void digests_as_published(void)
{
    const struct hex_bytes sha1 = hex("a9993e364706816aba3e25717850c26c9cd0d89d");
    const struct hex_bytes sha256 =
        hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const struct byte_view parts[] = {
        TEXT_VIEW("a"), {NULL, 0},
         TEXT_VIEW("bc")
    };
    uint8_t output[32];
    ok(crypto()->sha1(parts, 3, output), "SHA-1 computes");
    is_bytes(output, 20, sha1.bytes, sha1.size, "SHA-1 of abc, in three parts");
    ok(crypto()->sha256(parts, 3, output), "SHA-256 computes");
    is_bytes(output, 32, sha256.bytes, sha256.size, "SHA-256 of abc, in three parts");
}

int main(void)
{
    computes_what_is_published();
    computes_xcbc_over_a_thousand_zeros();
    does_not_care_how_the_message_is_cut();
    takes_empty_keys();
    refuses_what_is_not_offered();
    digests_as_published();
    return done_testing();
}
