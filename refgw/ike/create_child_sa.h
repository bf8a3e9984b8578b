// create_child_sa.h - our requests in the CREATE_CHILD_SA exchange (RFC 7296, sections 1.3 and
// 2.8): a further CHILD_SA, the rekey of one, the rekey of the IKE SA. The handlers of its
// messages are declared in exchange_rules.h.
#ifndef REFGW_IKE_CREATE_CHILD_SA_H
#define REFGW_IKE_CREATE_CHILD_SA_H

#include "refgw/ike/creation.h"
#include "refgw/ike/exchange.h"

struct ike_task;

// Draws what the request of such a task needs (task->creation). False when there is nothing left
// to do, or something is missing that it needs.
MUST_USE bool creation_prepare(struct ike_engine *engine, struct ike_sa *sa, struct ike_task *task);
bool write_child_creation(struct ike_sa *sa, const struct ike_task *task,
                          struct outgoing_draft *draft);
void finish_child_creation(struct exchange *exchange, const struct ike_task *task);
bool write_ike_rekey(struct ike_sa *sa, const struct ike_task *task, struct outgoing_draft *draft);
void finish_ike_rekey(struct exchange *exchange, const struct ike_task *task);

// --- Shared by both kinds ---------------------------------------------------------------------

// What an answer that makes nothing means for the task: tried again, later, or over. Reports
// what is over; `child` is the name for it, "" for the IKE SA.
void creation_refused(struct exchange *exchange, struct creation *creation, const char *child);
// Tries again when some time has passed, longer each time.
void creation_put_off(struct exchange *exchange, struct creation *creation);
// The peer's answers make sense again.
void creation_succeeded(struct ike_sa *sa);
// The KE payload of the exchange's message, where it has one. False when it is malformed.
struct key_exchange;
MUST_USE bool exchange_read_key_exchange(const struct exchange *exchange, bool *out_is_there,
                                         struct key_exchange *out_key_exchange);
// Answers with INVALID_KE_PAYLOAD: `method` is what we choose.
void exchange_ask_for_method(struct exchange *exchange, enum key_exchange_method method);

// The responder's side, by what is asked for.
MUST_USE enum exchange_outcome answer_child_creation(struct exchange *exchange);
MUST_USE enum exchange_outcome answer_ike_rekey(struct exchange *exchange);

#endif
