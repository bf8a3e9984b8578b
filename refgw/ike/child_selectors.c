#include "refgw/ike/child_selectors.h"

#include "refgw/wire/traffic_selector.h"

void selectors_put(struct message_draft *draft, uint8_t payload_type,
                   const struct selector_set *set)
{
    struct traffic_selector_list list = {.count = set->count};
    for (size_t i = 0; i < set->count; i++) {
        const struct selector *selector = &set->items[i];
        list.items[i] = (struct traffic_selector){
            .ip_protocol = selector->ip_protocol,
            .start_port = selector->start_port,
            .end_port = selector->end_port,
            .start_address = selector->start_address,
            .end_address = selector->end_address,
        };
    }
    payload_begin(draft, payload_type, false);
    traffic_selector_list_write(draft->out, &list);
    payload_end(draft);
}

bool selectors_read(struct byte_view body, struct selector_set *out_set)
{
    struct traffic_selector_list list;
    struct wire_fault fault;
    struct selector_set set = {.count = 0};

    if (!traffic_selector_list_read(body, &list, &fault)) {
        return false;
    }
    while (set.count < list.count && set.count < SELECTOR_SET_MOST) {
        const struct traffic_selector *selector = &list.items[set.count];
        set.items[set.count] = (struct selector){
            .ip_protocol = selector->ip_protocol,
            .start_port = selector->start_port,
            .end_port = selector->end_port,
            .start_address = selector->start_address,
            .end_address = selector->end_address,
        };
        set.count++;
    }
    *out_set = set;
    return true;
}
