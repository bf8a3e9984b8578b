// selector_set.h - a set of traffic selectors: what a CHILD_SA may carry on one side.
#ifndef REFGW_SA_SELECTOR_SET_H
#define REFGW_SA_SELECTOR_SET_H

#include "refgw/base/address.h"

enum { SELECTOR_SET_MOST = 32, SELECTOR_TEXT_SIZE = 160 };

// One range of addresses (one family), a protocol (0: any), a range of ports. ICMP type and
// code stand in the ports as type * 256 + code (RFC 7296, section 3.13.1).
struct selector {
    uint8_t ip_protocol;
    uint16_t start_port;
    uint16_t end_port;
    struct ip_address start_address;
    struct ip_address end_address;
};

// Order is the order of the wire or of the configuration.
struct selector_set {
    size_t count;
    struct selector items[SELECTOR_SET_MOST];
};

// "192.0.2.0/24", "192.0.2.0/24 tcp 443", "2001:db8::/32 icmpv6 128", "192.0.2.1 - 192.0.2.9".
MUST_USE bool selector_parse(const char *text, struct selector *out_selector);
void selector_format(const struct selector *selector, char out_text[SELECTOR_TEXT_SIZE]);
MUST_USE bool selector_contains(const struct selector *outer, const struct selector *inner);
// What both contain; false when that is nothing.
MUST_USE bool selector_intersect(const struct selector *left, const struct selector *right,
                                 struct selector *out_common);
// Whether a packet's field values are inside one of the selectors.
MUST_USE bool selector_set_matches(const struct selector_set *set, const struct ip_address *address,
                                   uint8_t ip_protocol, uint16_t port);
// Narrowing (RFC 7296, section 2.9): the part of `offered` that `allowed` permits, in the
// order of `offered`, without duplicates or subsets. False when nothing is left.
MUST_USE bool selector_set_narrow(const struct selector_set *offered,
                                  const struct selector_set *allowed,
                                  struct selector_set *out_narrowed);
MUST_USE bool selector_set_is_subset(const struct selector_set *inner,
                                     const struct selector_set *outer);

#endif
