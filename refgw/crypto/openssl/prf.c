// HMAC-SHA2 as a pseudorandom function (RFC 4868), AES-XCBC-PRF-128 (RFC 4434) and
// AES-CMAC-PRF-128 (RFC 4615).
#include <string.h>

#include <openssl/crypto.h>

#include "refgw/crypto/openssl/cbc_mac.h"
#include "refgw/crypto/openssl/mac.h"
#include "refgw/crypto/openssl/primitives.h"

static bool find_kind(enum prf_transform prf, enum mac_kind *out_kind)
{
    switch ((unsigned)prf) {
    case PRF_HMAC_SHA2_256:
        *out_kind = MAC_HMAC_SHA2_256;
        return true;
    case PRF_HMAC_SHA2_384:
        *out_kind = MAC_HMAC_SHA2_384;
        return true;
    case PRF_HMAC_SHA2_512:
        *out_kind = MAC_HMAC_SHA2_512;
        return true;
    case PRF_AES128_XCBC:
        *out_kind = MAC_AES_XCBC;
        return true;
    case PRF_AES128_CMAC:
        *out_kind = MAC_AES_CMAC;
        return true;
    default:
        return false;
    }
}

size_t openssl_prf_size(enum prf_transform prf)
{
    enum mac_kind kind;
    return find_kind(prf, &kind) ? mac_size(kind) : 0;
}

static bool compute_once(enum mac_kind kind, struct byte_view key, const struct byte_view *parts,
                         size_t part_count, uint8_t *out)
{
    struct mac *mac = mac_new(kind, key);
    const bool done = mac != NULL && mac_compute(mac, parts, part_count, out);
    mac_free(mac);
    return done;
}

// A key of another size than 16 bytes: RFC 4434 section 2 pads a shorter one with zeros and
// condenses a longer one; RFC 4615 section 3 condenses both.
static bool fit_key(enum mac_kind kind, struct byte_view key, uint8_t out_key[CBC_MAC_SIZE])
{
    static const uint8_t zero_key[CBC_MAC_SIZE];
    if (key.size == CBC_MAC_SIZE || (key.size < CBC_MAC_SIZE && kind == MAC_AES_XCBC)) {
        memset(out_key, 0, CBC_MAC_SIZE);
        if (key.size > 0) {
            memcpy(out_key, key.data, key.size);
        }
        return true;
    }
    return compute_once(kind, VIEW_OF(zero_key), &key, 1, out_key);
}

bool openssl_prf(enum prf_transform prf, struct byte_view key, const struct byte_view *parts,
                 size_t part_count, uint8_t *out)
{
    uint8_t fitted_key[CBC_MAC_SIZE];
    uint8_t result[MAC_MOST_SIZE];
    enum mac_kind kind;
    if (!find_kind(prf, &kind)) {
        return false;
    }
    bool done = true;
    if (kind == MAC_AES_XCBC || kind == MAC_AES_CMAC) {
        done = fit_key(kind, key, fitted_key);
        key = VIEW_OF(fitted_key);
    }
    done = done && compute_once(kind, key, parts, part_count, result);
    if (done) {
        memcpy(out, result, mac_size(kind));
    }
    OPENSSL_cleanse(fitted_key, sizeof(fitted_key));
    OPENSSL_cleanse(result, sizeof(result));
    return done;
}
