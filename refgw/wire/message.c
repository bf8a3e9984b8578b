#include "refgw/wire/message.h"

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | Next Payload  |C|  RESERVED   |         Payload Length        |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

enum {
    MAJOR_VERSION = 2,
    CRITICAL_BIT = 0x80,
    FIRST_PAYLOAD_OFFSET = 16, // in the IKE header
    LENGTH_OFFSET = 24,
};

static const char header_section[] = "rfc7296#section-3.1";
static const char payload_section[] = "rfc7296#section-3.2";

static bool ends_chain(uint8_t type)
{
    return type == IKE_PAYLOAD_SK || type == IKE_PAYLOAD_SKF;
}

// Takes one payload of a known type off the front; `*out_next` is the type of the one after.
static bool take_payload(struct byte_reader *in, struct payload *payload, uint8_t *out_next,
                         struct wire_fault *out_fault)
{
    uint8_t flags;
    uint16_t length;

    if (!reader_take_u8(in, out_next) || !reader_take_u8(in, &flags) ||
        !reader_take_u16(in, &length)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, payload_section);
    }
    if (length < IKE_GENERIC_HEADER_SIZE ||
        !reader_take_bytes(in, length - (size_t)IKE_GENERIC_HEADER_SIZE, &payload->body)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, payload_section);
    }
    payload->is_critical = (flags & CRITICAL_BIT) != 0;
    return true;
}

bool payload_list_read(struct byte_view bytes, uint8_t first_type, struct payload_list *out_list,
                       struct wire_fault *out_fault)
{
    struct payload_list list = {0};
    struct byte_reader in = reader_over(bytes);
    uint8_t next = first_type;

    while (next != IKE_PAYLOAD_NONE) {
        if (list.count == MESSAGE_MOST_PAYLOADS) {
            return wire_reject(out_fault, WIRE_TOO_MANY, payload_section);
        }
        struct payload *payload = &list.items[list.count];
        payload->type = next;
        if (!take_payload(&in, payload, &next, out_fault)) {
            return false;
        }
        list.count++;
        if (ends_chain(payload->type)) {
            //= rfc7296#section-3.14
            //# The Encrypted payload, if present in a message, MUST be the last payload
            //# in the message.
            list.first_inside = next;
            break;
        }
    }
    if (in.left != 0) {
        return wire_reject(out_fault, WIRE_TRAILING_BYTES, payload_section);
    }
    *out_list = list;
    return true;
}

const struct payload *payload_list_find(const struct payload_list *list, uint8_t type)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].type == type) {
            return &list->items[i];
        }
    }
    return NULL;
}

size_t payload_list_count(const struct payload_list *list, uint8_t type)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        count += list->items[i].type == type;
    }
    return count;
}

bool message_read(struct byte_view datagram, struct message *out_message,
                  struct wire_fault *out_fault)
{
    struct ike_header header;
    struct byte_reader in = reader_over(datagram);
    struct payload_list payloads;

    if (!ike_header_read(&in, &header, out_fault)) {
        return false;
    }
    out_message->header = header;
    // Version first: in another major version the rest may mean something else.
    if (header.major_version != MAJOR_VERSION) {
        return wire_reject(out_fault, WIRE_UNKNOWN_TYPE, header_section);
    }
    if (header.length != datagram.size) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, header_section);
    }
    if (!payload_list_read(reader_take_rest(&in), header.first_payload, &payloads, out_fault)) {
        return false;
    }
    out_message->payloads = payloads;
    out_message->bytes = datagram;
    return true;
}

void message_begin(struct message_draft *draft, struct byte_writer *out,
                   const struct ike_header *header)
{
    struct ike_header first = *header;
    first.first_payload = IKE_PAYLOAD_NONE;
    *draft = (struct message_draft){
        .out = out,
        .message_start = out->used,
        .next_payload_position = out->used + FIRST_PAYLOAD_OFFSET,
    };
    ike_header_write(out, &first);
}

void payload_chain_begin(struct message_draft *draft, struct byte_writer *out,
                         uint8_t *out_first_type)
{
    *out_first_type = IKE_PAYLOAD_NONE;
    *draft = (struct message_draft){
        .out = out,
        .first_type = out_first_type,
        .message_start = out->used,
        .is_bare_chain = true,
    };
}

void payload_begin(struct message_draft *draft, uint8_t type, bool is_critical)
{
    if (draft->first_type != NULL) {
        *draft->first_type = type;
        draft->first_type = NULL; // told; from here on the type goes into the payload before
    } else {
        writer_fill_u8(draft->out, draft->next_payload_position, type);
    }
    draft->payload_start = draft->out->used;
    draft->next_payload_position = draft->payload_start;
    writer_put_u8(draft->out, IKE_PAYLOAD_NONE);
    writer_put_u8(draft->out, is_critical ? CRITICAL_BIT : 0);
    writer_put_u16(draft->out, 0);
}

void payload_end(struct message_draft *draft)
{
    const size_t size = draft->out->used - draft->payload_start;
    if (size > UINT16_MAX) {
        draft->out->overflowed = true;
        return;
    }
    writer_fill_u16(draft->out, draft->payload_start + 2, (uint16_t)size);
}

bool message_finish(struct message_draft *draft, struct byte_view *out_bytes)
{
    const size_t size = draft->out->used - draft->message_start;
    struct byte_view written;

    if (!draft->is_bare_chain) {
        writer_fill_u32(draft->out, draft->message_start + LENGTH_OFFSET, (uint32_t)size);
    }
    if (!writer_finish(draft->out, &written)) {
        return false;
    }
    *out_bytes = (struct byte_view){.data = written.data + draft->message_start, .size = size};
    return true;
}
