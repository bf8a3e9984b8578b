#include "refgw/ike/policy_certificates.h"

void policy_certificates_clear(struct policy_certificates *certificates)
{
    private_key_free(certificates->key);
    for (size_t i = 0; i < certificates->chain_count; i++) {
        octets_clear(&certificates->chain[i]);
    }
    if (certificates->trust != NULL) {
        certificates->provider->trust_store_free(certificates->trust);
    }
    *certificates = (struct policy_certificates){.key = NULL};
}

bool policy_certificates_in_use(const struct policy_certificates *certificates)
{
    return certificates->key != NULL || certificates->trust != NULL;
}
