// protocol_words.h - which words of a scenario name something in IKE or ESP. For whoever
// writes expectations about captures without knowing the protocol's numbers.
#ifndef PCAP_PROTOCOL_WORDS_H
#define PCAP_PROTOCOL_WORDS_H

#include "refgw/base/bytes.h"

MUST_USE bool is_exchange_word(const char *word); // "IKE_SA_INIT"
MUST_USE bool is_payload_word(const char *word);  // "SA" "Ni" "Nr" "TSi"; not "Nonce"
MUST_USE bool is_notify_word(const char *word);   // "REKEY_SA", or a number
MUST_USE bool is_protocol_word(const char *word); // "IKE" "AH" "ESP"
MUST_USE bool is_identity_word(const char *word); // "ID_FQDN"
// Whether `word` is an algorithm for a fact key of payload_facts.h ("encr" "prf" "integ" "dh"
// "addke" "sn"); "none" is one for all but the first two.
MUST_USE bool is_algorithm_word(const char *key, const char *word);

#endif
