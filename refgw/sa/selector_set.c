// Traffic selectors (RFC 7296, sections 2.9 and 3.13.1; RFC 4301, section 4.4.1.1).
#include "refgw/sa/selector_set.h"

#include <stddef.h>

enum { OPAQUE_START = 65535, OPAQUE_END = 0, LAST_PORT = 65535 };

static bool ports_are_any(const struct selector *selector)
{
    return selector->start_port == 0 && selector->end_port == LAST_PORT;
}

static bool ports_are_opaque(const struct selector *selector)
{
    return selector->start_port == OPAQUE_START && selector->end_port == OPAQUE_END;
}

// ANY holds OPAQUE too (RFC 4301, section 4.4.1.1); a range of ports does not.
static bool ports_contain(const struct selector *outer, const struct selector *inner)
{
    if (ports_are_any(outer)) {
        return true;
    }
    if (ports_are_opaque(outer) || ports_are_opaque(inner)) {
        return ports_are_opaque(outer) && ports_are_opaque(inner);
    }
    return outer->start_port <= inner->start_port && inner->end_port <= outer->end_port;
}

bool selector_contains(const struct selector *outer, const struct selector *inner)
{
    return (outer->ip_protocol == 0 || outer->ip_protocol == inner->ip_protocol) &&
           outer->start_address.family == inner->start_address.family &&
           address_compare(&outer->start_address, &inner->start_address) <= 0 &&
           address_compare(&inner->end_address, &outer->end_address) <= 0 &&
           ports_contain(outer, inner);
}

static bool ports_intersect(const struct selector *left, const struct selector *right,
                            struct selector *out_common)
{
    if (ports_contain(left, right) || ports_contain(right, left)) {
        const struct selector *smaller = ports_contain(left, right) ? right : left;
        out_common->start_port = smaller->start_port;
        out_common->end_port = smaller->end_port;
        return true;
    }
    if (ports_are_opaque(left) || ports_are_opaque(right)) {
        return false;
    }
    out_common->start_port =
        left->start_port > right->start_port ? left->start_port : right->start_port;
    out_common->end_port = left->end_port < right->end_port ? left->end_port : right->end_port;
    return out_common->start_port <= out_common->end_port;
}

bool selector_intersect(const struct selector *left, const struct selector *right,
                        struct selector *out_common)
{
    struct selector common;
    if (left->start_address.family != right->start_address.family ||
        (left->ip_protocol != 0 && right->ip_protocol != 0 &&
         left->ip_protocol != right->ip_protocol)) {
        return false;
    }
    common.ip_protocol = left->ip_protocol != 0 ? left->ip_protocol : right->ip_protocol;
    common.start_address = address_compare(&left->start_address, &right->start_address) > 0
                               ? left->start_address
                               : right->start_address;
    common.end_address = address_compare(&left->end_address, &right->end_address) < 0
                             ? left->end_address
                             : right->end_address;
    if (address_compare(&common.start_address, &common.end_address) > 0 ||
        !ports_intersect(left, right, &common)) {
        return false;
    }
    *out_common = common;
    return true;
}

bool selector_set_matches(const struct selector_set *set, const struct ip_address *address,
                          uint8_t ip_protocol, uint16_t port)
{
    const struct selector packet = {
        .ip_protocol = ip_protocol,
        .start_port = port,
        .end_port = port,
        .start_address = *address,
        .end_address = *address,
    };
    for (size_t i = 0; i < set->count; i++) {
        if (selector_contains(&set->items[i], &packet)) {
            return true;
        }
    }
    return false;
}

static bool set_contains(const struct selector_set *set, const struct selector *selector)
{
    for (size_t i = 0; i < set->count; i++) {
        if (selector_contains(&set->items[i], selector)) {
            return true;
        }
    }
    return false;
}

// Adds a selector unless the set has it already, and drops what it makes superfluous. A full
// set stays as it is: less than what was asked for is still a narrowing.
static void set_add(struct selector_set *set, const struct selector *selector)
{
    size_t kept = 0;
    if (set_contains(set, selector)) {
        return;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (!selector_contains(selector, &set->items[i])) {
            set->items[kept] = set->items[i];
            kept++;
        }
    }
    set->count = kept;
    if (set->count < SELECTOR_SET_MOST) {
        set->items[set->count] = *selector;
        set->count++;
    }
}

static void add_common_parts(struct selector_set *set, const struct selector *offered,
                             const struct selector_set *allowed)
{
    for (size_t i = 0; i < allowed->count; i++) {
        struct selector common;
        if (selector_intersect(offered, &allowed->items[i], &common)) {
            set_add(set, &common);
        }
    }
}

bool selector_set_narrow(const struct selector_set *offered, const struct selector_set *allowed,
                         struct selector_set *out_narrowed)
{
    struct selector_set narrowed = {0};
    for (size_t i = 0; i < offered->count; i++) {
        add_common_parts(&narrowed, &offered->items[i], allowed);
    }
    if (narrowed.count == 0) {
        return false;
    }
    *out_narrowed = narrowed;
    return true;
}

bool selector_set_is_subset(const struct selector_set *inner, const struct selector_set *outer)
{
    for (size_t i = 0; i < inner->count; i++) {
        if (!set_contains(outer, &inner->items[i])) {
            return false;
        }
    }
    return true;
}
