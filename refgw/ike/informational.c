#include "refgw/ike/informational.h"

#include "refgw/ike/children.h"
#include "refgw/ike/creation.h"
#include "refgw/ike/exchange_rules.h"
#include "refgw/ike/ike_rekey.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/mobility.h"
#include "refgw/wire/delete.h"

static const struct byte_view NOTHING = {.size = 0};

// --- Our requests ----------------------------------------------------------------------------

bool write_liveness(struct ike_sa *sa, const struct ike_task *task, struct outgoing_draft *draft)
{
    (void)task;
    mobility_put_nat_check(sa, draft);
    return true;
}

void finish_liveness(struct exchange *exchange, const struct ike_task *task)
{
    // That it came is the answer.
    (void)task;
    mobility_finish_nat_check(exchange);
}

static void put_child_delete(struct outgoing_draft *draft, struct byte_view spis)
{
    const struct delete_payload payload = {
        .protocol = IKE_PROTOCOL_ESP,
        .spi_count = (uint16_t)(spis.size / sizeof(uint32_t)),
        .spis = spis,
    };
    payload_begin(&draft->payloads, IKE_PAYLOAD_DELETE, false);
    delete_payload_write(&draft->writer, &payload);
    payload_end(&draft->payloads);
}

bool write_delete_child(struct ike_sa *sa, const struct ike_task *task,
                        struct outgoing_draft *draft)
{
    struct ike_child *child = ike_sa_find_child_by_inbound_spi(sa, task->inbound_spi);
    uint8_t bytes[sizeof(uint32_t)];
    struct byte_writer out = writer_into(bytes, sizeof(bytes));

    // Without a child it is one the peer installed and we could not: it goes all the same.
    if (child != NULL) {
        child->is_deleting = true;
    }
    writer_put_u32(&out, task->inbound_spi);
    put_child_delete(draft, VIEW_OF(bytes));
    return true;
}

void finish_delete_child(struct exchange *exchange, const struct ike_task *task)
{
    struct ike_child *child = ike_sa_find_child_by_inbound_spi(exchange->sa, task->inbound_spi);
    if (child != NULL) {
        child_remove(exchange->engine, child, child->close_reason);
    }
}

bool write_delete_ike_sa(struct ike_sa *sa, const struct ike_task *task,
                         struct outgoing_draft *draft)
{
    const struct delete_payload payload = {.protocol = IKE_PROTOCOL_IKE};
    (void)sa;
    (void)task;
    payload_begin(&draft->payloads, IKE_PAYLOAD_DELETE, false);
    delete_payload_write(&draft->writer, &payload);
    payload_end(&draft->payloads);
    return true;
}

bool write_authentication_failed(struct ike_sa *sa, const struct ike_task *task,
                                 struct outgoing_draft *draft)
{
    (void)sa;
    (void)task;
    outgoing_draft_put_notify(draft, NOTIFY_AUTHENTICATION_FAILED, NOTHING);
    return true;
}

void finish_closing(struct exchange *exchange, const struct ike_task *task)
{
    (void)task;
    ike_sa_close(exchange->engine, exchange->sa, exchange->sa->close_reason);
}

enum exchange_outcome finish_informational(struct exchange *exchange)
{
    //= rfc7296#section-2.21.3
    //= reason=INVALID_SYNTAX is fatal for both peers without an explicit Delete
    if (exchange_find_error(exchange) == NOTIFY_INVALID_SYNTAX) {
        return exchange_end(exchange, EXCHANGE_FAILED, "invalid-syntax", "rfc7296#section-2.21.3");
    }
    tasks_finish(exchange);
    return EXCHANGE_DONE;
}

// --- The peer's requests ---------------------------------------------------------------------

// Inbound SPIs of ours that an answer lists: those paired with what the peer deletes.
struct deleted_children {
    uint8_t bytes[IKE_SA_MOST_CHILDREN * sizeof(uint32_t)];
    struct byte_writer spis;
};

// It may be one whose CREATE_CHILD_SA answer is still on its way to us (section 2.25.1).
static void note_unknown(const struct ike_sa *sa, uint32_t spi)
{
    if (task_queue_creation(&sa->tasks) != NULL) {
        creation_note_deleted(task_queue_creation(&sa->tasks), spi);
    }
}

static void delete_children(struct exchange *exchange, const struct delete_payload *payload,
                            struct deleted_children *deleted)
{
    for (size_t i = 0; i < payload->spi_count; i++) {
        const uint32_t spi = delete_payload_spi(payload, i);
        struct ike_child *child = ike_sa_find_child_by_outbound_spi(exchange->sa, spi);
        if (child == NULL) {
            note_unknown(exchange->sa, spi);
            continue;
        }
        // When both ends delete it at once, neither answer lists it (section 2.25.1).
        if (!child->is_deleting) {
            writer_put_u32(&deleted->spis, child->sa->inbound_spi);
        }
        child_remove(exchange->engine, child,
                     child->is_replaced ? child->close_reason : "peer-deleted");
    }
}

struct deletion {
    bool is_malformed;
    bool is_for_ike_sa;
};

static struct deletion read_deletions(const struct exchange *exchange)
{
    struct deletion deletion = {.is_malformed = false};
    for (size_t i = 0; i < exchange->payloads->count; i++) {
        const struct payload *payload = &exchange->payloads->items[i];
        struct delete_payload content;
        struct wire_fault fault;
        if (payload->type != IKE_PAYLOAD_DELETE) {
            continue;
        }
        if (!delete_payload_read(payload->body, &content, &fault)) {
            deletion.is_malformed = true;
        } else if (content.protocol == IKE_PROTOCOL_IKE) {
            deletion.is_for_ike_sa = true;
        }
    }
    return deletion;
}

static void answer_child_deletions(struct exchange *exchange)
{
    struct deleted_children deleted;
    struct byte_view spis;

    deleted.spis = writer_into(deleted.bytes, sizeof(deleted.bytes));
    for (size_t i = 0; i < exchange->payloads->count; i++) {
        const struct payload *payload = &exchange->payloads->items[i];
        struct delete_payload content;
        struct wire_fault fault;
        if (payload->type == IKE_PAYLOAD_DELETE &&
            delete_payload_read(payload->body, &content, &fault) &&
            content.protocol == IKE_PROTOCOL_ESP) {
            delete_children(exchange, &content, &deleted);
        }
    }
    if (writer_finish(&deleted.spis, &spis) && spis.size > 0) {
        put_child_delete(exchange->answer, spis);
    }
}

enum exchange_outcome answer_informational(struct exchange *exchange)
{
    const struct deletion deletion = read_deletions(exchange);
    struct byte_view nothing;

    if (deletion.is_malformed) {
        return exchange_invalid_syntax(exchange, "rfc7296#section-3.11");
    }
    if (exchange_find_notify(exchange, NOTIFY_AUTHENTICATION_FAILED, &nothing)) {
        return exchange_end(exchange, EXCHANGE_FAILED, "local-auth-failed",
                            "rfc7296#section-2.21.2");
    }
    if (deletion.is_for_ike_sa) {
        ike_rekey_note_close(exchange->engine, exchange->sa);
        return exchange_end(exchange, EXCHANGE_FAILED,
                            exchange->sa->state == IKE_SA_REKEYED ? "rekeyed" : "peer-deleted", "");
    }
    if (mobility_answer(exchange)) {
        answer_child_deletions(exchange);
    }
    return EXCHANGE_DONE;
}
