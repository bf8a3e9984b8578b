// message.h - a whole IKE message as a header and a list of payloads (RFC 7296, section 3).
#ifndef REFGW_WIRE_MESSAGE_H
#define REFGW_WIRE_MESSAGE_H

#include "refgw/iana/ikev2_numbers.h"
#include "refgw/wire/ike_header.h"

enum { MESSAGE_MOST_PAYLOADS = 128 };

// One payload. `body` comes after the generic header and points into the bytes read.
struct payload {
    uint8_t type;
    bool is_critical;
    struct byte_view body;
};

// A chain in the order of the wire. After SK or SKF no payload follows at the same level:
// its generic header's "next payload" names the first one inside (`first_inside`).
struct payload_list {
    struct payload items[MESSAGE_MOST_PAYLOADS];
    size_t count;
    uint8_t first_inside; // 0 without SK or SKF
};

// Reads a chain that must fill `bytes` exactly. `first_type` comes from whoever stands before.
MUST_USE bool payload_list_read(struct byte_view bytes, uint8_t first_type,
                                struct payload_list *out_list, struct wire_fault *out_fault);
// The first payload of a type, or NULL.
MUST_USE const struct payload *payload_list_find(const struct payload_list *list, uint8_t type);
MUST_USE size_t payload_list_count(const struct payload_list *list, uint8_t type);

struct message {
    struct ike_header header;
    struct payload_list payloads;
    struct byte_view bytes; // the message as it travelled, header included
};

// Reads a datagram without non-ESP marker: header, exact length, payload chain. What it
// points to belongs to the caller. Fails on major versions other than 2 with
// WIRE_UNKNOWN_TYPE; the header is filled in whenever 28 bytes were there.
MUST_USE bool message_read(struct byte_view datagram, struct message *out_message,
                           struct wire_fault *out_fault);

// Writes a message front to back: begin, payloads, finish. "Next payload" and lengths are
// filled in when they are known.
//
//   message_begin(&draft, &out, &header);
//   payload_begin(&draft, IKE_PAYLOAD_NONCE, false);
//   writer_put_bytes(draft.out, nonce);
//   payload_end(&draft);
//   message_finish(&draft, &bytes)
struct message_draft {
    struct byte_writer *out; // borrowed; bodies are put here between begin and end
    uint8_t *first_type;     // for a bare chain: where its first type is told; else NULL
    size_t message_start;
    size_t next_payload_position; // where the type of the payload to come is written
    size_t payload_start;         // generic header of the open payload
    bool is_bare_chain;           // no header, so no length to fill in
};

void message_begin(struct message_draft *draft, struct byte_writer *out,
                   const struct ike_header *header);
// A bare payload chain, as it stands inside SK. `*out_first_type` becomes the type of the
// first payload, or IKE_PAYLOAD_NONE for an empty chain; it must outlive the draft.
void payload_chain_begin(struct message_draft *draft, struct byte_writer *out,
                         uint8_t *out_first_type);
void payload_begin(struct message_draft *draft, uint8_t type, bool is_critical);
void payload_end(struct message_draft *draft);
// Fills in the header's length; a bare chain has none. `out_bytes` is what was written since
// begin. False when the buffer was too small or a payload grew over 65535 bytes.
MUST_USE bool message_finish(struct message_draft *draft, struct byte_view *out_bytes);

#endif
