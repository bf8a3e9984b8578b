// The responder's side of IKE_AUTH.
#include "refgw/ike/auth_peer.h"
#include "refgw/ike/child_negotiation.h"
#include "refgw/ike/connection_choice.h"
#include "refgw/ike/exchange_rules.h"
#include "refgw/ike/ike_auth.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/initial_contact.h"
#include "refgw/wire/identification.h"

static const struct byte_view NOTHING = {.size = 0};

// Who the initiator says it is, and whom it wants to talk to.
struct claimed_identities {
    struct byte_view initiator_body; // as received, for the AUTH payload
    struct identification initiator;
    bool names_responder;
    struct identification responder;
};

static bool read_identities(const struct exchange *exchange, struct claimed_identities *out)
{
    const struct payload *responder = payload_list_find(exchange->payloads, IKE_PAYLOAD_IDR);
    struct wire_fault fault;
    out->initiator_body = payload_list_find(exchange->payloads, IKE_PAYLOAD_IDI)->body;
    out->names_responder = responder != NULL;
    return identification_read(out->initiator_body, &out->initiator, &fault) &&
           (responder == NULL || identification_read(responder->body, &out->responder, &fault));
}

static bool fits(const struct exchange *exchange, const struct policy_connection *connection,
                 const struct claimed_identities *claimed)
{
    // The suite was agreed on before anybody had a name.
    const struct proposal_terms terms = ike_proposal_terms(exchange->engine, connection, KE_NONE);
    return auth_identity_matches(exchange->engine, &connection->remote_identity,
                                 &claimed->initiator) &&
           (!claimed->names_responder ||
            (connection->local_identity.type != 0 &&
             auth_identity_matches(exchange->engine, &connection->local_identity,
                                   &claimed->responder))) &&
           proposal_allows_suite(&terms, &exchange->sa->suite);
}

static const struct policy_connection *choose(const struct exchange *exchange,
                                              const struct claimed_identities *claimed)
{
    const struct ike_policy *policy = exchange->engine->setup.policy;
    size_t index = 0;
    const struct policy_connection *connection = connection_for_path(policy, exchange->path, index);
    while (connection != NULL && !fits(exchange, connection, claimed)) {
        index++;
        connection = connection_for_path(policy, exchange->path, index);
    }
    return connection;
}

static enum exchange_outcome refuse_peer(struct exchange *exchange)
{
    exchange_answer_only(exchange, NOTIFY_AUTHENTICATION_FAILED, NOTHING);
    return exchange_end(exchange, EXCHANGE_FAILED, "peer-auth-failed", "rfc7296#section-2.21.2");
}

static void make_child(struct exchange *exchange)
{
    const struct child_outcome outcome = child_answer(exchange, exchange->sa->connection);
    if (!outcome.is_installed) {
        ike_auth_report_child_failure(exchange->engine, exchange->sa, "", outcome.reason);
    }
}

enum exchange_outcome answer_ike_auth(struct exchange *exchange)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *sa = exchange->sa;
    struct message_draft *draft = &exchange->answer->payloads;
    struct claimed_identities claimed;
    struct byte_view nothing;

    if (!read_identities(exchange, &claimed) || !child_request_is_readable(exchange)) {
        return exchange_invalid_syntax(exchange, "rfc7296#section-2.21.2");
    }
    const struct policy_connection *connection = choose(exchange, &claimed);
    struct policy_identity identity;
    if (connection == NULL || !identity_from_wire(&claimed.initiator, &identity) ||
        !auth_verify(exchange, connection, claimed.initiator_body)) {
        return refuse_peer(exchange);
    }
    if (!ike_auth_put_identity(sa, &connection->local_identity, draft)) {
        return exchange_end(exchange, EXCHANGE_IGNORE, "no-resources", "");
    }
    auth_put_certificates(connection, draft);
    if (!auth_put(engine, sa, connection, draft)) {
        exchange_answer_only(exchange, NOTIFY_AUTHENTICATION_FAILED, NOTHING);
        return exchange_end(exchange, EXCHANGE_FAILED, "local-auth-failed", "rfc7427#section-4");
    }
    sa->connection = connection;
    sa->remote_identity = identity;
    if (!mobility_take_support(exchange)) {
        return exchange_end(exchange, EXCHANGE_FAILED, "unexpected-nat", "rfc4555#section-3.9");
    }
    ike_sa_establish(engine, sa);
    if (exchange_find_notify(exchange, NOTIFY_INITIAL_CONTACT, &nothing)) {
        initial_contact_honour(engine, sa);
    }
    mobility_put_support(engine, sa, exchange->answer);
    make_child(exchange);
    ike_sa_forget_initial(sa, engine->setup.crypto);
    return EXCHANGE_DONE;
}
