#include "refgw/crypto/openssl/algorithms.h"
#include "refgw/crypto/openssl/primitives.h"

static bool digest(const EVP_MD *algorithm, const struct byte_view *parts, size_t part_count,
                   uint8_t *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done =
        algorithm != NULL && context != NULL && EVP_DigestInit_ex2(context, algorithm, NULL) == 1;
    for (size_t i = 0; done && i < part_count; i++) {
        done = parts[i].size == 0 || EVP_DigestUpdate(context, parts[i].data, parts[i].size) == 1;
    }
    done = done && EVP_DigestFinal_ex(context, out, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

bool openssl_sha1(const struct byte_view *parts, size_t part_count, uint8_t out[20])
{
    return digest(openssl_algorithms()->sha1, parts, part_count, out);
}

bool openssl_sha256(const struct byte_view *parts, size_t part_count, uint8_t out[32])
{
    return digest(openssl_algorithms()->sha256, parts, part_count, out);
}
