#include "pcap/message_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/payload_facts.h"
#include "refgw/iana/ikev2_names.h"
#include "refgw/wire/describe.h"

// A text that grows; empty and marked when memory runs out.
struct growing_text {
    char *text;
    size_t size;
    bool has_failed;
};

static void put_text(void *context, const char *text, size_t size)
{
    struct growing_text *out = context;
    char *grown = out->has_failed ? NULL : realloc(out->text, out->size + size + 1);
    if (grown == NULL) {
        out->has_failed = true;
        return;
    }
    memcpy(grown + out->size, text, size);
    out->text = grown;
    out->size += size;
    out->text[out->size] = '\0';
}

static void set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

__attribute__((format(printf, 1, 2))) static json_t *text_of(const char *format, ...)
{
    char text[MESSAGE_LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return json_string(text);
}

static json_t *endpoint_json(const struct ip_endpoint *endpoint)
{
    char text[ADDRESS_TEXT_SIZE];
    endpoint_format(endpoint, text);
    return json_string(text);
}

static json_t *detail_of(const struct payload *payload, bool is_response)
{
    struct growing_text text = {0};
    const struct text_sink sink = {.put = put_text, .context = &text};
    describe_payload_json(payload, is_response, &sink);
    json_t *detail =
        text.has_failed || text.text == NULL ? NULL : json_loadb(text.text, text.size, 0, NULL);
    free(text.text);
    return detail != NULL ? detail : json_object();
}

static void set_payloads(json_t *object, const struct ike_message *message)
{
    json_t *names = json_array();
    json_t *details = json_array();
    const bool is_response = ike_message_is_response(message);
    for (size_t i = 0; i < message->payload_count; i++) {
        struct payload_facts facts;
        char name[FACTS_TEXT_SIZE];
        payload_facts_read(&message->payloads[i], is_response, &facts);
        payload_facts_short(&facts, name, sizeof(name));
        (void)json_array_append_new(names, json_string(name));
        (void)json_array_append_new(details, detail_of(&message->payloads[i], is_response));
    }
    set(object, "payloads", names);
    set(object, "details", details);
}

static void set_header(json_t *object, const struct ike_record *record)
{
    const struct ike_header *header = &record->message.header;
    char exchange[64];
    message_exchange_name(record, exchange, sizeof(exchange));
    set(object, "spi_i", text_of("%016llx", (unsigned long long)header->initiator_spi));
    set(object, "spi_r", text_of("%016llx", (unsigned long long)header->responder_spi));
    set(object, "exchange", json_string(exchange));
    set(object, "response", json_boolean(ike_header_is_response(header)));
    set(object, "initiator", json_boolean(ike_header_is_from_initiator(header)));
    set(object, "version", text_of("%u.%u", header->major_version, header->minor_version));
    set(object, "message_id", json_integer(header->message_id));
}

static void set_origin(json_t *object, const struct packet_origin *origin)
{
    set(object, "frame", json_integer(origin->frame));
    set(object, "time_us", json_integer((json_int_t)origin->time_us));
    set(object, "point", json_string(capture_point_name(origin->point)));
    set(object, "from", json_string(side_name(origin->from)));
    set(object, "source", endpoint_json(&origin->source));
    set(object, "destination", endpoint_json(&origin->destination));
    set(object, "encapsulated", json_boolean(origin->is_udp_encapsulated));
}

static bool is_encrypted(const struct ike_message *message)
{
    return message->opening != IKE_PLAIN && message->opening != IKE_MALFORMED;
}

static void set_frame_of(json_t *object, const char *key, const struct capture_contents *contents,
                         size_t index)
{
    if (index != RECORD_NONE) {
        set(object, key, json_integer(contents->ike[index].origin.frame));
    }
}

json_t *message_to_json(const struct capture_contents *contents, size_t index)
{
    const struct ike_record *record = &contents->ike[index];
    const struct ike_message *message = &record->message;
    json_t *object = json_object();
    if (object == NULL) {
        return NULL;
    }
    set_origin(object, &record->origin);
    set(object, "size", json_integer((json_int_t)message->size));
    if (message->has_header) {
        set_header(object, record);
    }
    set(object, "opening", json_string(ike_opening_name(message->opening)));
    set(object, "encrypted", json_boolean(is_encrypted(message)));
    set(object, "decrypted", json_boolean(message->opening == IKE_OPENED));
    set_payloads(object, message);
    if (message->fault.kind != WIRE_OK) {
        set(object, "fault",
            text_of("%s, %s", wire_fault_name(message->fault.kind), message->fault.section));
    }
    if (message->fragment_count != 0) {
        set(object, "fragment",
            text_of("%u/%u", message->fragment_number, message->fragment_count));
    }
    set_frame_of(object, "retransmit_of", contents, record->retransmit_of);
    set_frame_of(object, "answers", contents, record->answers);
    set_frame_of(object, "counterpart", contents, record->counterpart);
    if (record->origin.comment != NULL) {
        set(object, "comment", json_string(record->origin.comment));
    }
    return object;
}

json_t *messages_to_json(const struct capture_contents *contents)
{
    json_t *messages = json_array();
    json_t *root = json_object();
    set(root, "schema", json_string("ikelab.messages/1"));
    for (size_t i = 0; i < contents->ike_count; i++) {
        (void)json_array_append_new(messages, message_to_json(contents, i));
    }
    if (!contents->is_complete) {
        set(root, "fault",
            text_of("frame %u, offset %llu: %s", contents->fault.frame,
                    (unsigned long long)contents->fault.offset, contents->fault.message));
    }
    set(root, "messages", messages);
    return root;
}

// --- as text --------------------------------------------------------------------------------

static const char *old_exchange_name(unsigned type)
{
    switch (type) {
    case 1:
        return "IKEv1 Base";
    case 2:
        return "IKEv1 Main Mode";
    case 4:
        return "IKEv1 Aggressive Mode";
    case 5:
        return "IKEv1 Informational";
    case 32:
        return "IKEv1 Quick Mode";
    case 33:
        return "IKEv1 New Group Mode";
    default:
        return "IKEv1";
    }
}

void message_exchange_name(const struct ike_record *record, char *out_text, size_t size)
{
    const unsigned type = record->message.header.exchange_type;
    if (record->message.header.major_version == 1) {
        (void)snprintf(out_text, size, "%s", old_exchange_name(type));
        return;
    }
    const char *name = exchange_type_name(type);
    if (name != NULL) {
        (void)snprintf(out_text, size, "%s", name);
    } else {
        (void)snprintf(out_text, size, "exchange(%u)", type);
    }
}

__attribute__((format(printf, 4, 5))) static void append(char *text, size_t size, size_t *used,
                                                         const char *format, ...)
{
    va_list arguments;
    if (*used + 1 >= size) {
        return;
    }
    va_start(arguments, format);
    const int added = vsnprintf(text + *used, size - *used, format, arguments);
    va_end(arguments);
    *used += added > 0 ? (size_t)added : 0;
    if (*used >= size) {
        *used = size - 1;
    }
}

// What stands instead of, or behind, the payloads.
static void append_hidden(const struct ike_message *message, char *text, size_t size, size_t *used)
{
    switch (message->opening) {
    case IKE_NO_KEYS:
        append(text, size, used, ": no keys");
        break;
    case IKE_NOT_AUTHENTIC:
        append(text, size, used, ": wrong ICV");
        break;
    case IKE_MALFORMED_INSIDE:
        append(text, size, used, ": %s inside, %s", wire_fault_name(message->fault.kind),
               message->fault.section);
        break;
    case IKE_MALFORMED:
        if (message->has_header && message->header.major_version == 1) {
            append(text, size, used, " not decoded");
            break;
        }
        append(text, size, used, " malformed: %s, %s", wire_fault_name(message->fault.kind),
               message->fault.section);
        break;
    case IKE_FRAGMENT:
        append(text, size, used, " %u/%u", message->fragment_number, message->fragment_count);
        break;
    case IKE_PLAIN:
    case IKE_OPENED:
        break;
    }
}

void message_payload_set(const struct ike_record *record, char *out_text, size_t size)
{
    size_t used = 0;
    const struct ike_message *message = &record->message;
    const bool is_response = message->has_header && ike_message_is_response(message);
    append(out_text, size, &used, "{");
    for (size_t i = 0; i < message->payload_count; i++) {
        struct payload_facts facts;
        char name[FACTS_TEXT_SIZE];
        payload_facts_read(&message->payloads[i], is_response, &facts);
        payload_facts_short(&facts, name, sizeof(name));
        append(out_text, size, &used, " %s", name);
    }
    append_hidden(message, out_text, size, &used);
    append(out_text, size, &used, " }");
}

void message_line(const struct ike_record *record, char out_text[MESSAGE_LINE_SIZE])
{
    char source[ADDRESS_TEXT_SIZE];
    char destination[ADDRESS_TEXT_SIZE];
    char exchange[64];
    size_t used = 0;
    const struct packet_origin *origin = &record->origin;
    endpoint_format(&origin->source, source);
    endpoint_format(&origin->destination, destination);
    append(out_text, MESSAGE_LINE_SIZE, &used, "%s > %s  %s > %s  ", side_name(origin->from),
           side_name(side_opposite(origin->from)), source, destination);
    if (record->message.has_header) {
        message_exchange_name(record, exchange, sizeof(exchange));
        append(out_text, MESSAGE_LINE_SIZE, &used, "%s %s %u ", exchange,
               record->message.header.major_version == 1   ? "msg"
               : ike_message_is_response(&record->message) ? "rsp"
                                                           : "req",
               record->message.header.message_id);
    }
    message_payload_set(record, out_text + used, MESSAGE_LINE_SIZE - used);
}
