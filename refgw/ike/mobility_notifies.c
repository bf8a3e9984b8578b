#include "refgw/ike/mobility_notifies.h"

#include "refgw/wire/notify.h"

enum { NO_NATS_MOST_SIZE = 2 * 16 + 2 * 2 };

void mobility_notifies_put_addresses(const struct ike_sa *sa, bool says_none,
                                     struct outgoing_draft *draft)
{
    const struct address_list *list = &sa->mobility.announced;
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct ip_address *address = &list->items[i];
        if (!address_equals(address, &sa->path.local.address)) {
            const bool is_ipv4 = address->family == ADDRESS_IPV4;
            outgoing_draft_put_notify(
                draft, is_ipv4 ? NOTIFY_ADDITIONAL_IP4_ADDRESS : NOTIFY_ADDITIONAL_IP6_ADDRESS,
                address_view(address));
            count++;
        }
    }
    if (count == 0 && says_none) {
        outgoing_draft_put_notify(draft, NOTIFY_NO_ADDITIONAL_ADDRESSES,
                                  (struct byte_view){.size = 0});
    }
}

// Whether the notify is about addresses; a well-formed one goes into the list.
static bool take_address(const struct notify *notify, struct address_list *list)
{
    struct ip_address address;
    if (notify->type == NOTIFY_NO_ADDITIONAL_ADDRESSES) {
        return true;
    }
    if (notify->type != NOTIFY_ADDITIONAL_IP4_ADDRESS &&
        notify->type != NOTIFY_ADDITIONAL_IP6_ADDRESS) {
        return false;
    }
    const enum address_family family =
        notify->type == NOTIFY_ADDITIONAL_IP4_ADDRESS ? ADDRESS_IPV4 : ADDRESS_IPV6;
    // More than we have room for are not needed to find one that works.
    if (list->count < ADDRESS_LIST_MOST && notify->data.size == address_size(family) &&
        address_from_bytes(notify->data, &address) && !address_list_has(list, &address)) {
        list->items[list->count] = address;
        list->count++;
    }
    return true;
}

bool mobility_notifies_take_addresses(const struct exchange *exchange, struct address_list *list)
{
    struct address_list fresh = {.count = 0};
    bool is_told = false;
    for (size_t i = 0; i < exchange->payloads->count; i++) {
        const struct payload *payload = &exchange->payloads->items[i];
        struct notify notify;
        struct wire_fault fault;
        if (payload->type == IKE_PAYLOAD_NOTIFY && notify_read(payload->body, &notify, &fault)) {
            is_told = take_address(&notify, &fresh) || is_told;
        }
    }
    if (is_told) {
        *list = fresh;
    }
    return is_told;
}

// Source address, destination address, source port, destination port of a message that goes from
// `source` to `destination` (section 4.2.6).
static struct byte_view write_no_nats(const struct ip_endpoint *source,
                                      const struct ip_endpoint *destination,
                                      uint8_t buffer[NO_NATS_MOST_SIZE])
{
    struct byte_writer out = writer_into(buffer, NO_NATS_MOST_SIZE);
    struct byte_view bytes = {.size = 0};
    writer_put_bytes(&out, address_view(&source->address));
    writer_put_bytes(&out, address_view(&destination->address));
    writer_put_u16(&out, source->port);
    writer_put_u16(&out, destination->port);
    return writer_finish(&out, &bytes) ? bytes : (struct byte_view){.size = 0};
}

void mobility_notifies_put_no_nats(const struct network_path *path, struct outgoing_draft *draft)
{
    uint8_t buffer[NO_NATS_MOST_SIZE];
    outgoing_draft_put_notify(draft, NOTIFY_NO_NATS_ALLOWED,
                              write_no_nats(&path->local, &path->remote, buffer));
}

bool mobility_notifies_allow_path(struct exchange *exchange)
{
    uint8_t buffer[NO_NATS_MOST_SIZE];
    struct byte_view told;
    if (!exchange_find_notify(exchange, NOTIFY_NO_NATS_ALLOWED, &told)) {
        return true;
    }
    //= rfc4555#section-3.9
    //# The exchange responder MUST verify that the contents of the
    //# NO_NATS_ALLOWED notification match the addresses in the IP header.
    const struct byte_view seen =
        write_no_nats(&exchange->path->remote, &exchange->path->local, buffer);
    if (view_equals(told, seen)) {
        return true;
    }
    exchange_answer_only(exchange, NOTIFY_UNEXPECTED_NAT_DETECTED, (struct byte_view){.size = 0});
    return false;
}
