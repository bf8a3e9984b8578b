// The initiator's side of IKE_SA_INIT.
#include <string.h>

#include "refgw/ike/auth_peer.h"
#include "refgw/ike/exchange_rules.h"
#include "refgw/ike/fragments.h"
#include "refgw/ike/ike_auth.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/wire/key_exchange.h"
#include "refgw/wire/nonce.h"

enum {
    MOST_COOKIE_SIZE = 64,
    // How long an error that anybody could have sent waits for something better.
    UNAUTHENTICATED_GRACE_SECONDS = 1,
};

static enum key_exchange_method current_method(const struct ike_sa *sa)
{
    return sa->initial->tried[sa->initial->tried_count - 1];
}

// Writes and sends the request as it stands now: first one, or again with a cookie or
// another key exchange.
static bool send_init_request(struct ike_engine *engine, struct ike_sa *sa)
{
    const struct crypto_provider *crypto = engine->setup.crypto;
    struct initial_exchange *initial = sa->initial;
    const struct proposal_terms terms = ike_proposal_terms(engine, sa->connection, KE_NONE);
    const struct ike_spis spis = {.initiator = sa->initiator_spi};
    struct outgoing_draft draft;
    struct byte_view bytes;

    outgoing_draft_begin(engine, &draft);
    if (initial->cookie.size > 0) {
        outgoing_draft_put_notify(&draft, NOTIFY_COOKIE, octets_view(&initial->cookie));
    }
    if (!proposal_put_offer(&terms, 0, &draft.payloads)) {
        return false;
    }
    ike_put_key_exchange(&draft.payloads, current_method(sa),
                         crypto->key_agreement_public(initial->agreement));
    outgoing_draft_put(&draft, IKE_PAYLOAD_NONCE, octets_view(&initial->own_nonce));
    auth_put_init_request(sa->connection, &draft);
    fragments_announce(engine, &draft);
    return (sa->connection->forbids_nat ||
            nat_detection_put(crypto, &draft.payloads, spis, &sa->path,
                              sa->connection->forces_encapsulation)) &&
           send_request(engine, sa, IKE_EXCHANGE_SA_INIT, &draft, &bytes) &&
           octets_set(&initial->own_message, bytes);
}

// A new private key for a method that was not tried yet.
static bool use_method(struct ike_engine *engine, struct ike_sa *sa,
                       enum key_exchange_method method)
{
    struct initial_exchange *initial = sa->initial;
    if (initial->tried_count == INITIAL_MOST_METHODS) {
        return false;
    }
    struct key_agreement *agreement =
        engine->setup.crypto->key_agreement_new(method, &engine->setup.randomness);
    if (agreement == NULL) {
        return false;
    }
    engine->setup.crypto->key_agreement_free(initial->agreement);
    initial->agreement = agreement;
    initial->tried[initial->tried_count] = method;
    initial->tried_count++;
    return true;
}

static struct network_path first_path(const struct policy_connection *connection)
{
    struct network_path path = {
        .local = {.address = connection->local_address,  .port = IKE_PORT               },
        .remote = {.address = connection->remote_address, .port = connection->remote_port},
    };
    if (path.remote.port == 0) {
        path.remote.port = IKE_PORT;
    }
    if (path.remote.port == IKE_NAT_TRAVERSAL_PORT) {
        path.local.port = IKE_NAT_TRAVERSAL_PORT;
    }
    return path;
}

static bool prepare(struct ike_engine *engine, struct ike_sa *sa)
{
    const struct proposal_terms terms = ike_proposal_terms(engine, sa->connection, KE_NONE);
    const enum key_exchange_method method = proposal_first_key_exchange(&terms);
    return method != KE_NONE && ike_sa_choose_spi(engine, &sa->initiator_spi) &&
           ike_make_nonce(engine, &sa->initial->own_nonce) && use_method(engine, sa, method);
}

bool ike_sa_init_start(struct ike_engine *engine, const struct policy_connection *connection,
                       const struct policy_child *child)
{
    struct ike_sa *sa = ike_sa_new();
    if (sa == NULL) {
        return false;
    }
    sa->is_initiator = true;
    sa->connection = connection;
    sa->first_child = child;
    sa->created = engine->now;
    sa->path = first_path(connection);
    if (!prepare(engine, sa) || !ike_sa_table_add(&engine->table, sa)) {
        ike_sa_free(sa, engine->setup.crypto);
        return false;
    }
    if (!send_init_request(engine, sa)) {
        ike_sa_table_remove(&engine->table, sa, engine->setup.crypto);
        return false;
    }
    ike_sa_set_state(engine, sa, IKE_SA_INIT_SENT);
    ike_sa_settle(engine, sa);
    return true;
}

// Nobody is authenticated yet, so an error is only remembered: a right answer may still come
// (RFC 7296, section 2.21.1).
static enum exchange_outcome remember_failure(struct exchange *exchange, const char *reason)
{
    struct initial_exchange *initial = exchange->sa->initial;
    if (initial->failure == NULL) {
        initial->failure = reason;
        initial->failure_deadline =
            instant_after(exchange->engine->now, duration_seconds(UNAUTHENTICATED_GRACE_SECONDS));
    }
    return exchange_end(exchange, EXCHANGE_IGNORE, reason, "rfc7296#section-2.21.1");
}

static enum exchange_outcome send_again(struct exchange *exchange)
{
    if (!send_init_request(exchange->engine, exchange->sa)) {
        return exchange_end(exchange, EXCHANGE_FAILED, "no-resources", "");
    }
    return EXCHANGE_DONE;
}

static enum exchange_outcome answer_cookie(struct exchange *exchange, struct byte_view cookie)
{
    struct initial_exchange *initial = exchange->sa->initial;
    if (cookie.size == 0 || cookie.size > MOST_COOKIE_SIZE) {
        return exchange_end(exchange, EXCHANGE_IGNORE, "invalid-cookie", "rfc7296#section-2.6");
    }
    if (initial->cookie_count == INITIAL_MOST_COOKIES) {
        return remember_failure(exchange, "too-many-cookies");
    }
    if (!octets_set(&initial->cookie, cookie)) {
        return exchange_end(exchange, EXCHANGE_IGNORE, "no-resources", "");
    }
    initial->cookie_count++;
    return send_again(exchange);
}

static bool was_tried(const struct initial_exchange *initial, enum key_exchange_method method)
{
    for (size_t i = 0; i < initial->tried_count; i++) {
        if (initial->tried[i] == method) {
            return true;
        }
    }
    return false;
}

// Only groups we offered, and each only once: so it ends.
static enum exchange_outcome change_method(struct exchange *exchange, struct byte_view data)
{
    struct ike_sa *sa = exchange->sa;
    const struct proposal_terms terms =
        ike_proposal_terms(exchange->engine, sa->connection, KE_NONE);
    struct byte_reader in = reader_over(data);
    uint16_t number;
    if (!reader_take_u16(&in, &number) || in.left != 0) {
        return exchange_end(exchange, EXCHANGE_IGNORE, "invalid-syntax", "rfc7296#section-1.2");
    }
    const enum key_exchange_method method = (enum key_exchange_method)number;
    if (!proposal_names_key_exchange(&terms, method) || was_tried(sa->initial, method)) {
        return remember_failure(exchange, "key-exchange-mismatch");
    }
    if (!use_method(exchange->engine, sa, method)) {
        return exchange_end(exchange, EXCHANGE_IGNORE, "no-resources", "");
    }
    return send_again(exchange);
}

static const char *failure_reason(uint16_t error)
{
    return error == NOTIFY_NO_PROPOSAL_CHOSEN ? "proposal-mismatch-ike" : "refused-by-peer";
}

enum exchange_outcome retry_ike_sa_init(struct exchange *exchange)
{
    struct byte_view data;
    if (exchange_find_notify(exchange, NOTIFY_COOKIE, &data)) {
        return answer_cookie(exchange, data);
    }
    if (exchange_find_notify(exchange, NOTIFY_INVALID_KE_PAYLOAD, &data)) {
        return change_method(exchange, data);
    }
    const uint16_t error = exchange_find_error(exchange);
    if (error == 0) {
        return exchange_end(exchange, EXCHANGE_IGNORE, "invalid-syntax", "rfc7296#section-1.2");
    }
    return remember_failure(exchange, failure_reason(error));
}

// What the responder's message says, as far as it can be used.
struct init_answer {
    struct chosen_proposal proposal;
    struct key_exchange key_exchange;
    struct byte_view nonce;
};

// NULL when the answer fits to the request; else what is wrong with it.
static const char *read_answer(const struct exchange *exchange, struct init_answer *out)
{
    const struct payload_list *payloads = exchange->payloads;
    const struct ike_sa *sa = exchange->sa;
    const struct proposal_terms terms =
        ike_proposal_terms(exchange->engine, sa->connection, current_method(sa));
    struct security_association association;
    struct wire_fault fault;

    if (!security_association_read(payload_list_find(payloads, IKE_PAYLOAD_SA)->body, &association,
                                   &fault) ||
        !key_exchange_read(payload_list_find(payloads, IKE_PAYLOAD_KE)->body, &out->key_exchange,
                           &fault) ||
        !nonce_read(payload_list_find(payloads, IKE_PAYLOAD_NONCE)->body, &out->nonce, &fault)) {
        return "invalid-syntax";
    }
    //= rfc7296#section-2.7
    //= reason=the initiator checks that the answer is a subset of what it offered
    if (!proposal_accept(&terms, &association, &out->proposal) ||
        !ike_nonce_is_long_enough(exchange->engine, out->nonce, out->proposal.prf)) {
        return "proposal-mismatch-ike";
    }
    if (out->proposal.key_exchange != current_method(sa) ||
        out->key_exchange.method != (unsigned)current_method(sa)) {
        return "key-exchange-mismatch";
    }
    return NULL;
}

// Everything that can fail on the way to keys. The SA is as before when it does.
static bool take_answer(struct exchange *exchange, const struct init_answer *answer)
{
    const struct crypto_provider *crypto = exchange->engine->setup.crypto;
    struct ike_sa *sa = exchange->sa;
    struct secret shared = {.data = NULL};
    bool is_keyed = false;

    if (octets_set(&sa->initial->peer_nonce, answer->nonce) &&
        octets_set(&sa->initial->peer_message, exchange->message->bytes) &&
        crypto->key_agreement_derive(sa->initial->agreement, answer->key_exchange.data, &shared)) {
        sa->responder_spi = exchange->message->header.responder_spi;
        sa->suite = (struct ike_suite){
            .aead = answer->proposal.aead,
            .prf = answer->proposal.prf,
            .key_exchange = answer->proposal.key_exchange,
        };
        is_keyed = ike_sa_make_keys(sa, crypto, secret_view(&shared));
    }
    secret_clear(&shared);
    if (!is_keyed) {
        sa->responder_spi = 0;
    }
    return is_keyed;
}

// With a NAT on the way, or one that is claimed, all further messages use port 4500.
static void leave_port_500(struct ike_sa *sa)
{
    const bool claims_nat = sa->connection->forces_encapsulation;
    if (mobility_wants_port_4500(sa)) {
        sa->path.local.port = IKE_NAT_TRAVERSAL_PORT;
        sa->path.remote.port = IKE_NAT_TRAVERSAL_PORT;
    }
    if (sa->nat.is_supported &&
        (sa->nat.local_is_behind_nat || sa->nat.remote_is_behind_nat || claims_nat)) {
        sa->path.local.port = IKE_NAT_TRAVERSAL_PORT;
        sa->path.remote.port = IKE_NAT_TRAVERSAL_PORT;
    }
}

enum exchange_outcome finish_ike_sa_init(struct exchange *exchange)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *sa = exchange->sa;
    struct init_answer answer;

    if (exchange->message->header.responder_spi == 0) {
        return exchange_end(exchange, EXCHANGE_IGNORE, "zero-spi", "rfc7296#section-3.1");
    }
    const char *problem = read_answer(exchange, &answer);
    if (problem != NULL) {
        return remember_failure(exchange, problem);
    }
    if (!take_answer(exchange, &answer)) {
        return remember_failure(exchange, "invalid-key-exchange");
    }
    sa->has_suite = true;
    sa->initial->failure = NULL;
    engine->setup.crypto->key_agreement_free(sa->initial->agreement);
    sa->initial->agreement = NULL;
    nat_detection_judge(engine->setup.crypto, exchange->message, exchange->path, &sa->nat);
    sa->nat.is_supported = sa->nat.is_supported && !sa->connection->forbids_nat;
    auth_take_init(exchange, sa);
    sa->uses_fragments = fragments_are_agreed(exchange);
    mobility_remember_hash(exchange);
    leave_port_500(sa);
    ike_log_keys(engine, sa);
    ike_report_nat(engine, sa);
    message_window_finish_request(&sa->window);
    if (!ike_auth_start(engine, sa)) {
        return exchange_end(exchange, EXCHANGE_FAILED, "no-resources", "");
    }
    ike_sa_set_state(engine, sa, IKE_SA_AUTH_SENT);
    return EXCHANGE_DONE;
}
