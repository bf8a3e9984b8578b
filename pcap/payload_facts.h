// payload_facts.h - what one payload says, as words that expectations can be compared with:
// SA(ESP, spi c0ffee01, encr aes128gcm16, sn noesn, n 1).
#ifndef PCAP_PAYLOAD_FACTS_H
#define PCAP_PAYLOAD_FACTS_H

#include "refgw/wire/message.h"

enum {
    FACTS_MOST = 128,
    FACT_NAME_SIZE = 24,
    FACT_KEY_SIZE = 12,
    FACT_VALUE_SIZE = 96,
    FACTS_TEXT_SIZE = 512,
};

// A property; several of one key are alternatives or a list.
//   protocol  IKE AH ESP           of SA proposals, N, D
//   spi       hexadecimal digits   of SA proposals, N, D
//   encr prf integ dh sn           algorithm words of SA; dh also of KE and INVALID_KE_PAYLOAD
//   n         how many proposals, selectors, SPIs
//   type      registry name: of N, IDi, IDr, CP, or a number
//   error     "any", of an N that is an error
//   group len of KE; len also of Ni, Nr, V, and of the data of N
//   range     of TSi and TSr: a prefix, or first-last; then "proto N" and "ports A-B" when limited
//   value     identity as text
//   method    of AUTH
//   fault     the payload cannot be read; nothing else is there then
struct payload_fact {
    char key[FACT_KEY_SIZE];
    char value[FACT_VALUE_SIZE];
};

struct payload_facts {
    char name[FACT_NAME_SIZE]; // "SA", "Ni", "N", "payload(201)"
    size_t count;
    struct payload_fact items[FACTS_MOST]; // later ones are dropped when there are more
};

void payload_facts_read(const struct payload *payload, bool is_response,
                        struct payload_facts *out_facts);
// Whether one of the values under `key` is `value`.
MUST_USE bool payload_facts_has(const struct payload_facts *facts, const char *key,
                                const char *value);
// The first value under `key`, or NULL.
MUST_USE const char *payload_facts_get(const struct payload_facts *facts, const char *key);
// "N(REKEY_SA, ESP, spi c1a2b3c4)". Cut with "..." when it does not fit.
void payload_facts_format(const struct payload_facts *facts, char *out_text, size_t size);
// Only the name and what distinguishes payloads of that name: "SA", "N(REKEY_SA)", "D(ESP)".
void payload_facts_short(const struct payload_facts *facts, char *out_text, size_t size);

#endif
