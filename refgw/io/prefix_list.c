#include "refgw/io/prefix_list.h"

static bool bit_is_set(const struct ip_address *address, unsigned bit)
{
    return (address->bytes[bit / 8] & (0x80U >> (bit % 8))) != 0;
}

// The last address of a prefix.
static struct ip_address prefix_end(const struct ip_address *start, unsigned length, unsigned bits)
{
    struct ip_address end = *start;
    for (unsigned bit = length; bit < bits; bit++) {
        end.bytes[bit / 8] = (uint8_t)(end.bytes[bit / 8] | (0x80U >> (bit % 8)));
    }
    return end;
}

// The shortest prefix that starts at `start` and does not reach beyond `last`.
static unsigned widest_length(const struct ip_address *start, const struct ip_address *last,
                              unsigned bits)
{
    unsigned length = bits;
    while (length > 0 && !bit_is_set(start, length - 1)) {
        const struct ip_address end = prefix_end(start, length - 1, bits);
        if (address_compare(&end, last) > 0) {
            break;
        }
        length--;
    }
    return length;
}

// Adds one to an address; false when it was the highest of its family.
static bool step(struct ip_address *address)
{
    for (size_t i = address_size(address->family); i > 0; i--) {
        address->bytes[i - 1]++;
        if (address->bytes[i - 1] != 0) {
            return true;
        }
    }
    return false;
}

void prefix_list_from_range(const struct ip_address *first, const struct ip_address *last,
                            struct prefix_list *out_list)
{
    const unsigned bits = (unsigned)(8 * address_size(first->family));
    struct ip_address start = *first;
    out_list->count = 0;
    if (bits == 0 || first->family != last->family) {
        return;
    }
    while (address_compare(&start, last) <= 0 && out_list->count < PREFIX_LIST_MOST) {
        const unsigned length = widest_length(&start, last, bits);
        out_list->items[out_list->count] =
            (struct prefix){.address = start, .length = (uint8_t)length};
        out_list->count++;
        start = prefix_end(&start, length, bits);
        if (!step(&start)) {
            return;
        }
    }
}
