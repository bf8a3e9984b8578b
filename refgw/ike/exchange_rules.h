// exchange_rules.h - which message may come in which state, what it must and may contain, and
// who handles it (RFC 7296, appendix C).
#ifndef REFGW_IKE_EXCHANGE_RULES_H
#define REFGW_IKE_EXCHANGE_RULES_H

#include "refgw/ike/exchange.h"

typedef enum exchange_outcome (*exchange_handler)(struct exchange *exchange);

struct exchange_rule {
    enum ike_sa_state state;
    uint8_t exchange_type;
    bool is_response;
    uint32_t required; // payload_bit() of types that must be there
    uint32_t allowed;  // and of types that may be there
    exchange_handler handler;
    // For responses whose required payloads are missing and that carry a notify: an error, a
    // COOKIE. NULL: then they are malformed.
    exchange_handler refused;
};

// NULL when such a message has no business in that state.
MUST_USE const struct exchange_rule *exchange_rule_find(enum ike_sa_state state,
                                                        uint8_t exchange_type, bool is_response);

enum rule_verdict {
    RULE_KEPT,
    RULE_REFUSED,          // a response that is to be handled by `refused`
    RULE_UNKNOWN_CRITICAL, // out_type: the payload nobody understands
    RULE_BROKEN,           // required payload missing, forbidden one there, or one too often
};
MUST_USE enum rule_verdict exchange_rule_check(const struct exchange_rule *rule,
                                               const struct payload_list *payloads,
                                               uint8_t *out_type);

// The handlers, each in the file of its exchange.
enum exchange_outcome answer_ike_sa_init(struct exchange *exchange);
enum exchange_outcome finish_ike_sa_init(struct exchange *exchange);
enum exchange_outcome retry_ike_sa_init(struct exchange *exchange);
enum exchange_outcome answer_ike_auth(struct exchange *exchange);
enum exchange_outcome finish_ike_auth(struct exchange *exchange);
enum exchange_outcome ike_auth_refused(struct exchange *exchange);
enum exchange_outcome answer_create_child_sa(struct exchange *exchange);
enum exchange_outcome answer_create_child_sa_while_deleting(struct exchange *exchange);
enum exchange_outcome finish_create_child_sa(struct exchange *exchange);
enum exchange_outcome answer_informational(struct exchange *exchange);
enum exchange_outcome finish_informational(struct exchange *exchange);

#endif
