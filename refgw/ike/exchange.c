#include "refgw/ike/exchange.h"

#include "refgw/wire/notify.h"

enum exchange_outcome exchange_end(struct exchange *exchange, enum exchange_outcome outcome,
                                   const char *reason, const char *section)
{
    exchange->reason = reason;
    exchange->section = section;
    return outcome;
}

void exchange_answer_only(struct exchange *exchange, uint16_t type, struct byte_view data)
{
    outgoing_draft_begin(exchange->engine, exchange->answer);
    outgoing_draft_put_notify(exchange->answer, type, data);
}

enum exchange_outcome exchange_invalid_syntax(struct exchange *exchange, const char *section)
{
    exchange_answer_only(exchange, NOTIFY_INVALID_SYNTAX, (struct byte_view){.size = 0});
    return exchange_end(exchange, EXCHANGE_FAILED, "invalid-syntax", section);
}

bool exchange_find_notify(const struct exchange *exchange, uint16_t type,
                          struct byte_view *out_data)
{
    for (size_t i = 0; i < exchange->payloads->count; i++) {
        const struct payload *payload = &exchange->payloads->items[i];
        struct notify notify;
        struct wire_fault fault;
        if (payload->type == IKE_PAYLOAD_NOTIFY && notify_read(payload->body, &notify, &fault) &&
            notify.type == type) {
            *out_data = notify.data;
            return true;
        }
    }
    return false;
}

uint16_t exchange_find_error(const struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->payloads->count; i++) {
        const struct payload *payload = &exchange->payloads->items[i];
        struct notify notify;
        struct wire_fault fault;
        if (payload->type == IKE_PAYLOAD_NOTIFY && notify_read(payload->body, &notify, &fault) &&
            notify_is_error(&notify)) {
            return notify.type;
        }
    }
    return 0;
}
