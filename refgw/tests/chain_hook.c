#include "refgw/tests/chain_hook.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/wire/delete.h"
#include "refgw/wire/notify.h"

static uint16_t first_notify(const struct payload_list *list)
{
    const struct payload *payload = payload_list_find(list, IKE_PAYLOAD_NOTIFY);
    struct notify notify;
    struct wire_fault fault;
    return payload != NULL && notify_read(payload->body, &notify, &fault) ? notify.type : 0;
}

static uint32_t first_deleted_spi(const struct payload_list *list)
{
    const struct payload *payload = payload_list_find(list, IKE_PAYLOAD_DELETE);
    struct delete_payload content;
    struct wire_fault fault;
    return payload != NULL && delete_payload_read(payload->body, &content, &fault) &&
                   content.protocol == IKE_PROTOCOL_ESP && content.spi_count > 0
               ? delete_payload_spi(&content, 0)
               : 0;
}

static void put(struct message_draft *draft, const struct payload *payload)
{
    payload_begin(draft, payload->type, payload->is_critical);
    writer_put_bytes(draft->out, payload->body);
    payload_end(draft);
}

static void put_changed(const struct chain_hook *hook, struct message_draft *draft,
                        const struct payload_list *list)
{
    static const uint8_t BODY[] = {1, 2, 3, 4};
    const struct payload extra = {
        .type = hook->type, .is_critical = hook->is_critical, .body = VIEW_OF(BODY)};
    bool is_repeated = false;

    for (size_t i = 0; i < list->count; i++) {
        const size_t index = hook->change == CHAIN_REVERSED ? list->count - 1 - i : i;
        const struct payload *payload = &list->items[index];
        const bool is_meant = payload->type == hook->type;
        if (hook->change == CHAIN_REMOVE && is_meant) {
            continue;
        }
        put(draft, payload);
        if (hook->change == CHAIN_REPEAT && is_meant && !is_repeated) {
            is_repeated = true;
            put(draft, payload);
        }
    }
    if (hook->change == CHAIN_ADD) {
        put(draft, &extra);
    }
}

static void rewrite(const struct chain_hook *hook, struct outgoing_message *message)
{
    const struct byte_view chain = {.data = message->chain, .size = *message->chain_size};
    uint8_t buffer[CHAIN_HOOK_MOST];
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct payload_list list;
    struct message_draft draft;
    struct wire_fault fault;
    struct byte_view changed;

    if (!payload_list_read(chain, *message->first_payload, &list, &fault)) {
        abort();
    }
    payload_chain_begin(&draft, &out, message->first_payload);
    put_changed(hook, &draft, &list);
    if (!writer_finish(&out, &changed) || changed.size > message->chain_capacity) {
        abort();
    }
    if (changed.size > 0) {
        memcpy(message->chain, changed.data, changed.size);
    }
    *message->chain_size = changed.size;
}

static void replace(const struct chain_hook *hook, struct outgoing_message *message)
{
    if (hook->size > message->chain_capacity) {
        abort();
    }
    memcpy(message->chain, hook->bytes, hook->size);
    *message->chain_size = hook->size;
    *message->first_payload = hook->type;
}

static enum hook_verdict before_send(void *context, struct outgoing_message *message)
{
    struct chain_hook *hook = context;
    struct ike_header *header = message->header;
    struct payload_list list;
    struct wire_fault fault;
    const bool is_meant = header->exchange_type == hook->exchange_type &&
                          ike_header_is_response(header) == hook->is_response &&
                          hook->change != CHAIN_UNCHANGED;
    if (is_meant) {
        hook->hits++;
        if (hook->change == CHAIN_DROP) {
            return HOOK_DROP;
        }
        if (hook->change == CHAIN_REPLACE) {
            replace(hook, message);
        } else {
            rewrite(hook, message);
        }
        if (hook->new_exchange_type != 0) {
            header->exchange_type = hook->new_exchange_type;
        }
    }
    header->flags |= hook->more_flags;
    if (hook->minor_version != 0) {
        header->minor_version = hook->minor_version;
    }
    const struct byte_view chain = {.data = message->chain, .size = *message->chain_size};
    hook->last_sent_notify =
        payload_list_read(chain, *message->first_payload, &list, &fault) ? first_notify(&list) : 0;
    return HOOK_CONTINUE;
}

static enum hook_verdict after_receive(void *context, const struct message *message)
{
    struct chain_hook *hook = context;
    hook->last_received_notify = first_notify(&message->payloads);
    hook->last_received_deleted_spi = first_deleted_spi(&message->payloads);
    return HOOK_CONTINUE;
}

void chain_hook_init(struct chain_hook *hook)
{
    *hook = (struct chain_hook){
        .hook = {.before_send = before_send, .after_receive = after_receive}
    };
    hook->hook.context = hook;
}
