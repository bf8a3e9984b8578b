// ikev2_names.h - registry names for numbers, for people and for configuration words.
//
// The *_name functions return a constant string, or NULL for a number that is not in the
// registry tables here. *_from_name are their exact opposites (case-sensitive), false when
// the name is unknown. Names are the registry's without prefix where one word suffices
// ("IKE_SA_INIT", "AUTHENTICATION_FAILED", "SA", "TSi").
#ifndef REFGW_IANA_IKEV2_NAMES_H
#define REFGW_IANA_IKEV2_NAMES_H

#include "refgw/base/bytes.h"
#include "refgw/iana/ikev2_numbers.h"

MUST_USE const char *exchange_type_name(unsigned number);
MUST_USE const char *payload_type_name(unsigned number); // "SA" "KE" "IDi" "Ni/Nr" is "Nonce" ...
MUST_USE const char *notify_type_name(unsigned number);
MUST_USE bool notify_type_from_name(const char *name, unsigned *out_number);
MUST_USE bool exchange_type_from_name(const char *name, unsigned *out_number);
MUST_USE const char *protocol_id_name(unsigned number); // "IKE" "AH" "ESP"
MUST_USE const char *transform_type_name(unsigned type);
// A transform's registry name: type ENCR, number 20 is "ENCR_AES_GCM_16".
MUST_USE const char *transform_name(unsigned type, unsigned number);
MUST_USE const char *identification_type_name(unsigned number);
MUST_USE const char *authentication_method_name(unsigned number);
// Attributes of the CP payload: 1 is "INTERNAL_IP4_ADDRESS".
MUST_USE const char *configuration_attribute_name(unsigned number);

// The word of configurations and scenarios for an algorithm, key length included:
//   encryption   aes128gcm16 aes256gcm16 aes128gcm8 aes128ccm16 aes128 aes256 aes128ctr
//                aes128gmac chacha20poly1305 null   (AES also with 192; tags also 12 and 8)
//   integrity    sha256 sha384 sha512 aesxcbc aescmac
//   prf          prfsha256 prfsha384 prfsha512 prfaesxcbc prfaescmac
//   key exchange x25519 x448 ecp256 ecp384 ecp521 modp2048 .. modp8192
//                mlkem512 mlkem768 mlkem1024
//   sequence     esn noesn
struct transform_keyword {
    const char *word;
    unsigned type; // enum ike_transform_type
    unsigned number;
    unsigned key_bits; // 0 for a transform without Key Length attribute
};
// NULL when the word is unknown.
MUST_USE const struct transform_keyword *transform_keyword_find(const char *word);
// The keyword of a transform, or NULL when there is none. An additional key exchange
// (ADDKE1..7) has the keyword of its method.
MUST_USE const char *transform_keyword_name(unsigned type, unsigned number, unsigned key_bits);
// Row `index` of the table, for help texts; NULL after the last.
MUST_USE const struct transform_keyword *transform_keyword_at(size_t index);

#endif
