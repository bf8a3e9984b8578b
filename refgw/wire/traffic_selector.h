// traffic_selector.h - the TSi and TSr payloads (RFC 7296, section 3.13).
#ifndef REFGW_WIRE_TRAFFIC_SELECTOR_H
#define REFGW_WIRE_TRAFFIC_SELECTOR_H

#include "refgw/base/address.h"
#include "refgw/iana/ikev2_numbers.h"
#include "refgw/wire/wire_fault.h"

enum { TS_MOST_SELECTORS = 64 };

// A range of addresses of one family, a protocol (0: any) and a range of ports. Any port is
// 0-65535; OPAQUE is 65535-0. For ICMP, a port is type * 256 + code.
struct traffic_selector {
    uint8_t ip_protocol;
    uint16_t start_port;
    uint16_t end_port;
    struct ip_address start_address;
    struct ip_address end_address;
};

struct traffic_selector_list {
    size_t count;
    struct traffic_selector items[TS_MOST_SELECTORS];
    bool has_unknown_type; // a selector type that was skipped (e.g. RFC 4595, labels)
};

// Reads the body of a TS payload. Selectors whose start is after their end are a fault,
// OPAQUE ports excepted.
MUST_USE bool traffic_selector_list_read(struct byte_view body,
                                         struct traffic_selector_list *out_list,
                                         struct wire_fault *out_fault);
void traffic_selector_list_write(struct byte_writer *out, const struct traffic_selector_list *list);

#endif
