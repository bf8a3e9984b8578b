// The responder's side of IKE_SA_INIT.
#include <string.h>

#include "refgw/ike/auth_peer.h"
#include "refgw/ike/connection_choice.h"
#include "refgw/ike/exchange_rules.h"
#include "refgw/ike/fragments.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/wire/key_exchange.h"
#include "refgw/wire/nonce.h"

// What the initiator's message says, and what we make of it.
struct init_request {
    struct security_association association;
    struct key_exchange key_exchange;
    struct byte_view nonce;
    const struct policy_connection *connection;
    struct chosen_proposal proposal;
};

static bool read_request(const struct exchange *exchange, struct init_request *out)
{
    const struct payload_list *payloads = exchange->payloads;
    struct wire_fault fault;
    return security_association_read(payload_list_find(payloads, IKE_PAYLOAD_SA)->body,
                                     &out->association, &fault) &&
           key_exchange_read(payload_list_find(payloads, IKE_PAYLOAD_KE)->body, &out->key_exchange,
                             &fault) &&
           nonce_read(payload_list_find(payloads, IKE_PAYLOAD_NONCE)->body, &out->nonce, &fault);
}

// The first connection that accepts the addresses and one of the proposals. NULL when it was
// found; else the reason.
static const char *choose(const struct exchange *exchange, struct init_request *request)
{
    const struct ike_engine *engine = exchange->engine;
    const char *problem = "no-connection";
    for (size_t i = 0;; i++) {
        request->connection = connection_for_path(engine->setup.policy, exchange->path, i);
        if (request->connection == NULL) {
            return problem;
        }
        const struct proposal_terms terms = ike_proposal_terms(
            engine, request->connection, (enum key_exchange_method)request->key_exchange.method);
        if (proposal_choose(&terms, &request->association, &request->proposal) &&
            ike_nonce_is_long_enough(engine, request->nonce, request->proposal.prf)) {
            return NULL;
        }
        problem = "proposal-mismatch-ike";
    }
}

// An unprotected error; the responder keeps nothing.
static enum exchange_outcome refuse(struct exchange *exchange, uint16_t type, struct byte_view data,
                                    const char *reason)
{
    exchange_answer_only(exchange, type, data);
    return exchange_end(exchange, EXCHANGE_FAILED, reason, "rfc7296#section-1.2");
}

static enum exchange_outcome ask_for_method(struct exchange *exchange,
                                            enum key_exchange_method method)
{
    uint8_t bytes[sizeof(uint16_t)];
    struct byte_writer out = writer_into(bytes, sizeof(bytes));
    writer_put_u16(&out, (uint16_t)method);
    return refuse(exchange, NOTIFY_INVALID_KE_PAYLOAD, VIEW_OF(bytes), "key-exchange-mismatch");
}

// Runs our half of the key exchange and puts the KE payload. Whatever fails is the peer's
// public value, or ours to suffer.
static bool agree(struct exchange *exchange, struct ike_sa *sa, const struct init_request *request)
{
    struct ike_engine *engine = exchange->engine;
    const struct crypto_provider *crypto = engine->setup.crypto;
    struct secret shared = {.data = NULL};
    struct key_agreement *agreement =
        crypto->key_agreement_new(sa->suite.key_exchange, &engine->setup.randomness);
    const bool is_keyed =
        agreement != NULL &&
        crypto->key_agreement_derive(agreement, request->key_exchange.data, &shared) &&
        ike_sa_make_keys(sa, crypto, secret_view(&shared));
    if (is_keyed) {
        ike_put_key_exchange(&exchange->answer->payloads, sa->suite.key_exchange,
                             crypto->key_agreement_public(agreement));
    }
    secret_clear(&shared);
    crypto->key_agreement_free(agreement);
    return is_keyed;
}

static bool fill_in(struct exchange *exchange, struct ike_sa *sa,
                    const struct init_request *request)
{
    struct ike_engine *engine = exchange->engine;
    const struct ike_header *header = &exchange->message->header;
    sa->connection = request->connection;
    sa->path = *exchange->path;
    sa->created = engine->now;
    sa->initiator_spi = header->initiator_spi;
    sa->has_suite = true;
    sa->suite = (struct ike_suite){
        .aead = request->proposal.aead,
        .prf = request->proposal.prf,
        .key_exchange = request->proposal.key_exchange,
    };
    return engine->setup.crypto->sha256(&exchange->message->bytes, 1, sa->first_request) &&
           ike_sa_choose_spi(engine, &sa->responder_spi) &&
           ike_make_nonce(engine, &sa->initial->own_nonce) &&
           octets_set(&sa->initial->peer_nonce, request->nonce) &&
           octets_set(&sa->initial->peer_message, exchange->message->bytes);
}

// Puts the answer's payloads while the SA takes shape.
static bool answer(struct exchange *exchange, struct ike_sa *sa, const struct init_request *request)
{
    struct ike_engine *engine = exchange->engine;
    struct message_draft *draft = &exchange->answer->payloads;
    const struct proposal_terms terms = ike_proposal_terms(engine, sa->connection, KE_NONE);

    proposal_put_answer(&terms, &request->proposal, 0, draft);
    if (!agree(exchange, sa, request)) {
        return false;
    }
    outgoing_draft_put(exchange->answer, IKE_PAYLOAD_NONCE, octets_view(&sa->initial->own_nonce));
    auth_take_init(exchange, sa);
    auth_put_init_answer(engine, sa, exchange->path, exchange->answer);
    sa->uses_fragments = fragments_are_agreed(exchange);
    if (sa->uses_fragments) {
        fragments_announce(engine, exchange->answer);
    }
    nat_detection_judge(engine->setup.crypto, exchange->message, exchange->path, &sa->nat);
    sa->nat.is_supported = sa->nat.is_supported && !sa->connection->forbids_nat;
    const struct ike_spis spis = {.initiator = sa->initiator_spi, .responder = sa->responder_spi};
    return !sa->nat.is_supported ||
           nat_detection_put(engine->setup.crypto, draft, spis, exchange->path,
                             sa->connection->forces_encapsulation);
}

static enum exchange_outcome make_sa(struct exchange *exchange, const struct init_request *request)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *sa = ike_sa_new();
    if (sa == NULL || !fill_in(exchange, sa, request)) {
        ike_sa_free(sa, engine->setup.crypto);
        return exchange_end(exchange, EXCHANGE_IGNORE, "no-resources", "");
    }
    //= rfc6989#section-2
    //= reason=a public value that fails its tests gets no answer
    if (!answer(exchange, sa, request)) {
        ike_sa_free(sa, engine->setup.crypto);
        return exchange_end(exchange, EXCHANGE_IGNORE, "invalid-key-exchange", "rfc6989#section-2");
    }
    if (!ike_sa_table_add(&engine->table, sa)) {
        ike_sa_free(sa, engine->setup.crypto);
        return exchange_end(exchange, EXCHANGE_IGNORE, "no-resources", "");
    }
    ike_sa_set_state(engine, sa, IKE_SA_INIT_ANSWERED);
    exchange->sa = sa;
    ike_log_keys(engine, sa);
    ike_report_nat(engine, sa);
    return EXCHANGE_DONE;
}

enum exchange_outcome answer_ike_sa_init(struct exchange *exchange)
{
    struct init_request request;
    if (!read_request(exchange, &request)) {
        // INVALID_SYNTAX is for protected messages only (section 2.21.1).
        return exchange_end(exchange, EXCHANGE_IGNORE, "invalid-syntax", "rfc7296#section-2.21.1");
    }
    const char *problem = choose(exchange, &request);
    if (problem != NULL) {
        return refuse(exchange, NOTIFY_NO_PROPOSAL_CHOSEN, (struct byte_view){.size = 0}, problem);
    }
    if (request.key_exchange.method != (unsigned)request.proposal.key_exchange) {
        return ask_for_method(exchange, request.proposal.key_exchange);
    }
    return make_sa(exchange, &request);
}
