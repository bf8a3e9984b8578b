// prefix_list_test.c - ranges of addresses as the fewest prefixes.
#include "refgw/io/prefix_list.h"

#include "harness/tap/tap.h"

#include <stdio.h>
#include <string.h>

static void is_list(const char *first_text, const char *last_text, const char *wanted)
{
    struct ip_address first = {0};
    struct ip_address last = {0};
    struct prefix_list list;
    char got[512] = "";
    size_t used = 0;
    if (!address_parse(first_text, &first) || !address_parse(last_text, &last)) {
        note("bad addresses");
    }
    prefix_list_from_range(&first, &last, &list);
    for (size_t i = 0; i < list.count && used < sizeof(got); i++) {
        char address[ADDRESS_TEXT_SIZE];
        address_format(&list.items[i].address, address);
        used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%s/%u", i == 0 ? "" : " ",
                                 address, list.items[i].length);
    }
    ok(strcmp(got, wanted) == 0, "%s - %s is %s", first_text, last_text, got);
}

static void counts_the_longest_list(void)
{
    struct ip_address first = {.family = ADDRESS_IPV6};
    struct ip_address last = {.family = ADDRESS_IPV6};
    struct prefix_list list;
    memset(last.bytes, 0xff, sizeof(last.bytes));
    first.bytes[15] = 1;
    last.bytes[15] = 0xfe;
    prefix_list_from_range(&first, &last, &list);
    ok(list.count == 254, "the longest IPv6 list has 254 prefixes");
}

static void mixed_families_are_empty(void)
{
    const struct ip_address ipv4 = {.family = ADDRESS_IPV4};
    const struct ip_address ipv6 = {.family = ADDRESS_IPV6};
    const struct ip_address none = {0};
    struct prefix_list list;
    prefix_list_from_range(&ipv4, &ipv6, &list);
    ok(list.count == 0, "IPv4 to IPv6 is no range");
    prefix_list_from_range(&none, &none, &list);
    ok(list.count == 0, "no address is no range");
}

int main(void)
{
    is_list("203.0.113.0", "203.0.113.63", "203.0.113.0/26");
    is_list("192.0.2.1", "192.0.2.1", "192.0.2.1/32");
    is_list("0.0.0.0", "255.255.255.255", "0.0.0.0/0");
    is_list("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0");
    is_list("192.0.2.1", "192.0.2.6", "192.0.2.1/32 192.0.2.2/31 192.0.2.4/31 192.0.2.6/32");
    is_list("255.255.255.254", "255.255.255.255", "255.255.255.254/31");
    is_list("2001:db8::", "2001:db8::2", "2001:db8::/127 2001:db8::2/128");
    is_list("192.0.2.9", "192.0.2.1", "");
    counts_the_longest_list();
    mixed_families_are_empty();
    return done_testing();
}
