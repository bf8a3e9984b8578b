#include "refgw/wire/traffic_selector.h"

#include <assert.h>

// Payload:
//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | Number of TSs |                 RESERVED                      |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                       <Traffic Selectors>                     ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// Traffic Selector:
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |   TS Type     |IP Protocol ID*|       Selector Length         |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |           Start Port*         |           End Port*           |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                         Starting Address*                     ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                         Ending Address*                       ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

enum {
    RESERVED_SIZE = 3,
    COMMON_SIZE = 4,   // type, protocol, length: what a selector of any type starts with
    SELECTOR_SIZE = 8, // and the ports
};

static const char payload_section[] = "rfc7296#section-3.13";
static const char selector_section[] = "rfc7296#section-3.13.1";

static enum address_family family_of(uint8_t type)
{
    switch (type) {
    case TS_IPV4_ADDR_RANGE:
        return ADDRESS_IPV4;
    case TS_IPV6_ADDR_RANGE:
        return ADDRESS_IPV6;
    default:
        return ADDRESS_NONE;
    }
}

// OPAQUE, 65535 to 0, is the one range that runs backwards.
static bool are_ports_right(const struct traffic_selector *selector)
{
    return selector->start_port <= selector->end_port ||
           (selector->start_port == UINT16_MAX && selector->end_port == 0);
}

// Reads ports and addresses, which must fill `in`.
static bool take_range(struct byte_reader *in, enum address_family family,
                       struct traffic_selector *selector, struct wire_fault *out_fault)
{
    const size_t size = address_size(family);
    struct byte_view start;
    struct byte_view end;

    if (!reader_take_u16(in, &selector->start_port) || !reader_take_u16(in, &selector->end_port) ||
        !reader_take_bytes(in, size, &start) || !reader_take_bytes(in, size, &end) ||
        in->left != 0 || !address_from_bytes(start, &selector->start_address) ||
        !address_from_bytes(end, &selector->end_address)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, selector_section);
    }
    if (!are_ports_right(selector) ||
        address_compare(&selector->start_address, &selector->end_address) > 0) {
        return wire_reject(out_fault, WIRE_BAD_VALUE, selector_section);
    }
    return true;
}

static bool take_selector(struct byte_reader *in, struct traffic_selector_list *list,
                          struct wire_fault *out_fault)
{
    struct traffic_selector selector = {0};
    struct byte_reader part;
    uint8_t type;
    uint16_t length;

    if (!reader_take_u8(in, &type) || !reader_take_u8(in, &selector.ip_protocol) ||
        !reader_take_u16(in, &length)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, selector_section);
    }
    if (length < COMMON_SIZE || !reader_take_part(in, length - (size_t)COMMON_SIZE, &part)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, selector_section);
    }
    const enum address_family family = family_of(type);
    if (family == ADDRESS_NONE) {
        list->has_unknown_type = true;
        return true;
    }
    if (list->count == TS_MOST_SELECTORS) {
        return wire_reject(out_fault, WIRE_TOO_MANY, payload_section);
    }
    if (!take_range(&part, family, &selector, out_fault)) {
        return false;
    }
    list->items[list->count] = selector;
    list->count++;
    return true;
}

bool traffic_selector_list_read(struct byte_view body, struct traffic_selector_list *out_list,
                                struct wire_fault *out_fault)
{
    struct traffic_selector_list list = {0};
    struct byte_reader in = reader_over(body);
    struct byte_view reserved;
    uint8_t count;

    if (!reader_take_u8(&in, &count) || !reader_take_bytes(&in, RESERVED_SIZE, &reserved)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, payload_section);
    }
    if (count == 0) {
        return wire_reject(out_fault, WIRE_BAD_VALUE, payload_section);
    }
    for (size_t i = 0; i < count; i++) {
        if (!take_selector(&in, &list, out_fault)) {
            return false;
        }
    }
    if (in.left != 0) {
        return wire_reject(out_fault, WIRE_TRAILING_BYTES, payload_section);
    }
    *out_list = list;
    return true;
}

static void put_selector(struct byte_writer *out, const struct traffic_selector *selector)
{
    const bool is_ipv4 = selector->start_address.family == ADDRESS_IPV4;
    const size_t addresses = 2 * address_size(selector->start_address.family);

    assert(selector->start_address.family == selector->end_address.family && addresses > 0);
    writer_put_u8(out, is_ipv4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE);
    writer_put_u8(out, selector->ip_protocol);
    writer_put_u16(out, (uint16_t)(SELECTOR_SIZE + addresses));
    writer_put_u16(out, selector->start_port);
    writer_put_u16(out, selector->end_port);
    writer_put_bytes(out, address_view(&selector->start_address));
    writer_put_bytes(out, address_view(&selector->end_address));
}

void traffic_selector_list_write(struct byte_writer *out, const struct traffic_selector_list *list)
{
    assert(list->count <= TS_MOST_SELECTORS);
    writer_put_u8(out, (uint8_t)list->count);
    writer_put_zeros(out, RESERVED_SIZE);
    for (size_t i = 0; i < list->count; i++) {
        put_selector(out, &list->items[i]);
    }
}
