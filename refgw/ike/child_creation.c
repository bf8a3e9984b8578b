// CHILD_SAs made in CREATE_CHILD_SA: further ones, and those that replace another
// (RFC 7296, sections 1.3.1, 1.3.3, 2.8.1 and 2.25.1).
#include "refgw/ike/child_negotiation.h"
#include "refgw/ike/children.h"
#include "refgw/ike/create_child_sa.h"
#include "refgw/ike/ike_auth.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/wire/nonce.h"
#include "refgw/wire/notify.h"

static const struct byte_view NOTHING = {.size = 0};

// --- Our requests -----------------------------------------------------------------------------

// A notify that names a CHILD_SA by an SPI.
static void put_child_notify(struct outgoing_draft *draft, uint16_t type, uint32_t spi)
{
    uint8_t bytes[sizeof(spi)];
    struct byte_writer out = writer_into(bytes, sizeof(bytes));
    writer_put_u32(&out, spi);
    const struct notify notify = {
        .protocol = IKE_PROTOCOL_ESP, .type = type, .spi = VIEW_OF(bytes)};
    payload_begin(&draft->payloads, IKE_PAYLOAD_NOTIFY, false);
    notify_write(&draft->writer, &notify);
    payload_end(&draft->payloads);
}

bool write_child_creation(struct ike_sa *sa, const struct ike_task *task,
                          struct outgoing_draft *draft)
{
    (void)sa;
    //= rfc7296#section-1.3.3
    //# The notifications described in Section 1.3.1 may also be sent in a rekeying exchange.
    //# Usually, these will be the same notifications that were used in the original exchange; for
    //# example, when rekeying a transport mode SA, the USE_TRANSPORT_MODE notification will be used.
    if (task->kind == TASK_REKEY_CHILD) {
        //= rfc7296#section-1.3.3
        //# The REKEY_SA notification MUST be included in a CREATE_CHILD_SA exchange if the purpose of
        //# the exchange is to replace an existing ESP or AH SA.
        //= rfc7296#section-1.3.3
        //# The SA being rekeyed is identified by the SPI field in the Notify payload; this is the SPI
        //# the exchange initiator would expect in inbound ESP or AH packets.
        put_child_notify(draft, NOTIFY_REKEY_SA, task->inbound_spi);
    }
    return child_put_creation(task->creation, &draft->payloads);
}

// The peer does not know what we wanted to rekey. Either it has not got our answer that made it
// yet, or it lost it: then it goes, and a new one is made from scratch.
static void old_is_unknown(struct exchange *exchange, const struct ike_task *task,
                           struct ike_child *old)
{
    struct ike_sa *sa = exchange->sa;
    if (old->awaits_confirmation) {
        creation_put_off(exchange, task->creation);
        return;
    }
    //= rfc7296#section-2.25
    //# A peer that receives a CHILD_SA_NOT_FOUND notification SHOULD silently delete the Child SA (if
    //# it still exists) and send a request to create a new Child SA from scratch (if the Child SA does
    //# not yet exist).
    child_remove(exchange->engine, old, "unknown-to-peer");
    if (!task_queue_add_child(&sa->tasks, TASK_CREATE_CHILD, task->policy, 0)) {
        ike_auth_report_child_failure(exchange->engine, sa, task->policy->name, "no-resources");
    }
}

static void child_was_refused(struct exchange *exchange, const struct ike_task *task,
                              struct ike_child *old)
{
    const bool is_not_found = exchange_find_error(exchange) == NOTIFY_CHILD_SA_NOT_FOUND;
    if (task->kind == TASK_REKEY_CHILD && old == NULL) {
        return; // the peer closed it meanwhile
    }
    if (is_not_found && old != NULL && !creation_has_rival(task->creation)) {
        old_is_unknown(exchange, task, old);
    } else {
        creation_refused(exchange, task->creation, task->policy->name);
    }
}

// The CHILD_SA that the peer made of the same one, while we did.
static struct ike_child *find_rival(const struct ike_sa *sa, const struct ike_child *own,
                                    uint32_t old_id)
{
    struct ike_child *child = sa->children;
    while (child != NULL && (child == own || child->sa->replaces != old_id)) {
        child = child->next;
    }
    return child;
}

// Ours has come. What it replaces is for us to delete, unless ours is the redundant one of two.
static void settle_rekey(struct exchange *exchange, const struct ike_task *task,
                         struct ike_child *made, bool is_redundant)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_child *old = ike_sa_find_child_by_inbound_spi(exchange->sa, task->inbound_spi);
    if (is_redundant) {
        //= rfc7296#section-2.8.1
        //# If redundant SAs are created through such a collision, the SA created with the lowest of the
        //# four nonces used in the two exchanges SHOULD be closed by the endpoint that created it.
        child_delete(engine, made, "redundant");
        return;
    }
    struct ike_child *rival = find_rival(exchange->sa, made, made->sa->replaces);
    if (creation_has_rival(task->creation) && rival != NULL) {
        child_set_replaced(engine, rival, "redundant");
    }
    if (old != NULL) {
        //= rfc7296#section-2.8.1
        //# The node that initiated the surviving rekeyed SA should delete the replaced SA after the new
        //# one is established.
        child_set_replaced(engine, old, "rekeyed");
        child_delete(engine, old, "rekeyed");
    }
}

// What the peer installed and we could not use has to go again.
static void give_up(struct exchange *exchange, const struct ike_task *task, const char *reason)
{
    struct ike_sa *sa = exchange->sa;
    ike_auth_report_child_failure(exchange->engine, sa, task->policy->name, reason);
    if (!task_queue_add(&sa->tasks, TASK_DELETE_CHILD, task->creation->inbound_spi)) {
        ike_sa_close(exchange->engine, sa, "no-resources");
    }
}

void finish_child_creation(struct exchange *exchange, const struct ike_task *task)
{
    struct creation *creation = task->creation;
    struct ike_child *old = ike_sa_find_child_by_inbound_spi(exchange->sa, task->inbound_spi);
    const struct payload *nonce = payload_list_find(exchange->payloads, IKE_PAYLOAD_NONCE);

    if (payload_list_find(exchange->payloads, IKE_PAYLOAD_SA) == NULL || nonce == NULL) {
        child_was_refused(exchange, task, old);
        return;
    }
    creation_succeeded(exchange->sa);
    //= rfc7296#section-2.25.1
    //= reason=the peer deleted it before its answer came: then it is not installed
    if (creation_was_deleted(creation, child_answered_spi(exchange))) {
        ike_auth_report_child_failure(exchange->engine, exchange->sa, task->policy->name,
                                      "peer-deleted");
        return;
    }
    const bool is_redundant =
        creation_has_rival(creation) && creation_is_redundant(creation, nonce->body);
    const struct child_outcome outcome = child_finish_creation(exchange, creation, is_redundant);
    if (!outcome.is_installed) {
        give_up(exchange, task, outcome.reason);
    } else if (task->kind == TASK_REKEY_CHILD) {
        settle_rekey(exchange, task, outcome.child, is_redundant);
    }
}

// --- The peer's requests ----------------------------------------------------------------------

static enum exchange_outcome refuse(struct exchange *exchange, uint16_t type)
{
    exchange_answer_only(exchange, type, NOTHING);
    return EXCHANGE_DONE;
}

// Whether our outstanding request rekeys this one too.
static bool is_being_rekeyed(const struct ike_sa *sa, const struct ike_child *child)
{
    return task_queue_is_at(&sa->tasks, TASK_REKEY_CHILD) &&
           sa->tasks.current->inbound_spi == child->sa->inbound_spi;
}

// What the peer wants to replace. NULL with an answer put when that cannot be.
static struct ike_child *find_old(struct exchange *exchange, const struct notify *notify)
{
    struct byte_reader in = reader_over(notify->spi);
    uint32_t spi = 0;
    struct ike_child *old = NULL;
    if (notify->protocol == IKE_PROTOCOL_ESP && reader_take_u32(&in, &spi) && in.left == 0) {
        old = ike_sa_find_child_by_outbound_spi(exchange->sa, spi);
    }
    if (old == NULL) {
        //= rfc7296#section-2.25.1
        //# If a peer receives a request to rekey a Child SA that does not exist, it SHOULD reply with
        //# CHILD_SA_NOT_FOUND.
        outgoing_draft_begin(exchange->engine, exchange->answer);
        put_child_notify(exchange->answer, NOTIFY_CHILD_SA_NOT_FOUND, spi);
        return NULL;
    }
    //= rfc7296#section-2.25.1
    //# If a peer receives a request to rekey a Child SA that it is currently trying to close, it
    //# SHOULD reply with TEMPORARY_FAILURE.
    if (old->is_unwanted || old->is_replaced) {
        (void)!refuse(exchange, NOTIFY_TEMPORARY_FAILURE);
        return NULL;
    }
    return old;
}

static bool find_rekey_notify(const struct exchange *exchange, struct notify *out_notify)
{
    for (size_t i = 0; i < exchange->payloads->count; i++) {
        const struct payload *payload = &exchange->payloads->items[i];
        struct wire_fault fault;
        if (payload->type == IKE_PAYLOAD_NOTIFY && notify_read(payload->body, out_notify, &fault) &&
            out_notify->type == NOTIFY_REKEY_SA) {
            return true;
        }
    }
    return false;
}

// The peer's new one takes the place of the old one, or competes for it with ours.
static bool note_replacement(struct exchange *exchange, struct ike_child *old,
                             struct byte_view own_nonce)
{
    const struct byte_view peer_nonce =
        payload_list_find(exchange->payloads, IKE_PAYLOAD_NONCE)->body;
    //= rfc7296#section-2.25.1
    //# If a peer receives a request to rekey a Child SA that it is currently rekeying, it SHOULD reply
    //# as usual, and SHOULD prepare to close redundant SAs later based on the nonces (see
    //# Section 2.8.1).
    if (is_being_rekeyed(exchange->sa, old) &&
        !creation_note_rival(task_queue_creation(&exchange->sa->tasks), peer_nonce, own_nonce)) {
        return false;
    }
    child_set_replaced(exchange->engine, old, "rekeyed");
    return true;
}

static bool has_too_many(const struct ike_sa *sa)
{
    const size_t most =
        sa->connection->most_children == 0 ? IKE_SA_MOST_CHILDREN : sa->connection->most_children;
    return sa->child_count >= most;
}

static enum exchange_outcome answer_new(struct exchange *exchange, struct ike_child *old)
{
    struct octets own_nonce = {.data = NULL};
    if (!ike_make_nonce(exchange->engine, &own_nonce)) {
        return refuse(exchange, NOTIFY_TEMPORARY_FAILURE);
    }
    const struct child_outcome outcome =
        child_answer_creation(exchange, old, octets_view(&own_nonce));
    const bool is_noted = !outcome.is_installed || old == NULL ||
                          note_replacement(exchange, old, octets_view(&own_nonce));
    octets_clear(&own_nonce);
    if (outcome.error == NOTIFY_INVALID_SYNTAX) {
        return exchange_invalid_syntax(exchange, "rfc7296#section-2.21.3");
    }
    if (!outcome.is_installed) {
        ike_auth_report_child_failure(exchange->engine, exchange->sa,
                                      old == NULL ? "" : old->policy->name, outcome.reason);
    } else if (!is_noted) {
        child_remove(exchange->engine, outcome.child, "no-resources");
        return refuse(exchange, NOTIFY_TEMPORARY_FAILURE);
    }
    return EXCHANGE_DONE;
}

enum exchange_outcome answer_child_creation(struct exchange *exchange)
{
    const struct ike_sa *sa = exchange->sa;
    struct notify notify;
    struct ike_child *old = NULL;

    if (!child_request_is_readable(exchange)) {
        return exchange_invalid_syntax(exchange, "rfc7296#section-1.3.1");
    }
    //= rfc7296#section-2.25.2
    //# If a peer receives a request to create or rekey a Child SA when it is currently rekeying the
    //# IKE SA, it SHOULD reply with TEMPORARY_FAILURE.
    if (task_queue_is_at(&sa->tasks, TASK_REKEY_IKE)) {
        return refuse(exchange, NOTIFY_TEMPORARY_FAILURE);
    }
    if (find_rekey_notify(exchange, &notify)) {
        old = find_old(exchange, &notify);
        if (old == NULL) {
            return EXCHANGE_DONE;
        }
    } else if (has_too_many(sa)) {
        //= rfc7296#section-1.3
        //# The responder sends a NO_ADDITIONAL_SAS notification to indicate that a CREATE_CHILD_SA
        //# request is unacceptable because the responder is unwilling to accept any more Child SAs on
        //# this IKE SA.
        return refuse(exchange, NOTIFY_NO_ADDITIONAL_SAS);
    }
    return answer_new(exchange, old);
}
