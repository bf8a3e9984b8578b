// describe.h - any IKE message in words: for reports, captures and tests.
#ifndef REFGW_WIRE_DESCRIBE_H
#define REFGW_WIRE_DESCRIBE_H

#include "refgw/wire/message.h"

// Text goes to a growing sink so that nobody guesses a size.
struct text_sink {
    void (*put)(void *context, const char *text, size_t size);
    void *context;
};

// One line in the notation of scenarios: "{ SA KE Ni N(NAT_DETECTION_SOURCE_IP) }".
// A nonce is "Ni" in a request and "Nr" in a response.
void describe_payload_set(const struct payload_list *list, bool is_response,
                          const struct text_sink *sink);
// The name of one payload in that notation, e.g. "N(REKEY_SA)", "D(ESP)", "TSi", "payload(201)".
void describe_payload_name(const struct payload *payload, bool is_response,
                           const struct text_sink *sink);
// A payload as one JSON object with every field decoded, e.g.
//   {"type":"SA","proposals":[{"number":1,"protocol":"ESP","spi":"c0ffee01",
//    "transforms":[{"type":"ENCR","name":"ENCR_AES_GCM_16","key_bits":128}]}]}
// A body that cannot be read gives {"type":...,"fault":"...","section":"...","bytes":"hex"}.
void describe_payload_json(const struct payload *payload, bool is_response,
                           const struct text_sink *sink);

#endif
