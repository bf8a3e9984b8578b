#include "refgw/ike/ike_sa_init.h"

#include "refgw/ike/reporting.h"
#include "refgw/wire/key_exchange.h"

struct proposal_terms ike_proposal_terms(const struct ike_engine *engine,
                                         const struct policy_connection *connection,
                                         enum key_exchange_method preferred)
{
    return (struct proposal_terms){
        .purpose = PROPOSAL_FOR_IKE,
        .crypto = engine->setup.crypto,
        .own = connection->proposals,
        .own_count = connection->proposal_count,
        .preferred = preferred,
    };
}

bool ike_make_nonce(struct ike_engine *engine, struct octets *out_nonce)
{
    uint8_t bytes[OWN_NONCE_SIZE];
    return random_fill(&engine->setup.randomness, bytes, sizeof(bytes)) &&
           octets_set(out_nonce, VIEW_OF(bytes));
}

void ike_put_key_exchange(struct message_draft *draft, enum key_exchange_method method,
                          struct byte_view public_value)
{
    const struct key_exchange exchange = {.method = (uint16_t)method, .data = public_value};
    payload_begin(draft, IKE_PAYLOAD_KE, false);
    key_exchange_write(draft->out, &exchange);
    payload_end(draft);
}

bool ike_nonce_is_long_enough(const struct ike_engine *engine, struct byte_view nonce,
                              enum prf_transform prf)
{
    return nonce.size * 2 >= engine->setup.crypto->prf_size(prf);
}

void ike_report_nat(struct ike_engine *engine, const struct ike_sa *sa)
{
    const bool local = sa->nat.local_is_behind_nat;
    const bool remote = sa->nat.remote_is_behind_nat;
    if (local || remote) {
        struct ike_report report = report_about(IKE_REPORT_NAT_DETECTED, sa, "");
        report_set_text(&report, local && remote ? "both ends are behind a NAT"
                                 : local         ? "this end is behind a NAT"
                                                 : "the peer is behind a NAT");
        action_queue_report(&engine->actions, &report);
    }
}

void ike_log_keys(struct ike_engine *engine, const struct ike_sa *sa)
{
    const struct ike_key_report report = {
        .initiator_spi = sa->initiator_spi,
        .responder_spi = sa->responder_spi,
        .suite = &sa->suite,
        .keys = &sa->keys,
    };
    action_queue_log_keys(&engine->actions, &report);
}
