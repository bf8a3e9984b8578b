#include "refgw/crypto/openssl/openssl_provider.h"

#include "refgw/crypto/openssl/aead.h"
#include "refgw/crypto/openssl/certificate_parts.h"
#include "refgw/crypto/openssl/primitives.h"
#include "refgw/crypto/openssl/signature_keys.h"

void aead_counter_iv(uint64_t counter, uint8_t out_iv[8])
{
    for (unsigned i = 0; i < 8; i++) {
        out_iv[i] = (uint8_t)(counter >> (56 - 8 * i));
    }
}

static bool openssl_aead_sizes(const struct aead_choice *choice, struct aead_sizes *out_sizes)
{
    return aead_combined_sizes(choice, out_sizes) || aead_pair_sizes(choice, out_sizes);
}

static struct aead *openssl_aead_new(const struct aead_choice *choice,
                                     struct byte_view encryption_key,
                                     struct byte_view integrity_key)
{
    struct aead_sizes sizes;
    if (!openssl_aead_sizes(choice, &sizes) || encryption_key.size != sizes.encryption_key ||
        integrity_key.size != sizes.integrity_key) {
        return NULL;
    }
    return choice->integrity == AUTH_NONE ? aead_combined_new(choice, encryption_key)
                                          : aead_pair_new(choice, encryption_key, integrity_key);
}

static void openssl_aead_free(struct aead *aead)
{
    if (aead != NULL) {
        aead->methods->release(aead);
    }
}

static bool openssl_aead_make_iv(struct aead *aead, uint64_t counter, uint8_t *out_iv)
{
    return aead->methods->make_iv(aead, counter, out_iv);
}

static bool openssl_aead_seal(struct aead *aead, const struct aead_job *job)
{
    return aead->methods->seal(aead, job);
}

static bool openssl_aead_open(struct aead *aead, const struct aead_job *job)
{
    return aead->methods->open(aead, job);
}

const struct crypto_provider *openssl_provider(void)
{
    static const struct crypto_provider provider = {
        .name = "openssl",
        .aead_sizes = openssl_aead_sizes,
        .aead_new = openssl_aead_new,
        .aead_free = openssl_aead_free,
        .aead_make_iv = openssl_aead_make_iv,
        .aead_seal = openssl_aead_seal,
        .aead_open = openssl_aead_open,
        .prf_size = openssl_prf_size,
        .prf = openssl_prf,
        .key_agreement_size = openssl_key_agreement_size,
        .key_agreement_new = openssl_key_agreement_new,
        .key_agreement_public = openssl_key_agreement_public,
        .key_agreement_derive = openssl_key_agreement_derive,
        .key_agreement_free = openssl_key_agreement_free,
        .sha1 = openssl_sha1,
        .sha256 = openssl_sha256,
        .signatures = &openssl_signatures,
        .certificates = &openssl_certificates,
    };
    return &provider;
}
