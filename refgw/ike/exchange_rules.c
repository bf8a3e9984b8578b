#include "refgw/ike/exchange_rules.h"

// A payload type as a bit. Types without a bit are unknown to us.
#define BIT(type) (1 << ((type)-IKE_PAYLOAD_SA))

enum {
    SA = BIT(IKE_PAYLOAD_SA),
    KE = BIT(IKE_PAYLOAD_KE),
    IDI = BIT(IKE_PAYLOAD_IDI),
    IDR = BIT(IKE_PAYLOAD_IDR),
    CERT = BIT(IKE_PAYLOAD_CERT),
    CERTREQ = BIT(IKE_PAYLOAD_CERTREQ),
    AUTH = BIT(IKE_PAYLOAD_AUTH),
    NONCE = BIT(IKE_PAYLOAD_NONCE),
    NOTIFY = BIT(IKE_PAYLOAD_NOTIFY),
    DELETE = BIT(IKE_PAYLOAD_DELETE),
    VENDOR_ID = BIT(IKE_PAYLOAD_VENDOR_ID),
    TSI = BIT(IKE_PAYLOAD_TSI),
    TSR = BIT(IKE_PAYLOAD_TSR),
    SK = BIT(IKE_PAYLOAD_SK),
    CP = BIT(IKE_PAYLOAD_CP),
    EAP = BIT(IKE_PAYLOAD_EAP),
    SKF = BIT(IKE_PAYLOAD_SKF),
    KNOWN = SA | KE | IDI | IDR | CERT | CERTREQ | AUTH | NONCE | NOTIFY | DELETE | VENDOR_ID |
            TSI | TSR | SK | CP | EAP | SKF,
    REPEATABLE = CERT | CERTREQ | NOTIFY | DELETE | VENDOR_ID,
    ANYWHERE = NOTIFY | VENDOR_ID,
    TS = TSI | TSR,
};

enum { SA_INIT = IKE_EXCHANGE_SA_INIT, IKE_AUTH = IKE_EXCHANGE_AUTH };
enum { CHILD = IKE_EXCHANGE_CREATE_CHILD_SA, INFORMATIONAL = IKE_EXCHANGE_INFORMATIONAL };
enum { REQUEST = false, RESPONSE = true };

// Columns: state, exchange, direction, payloads required, payloads allowed beside them, who
// handles it, who handles a response that only carries notifies.
static const struct exchange_rule RULES[] = {
    {IKE_SA_NONE,          SA_INIT,       REQUEST,  SA | KE | NONCE,      ANYWHERE,                       answer_ike_sa_init,     NULL                  },
    {IKE_SA_INIT_SENT,     SA_INIT,       RESPONSE, SA | KE | NONCE,      ANYWHERE | CERTREQ,             finish_ike_sa_init,
     retry_ike_sa_init                                                                                                                                  },

    {IKE_SA_INIT_ANSWERED, IKE_AUTH,      REQUEST,  IDI | AUTH | SA | TS,
     ANYWHERE | IDR | CERT | CERTREQ | CP,                                                                answer_ike_auth,        NULL                  },
    {IKE_SA_AUTH_SENT,     IKE_AUTH,      RESPONSE, IDR | AUTH,           ANYWHERE | SA | TS | CERT | CP,
     finish_ike_auth,                                                                                                             ike_auth_refused      },

    {IKE_SA_ESTABLISHED,   CHILD,         REQUEST,  SA | NONCE,           ANYWHERE | KE | TS | CP,
     answer_create_child_sa,                                                                                                      NULL                  },
    {IKE_SA_DELETING,      CHILD,         REQUEST,  SA | NONCE,           ANYWHERE | KE | TS | CP,
     answer_create_child_sa_while_deleting,                                                                                       NULL                  },
    {IKE_SA_REKEYED,       CHILD,         REQUEST,  SA | NONCE,           ANYWHERE | KE | TS | CP,
     answer_create_child_sa_while_deleting,                                                                                       NULL                  },
    {IKE_SA_ESTABLISHED,   CHILD,         RESPONSE, SA | NONCE,           ANYWHERE | KE | TS | CP,
     finish_create_child_sa,                                                                                                      finish_create_child_sa},
    {IKE_SA_REKEYED,       CHILD,         RESPONSE, SA | NONCE,           ANYWHERE | KE | TS | CP,        finish_create_child_sa,
     finish_create_child_sa                                                                                                                             },
    {IKE_SA_REKEYED,       INFORMATIONAL, REQUEST,  0,                    ANYWHERE | DELETE | CP,         answer_informational,   NULL                  },
    {IKE_SA_REKEYED,       INFORMATIONAL, RESPONSE, 0,                    ANYWHERE | DELETE | CP,         finish_informational,
     NULL                                                                                                                                               },

    {IKE_SA_ESTABLISHED,   INFORMATIONAL, REQUEST,  0,                    ANYWHERE | DELETE | CP,         answer_informational,
     NULL                                                                                                                                               },
    {IKE_SA_DELETING,      INFORMATIONAL, REQUEST,  0,                    ANYWHERE | DELETE | CP,         answer_informational,
     NULL                                                                                                                                               },
    {IKE_SA_ESTABLISHED,   INFORMATIONAL, RESPONSE, 0,                    ANYWHERE | DELETE | CP,         finish_informational,
     NULL                                                                                                                                               },
    {IKE_SA_DELETING,      INFORMATIONAL, RESPONSE, 0,                    ANYWHERE | DELETE | CP,         finish_informational,
     NULL                                                                                                                                               },
};

const struct exchange_rule *exchange_rule_find(enum ike_sa_state state, uint8_t exchange_type,
                                               bool is_response)
{
    for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++) {
        if (RULES[i].state == state && RULES[i].exchange_type == exchange_type &&
            RULES[i].is_response == is_response) {
            return &RULES[i];
        }
    }
    return NULL;
}

// 0 for a payload type that is unknown here.
static uint32_t bit_of(uint8_t type)
{
    if (type < IKE_PAYLOAD_SA || type > IKE_PAYLOAD_SKF) {
        return 0;
    }
    return (uint32_t)BIT(type) & (uint32_t)KNOWN;
}

enum rule_verdict exchange_rule_check(const struct exchange_rule *rule,
                                      const struct payload_list *payloads, uint8_t *out_type)
{
    uint32_t seen = 0;
    uint32_t repeated = 0;

    for (size_t i = 0; i < payloads->count; i++) {
        const struct payload *payload = &payloads->items[i];
        const uint32_t bit = bit_of(payload->type);
        if (bit == 0 && payload->is_critical) {
            *out_type = payload->type;
            return RULE_UNKNOWN_CRITICAL;
        }
        repeated |= seen & bit;
        seen |= bit;
    }
    if ((repeated & ~(uint32_t)REPEATABLE) != 0 ||
        (seen & ~(rule->required | rule->allowed)) != 0) {
        return RULE_BROKEN;
    }
    if ((seen & rule->required) == rule->required) {
        return RULE_KEPT;
    }
    return rule->refused != NULL && (seen & NOTIFY) != 0 ? RULE_REFUSED : RULE_BROKEN;
}
