#include "refgw/base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

size_t address_size(enum address_family family)
{
    switch (family) {
    case ADDRESS_IPV4:
        return 4;
    case ADDRESS_IPV6:
        return 16;
    case ADDRESS_NONE:
        break;
    }
    return 0;
}

struct byte_view address_view(const struct ip_address *address)
{
    return (struct byte_view){.data = address->bytes, .size = address_size(address->family)};
}

bool address_from_bytes(struct byte_view bytes, struct ip_address *out_address)
{
    if (bytes.size != 4 && bytes.size != 16) {
        return false;
    }
    struct ip_address address = {.family = bytes.size == 4 ? ADDRESS_IPV4 : ADDRESS_IPV6};
    memcpy(address.bytes, bytes.data, bytes.size);
    *out_address = address;
    return true;
}

bool address_parse(const char *text, struct ip_address *out_address)
{
    struct ip_address address = {.family = ADDRESS_IPV4};
    if (inet_pton(AF_INET, text, address.bytes) == 1) {
        *out_address = address;
        return true;
    }
    address.family = ADDRESS_IPV6;
    if (inet_pton(AF_INET6, text, address.bytes) == 1) {
        *out_address = address;
        return true;
    }
    return false;
}

// Reads a decimal number of at most three digits that fills `text` completely.
static bool parse_prefix_length(const char *text, unsigned most, unsigned *out_length)
{
    unsigned length = 0;
    const size_t digits = strlen(text);
    if (digits == 0 || digits > 3) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        length = length * 10 + (unsigned)(text[i] - '0');
    }
    *out_length = length;
    return length <= most;
}

bool prefix_parse(const char *text, struct ip_address *out_first, struct ip_address *out_last)
{
    char address_text[ADDRESS_TEXT_SIZE];
    const char *slash = strchr(text, '/');
    const size_t size = slash == NULL ? strlen(text) : (size_t)(slash - text);
    struct ip_address first;

    if (size >= sizeof(address_text)) {
        return false;
    }
    memcpy(address_text, text, size);
    address_text[size] = '\0';
    if (!address_parse(address_text, &first)) {
        return false;
    }

    const unsigned bits = (unsigned)(8 * address_size(first.family));
    unsigned length = bits;
    if (slash != NULL && !parse_prefix_length(slash + 1, bits, &length)) {
        return false;
    }
    struct ip_address last = first;
    for (unsigned bit = length; bit < bits; bit++) {
        const uint8_t mask = (uint8_t)(0x80U >> (bit % 8));
        if ((first.bytes[bit / 8] & mask) != 0) {
            return false;
        }
        last.bytes[bit / 8] = (uint8_t)(last.bytes[bit / 8] | mask);
    }
    *out_first = first;
    *out_last = last;
    return true;
}

void address_format(const struct ip_address *address, char out_text[ADDRESS_TEXT_SIZE])
{
    const int family = address->family == ADDRESS_IPV6 ? AF_INET6 : AF_INET;
    if (address->family == ADDRESS_NONE ||
        inet_ntop(family, address->bytes, out_text, ADDRESS_TEXT_SIZE) == NULL) {
        (void)snprintf(out_text, ADDRESS_TEXT_SIZE, "none");
    }
}

void endpoint_format(const struct ip_endpoint *endpoint, char out_text[ADDRESS_TEXT_SIZE])
{
    char address[ADDRESS_TEXT_SIZE];
    address_format(&endpoint->address, address);
    const bool brackets = endpoint->address.family == ADDRESS_IPV6;
    (void)snprintf(out_text, ADDRESS_TEXT_SIZE, "%s%.45s%s:%u", brackets ? "[" : "", address,
                   brackets ? "]" : "", endpoint->port);
}

int address_compare(const struct ip_address *left, const struct ip_address *right)
{
    if (left->family != right->family) {
        return left->family < right->family ? -1 : 1;
    }
    return memcmp(left->bytes, right->bytes, sizeof(left->bytes));
}

bool address_equals(const struct ip_address *left, const struct ip_address *right)
{
    return address_compare(left, right) == 0;
}

bool endpoint_equals(const struct ip_endpoint *left, const struct ip_endpoint *right)
{
    return address_equals(&left->address, &right->address) && left->port == right->port;
}
