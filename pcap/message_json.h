// message_json.h - decoded IKE messages as JSON and as text.
#ifndef PCAP_MESSAGE_JSON_H
#define PCAP_MESSAGE_JSON_H

#include <jansson.h>

#include "pcap/capture_contents.h"

enum { MESSAGE_LINE_SIZE = 1024 };

// messages.json: {"schema":"ikelab.messages/1", "messages":[...]}, one object per message in
// the order of the file:
//   frame, time_us, point ("arrived" "left" "only"), from ("west" "east" "?"), source,
//   destination ("192.0.2.1:500"), encapsulated, size, spi_i, spi_r, exchange, response,
//   initiator, version, message_id, opening ("plain" "opened" "no-keys" ...), encrypted,
//   decrypted, payloads ["SA","N(REKEY_SA)"], details [objects of describe_payload_json()],
//   and where they apply: fault, fragment, retransmit_of, answers, counterpart (frames), comment.
// A new reference that the caller releases; NULL when memory runs out.
MUST_USE json_t *messages_to_json(const struct capture_contents *contents);
// One of them.
MUST_USE json_t *message_to_json(const struct capture_contents *contents, size_t index);
// "IKE_SA_INIT", or its number.
void message_exchange_name(const struct ike_record *record, char *out_text, size_t size);
// "{ SA KE Ni N(NAT_DETECTION_SOURCE_IP) }", or what hides it: "{ SK: no keys }".
void message_payload_set(const struct ike_record *record, char *out_text, size_t size);
// "west > east  192.0.2.1:500 > 198.51.100.1:500  IKE_SA_INIT req 0 { SA KE Ni }".
void message_line(const struct ike_record *record, char out_text[MESSAGE_LINE_SIZE]);

#endif
