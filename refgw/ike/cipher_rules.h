// cipher_rules.h - what kind of thing an encryption transform is (RFC 7296, section 3.3.5).
#ifndef REFGW_IKE_CIPHER_RULES_H
#define REFGW_IKE_CIPHER_RULES_H

#include "refgw/crypto/provider.h"

struct cipher_rule {
    enum encryption_transform encryption;
    bool is_combined;    // brings its own integrity
    bool has_key_length; // a Key Length attribute is required; else forbidden
    uint16_t fixed_bits; // of the key without that attribute
    bool is_for_ike;     // may protect IKE messages
};

// NULL for transforms this implementation does not know.
MUST_USE const struct cipher_rule *cipher_rule_find(unsigned encryption);
// The cipher a transform stands for; false when its Key Length attribute is missing, or is
// there where the section forbids it.
MUST_USE bool cipher_from_transform(unsigned encryption, uint16_t attribute_bits,
                                    struct aead_choice *out_choice);

#endif
