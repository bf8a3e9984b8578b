// action_queue.h - what the engine asks of its owner, in order, until it is fetched.
#ifndef REFGW_IKE_ACTION_QUEUE_H
#define REFGW_IKE_ACTION_QUEUE_H

#include "refgw/ike/engine.h"
#include "refgw/ike/octets.h"

// One action with everything it points to.
struct queued_action {
    struct ike_action action;
    struct queued_action *next;
    struct octets datagram;           // IKE_SEND_DATAGRAM
    struct child_sa *owned_child;     // IKE_REMOVE_CHILD_SA: freed with the action
    struct ike_report report;         // IKE_REPORT
    struct ike_key_report key_report; // IKE_LOG_KEYS
    struct ike_suite suite;           // what key_report points to
    struct ike_keys keys;             // likewise
};

// A zeroed struct is an empty queue.
struct action_queue {
    struct queued_action *first;
    struct queued_action *last;
    struct queued_action *fetched; // handed out; lives until the next one is fetched
};

// NULL when memory runs out. Ends in action_queue_push() or queued_action_free().
MUST_USE struct queued_action *queued_action_new(enum ike_action_kind kind);
void queued_action_free(struct queued_action *action); // accepts NULL
// Takes the action over; cannot fail.
void action_queue_push(struct action_queue *queue, struct queued_action *action);
// False when the queue is empty. The output stays valid until the next fetch or clear.
MUST_USE bool action_queue_fetch(struct action_queue *queue, struct ike_action *out_action);
void action_queue_clear(struct action_queue *queue);

// Each of these copies what it needs. When memory runs out nothing is queued: a datagram is
// then lost as if by the network, a report is not told.
void action_queue_send(struct action_queue *queue, const struct network_path *path,
                       struct byte_view message);
// A datagram as it is, without any marker.
void action_queue_send_bare(struct action_queue *queue, const struct network_path *path,
                            struct byte_view datagram);
void action_queue_report(struct action_queue *queue, const struct ike_report *report);
void action_queue_log_keys(struct action_queue *queue, const struct ike_key_report *report);

#endif
