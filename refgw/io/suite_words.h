// suite_words.h - negotiated algorithms as configuration words: "aes128gcm16-prfsha256-x25519".
#ifndef REFGW_IO_SUITE_WORDS_H
#define REFGW_IO_SUITE_WORDS_H

#include "refgw/sa/child_sa.h"

enum { SUITE_TEXT_SIZE = 128 };

// Constants; "-" for an algorithm that has no word, and for no integrity algorithm.
MUST_USE const char *suite_encryption_word(const struct aead_choice *aead);
MUST_USE const char *suite_integrity_word(const struct aead_choice *aead);
// "aes128-sha256-prfsha256-ecp256"
void suite_format_ike(const struct ike_suite *suite, char out_text[SUITE_TEXT_SIZE]);
// "aes128gcm16", with "-x25519" behind it when the CHILD_SA had a key exchange of its own.
void suite_format_child(const struct child_sa *sa, char out_text[SUITE_TEXT_SIZE]);

#endif
