#include "refgw/crypto/openssl/algorithms.h"

#include <pthread.h>

static struct openssl_algorithms algorithms;

static void fetch_row(EVP_CIPHER *row[3], const char *const names[3])
{
    for (size_t i = 0; i < 3; i++) {
        row[i] = EVP_CIPHER_fetch(NULL, names[i], NULL);
    }
}

static void fetch_all(void)
{
    static const char *const cbc[3] = {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"};
    static const char *const ctr[3] = {"AES-128-CTR", "AES-192-CTR", "AES-256-CTR"};
    static const char *const gcm[3] = {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM"};
    static const char *const ccm[3] = {"AES-128-CCM", "AES-192-CCM", "AES-256-CCM"};

    fetch_row(algorithms.aes_cbc, cbc);
    fetch_row(algorithms.aes_ctr, ctr);
    fetch_row(algorithms.aes_gcm, gcm);
    fetch_row(algorithms.aes_ccm, ccm);
    algorithms.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    algorithms.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    algorithms.sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    algorithms.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

const struct openssl_algorithms *openssl_algorithms(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, fetch_all);
    return &algorithms;
}

EVP_CIPHER *cipher_by_key_bits(EVP_CIPHER *const row[3], uint16_t key_bits)
{
    switch (key_bits) {
    case 128:
        return row[0];
    case 192:
        return row[1];
    case 256:
        return row[2];
    default:
        return NULL;
    }
}
