// fragments.h - IKE messages in fragments, so that no IP packet has to be (RFC 7383).
#ifndef REFGW_IKE_FRAGMENTS_H
#define REFGW_IKE_FRAGMENTS_H

#include "refgw/ike/message_protection.h"
#include "refgw/ike/message_window.h"
#include "refgw/ike/octets.h"

struct ike_engine;
struct ike_sa;
struct exchange;
struct outgoing_draft;

enum {
    FRAGMENTS_MOST = 128,          // of one message
    FRAGMENTS_MOST_OCTETS = 32768, // of the payload chain they make together
    FRAGMENTS_PATIENCE_SECONDS = 30,
};

struct fragment_piece {
    bool is_there;
    struct octets octets; // plain text: wiped when it goes
};

// One message that is being put together. A zeroed struct is idle.
struct fragment_assembly {
    uint16_t count; // of fragments; 0: idle
    uint16_t received;
    uint8_t exchange_type;
    uint8_t first_type;
    uint32_t message_id;
    size_t size;                   // octets stored
    struct fragment_piece *pieces; // `count` of them
    struct instant deadline;
};
void fragment_assembly_clear(struct fragment_assembly *assembly);

// --- Support on both ends ---------------------------------------------------------------------

// Puts IKEV2_FRAGMENTATION_SUPPORTED into an IKE_SA_INIT message when the policy is for it.
void fragments_announce(struct ike_engine *engine, struct outgoing_draft *draft);
// Whether both ends announce it, as the peer's IKE_SA_INIT message tells.
MUST_USE bool fragments_are_agreed(const struct exchange *exchange);

// --- Sending ----------------------------------------------------------------------------------

// Seals `chain` as one message, or as several one behind the other when one would be too large for
// `path`. False when `out` is too small, there are too many, or the cipher fails.
MUST_USE bool fragments_seal(struct ike_engine *engine, struct ike_sa *sa,
                             const struct network_path *path, const struct ike_header *header,
                             const struct message_fragment *whole, struct byte_writer *out);
// Splits what fragments_seal() wrote: takes the next message off the front of `rest`. False when
// nothing is left.
MUST_USE bool fragments_take_next(struct byte_view *rest, struct byte_view *out_message);

// --- Receiving --------------------------------------------------------------------------------

enum fragment_verdict {
    FRAGMENT_KEPT,     // authentic and new; others are missing
    FRAGMENT_COMPLETE, // the last one: chain and first_type are those of the message
    FRAGMENT_REPEATED, // authentic; its request has its answer, which is due again
    FRAGMENT_IGNORED,  // not worth a word
    FRAGMENT_REJECTED, // see reason
};

struct fragment_outcome {
    enum fragment_verdict verdict;
    const char *reason; // of FRAGMENT_REJECTED
    const char *section;
    struct byte_view chain; // in engine->opened
    uint8_t first_type;
};

// Whether a message ends in SKF.
MUST_USE bool message_is_fragment(const struct message *message);
// Judges, opens and keeps one fragment for `sa`. Nothing changes unless it is authentic.
struct fragment_outcome fragments_receive(struct ike_engine *engine, struct ike_sa *sa,
                                          const struct message *message);
// When the oldest incomplete message is given up; false when there is none.
MUST_USE bool fragments_deadline(const struct ike_sa *sa, struct instant *out_when);
void fragments_give_up(struct ike_sa *sa, struct instant now);
void fragments_forget(struct ike_sa *sa);

#endif
