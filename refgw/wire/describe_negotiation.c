#include "refgw/wire/describe_bodies.h"

#include "refgw/iana/ikev2_names.h"
#include "refgw/wire/json_text.h"
#include "refgw/wire/key_exchange.h"
#include "refgw/wire/security_association.h"
#include "refgw/wire/traffic_selector.h"

// The word of configurations, where there is one: "aes128gcm16", "x25519".
static void put_keyword(const struct text_sink *sink, unsigned type, unsigned number,
                        unsigned key_bits)
{
    const char *keyword = transform_keyword_name(type, number, key_bits);
    if (keyword != NULL) {
        json_member_text(sink, "keyword", keyword);
    }
}

static void put_transform(const struct text_sink *sink, const struct transform *transform)
{
    text_put(sink, "{\"type\":");
    json_put_name(sink, transform_type_name(transform->type), transform->type);
    json_member_name(sink, "name", transform_name(transform->type, transform->number),
                     transform->number);
    json_member_number(sink, "number", transform->number);
    if (transform->key_bits != 0) {
        json_member_number(sink, "key_bits", transform->key_bits);
    }
    put_keyword(sink, transform->type, transform->number, transform->key_bits);
    if (transform->has_unknown_attribute) {
        json_member_true(sink, "unknown_attribute");
    }
    text_put(sink, "}");
}

static void put_proposal(const struct text_sink *sink, const struct proposal *proposal)
{
    text_put(sink, "{\"number\":");
    text_put_number(sink, proposal->number);
    json_member_name(sink, "protocol", protocol_id_name(proposal->protocol), proposal->protocol);
    json_member_hex(sink, "spi", proposal->spi);
    text_put(sink, ",\"transforms\":[");
    for (size_t i = 0; i < proposal->transform_count; i++) {
        text_put(sink, i == 0 ? "" : ",");
        put_transform(sink, &proposal->transforms[i]);
    }
    text_put(sink, "]}");
}

bool describe_security_association(struct byte_view body, const struct text_sink *sink,
                                   struct wire_fault *out_fault)
{
    struct security_association association;
    if (!security_association_read(body, &association, out_fault)) {
        return false;
    }
    text_put(sink, ",\"proposals\":[");
    for (size_t i = 0; i < association.proposal_count; i++) {
        text_put(sink, i == 0 ? "" : ",");
        put_proposal(sink, &association.proposals[i]);
    }
    text_put(sink, "]");
    return true;
}

bool describe_key_exchange(struct byte_view body, const struct text_sink *sink,
                           struct wire_fault *out_fault)
{
    struct key_exchange exchange;
    if (!key_exchange_read(body, &exchange, out_fault)) {
        return false;
    }
    json_member_name(sink, "method", transform_name(IKE_TRANSFORM_KE, exchange.method),
                     exchange.method);
    json_member_number(sink, "number", exchange.method);
    put_keyword(sink, IKE_TRANSFORM_KE, exchange.method, 0);
    json_members_size_and_data(sink, exchange.data);
    return true;
}

// The range as a prefix, when it is one.
static bool prefix_of(const struct traffic_selector *selector, unsigned *out_length)
{
    const unsigned bits = (unsigned)(8 * address_size(selector->start_address.family));
    unsigned same = 0;
    bool is_prefix = true;

    for (unsigned bit = 0; bit < bits; bit++) {
        const uint8_t mask = (uint8_t)(0x80U >> (bit % 8));
        const bool start = (selector->start_address.bytes[bit / 8] & mask) != 0;
        const bool end = (selector->end_address.bytes[bit / 8] & mask) != 0;
        if (start == end && same == bit) {
            same++;
        } else if (start || !end) {
            is_prefix = false;
        }
    }
    *out_length = same;
    return is_prefix;
}

static void put_addresses(const struct text_sink *sink, const struct traffic_selector *selector)
{
    char start[ADDRESS_TEXT_SIZE];
    char end[ADDRESS_TEXT_SIZE];
    unsigned prefix_length;

    address_format(&selector->start_address, start);
    address_format(&selector->end_address, end);
    text_put(sink, "{\"range\":\"");
    text_put(sink, start);
    text_put(sink, "-");
    text_put(sink, end);
    text_put(sink, "\"");
    if (prefix_of(selector, &prefix_length)) {
        text_put(sink, ",\"prefix\":\"");
        text_put(sink, start);
        text_put(sink, "/");
        text_put_number(sink, prefix_length);
        text_put(sink, "\"");
    }
}

static void put_selector(const struct text_sink *sink, const struct traffic_selector *selector)
{
    put_addresses(sink, selector);
    json_member_number(sink, "protocol", selector->ip_protocol);
    if (selector->start_port > selector->end_port) {
        json_member_text(sink, "ports", "opaque");
    } else {
        text_put(sink, ",\"ports\":\"");
        text_put_number(sink, selector->start_port);
        text_put(sink, "-");
        text_put_number(sink, selector->end_port);
        text_put(sink, "\"");
    }
    text_put(sink, "}");
}

bool describe_traffic_selectors(struct byte_view body, const struct text_sink *sink,
                                struct wire_fault *out_fault)
{
    struct traffic_selector_list list;
    if (!traffic_selector_list_read(body, &list, out_fault)) {
        return false;
    }
    text_put(sink, ",\"selectors\":[");
    for (size_t i = 0; i < list.count; i++) {
        text_put(sink, i == 0 ? "" : ",");
        put_selector(sink, &list.items[i]);
    }
    text_put(sink, "]");
    if (list.has_unknown_type) {
        json_member_true(sink, "unknown_selector");
    }
    return true;
}
