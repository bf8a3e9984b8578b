#include "refgw/ike/child_negotiation.h"

#include "refgw/ike/child_selectors.h"
#include "refgw/ike/children.h"
#include "refgw/ike/create_child_sa.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/wire/key_exchange.h"
#include "refgw/wire/nonce.h"
#include "refgw/wire/notify.h"
#include "refgw/wire/security_association.h"

static const char *const TS_MISMATCH = "ts-mismatch";
static const char *const PROPOSAL_MISMATCH = "proposal-mismatch-child";
static const struct byte_view NOTHING = {.size = 0};

// --- The exchange -----------------------------------------------------------------------------

// What differs between IKE_AUTH and CREATE_CHILD_SA, and between their two sides.
struct negotiation {
    enum proposal_purpose purpose;
    bool is_exchange_initiator;
    bool is_receive_only;
    uint32_t replaces; // id of the CHILD_SA that is rekeyed, or 0
    struct byte_view initiator_nonce;
    struct byte_view responder_nonce;
    enum key_exchange_method offered_method; // of the peer's KE payload; KE_NONE without one
    struct byte_view public_value;           // in it
    struct secret shared;                    // empty without PFS
};

static struct negotiation negotiation_in_auth(const struct ike_sa *sa)
{
    const struct byte_view own = octets_view(&sa->initial->own_nonce);
    const struct byte_view peer = octets_view(&sa->initial->peer_nonce);
    return (struct negotiation){
        .purpose = PROPOSAL_FOR_FIRST_CHILD,
        .is_exchange_initiator = sa->is_initiator,
        .initiator_nonce = sa->is_initiator ? own : peer,
        .responder_nonce = sa->is_initiator ? peer : own,
    };
}

static struct proposal_terms terms_of(const struct crypto_provider *crypto,
                                      const struct policy_child *policy,
                                      enum proposal_purpose purpose)
{
    return (struct proposal_terms){
        .purpose = purpose,
        .crypto = crypto,
        .own = policy->proposals,
        .own_count = policy->proposal_count,
    };
}

// --- Our request ------------------------------------------------------------------------------

static void put_transport_mode(struct message_draft *draft)
{
    const struct notify notify = {.type = NOTIFY_USE_TRANSPORT_MODE};
    payload_begin(draft, IKE_PAYLOAD_NOTIFY, false);
    notify_write(draft->out, &notify);
    payload_end(draft);
}

static void put_nonce(struct message_draft *draft, struct byte_view nonce)
{
    payload_begin(draft, IKE_PAYLOAD_NONCE, false);
    writer_put_bytes(draft->out, nonce);
    payload_end(draft);
}

static void put_selectors(struct message_draft *draft, const struct selector_set *initiator,
                          const struct selector_set *responder)
{
    selectors_put(draft, IKE_PAYLOAD_TSI, initiator);
    selectors_put(draft, IKE_PAYLOAD_TSR, responder);
}

bool child_put_request(struct ike_engine *engine, const struct policy_child *policy,
                       uint32_t inbound_spi, struct message_draft *draft)
{
    const struct proposal_terms terms =
        terms_of(engine->setup.crypto, policy, PROPOSAL_FOR_FIRST_CHILD);
    if (policy->mode == CHILD_SA_TRANSPORT) {
        put_transport_mode(draft);
    }
    if (!proposal_put_offer(&terms, inbound_spi, draft)) {
        return false;
    }
    put_selectors(draft, &policy->local_selectors, &policy->remote_selectors);
    return true;
}

bool child_put_creation(const struct creation *creation, struct message_draft *draft)
{
    const struct policy_child *policy = creation->policy;
    const struct proposal_terms terms = terms_of(creation->crypto, policy, PROPOSAL_FOR_CHILD);
    if (policy->mode == CHILD_SA_TRANSPORT) {
        put_transport_mode(draft);
    }
    if (!proposal_put_offer(&terms, creation->inbound_spi, draft)) {
        return false;
    }
    put_nonce(draft, octets_view(&creation->own_nonce));
    if (creation->agreement != NULL) {
        ike_put_key_exchange(draft, creation_method(creation),
                             creation->crypto->key_agreement_public(creation->agreement));
    }
    put_selectors(draft, &policy->local_selectors, &policy->remote_selectors);
    return true;
}

enum key_exchange_method child_first_method(const struct crypto_provider *crypto,
                                            const struct policy_child *policy)
{
    const struct proposal_terms terms = terms_of(crypto, policy, PROPOSAL_FOR_CHILD);
    return proposal_first_key_exchange(&terms);
}

bool child_offers_method(const struct crypto_provider *crypto, const struct policy_child *policy,
                         enum key_exchange_method method)
{
    const struct proposal_terms terms = terms_of(crypto, policy, PROPOSAL_FOR_CHILD);
    return proposal_names_key_exchange(&terms, method);
}

// --- What the peer says -----------------------------------------------------------------------

// The peer's SA, TSi and TSr payloads.
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

// Nonce and KE payload of CREATE_CHILD_SA.
static bool read_exchange(const struct exchange *exchange, bool peer_is_initiator,
                          struct negotiation *out)
{
    struct key_exchange key_exchange;
    struct byte_view nonce;
    struct wire_fault fault;
    bool has_method = false;
    if (!nonce_read(payload_list_find(exchange->payloads, IKE_PAYLOAD_NONCE)->body, &nonce,
                    &fault) ||
        !exchange_read_key_exchange(exchange, &has_method, &key_exchange)) {
        return false;
    }
    if (has_method) {
        out->offered_method = (enum key_exchange_method)key_exchange.method;
        out->public_value = key_exchange.data;
    }
    *(peer_is_initiator ? &out->initiator_nonce : &out->responder_nonce) = nonce;
    return ike_nonce_is_long_enough(exchange->engine, nonce, exchange->sa->suite.prf);
}

bool child_request_is_readable(const struct exchange *exchange)
{
    struct child_payloads payloads;
    return read_payloads(exchange, &payloads);
}

uint32_t child_answered_spi(const struct exchange *exchange)
{
    struct child_payloads payloads;
    uint32_t spi = 0;
    if (read_payloads(exchange, &payloads) && payloads.association.proposal_count > 0) {
        struct byte_reader in = reader_over(payloads.association.proposals[0].spi);
        if (!reader_take_u32(&in, &spi)) {
            return 0;
        }
    }
    return spi;
}

// --- The answer -------------------------------------------------------------------------------

// A child of ours that could be what the initiator wants.
struct child_candidate {
    const struct policy_child *policy;
    struct selector_set initiator; // narrowed
    struct selector_set responder;
    struct chosen_proposal proposal;
};

static bool is_one_address(const struct selector *selector)
{
    return address_equals(&selector->start_address, &selector->end_address);
}

// Cuts both sets down to the first pair when that names one address each: the packet that the
// initiator wants to send (RFC 7296, section 2.9).
static bool cut_to_single_pair(struct child_candidate *candidate)
{
    if (!is_one_address(&candidate->initiator.items[0]) ||
        !is_one_address(&candidate->responder.items[0])) {
        return false;
    }
    candidate->initiator.count = 1;
    candidate->responder.count = 1;
    return true;
}

// NULL when the child fits; else why not, which may say more than *out_failure did before.
static bool fits(const struct proposal_terms *terms, const struct child_payloads *offered,
                 struct child_candidate *out, struct child_outcome *out_failure)
{
    const struct policy_child *policy = out->policy;
    if (!selector_set_narrow(&offered->initiator, &policy->remote_selectors, &out->initiator) ||
        !selector_set_narrow(&offered->responder, &policy->local_selectors, &out->responder)) {
        return false;
    }
    if (policy->wants_single_pair && !cut_to_single_pair(out)) {
        *out_failure = (struct child_outcome){.error = NOTIFY_SINGLE_PAIR_REQUIRED,
                                              .reason = "single-pair-required"};
        return false;
    }
    // The initiator may get less than the transport mode it asked for, never more.
    if (policy->mode == CHILD_SA_TRANSPORT && offered->mode != CHILD_SA_TRANSPORT) {
        *out_failure =
            (struct child_outcome){.error = NOTIFY_NO_PROPOSAL_CHOSEN, .reason = "mode-mismatch"};
        return false;
    }
    *out_failure =
        (struct child_outcome){.error = NOTIFY_NO_PROPOSAL_CHOSEN, .reason = PROPOSAL_MISMATCH};
    return proposal_choose(terms, &offered->association, &out->proposal);
}

// The first child, in the order of the policy, whose selectors overlap and whose proposals
// fit; of a rekey only the one that is rekeyed. Otherwise false with the error that came closest.
// NOLINTNEXTLINE(readability-function-size): each side of the choice is one parameter
static bool choose_child(const struct exchange *exchange,
                         const struct policy_connection *connection,
                         const struct negotiation *negotiation, const struct policy_child *only,
                         const struct child_payloads *offered, struct child_candidate *out,
                         struct child_outcome *out_failure)
{
    *out_failure = (struct child_outcome){.error = NOTIFY_TS_UNACCEPTABLE, .reason = TS_MISMATCH};
    for (size_t i = 0; i < connection->child_count; i++) {
        const struct policy_child *policy = &connection->children[i];
        struct proposal_terms terms =
            terms_of(exchange->engine->setup.crypto, policy, negotiation->purpose);
        terms.preferred = negotiation->offered_method;
        out->policy = policy;
        if ((only == NULL || only == policy) && fits(&terms, offered, out, out_failure)) {
            return true;
        }
    }
    return false;
}

static struct ike_child *install(struct exchange *exchange, const struct negotiation *negotiation,
                                 const struct child_candidate *candidate, uint32_t inbound_spi)
{
    const bool we_began = negotiation->is_exchange_initiator;
    const struct child_agreement agreement = {
        .policy = candidate->policy,
        .proposal = &candidate->proposal,
        .inbound_spi = inbound_spi,
        .outbound_spi = (uint32_t)candidate->proposal.spi,
        .mode = candidate->policy->mode,
        .is_exchange_initiator = we_began,
        .is_receive_only = negotiation->is_receive_only,
        .replaces = negotiation->replaces,
        .initiator_nonce = negotiation->initiator_nonce,
        .responder_nonce = negotiation->responder_nonce,
        .shared = secret_view(&negotiation->shared),
        .local_selectors = we_began ? &candidate->initiator : &candidate->responder,
        .remote_selectors = we_began ? &candidate->responder : &candidate->initiator,
    };
    return child_install(exchange->engine, exchange->sa, &agreement);
}

// Runs our half of the key exchange. False when the peer's value is no good, or memory runs out.
static bool agree(struct exchange *exchange, enum key_exchange_method method,
                  struct negotiation *negotiation, struct key_agreement **out_agreement)
{
    struct ike_engine *engine = exchange->engine;
    const struct crypto_provider *crypto = engine->setup.crypto;
    if (method == KE_NONE) {
        return true;
    }
    *out_agreement = crypto->key_agreement_new(method, &engine->setup.randomness);
    return *out_agreement != NULL &&
           crypto->key_agreement_derive(*out_agreement, negotiation->public_value,
                                        &negotiation->shared);
}

static struct child_outcome refuse(struct exchange *exchange, struct child_outcome failure)
{
    outgoing_draft_put_notify(exchange->answer, failure.error, NOTHING);
    return failure;
}

static void put_answer(struct exchange *exchange, const struct negotiation *negotiation,
                       const struct child_candidate *chosen, struct byte_view public_value)
{
    const struct ike_child *child = exchange->sa->children; // the newest
    const struct proposal_terms terms =
        terms_of(exchange->engine->setup.crypto, chosen->policy, negotiation->purpose);
    struct message_draft *draft = &exchange->answer->payloads;
    if (chosen->policy->mode == CHILD_SA_TRANSPORT) {
        put_transport_mode(draft);
    }
    proposal_put_answer(&terms, &chosen->proposal, child->sa->inbound_spi, draft);
    if (negotiation->purpose == PROPOSAL_FOR_CHILD) {
        put_nonce(draft, negotiation->responder_nonce);
    }
    if (public_value.size > 0) {
        ike_put_key_exchange(draft, chosen->proposal.key_exchange, public_value);
    }
    put_selectors(draft, &chosen->initiator, &chosen->responder);
}

static struct child_outcome answer_chosen(struct exchange *exchange,
                                          struct negotiation *negotiation,
                                          const struct child_candidate *chosen)
{
    const struct crypto_provider *crypto = exchange->engine->setup.crypto;
    struct key_agreement *agreement = NULL;
    struct child_outcome outcome = {.error = NOTIFY_INVALID_SYNTAX,
                                    .reason = "invalid-key-exchange"};
    uint32_t inbound_spi = 0;

    if (agree(exchange, chosen->proposal.key_exchange, negotiation, &agreement)) {
        const bool has_spi = child_choose_spi(exchange->engine, &inbound_spi);
        outcome.child = has_spi ? install(exchange, negotiation, chosen, inbound_spi) : NULL;
        outcome.is_installed = outcome.child != NULL;
        outcome.error = outcome.is_installed ? 0 : NOTIFY_NO_ADDITIONAL_SAS;
        outcome.reason = outcome.is_installed ? "" : "no-resources";
        if (outcome.is_installed) {
            put_answer(exchange, negotiation, chosen,
                       agreement == NULL ? NOTHING : crypto->key_agreement_public(agreement));
        } else {
            outcome = refuse(exchange, outcome);
        }
    }
    crypto->key_agreement_free(agreement);
    secret_clear(&negotiation->shared);
    return outcome;
}

struct child_outcome child_answer(struct exchange *exchange,
                                  const struct policy_connection *connection)
{
    struct negotiation negotiation = negotiation_in_auth(exchange->sa);
    struct child_payloads offered;
    struct child_candidate chosen = {.policy = NULL};
    struct child_outcome failure;

    if (!read_payloads(exchange, &offered)) {
        return (struct child_outcome){.error = NOTIFY_INVALID_SYNTAX, .reason = "invalid-syntax"};
    }
    if (!choose_child(exchange, connection, &negotiation, NULL, &offered, &chosen, &failure)) {
        return refuse(exchange, failure);
    }
    return answer_chosen(exchange, &negotiation, &chosen);
}

struct child_outcome child_answer_creation(struct exchange *exchange, struct ike_child *old,
                                           struct byte_view own_nonce)
{
    struct negotiation negotiation = {
        .purpose = PROPOSAL_FOR_CHILD,
        .is_receive_only = old != NULL,
        .replaces = old == NULL ? 0 : old->sa->id,
        .responder_nonce = own_nonce,
    };
    const struct policy_child *only = old == NULL ? NULL : old->policy;
    struct child_payloads offered;
    struct child_candidate chosen = {.policy = NULL};
    struct child_outcome failure;

    if (!read_payloads(exchange, &offered) || !read_exchange(exchange, true, &negotiation)) {
        return (struct child_outcome){.error = NOTIFY_INVALID_SYNTAX, .reason = "invalid-syntax"};
    }
    if (!choose_child(exchange, exchange->sa->connection, &negotiation, only, &offered, &chosen,
                      &failure)) {
        return refuse(exchange, failure);
    }
    const enum key_exchange_method method = chosen.proposal.key_exchange;
    if (method != KE_NONE && method != negotiation.offered_method) {
        exchange_ask_for_method(exchange, method);
        return (struct child_outcome){.error = NOTIFY_INVALID_KE_PAYLOAD,
                                      .reason = "key-exchange-mismatch"};
    }
    return answer_chosen(exchange, &negotiation, &chosen);
}

// --- The initiator's check --------------------------------------------------------------------

// NULL when the answer keeps to the offer; else the reason.
static const char *check_answer(const struct proposal_terms *terms,
                                const struct policy_child *policy,
                                const struct child_payloads *answer,
                                struct child_candidate *out_accepted)
{
    if (!proposal_accept(terms, &answer->association, &out_accepted->proposal)) {
        return PROPOSAL_MISMATCH;
    }
    if (!selector_set_is_subset(&answer->initiator, &policy->local_selectors) ||
        !selector_set_is_subset(&answer->responder, &policy->remote_selectors)) {
        return TS_MISMATCH;
    }
    if (answer->mode != policy->mode) {
        return "mode-mismatch";
    }
    out_accepted->policy = policy;
    out_accepted->initiator = answer->initiator;
    out_accepted->responder = answer->responder;
    return NULL;
}

static struct child_outcome failed(const char *reason)
{
    return (struct child_outcome){.reason = reason};
}

struct child_outcome child_finish(struct exchange *exchange, const struct policy_child *policy,
                                  uint32_t inbound_spi)
{
    const struct negotiation negotiation = negotiation_in_auth(exchange->sa);
    const struct proposal_terms terms =
        terms_of(exchange->engine->setup.crypto, policy, PROPOSAL_FOR_FIRST_CHILD);
    struct child_payloads answer;
    struct child_candidate accepted;

    if (!read_payloads(exchange, &answer)) {
        return (struct child_outcome){.error = NOTIFY_INVALID_SYNTAX, .reason = "invalid-syntax"};
    }
    const char *problem = check_answer(&terms, policy, &answer, &accepted);
    if (problem != NULL) {
        return failed(problem);
    }
    struct ike_child *child = install(exchange, &negotiation, &accepted, inbound_spi);
    return child == NULL
               ? failed("no-resources")
               : (struct child_outcome){.is_installed = true, .reason = "", .child = child};
}

// NULL when the answer's KE payload fits to its proposal and gives a shared secret.
static const char *finish_key_exchange(const struct creation *creation,
                                       enum key_exchange_method chosen,
                                       struct negotiation *negotiation)
{
    if (chosen == KE_NONE) {
        return NULL;
    }
    if (chosen != creation_method(creation) || chosen != negotiation->offered_method) {
        return "key-exchange-mismatch";
    }
    return creation->crypto->key_agreement_derive(creation->agreement, negotiation->public_value,
                                                  &negotiation->shared)
               ? NULL
               : "invalid-key-exchange";
}

struct child_outcome child_finish_creation(struct exchange *exchange,
                                           const struct creation *creation, bool is_receive_only)
{
    struct negotiation negotiation = {
        .purpose = PROPOSAL_FOR_CHILD,
        .is_exchange_initiator = true,
        .is_receive_only = is_receive_only,
        .replaces = creation->replaces,
        .initiator_nonce = octets_view(&creation->own_nonce),
    };
    const struct proposal_terms terms =
        terms_of(creation->crypto, creation->policy, PROPOSAL_FOR_CHILD);
    struct child_payloads answer;
    struct child_candidate accepted;

    if (!read_payloads(exchange, &answer) || !read_exchange(exchange, false, &negotiation)) {
        return (struct child_outcome){.error = NOTIFY_INVALID_SYNTAX, .reason = "invalid-syntax"};
    }
    const char *problem = check_answer(&terms, creation->policy, &answer, &accepted);
    if (problem == NULL) {
        problem = finish_key_exchange(creation, accepted.proposal.key_exchange, &negotiation);
    }
    if (problem != NULL) {
        return failed(problem);
    }
    struct ike_child *child = install(exchange, &negotiation, &accepted, creation->inbound_spi);
    secret_clear(&negotiation.shared);
    return child == NULL
               ? failed("no-resources")
               : (struct child_outcome){.is_installed = true, .reason = "", .child = child};
}
