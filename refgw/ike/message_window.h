// message_window.h - message IDs: which request is awaited, which answer is remembered
// (RFC 7296, sections 2.1 to 2.3). The window has the size 1 in both directions.
#ifndef REFGW_IKE_MESSAGE_WINDOW_H
#define REFGW_IKE_MESSAGE_WINDOW_H

#include "refgw/ike/octets.h"
#include "refgw/ike/retransmission.h"
#include "refgw/wire/ike_header.h"

struct message_window {
    // Our requests.
    uint32_t next_request_id; // of the outstanding request, or else of the next one
    bool is_waiting;          // for the answer to `request`
    uint8_t exchange_type;    // of `request`
    struct octets request;    // as it was sent, for byte-identical repetition
    struct retransmission timer;
    // The peer's requests.
    uint32_t next_expected_id;
    bool has_answered;    // at least one request
    struct octets answer; // to request next_expected_id - 1; empty when it could not be kept
};

enum window_verdict {
    WINDOW_NEW_REQUEST,
    WINDOW_REPEATED_REQUEST, // gets the remembered answer
    WINDOW_AWAITED_RESPONSE,
    WINDOW_OUTSIDE, // old, too early, or answers nothing: not acted on
};

void message_window_clear(struct message_window *window);
// Judges by message ID, direction and exchange type; changes nothing.
MUST_USE enum window_verdict message_window_judge(const struct message_window *window,
                                                  const struct ike_header *header);
// Whether another request may be sent now.
MUST_USE bool message_window_is_free(const struct message_window *window);
// Remembers the request with number next_request_id and starts its timer. False when memory
// runs out; the window is unchanged then. Replaces a request that is outstanding, which only
// IKE_SA_INIT does (RFC 7296, sections 2.6 and 2.7).
MUST_USE bool message_window_keep_request(struct message_window *window, uint8_t exchange_type,
                                          struct byte_view bytes,
                                          const struct policy_retransmission *policy,
                                          struct instant now);
// The outstanding request was answered, or given up.
void message_window_finish_request(struct message_window *window);
// The request next_expected_id was acted on and has this answer. When memory runs out the
// request still counts as answered, and its repetitions get no answer.
void message_window_keep_answer(struct message_window *window, struct byte_view bytes);

#endif
