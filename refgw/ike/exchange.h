// exchange.h - one received message on its way through its handler.
#ifndef REFGW_IKE_EXCHANGE_H
#define REFGW_IKE_EXCHANGE_H

#include "refgw/ike/engine_state.h"
#include "refgw/ike/message_sending.h"

// What a handler wants to happen next.
enum exchange_outcome {
    EXCHANGE_DONE,   // request: send the answer; response: nothing more to do
    EXCHANGE_FAILED, // request: send the answer, then close the IKE SA; response: close it
    EXCHANGE_IGNORE, // as if the message had not come
};

struct exchange {
    struct ike_engine *engine;
    struct ike_sa *sa;               // NULL for an IKE_SA_INIT request, until its handler made one
    const struct network_path *path; // the message came on; answers go back on it
    const struct message *message;   // as it travelled
    const struct payload_list *payloads; // to act on: decrypted where they were encrypted
    struct outgoing_draft *answer;       // requests only
    const char *reason;                  // of EXCHANGE_FAILED and EXCHANGE_IGNORE
    const char *section;
};

// Ends a handler: sets reason and section and returns the outcome.
MUST_USE enum exchange_outcome exchange_end(struct exchange *exchange,
                                            enum exchange_outcome outcome, const char *reason,
                                            const char *section);
// Answers with nothing but this notify, whatever was put before.
void exchange_answer_only(struct exchange *exchange, uint16_t type, struct byte_view data);
// A request that is authentic but malformed: fatal for the IKE SA (section 2.21.3).
MUST_USE enum exchange_outcome exchange_invalid_syntax(struct exchange *exchange,
                                                       const char *section);
// The data of the first notify of a type; false when there is none.
MUST_USE bool exchange_find_notify(const struct exchange *exchange, uint16_t type,
                                   struct byte_view *out_data);
// The type of the first error notify, or 0.
MUST_USE uint16_t exchange_find_error(const struct exchange *exchange);

#endif
