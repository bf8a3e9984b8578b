// reading_provider.h - opens what old captures hold: the algorithms of OpenSSL's provider, and
// those that nothing here ever negotiates (3DES, SHA-1 and MD5 as integrity). For reading only.
#ifndef PCAP_READING_PROVIDER_H
#define PCAP_READING_PROVIDER_H

#include "refgw/crypto/provider.h"

// "Integrity algorithms" for keys without an integrity key, as tcpdump's secrets files have
// them: an ICV of that many bytes is there and is not checked. In the registry's range for
// private use.
enum { INTEGRITY_UNCHECKED = 0xf000, INTEGRITY_UNCHECKED_MOST = 32 };

// Its aead_seal and aead_make_iv fail for the algorithms that OpenSSL's provider has not.
MUST_USE const struct crypto_provider *reading_provider(void);

// The word of a transform: those of transform_keyword_name() and "3des" "md5" "sha1" "prfmd5"
// "prfsha1" "modp1024" "modp1536". NULL without.
MUST_USE const char *reading_word(unsigned type, unsigned number, unsigned key_bits);
// A pair of words as key logs have it; "-" for no integrity. "unchecked12" names an ICV of 12
// bytes that is not checked. False when a word is unknown.
MUST_USE bool reading_choice(const char *encryption, const char *integrity,
                             struct aead_choice *out_choice);
// Whether a transform is too weak to be used today (RFC 8247, RFC 8221; RFC 9395).
MUST_USE bool reading_is_weak(unsigned type, unsigned number);

#endif
