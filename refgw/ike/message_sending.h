// message_sending.h - from a payload chain to a datagram on its way.
#ifndef REFGW_IKE_MESSAGE_SENDING_H
#define REFGW_IKE_MESSAGE_SENDING_H

#include "refgw/ike/engine_state.h"
#include "refgw/wire/message.h"

// The payload chain of the one message an engine writes at a time; it stands in the engine's
// own buffer. Not to be copied: it points into itself.
struct outgoing_draft {
    struct byte_writer writer;
    struct message_draft payloads;
    uint8_t first_type;
};

// Starts over with an empty chain.
void outgoing_draft_begin(struct ike_engine *engine, struct outgoing_draft *draft);
// A notify without protocol and SPI.
void outgoing_draft_put_notify(struct outgoing_draft *draft, uint16_t type, struct byte_view data);
// A payload whose body exists already.
void outgoing_draft_put(struct outgoing_draft *draft, uint8_t payload_type, struct byte_view body);

// Sends the draft as this SA's next request, remembers it for repetition and starts the
// timer. Protected unless it is an IKE_SA_INIT. `*out_bytes` (may be NULL) is the message as
// it travels, borrowed until the next message. False when it cannot be written, sealed or
// remembered; nothing is sent then and the window has not changed.
MUST_USE bool send_request(struct ike_engine *engine, struct ike_sa *sa, uint8_t exchange_type,
                           struct outgoing_draft *draft, struct byte_view *out_bytes);
// Sends the outstanding request again, as it was.
void send_request_again(struct ike_engine *engine, const struct ike_sa *sa);
void send_request_elsewhere(struct ike_engine *engine, const struct ike_sa *sa,
                            const struct network_path *path);

// The answer to `request`, which came on `path`; remembered by message ID. False as above.
MUST_USE bool send_answer(struct ike_engine *engine, struct ike_sa *sa,
                          const struct ike_header *request, const struct network_path *path,
                          struct outgoing_draft *draft, struct byte_view *out_bytes);
// The remembered answer once more, to where its request came from this time.
void send_answer_again(struct ike_engine *engine, const struct ike_sa *sa,
                       const struct network_path *path);

// An answer outside any SA, at most some per second and never larger than `request_size`.
void send_unprotected_answer(struct ike_engine *engine, const struct network_path *path,
                             const struct ike_header *request, size_t request_size,
                             struct outgoing_draft *draft);
// The same without the limit per second: for a COOKIE, which costs next to nothing and without
// which nobody honest would get in.
void send_stateless_answer(struct ike_engine *engine, const struct network_path *path,
                           const struct ike_header *request, size_t request_size,
                           struct outgoing_draft *draft);

#endif
