// Looks into every block of memory that OpenSSL and the provider give back: no key may still
// be in it.
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/tests/crypto/hex.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

// Bytes that occur nowhere by accident.
static const uint8_t marker[32] = {0x9e, 0x11, 0x5a, 0xf3, 0x27, 0xc4, 0x88, 0x6d, 0x3b, 0xd0, 0x72,
                                   0xe9, 0x04, 0xbf, 0x56, 0x1c, 0x93, 0x6a, 0xf8, 0x2d, 0xc7, 0x40,
                                   0xb5, 0x0e, 0x71, 0xda, 0x39, 0x8c, 0x62, 0xfd, 0x15, 0xa4};
enum { FOUND_FROM = 12 }; // this many bytes of the marker in a row count as a leak

static bool is_watching;
static unsigned blocks_seen;
static unsigned leaks_seen;
static unsigned foreign_leaks_seen;

// Forwards as keys are given, backwards as big numbers keep them.
static bool holds_marker(const void *block, size_t size)
{
    uint8_t backwards[sizeof(marker)];
    for (size_t i = 0; i < sizeof(marker); i++) {
        backwards[i] = marker[sizeof(marker) - 1 - i];
    }
    for (size_t start = 0; start + FOUND_FROM <= sizeof(marker); start += FOUND_FROM / 3) {
        if (memmem(block, size, marker + start, FOUND_FROM) != NULL ||
            memmem(block, size, backwards + start, FOUND_FROM) != NULL) {
            return true;
        }
    }
    return false;
}

// OpenSSL 3.0 does not wipe the scalar that its fast P-256 and P-521 multiplications keep on the
// heap (crypto/ec/ecp_nistz256.c, ecp_nistp521.c). Whoever calls it cannot reach that copy.
static bool is_known_in_openssl(const char *file)
{
    return file != NULL && strstr(file, "ecp_nist") != NULL;
}

static void look_into(void *block, const char *file)
{
    blocks_seen++;
    if (holds_marker(block, malloc_usable_size(block))) {
        leaks_seen += !is_known_in_openssl(file);
        foreign_leaks_seen += is_known_in_openssl(file);
    }
}

static void *watched_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return calloc(1, size); // so that no byte of an earlier block shows through
}

static void watched_free(void *block, const char *file, int line)
{
    (void)line;
    if (block != NULL && is_watching) {
        look_into(block, file);
    }
    free(block);
}

static void *watched_realloc(void *block, size_t size, const char *file, int line)
{
    if (block == NULL) {
        return watched_malloc(size, file, line);
    }
    void *moved = watched_malloc(size, file, line);
    if (moved != NULL) {
        const size_t old = malloc_usable_size(block);
        memcpy(moved, block, old < size ? old : size);
        watched_free(block, file, line);
    }
    return moved;
}

static const struct crypto_provider *crypto(void)
{
    return openssl_provider();
}

static void expect_nothing_left(const char *what)
{
    is_watching = false;
    ok(leaks_seen == 0, "%s: no key in %u freed blocks", what, blocks_seen);
    if (foreign_leaks_seen > 0) {
        note("OpenSSL left %u copies in its own scratch memory", foreign_leaks_seen);
    }
    blocks_seen = 0;
    leaks_seen = 0;
    foreign_leaks_seen = 0;
}

static void the_watch_sees_a_leak(void)
{
    is_watching = true;
    uint8_t *block = OPENSSL_malloc(100);
    if (block != NULL) {
        memcpy(block + 20, marker, sizeof(marker));
    }
    OPENSSL_free(block);
    is_watching = false;
    ok(leaks_seen == 1, "the watch sees a planted leak");
    leaks_seen = 0;
    blocks_seen = 0;
}

static void wipes_cipher_keys(void)
{
    static const struct aead_choice choices[] = {
        {ENCR_AES_GCM_16,        128, AUTH_NONE             },
        {ENCR_AES_CCM_16,        128, AUTH_NONE             },
        {ENCR_CHACHA20_POLY1305, 256, AUTH_NONE             },
        {ENCR_AES_CBC,           128, AUTH_HMAC_SHA2_256_128},
        {ENCR_AES_CTR,           128, AUTH_AES_XCBC_96      },
        {ENCR_NULL,              0,   AUTH_AES_CMAC_96      },
    };
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        struct aead_sizes sizes;
        uint8_t keys[64];
        uint8_t iv[16] = {0};
        uint8_t text[64] = {0};
        uint8_t icv[32];
        memcpy(keys, marker, 32);
        memcpy(keys + 32, marker, 32);
        is_watching = true;
        struct aead *aead =
            crypto()->aead_sizes(&choices[i], &sizes)
                ? crypto()->aead_new(&choices[i], (struct byte_view){keys, sizes.encryption_key},
                                     (struct byte_view){keys, sizes.integrity_key})
                : NULL;
        const struct aead_job job = {
            .iv = {iv, sizes.iv},
              .text = text, .text_size = sizeof(text), .icv = icv
        };
        const bool worked = aead != NULL && crypto()->aead_make_iv(aead, 1, iv) &&
                            crypto()->aead_seal(aead, &job) && crypto()->aead_open(aead, &job);
        crypto()->aead_free(aead);
        ok(worked, "cipher %d/%d works", (int)choices[i].encryption, (int)choices[i].integrity);
        expect_nothing_left("its keys");
    }
}

static void wipes_prf_keys(void)
{
    static const enum prf_transform prfs[] = {PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_512, PRF_AES128_XCBC,
                                              PRF_AES128_CMAC};
    for (size_t i = 0; i < sizeof(prfs) / sizeof(prfs[0]); i++) {
        const struct byte_view message = TEXT_VIEW("message");
        uint8_t output[64];
        is_watching = true;
        const bool worked =
            crypto()->prf(prfs[i], (struct byte_view){marker, 16}, &message, 1, output);
        ok(worked, "prf %d works", (int)prfs[i]);
        expect_nothing_left("its key");
    }
}

// Private keys are the marker over and over, so they show in any copy that is kept whole.
static bool fill_with_marker(void *context, uint8_t *bytes, size_t size)
{
    (void)context;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = marker[i % sizeof(marker)];
    }
    if (size == 66) {
        bytes[0] = 0; // P-521 masks the first byte
    }
    return true;
}

static void wipes_private_keys(void)
{
    static const enum key_exchange_method methods[] = {KE_MODP_2048, KE_ECP_256,    KE_ECP_384,
                                                       KE_ECP_521,   KE_CURVE25519, KE_CURVE448};
    const struct random_source source = {.fill = fill_with_marker};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct secret shared = {0};
        is_watching = true;
        struct key_agreement *agreement = crypto()->key_agreement_new(methods[i], &source);
        const bool worked =
            agreement != NULL && crypto()->key_agreement_derive(
                                     agreement, crypto()->key_agreement_public(agreement), &shared);
        crypto()->key_agreement_free(agreement);
        ok(worked, "group %d works", (int)methods[i]);
        expect_nothing_left("its private key");
        secret_clear(&shared);
    }
}

int main(void)
{
    if (CRYPTO_set_mem_functions(watched_malloc, watched_realloc, watched_free) != 1) {
        ok(false, "OpenSSL takes the watching allocator");
        return done_testing();
    }
    the_watch_sees_a_leak();
    wipes_cipher_keys();
    wipes_prf_keys();
    wipes_private_keys();
    return done_testing();
}
