// informational.h - the INFORMATIONAL exchange: liveness, deletion, errors (RFC 7296, sections
// 1.4 and 2.21). The handlers of its messages are declared in exchange_rules.h; these are the
// requests of our own.
#ifndef REFGW_IKE_INFORMATIONAL_H
#define REFGW_IKE_INFORMATIONAL_H

#include "refgw/ike/exchange.h"

bool write_liveness(struct ike_sa *sa, const struct ike_task *task, struct outgoing_draft *draft);
void finish_liveness(struct exchange *exchange, const struct ike_task *task);
bool write_delete_child(struct ike_sa *sa, const struct ike_task *task,
                        struct outgoing_draft *draft);
void finish_delete_child(struct exchange *exchange, const struct ike_task *task);
bool write_delete_ike_sa(struct ike_sa *sa, const struct ike_task *task,
                         struct outgoing_draft *draft);
bool write_authentication_failed(struct ike_sa *sa, const struct ike_task *task,
                                 struct outgoing_draft *draft);
void finish_closing(struct exchange *exchange, const struct ike_task *task);

#endif
