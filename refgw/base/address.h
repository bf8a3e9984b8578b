// address.h - IP addresses, endpoints and prefixes as plain values.
#ifndef REFGW_BASE_ADDRESS_H
#define REFGW_BASE_ADDRESS_H

#include "refgw/base/bytes.h"

enum address_family {
    ADDRESS_NONE = 0,
    ADDRESS_IPV4 = 4,
    ADDRESS_IPV6 = 6,
};

// An IPv4 address fills the first 4 bytes and leaves the others zero, so that two
// addresses are equal exactly when the structs are.
struct ip_address {
    enum address_family family;
    uint8_t bytes[16];
};

struct ip_endpoint {
    struct ip_address address;
    uint16_t port;
};

// What an IKE message or a UDP-encapsulated packet travelled on.
struct network_path {
    struct ip_endpoint local;
    struct ip_endpoint remote;
};

enum { ADDRESS_TEXT_SIZE = 64 }; // room for any address, endpoint or prefix, with the final zero

MUST_USE size_t address_size(enum address_family family); // 4, 16, or 0 for none
struct byte_view address_view(const struct ip_address *address);
// `bytes` must be 4 or 16 long; false otherwise.
MUST_USE bool address_from_bytes(struct byte_view bytes, struct ip_address *out_address);
// "192.0.2.1" or "2001:db8::1"; false for anything else.
MUST_USE bool address_parse(const char *text, struct ip_address *out_address);
// "192.0.2.0/24" to its first and last address. An address alone is a prefix of full length.
// Bits set to the right of the prefix length are an error.
MUST_USE bool prefix_parse(const char *text, struct ip_address *out_first,
                           struct ip_address *out_last);
void address_format(const struct ip_address *address, char out_text[ADDRESS_TEXT_SIZE]);
// "192.0.2.1:500", "[2001:db8::1]:4500".
void endpoint_format(const struct ip_endpoint *endpoint, char out_text[ADDRESS_TEXT_SIZE]);
// Less than, equal to or greater than zero, like memcmp; families are ordered none, IPv4, IPv6.
MUST_USE int address_compare(const struct ip_address *left, const struct ip_address *right);
MUST_USE bool address_equals(const struct ip_address *left, const struct ip_address *right);
MUST_USE bool endpoint_equals(const struct ip_endpoint *left, const struct ip_endpoint *right);

#endif
