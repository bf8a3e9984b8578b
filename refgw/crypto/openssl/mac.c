#include "refgw/crypto/openssl/mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "refgw/crypto/openssl/algorithms.h"
#include "refgw/crypto/openssl/cbc_mac.h"

struct mac {
    enum mac_kind kind;
    EVP_MAC_CTX *hmac;  // of the HMAC kinds
    struct cbc_mac cbc; // of the AES kinds
};

size_t mac_size(enum mac_kind kind)
{
    switch (kind) {
    case MAC_HMAC_SHA2_256:
        return 32;
    case MAC_HMAC_SHA2_384:
        return 48;
    case MAC_HMAC_SHA2_512:
        return 64;
    case MAC_AES_XCBC:
    case MAC_AES_CMAC:
        return CBC_MAC_SIZE;
    }
    return 0;
}

static bool start_hmac(struct mac *mac, struct byte_view key)
{
    static const char *const names[] = {
        [MAC_HMAC_SHA2_256] = "SHA2-256",
        [MAC_HMAC_SHA2_384] = "SHA2-384",
        [MAC_HMAC_SHA2_512] = "SHA2-512",
    };
    // EVP takes names through pointers that are not const, but does not write to them.
    char name[16];
    const size_t name_size = OPENSSL_strlcpy(name, names[mac->kind], sizeof(name));
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, name_size),
        OSSL_PARAM_construct_end(),
    };
    static const uint8_t no_key[1]; // NULL would mean "the key of before"

    if (openssl_algorithms()->hmac == NULL) {
        return false;
    }
    mac->hmac = EVP_MAC_CTX_new(openssl_algorithms()->hmac);
    return mac->hmac != NULL &&
           EVP_MAC_init(mac->hmac, key.size > 0 ? key.data : no_key, key.size, parameters) == 1;
}

static bool start(struct mac *mac, struct byte_view key)
{
    if (mac->kind != MAC_AES_XCBC && mac->kind != MAC_AES_CMAC) {
        return start_hmac(mac, key);
    }
    if (key.size != CBC_MAC_SIZE) {
        return false;
    }
    return mac->kind == MAC_AES_XCBC ? cbc_mac_init_xcbc(&mac->cbc, key.data)
                                     : cbc_mac_init_cmac(&mac->cbc, key.data);
}

struct mac *mac_new(enum mac_kind kind, struct byte_view key)
{
    struct mac *mac = OPENSSL_zalloc(sizeof(*mac));
    if (mac == NULL) {
        return NULL;
    }
    mac->kind = kind;
    if (!start(mac, key)) {
        mac_free(mac);
        return NULL;
    }
    return mac;
}

void mac_free(struct mac *mac)
{
    if (mac == NULL) {
        return;
    }
    EVP_MAC_CTX_free(mac->hmac);
    cbc_mac_clear(&mac->cbc);
    OPENSSL_clear_free(mac, sizeof(*mac));
}

static bool compute_hmac(struct mac *mac, const struct byte_view *parts, size_t part_count,
                         uint8_t *out)
{
    const size_t size = mac_size(mac->kind);
    size_t written;
    bool done = EVP_MAC_init(mac->hmac, NULL, 0, NULL) == 1;
    for (size_t i = 0; done && i < part_count; i++) {
        done = parts[i].size == 0 || EVP_MAC_update(mac->hmac, parts[i].data, parts[i].size) == 1;
    }
    return done && EVP_MAC_final(mac->hmac, out, &written, size) == 1 && written == size;
}

bool mac_compute(struct mac *mac, const struct byte_view *parts, size_t part_count, uint8_t *out)
{
    return mac->hmac != NULL ? compute_hmac(mac, parts, part_count, out)
                             : cbc_mac_compute(&mac->cbc, parts, part_count, out);
}
