#include "refgw/ike/cipher_rules.h"

// Columns: transform, combined mode, key length attribute, fixed key bits, allowed for IKE.
static const struct cipher_rule RULES[] = {
    {ENCR_NULL,               false, false, 0,   false},
    {ENCR_AES_CBC,            false, true,  0,   true },
    {ENCR_AES_CTR,            false, true,  0,   true },
    {ENCR_AES_CCM_8,          true,  true,  0,   true },
    {ENCR_AES_CCM_12,         true,  true,  0,   true },
    {ENCR_AES_CCM_16,         true,  true,  0,   true },
    {ENCR_AES_GCM_8,          true,  true,  0,   true },
    {ENCR_AES_GCM_12,         true,  true,  0,   true },
    {ENCR_AES_GCM_16,         true,  true,  0,   true },
    {ENCR_NULL_AUTH_AES_GMAC, true,  true,  0,   false},
    {ENCR_CHACHA20_POLY1305,  true,  false, 256, true },
};

const struct cipher_rule *cipher_rule_find(unsigned encryption)
{
    for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++) {
        if ((unsigned)RULES[i].encryption == encryption) {
            return &RULES[i];
        }
    }
    return NULL;
}

bool cipher_from_transform(unsigned encryption, uint16_t attribute_bits,
                           struct aead_choice *out_choice)
{
    const struct cipher_rule *rule = cipher_rule_find(encryption);
    if (rule == NULL || rule->has_key_length != (attribute_bits != 0)) {
        return false;
    }
    *out_choice = (struct aead_choice){
        .encryption = rule->encryption,
        .key_bits = rule->has_key_length ? attribute_bits : rule->fixed_bits,
        .integrity = AUTH_NONE,
    };
    return true;
}
