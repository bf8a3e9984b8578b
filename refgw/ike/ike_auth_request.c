// The initiator's side of IKE_AUTH.
#include "refgw/ike/auth_peer.h"
#include "refgw/ike/child_negotiation.h"
#include "refgw/ike/children.h"
#include "refgw/ike/connection_choice.h"
#include "refgw/ike/exchange_rules.h"
#include "refgw/ike/ike_auth.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/initial_contact.h"
#include "refgw/ike/reporting.h"
#include "refgw/wire/identification.h"

static const struct byte_view NOTHING = {.size = 0};

// Tells the responder which of its identities is meant, if the policy knows.
static void put_wanted_identity(const struct policy_identity *identity,
                                struct outgoing_draft *draft)
{
    if (identity->type != 0) {
        const struct identification wanted = identity_to_wire(identity);
        payload_begin(&draft->payloads, IKE_PAYLOAD_IDR, false);
        identification_write(&draft->writer, &wanted);
        payload_end(&draft->payloads);
    }
}

bool ike_auth_start(struct ike_engine *engine, struct ike_sa *sa)
{
    const struct policy_connection *connection = sa->connection;
    struct outgoing_draft draft;

    outgoing_draft_begin(engine, &draft);
    if (!child_choose_spi(engine, &sa->initial->inbound_spi) ||
        !ike_auth_put_identity(sa, &connection->local_identity, &draft.payloads)) {
        return false;
    }
    auth_put_certificates(connection, &draft.payloads);
    if (initial_contact_is_due(engine, sa)) {
        outgoing_draft_put_notify(&draft, NOTIFY_INITIAL_CONTACT, NOTHING);
    }
    auth_put_request(connection, &draft.payloads);
    put_wanted_identity(&connection->remote_identity, &draft);
    mobility_put_support(engine, sa, &draft);
    return auth_put(engine, sa, connection, &draft.payloads) &&
           child_put_request(engine, sa->first_child, sa->initial->inbound_spi, &draft.payloads) &&
           send_request(engine, sa, IKE_EXCHANGE_AUTH, &draft, NULL);
}

static bool responder_is_right(struct exchange *exchange, struct policy_identity *out_identity)
{
    const struct ike_sa *sa = exchange->sa;
    const struct byte_view id_body = payload_list_find(exchange->payloads, IKE_PAYLOAD_IDR)->body;
    struct identification identity;
    struct wire_fault fault;
    return identification_read(id_body, &identity, &fault) &&
           auth_identity_matches(exchange->engine, &sa->connection->remote_identity, &identity) &&
           identity_from_wire(&identity, out_identity) &&
           auth_verify(exchange, sa->connection, id_body);
}

// The responder thinks the SA is up; it learns otherwise in an exchange of its own.
static enum exchange_outcome reject_responder(struct exchange *exchange)
{
    ike_sa_begin_close(exchange->engine, exchange->sa, TASK_AUTHENTICATION_FAILED,
                       "peer-auth-failed");
    return exchange_end(exchange, EXCHANGE_IGNORE, "peer-auth-failed", "rfc7296#section-2.21.2");
}

static const char *child_failure_reason(uint16_t error)
{
    switch (error) {
    case NOTIFY_NO_PROPOSAL_CHOSEN:
        return "proposal-mismatch-child";
    case NOTIFY_TS_UNACCEPTABLE:
        return "ts-mismatch";
    default:
        return "refused-by-peer";
    }
}

// The responder has installed a CHILD_SA that we cannot use: it has to go again.
static void finish_child(struct exchange *exchange, uint32_t inbound_spi)
{
    struct ike_sa *sa = exchange->sa;
    const struct child_outcome outcome = child_finish(exchange, sa->first_child, inbound_spi);
    if (outcome.is_installed) {
        return;
    }
    ike_auth_report_child_failure(exchange->engine, sa, sa->first_child->name, outcome.reason);
    if (!task_queue_add(&sa->tasks, TASK_DELETE_CHILD, inbound_spi)) {
        ike_sa_close(exchange->engine, sa, "no-resources");
    }
}

enum exchange_outcome finish_ike_auth(struct exchange *exchange)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *sa = exchange->sa;
    struct policy_identity identity;

    if (!responder_is_right(exchange, &identity)) {
        return reject_responder(exchange);
    }
    sa->remote_identity = identity;
    (void)!mobility_take_support(exchange);
    ike_sa_establish(engine, sa);
    const uint16_t error = exchange_find_error(exchange);
    if (payload_list_find(exchange->payloads, IKE_PAYLOAD_SA) != NULL) {
        finish_child(exchange, sa->initial->inbound_spi);
    } else {
        ike_auth_report_child_failure(engine, sa, sa->first_child->name,
                                      child_failure_reason(error));
    }
    ike_sa_forget_initial(sa, engine->setup.crypto);
    return EXCHANGE_DONE;
}

enum exchange_outcome ike_auth_refused(struct exchange *exchange)
{
    const uint16_t error = exchange_find_error(exchange);
    const char *reason = error == NOTIFY_AUTHENTICATION_FAILED ? "local-auth-failed"
                         : error == NOTIFY_INVALID_SYNTAX      ? "invalid-syntax"
                                                               : "refused-by-peer";
    return exchange_end(exchange, EXCHANGE_FAILED, reason, "rfc7296#section-2.21.2");
}
