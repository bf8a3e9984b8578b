// The CREATE_CHILD_SA exchange (RFC 7296, section 1.3). This gateway makes one CHILD_SA, in
// IKE_AUTH, and rekeys nothing: it says so.
#include "refgw/ike/exchange_rules.h"

static const struct byte_view NOTHING = {.size = 0};

enum exchange_outcome answer_create_child_sa(struct exchange *exchange)
{
    exchange_answer_only(exchange, NOTIFY_NO_ADDITIONAL_SAS, NOTHING);
    return EXCHANGE_DONE;
}

// Section 2.25: nothing new under an SA that is being closed.
enum exchange_outcome answer_create_child_sa_while_deleting(struct exchange *exchange)
{
    exchange_answer_only(exchange, NOTIFY_TEMPORARY_FAILURE, NOTHING);
    return EXCHANGE_DONE;
}
