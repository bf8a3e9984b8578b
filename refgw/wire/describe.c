#include "refgw/wire/describe.h"

#include "refgw/iana/ikev2_names.h"
#include "refgw/wire/delete.h"
#include "refgw/wire/json_text.h"
#include "refgw/wire/notify.h"

// The name, the number when it has none, "?" when the body could not be read.
static void put_in_parentheses(const struct text_sink *sink, bool is_readable, const char *name,
                               unsigned number)
{
    text_put(sink, "(");
    if (!is_readable) {
        text_put(sink, "?");
    } else if (name != NULL) {
        text_put(sink, name);
    } else {
        text_put_number(sink, number);
    }
    text_put(sink, ")");
}

void describe_payload_name(const struct payload *payload, bool is_response,
                           const struct text_sink *sink)
{
    const char *name = payload_type_name(payload->type);
    struct notify notify = {0};
    struct delete_payload deleted = {0};
    struct wire_fault fault;

    if (payload->type == IKE_PAYLOAD_NONCE) {
        text_put(sink, is_response ? "Nr" : "Ni");
        return;
    }
    text_put(sink, name != NULL ? name : "payload");
    if (name == NULL) {
        put_in_parentheses(sink, true, NULL, payload->type);
    } else if (payload->type == IKE_PAYLOAD_NOTIFY) {
        const bool is_readable = notify_read(payload->body, &notify, &fault);
        put_in_parentheses(sink, is_readable, notify_type_name(notify.type), notify.type);
    } else if (payload->type == IKE_PAYLOAD_DELETE) {
        const bool is_readable = delete_payload_read(payload->body, &deleted, &fault);
        put_in_parentheses(sink, is_readable, protocol_id_name(deleted.protocol), deleted.protocol);
    }
}

void describe_payload_set(const struct payload_list *list, bool is_response,
                          const struct text_sink *sink)
{
    text_put(sink, "{ ");
    for (size_t i = 0; i < list->count; i++) {
        describe_payload_name(&list->items[i], is_response, sink);
        text_put(sink, " ");
    }
    text_put(sink, "}");
}
