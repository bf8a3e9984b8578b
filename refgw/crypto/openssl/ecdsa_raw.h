// ecdsa_raw.h - ECDSA signatures as r | s of fixed size (RFC 4754, section 7), to and from DER.
#ifndef REFGW_CRYPTO_OPENSSL_ECDSA_RAW_H
#define REFGW_CRYPTO_OPENSSL_ECDSA_RAW_H

#include "refgw/crypto/signature.h"

// False when it is no signature of the scheme's curve size. `der` is what OpenSSL has just made.
MUST_USE bool ecdsa_raw_from_der(enum signature_scheme scheme, struct byte_view der,
                                 struct byte_writer *out);
// False when the size is not exactly that of the scheme.
MUST_USE bool ecdsa_raw_to_der(enum signature_scheme scheme, struct byte_view raw,
                               struct byte_writer *out);

#endif
