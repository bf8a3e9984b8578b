// prefix_list.h - a range of addresses as the fewest prefixes: what routing tables understand.
#ifndef REFGW_IO_PREFIX_LIST_H
#define REFGW_IO_PREFIX_LIST_H

#include "refgw/base/address.h"

enum { PREFIX_LIST_MOST = 256 }; // an IPv6 range needs at most 254

struct prefix {
    struct ip_address address;
    uint8_t length; // bits
};

struct prefix_list {
    size_t count;
    struct prefix items[PREFIX_LIST_MOST];
};

// `first` and `last` are of one family and in order; otherwise the list is empty.
void prefix_list_from_range(const struct ip_address *first, const struct ip_address *last,
                            struct prefix_list *out_list);

#endif
