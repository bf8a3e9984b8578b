#include "refgw/ike/child_negotiation.h"

#include "refgw/ike/child_selectors.h"
#include "refgw/ike/children.h"
#include "refgw/wire/notify.h"
#include "refgw/wire/security_association.h"

static const char *const TS_MISMATCH = "ts-mismatch";
static const char *const PROPOSAL_MISMATCH = "proposal-mismatch-child";

static struct proposal_terms terms_of(const struct ike_engine *engine,
                                      const struct policy_child *policy)
{
    return (struct proposal_terms){
        .purpose = PROPOSAL_FOR_FIRST_CHILD,
        .crypto = engine->setup.crypto,
        .own = policy->proposals,
        .own_count = policy->proposal_count,
    };
}

static void put_transport_mode(struct message_draft *draft)
{
    const struct notify notify = {.type = NOTIFY_USE_TRANSPORT_MODE};
    payload_begin(draft, IKE_PAYLOAD_NOTIFY, false);
    notify_write(draft->out, &notify);
    payload_end(draft);
}

bool child_put_request(struct ike_engine *engine, const struct policy_child *policy,
                       uint32_t inbound_spi, struct message_draft *draft)
{
    const struct proposal_terms terms = terms_of(engine, policy);
    if (policy->mode == CHILD_SA_TRANSPORT) {
        put_transport_mode(draft);
    }
    if (!proposal_put_offer(&terms, inbound_spi, draft)) {
        return false;
    }
    selectors_put(draft, IKE_PAYLOAD_TSI, &policy->local_selectors);
    selectors_put(draft, IKE_PAYLOAD_TSR, &policy->remote_selectors);
    return true;
}

// What the peer's SA, TSi and TSr payloads say.
struct child_payloads {
    struct security_association association;
    struct selector_set initiator;
    struct selector_set responder;
    enum child_sa_mode mode;
};

static bool read_payloads(const struct exchange *exchange, struct child_payloads *out)
{
    const struct payload *association = payload_list_find(exchange->payloads, IKE_PAYLOAD_SA);
    const struct payload *initiator = payload_list_find(exchange->payloads, IKE_PAYLOAD_TSI);
    const struct payload *responder = payload_list_find(exchange->payloads, IKE_PAYLOAD_TSR);
    struct byte_view nothing;
    struct wire_fault fault;
    out->mode = exchange_find_notify(exchange, NOTIFY_USE_TRANSPORT_MODE, &nothing)
                    ? CHILD_SA_TRANSPORT
                    : CHILD_SA_TUNNEL;
    return association != NULL && initiator != NULL && responder != NULL &&
           security_association_read(association->body, &out->association, &fault) &&
           selectors_read(initiator->body, &out->initiator) &&
           selectors_read(responder->body, &out->responder);
}

bool child_request_is_readable(const struct exchange *exchange)
{
    struct child_payloads payloads;
    return read_payloads(exchange, &payloads);
}

// A child of ours that could be what the initiator wants.
struct child_candidate {
    const struct policy_child *policy;
    struct selector_set initiator; // narrowed
    struct selector_set responder;
    struct chosen_proposal proposal;
};

// The first child, in the order of the policy, whose selectors overlap and whose proposals
// fit. Otherwise false with the error that came closest.
static bool choose_child(const struct exchange *exchange,
                         const struct policy_connection *connection,
                         const struct child_payloads *offered, struct child_candidate *out,
                         struct child_outcome *out_failure)
{
    *out_failure = (struct child_outcome){.error = NOTIFY_TS_UNACCEPTABLE, .reason = TS_MISMATCH};
    for (size_t i = 0; i < connection->child_count; i++) {
        const struct policy_child *policy = &connection->children[i];
        const struct proposal_terms terms = terms_of(exchange->engine, policy);
        if (!selector_set_narrow(&offered->initiator, &policy->remote_selectors, &out->initiator) ||
            !selector_set_narrow(&offered->responder, &policy->local_selectors, &out->responder)) {
            continue;
        }
        out->policy = policy;
        // The initiator may get less than the transport mode it asked for, never more.
        if (policy->mode == CHILD_SA_TRANSPORT && offered->mode != CHILD_SA_TRANSPORT) {
            *out_failure = (struct child_outcome){.error = NOTIFY_NO_PROPOSAL_CHOSEN,
                                                  .reason = "mode-mismatch"};
            continue;
        }
        if (proposal_choose(&terms, &offered->association, &out->proposal)) {
            return true;
        }
        *out_failure =
            (struct child_outcome){.error = NOTIFY_NO_PROPOSAL_CHOSEN, .reason = PROPOSAL_MISMATCH};
    }
    return false;
}

static struct child_agreement agreement_of(const struct ike_sa *sa)
{
    const struct byte_view own = octets_view(&sa->initial->own_nonce);
    const struct byte_view peer = octets_view(&sa->initial->peer_nonce);
    return (struct child_agreement){
        .is_exchange_initiator = sa->is_initiator,
        .initiator_nonce = sa->is_initiator ? own : peer,
        .responder_nonce = sa->is_initiator ? peer : own,
    };
}

static bool install_answered(struct exchange *exchange, const struct child_candidate *candidate,
                             uint32_t *out_inbound_spi)
{
    struct child_agreement agreement = agreement_of(exchange->sa);
    if (!child_choose_spi(exchange->engine, &agreement.inbound_spi)) {
        return false;
    }
    agreement.policy = candidate->policy;
    agreement.mode = candidate->policy->mode;
    agreement.proposal = &candidate->proposal;
    agreement.outbound_spi = (uint32_t)candidate->proposal.spi;
    agreement.local_selectors = &candidate->responder;
    agreement.remote_selectors = &candidate->initiator;
    *out_inbound_spi = agreement.inbound_spi;
    return child_install(exchange->engine, exchange->sa, &agreement);
}

struct child_outcome child_answer(struct exchange *exchange,
                                  const struct policy_connection *connection)
{
    struct child_payloads offered;
    struct child_candidate chosen = {.policy = NULL};
    struct child_outcome failure;
    uint32_t inbound_spi = 0;

    if (!read_payloads(exchange, &offered)) {
        return (struct child_outcome){.error = NOTIFY_INVALID_SYNTAX, .reason = "invalid-syntax"};
    }
    if (!choose_child(exchange, connection, &offered, &chosen, &failure)) {
        outgoing_draft_put_notify(exchange->answer, failure.error, (struct byte_view){.size = 0});
        return failure;
    }
    if (!install_answered(exchange, &chosen, &inbound_spi)) {
        outgoing_draft_put_notify(exchange->answer, NOTIFY_NO_ADDITIONAL_SAS,
                                  (struct byte_view){.size = 0});
        return (struct child_outcome){.error = NOTIFY_NO_ADDITIONAL_SAS, .reason = "no-resources"};
    }
    const struct proposal_terms terms = terms_of(exchange->engine, chosen.policy);
    struct message_draft *draft = &exchange->answer->payloads;
    if (chosen.policy->mode == CHILD_SA_TRANSPORT) {
        put_transport_mode(draft);
    }
    proposal_put_answer(&terms, &chosen.proposal, inbound_spi, draft);
    selectors_put(draft, IKE_PAYLOAD_TSI, &chosen.initiator);
    selectors_put(draft, IKE_PAYLOAD_TSR, &chosen.responder);
    return (struct child_outcome){.is_installed = true, .reason = ""};
}

struct child_outcome child_finish(struct exchange *exchange, const struct policy_child *policy,
                                  uint32_t inbound_spi)
{
    const struct proposal_terms terms = terms_of(exchange->engine, policy);
    struct child_agreement agreement = agreement_of(exchange->sa);
    struct child_payloads answer;
    struct chosen_proposal proposal;

    if (!read_payloads(exchange, &answer)) {
        return (struct child_outcome){.error = NOTIFY_INVALID_SYNTAX, .reason = "invalid-syntax"};
    }
    if (!proposal_accept(&terms, &answer.association, &proposal)) {
        return (struct child_outcome){.reason = PROPOSAL_MISMATCH};
    }
    if (!selector_set_is_subset(&answer.initiator, &policy->local_selectors) ||
        !selector_set_is_subset(&answer.responder, &policy->remote_selectors)) {
        return (struct child_outcome){.reason = TS_MISMATCH};
    }
    if (answer.mode != policy->mode) {
        return (struct child_outcome){.reason = "mode-mismatch"};
    }
    agreement.policy = policy;
    agreement.mode = policy->mode;
    agreement.proposal = &proposal;
    agreement.inbound_spi = inbound_spi;
    agreement.outbound_spi = (uint32_t)proposal.spi;
    agreement.local_selectors = &answer.initiator;
    agreement.remote_selectors = &answer.responder;
    if (!child_install(exchange->engine, exchange->sa, &agreement)) {
        return (struct child_outcome){.reason = "no-resources"};
    }
    return (struct child_outcome){.is_installed = true, .reason = ""};
}
