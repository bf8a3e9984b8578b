#include "refgw/ike/create_child_sa.h"

#include "refgw/ike/child_negotiation.h"
#include "refgw/ike/children.h"
#include "refgw/ike/exchange_rules.h"
#include "refgw/ike/ike_auth.h"
#include "refgw/ike/ike_rekey.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/lifetime.h"
#include "refgw/wire/key_exchange.h"
#include "refgw/wire/notify.h"
#include "refgw/wire/security_association.h"

enum {
    // "Several minutes" of nothing but TEMPORARY_FAILURE (section 2.25).
    MOST_PUT_OFF_SECONDS = 180,
    FIRST_WAIT_MS = 500,
    LONGEST_WAIT_MS = 30000,
    MOST_DOUBLINGS = 6,
};

static const struct byte_view NOTHING = {.size = 0};

// --- Before a request -------------------------------------------------------------------------

// Whether the SA that a task makes is still wanted.
static bool is_wanted(const struct ike_sa *sa, const struct ike_task *task)
{
    if (task->kind == TASK_CREATE_CHILD) {
        return child_of_policy(sa, task->policy) == NULL;
    }
    if (task->kind == TASK_REKEY_IKE) {
        return sa->rival_spi == 0;
    }
    const struct ike_child *old = ike_sa_find_child_by_inbound_spi(sa, task->inbound_spi);
    return old != NULL && !old->is_unwanted && !old->is_replaced;
}

static enum key_exchange_method first_method(const struct ike_engine *engine,
                                             const struct ike_sa *sa,
                                             const struct policy_child *policy)
{
    if (policy != NULL) {
        return child_first_method(engine->setup.crypto, policy);
    }
    const struct proposal_terms terms = ike_proposal_terms(engine, sa->connection, KE_NONE);
    return proposal_first_key_exchange(&terms);
}

bool creation_prepare(struct ike_engine *engine, struct ike_sa *sa, struct ike_task *task)
{
    if (!is_wanted(sa, task)) {
        return false;
    }
    if (task->creation == NULL) {
        task->creation = creation_new(engine->setup.crypto, task->policy);
    }
    struct creation *creation = task->creation;
    if (creation == NULL || !child_choose_spi(engine, &creation->inbound_spi) ||
        !ike_sa_choose_spi(engine, &creation->ike_spi)) {
        return false;
    }
    const struct ike_child *old = ike_sa_find_child_by_inbound_spi(sa, task->inbound_spi);
    creation->replaces = task->kind == TASK_REKEY_CHILD && old != NULL ? old->sa->id : 0;
    const enum key_exchange_method method = creation->next_method != KE_NONE
                                                ? creation->next_method
                                                : first_method(engine, sa, task->policy);
    return creation_draw(engine, creation, method);
}

// --- After an answer that makes nothing -------------------------------------------------------

void creation_succeeded(struct ike_sa *sa)
{
    sa->put_off_from = (struct instant){.nanoseconds = 0};
}

void creation_put_off(struct exchange *exchange, struct creation *creation)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *sa = exchange->sa;
    const unsigned doublings =
        creation->attempts < MOST_DOUBLINGS ? creation->attempts : MOST_DOUBLINGS;
    uint64_t wait = (uint64_t)FIRST_WAIT_MS << doublings;

    if (sa->put_off_from.nanoseconds == 0) {
        sa->put_off_from = engine->now;
    }
    //= rfc7296#section-2.25
    //# If a peer continues to receive TEMPORARY_FAILURE on the same IKE SA after several minutes, it
    //# SHOULD conclude that the state information is out of sync and close the IKE SA.
    if (!instant_is_before(
            engine->now, instant_after(sa->put_off_from, duration_seconds(MOST_PUT_OFF_SECONDS)))) {
        ike_sa_begin_close(engine, sa, TASK_DELETE_IKE_SA, "out-of-sync");
        return;
    }
    if (wait > LONGEST_WAIT_MS) {
        wait = LONGEST_WAIT_MS;
    }
    //= rfc7296#section-2.25
    //# A peer that receives a TEMPORARY_FAILURE notification MUST NOT immediately retry the
    //# operation; it MUST wait so that the sender may complete whatever operation caused the
    //# temporary condition.
    //= reason=half of the wait is random, or two peers that hinder each other would go on doing so
    const struct duration fixed = duration_milliseconds(wait);
    creation->retry_at = instant_after(instant_after(engine->now, fixed),
                                       lifetime_jitter(engine, duration_milliseconds(wait)));
    creation->attempts++;
    creation->sequel = CREATION_LATER;
}

// Only groups we offered, and each only once: so it ends.
static bool change_method(const struct exchange *exchange, struct creation *creation)
{
    const struct ike_engine *engine = exchange->engine;
    struct byte_view data;
    uint16_t number;
    if (!exchange_find_notify(exchange, NOTIFY_INVALID_KE_PAYLOAD, &data)) {
        return false;
    }
    struct byte_reader in = reader_over(data);
    if (!reader_take_u16(&in, &number) || in.left != 0) {
        return false;
    }
    const enum key_exchange_method method = (enum key_exchange_method)number;
    const struct proposal_terms terms =
        ike_proposal_terms(engine, exchange->sa->connection, KE_NONE);
    const bool is_offered = creation->policy != NULL
                                ? child_offers_method(creation->crypto, creation->policy, method)
                                : proposal_names_key_exchange(&terms, method);
    if (!is_offered || creation_has_tried(creation, method)) {
        return false;
    }
    creation->next_method = method;
    creation->sequel = CREATION_AGAIN;
    return true;
}

static const char *refusal_reason(uint16_t error)
{
    switch (error) {
    case NOTIFY_NO_PROPOSAL_CHOSEN:
        return "proposal-mismatch-child";
    case NOTIFY_TS_UNACCEPTABLE:
        return "ts-mismatch";
    case NOTIFY_SINGLE_PAIR_REQUIRED:
        return "single-pair-required";
    case NOTIFY_NO_ADDITIONAL_SAS:
        return "no-additional-sas";
    case NOTIFY_INVALID_KE_PAYLOAD:
        return "key-exchange-mismatch";
    default:
        return "refused-by-peer";
    }
}

void creation_refused(struct exchange *exchange, struct creation *creation, const char *child)
{
    const uint16_t error = exchange_find_error(exchange);
    if (creation_has_rival(creation)) {
        return; // the peer's attempt has made what ours was to make
    }
    if (error == NOTIFY_TEMPORARY_FAILURE) {
        creation_put_off(exchange, creation);
    } else if (error != NOTIFY_INVALID_KE_PAYLOAD || !change_method(exchange, creation)) {
        ike_auth_report_child_failure(exchange->engine, exchange->sa, child, refusal_reason(error));
    }
}

enum exchange_outcome finish_create_child_sa(struct exchange *exchange)
{
    //= rfc7296#section-2.21.3
    //= reason=INVALID_SYNTAX is fatal for both peers without an explicit Delete
    if (exchange_find_error(exchange) == NOTIFY_INVALID_SYNTAX) {
        return exchange_end(exchange, EXCHANGE_FAILED, "invalid-syntax", "rfc7296#section-2.21.3");
    }
    tasks_finish(exchange);
    return EXCHANGE_DONE;
}

// --- The peer's requests ----------------------------------------------------------------------

bool exchange_read_key_exchange(const struct exchange *exchange, bool *out_is_there,
                                struct key_exchange *out_key_exchange)
{
    const struct payload *payload = payload_list_find(exchange->payloads, IKE_PAYLOAD_KE);
    struct wire_fault fault;
    *out_is_there = payload != NULL;
    return payload == NULL || key_exchange_read(payload->body, out_key_exchange, &fault);
}

void exchange_ask_for_method(struct exchange *exchange, enum key_exchange_method method)
{
    uint8_t bytes[sizeof(uint16_t)];
    struct byte_writer out = writer_into(bytes, sizeof(bytes));
    writer_put_u16(&out, (uint16_t)method);
    exchange_answer_only(exchange, NOTIFY_INVALID_KE_PAYLOAD, VIEW_OF(bytes));
}

enum exchange_outcome answer_create_child_sa(struct exchange *exchange)
{
    struct security_association association;
    struct wire_fault fault;
    if (!security_association_read(payload_list_find(exchange->payloads, IKE_PAYLOAD_SA)->body,
                                   &association, &fault)) {
        return exchange_invalid_syntax(exchange, fault.section);
    }
    //= rfc7296#section-2.25
    //= reason=nothing new under an SA whose end is decided
    if (task_queue_has(&exchange->sa->tasks, TASK_DELETE_IKE_SA)) {
        return answer_create_child_sa_while_deleting(exchange);
    }
    return association.proposals[0].protocol == IKE_PROTOCOL_IKE ? answer_ike_rekey(exchange)
                                                                 : answer_child_creation(exchange);
}

// Section 2.25.2: nothing new under an SA that is being closed.
enum exchange_outcome answer_create_child_sa_while_deleting(struct exchange *exchange)
{
    exchange_answer_only(exchange, NOTIFY_TEMPORARY_FAILURE, NOTHING);
    return EXCHANGE_DONE;
}
