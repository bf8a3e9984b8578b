#include "refgw/crypto/openssl/ecdsa_raw.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

enum { MOST_HALF = 66, MOST_DER = 160 };

static size_t half_size(enum signature_scheme scheme)
{
    return scheme == SIGNATURE_P256_RAW   ? 32
           : scheme == SIGNATURE_P384_RAW ? 48
           : scheme == SIGNATURE_P521_RAW ? MOST_HALF
                                          : 0;
}

bool ecdsa_raw_from_der(enum signature_scheme scheme, struct byte_view der, struct byte_writer *out)
{
    const size_t half = half_size(scheme);
    uint8_t raw[2 * MOST_HALF];
    const unsigned char *next = der.data;
    if (half == 0 || der.size > MOST_DER) {
        return false;
    }
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &next, (long)der.size);
    const bool fits = signature != NULL &&
                      BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, (int)half) == (int)half &&
                      BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + half, (int)half) == (int)half;
    ECDSA_SIG_free(signature);
    if (fits) {
        writer_put_bytes(out, (struct byte_view){.data = raw, .size = 2 * half});
    }
    return fits && !out->overflowed;
}

static bool put_der(const ECDSA_SIG *signature, struct byte_writer *out)
{
    uint8_t der[MOST_DER];
    unsigned char *next = der;
    const int size = i2d_ECDSA_SIG(signature, NULL);
    if (size <= 0 || size > MOST_DER || i2d_ECDSA_SIG(signature, &next) != size) {
        return false;
    }
    writer_put_bytes(out, (struct byte_view){.data = der, .size = (size_t)size});
    return !out->overflowed;
}

bool ecdsa_raw_to_der(enum signature_scheme scheme, struct byte_view raw, struct byte_writer *out)
{
    const size_t half = half_size(scheme);
    if (half == 0 || raw.size != 2 * half) {
        return false;
    }
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.data, (int)half, NULL);
    BIGNUM *s = BN_bin2bn(raw.data + half, (int)half, NULL);
    if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(signature);
        return false;
    }
    const bool is_done = put_der(signature, out);
    ECDSA_SIG_free(signature);
    return is_done;
}
