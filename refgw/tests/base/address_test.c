#include "refgw/base/address.h"
#include "harness/tap/tap.h"

#include <string.h>

static void parses_and_formats(const char *text, enum address_family family)
{
    struct ip_address address = {0};
    char back[ADDRESS_TEXT_SIZE];
    const bool parsed = address_parse(text, &address);
    address_format(&address, back);
    ok(parsed && address.family == family && strcmp(text, back) == 0, "%s", text);
}

static void addresses_go_there_and_back(void)
{
    parses_and_formats("0.0.0.0", ADDRESS_IPV4);
    parses_and_formats("192.0.2.1", ADDRESS_IPV4);
    parses_and_formats("255.255.255.255", ADDRESS_IPV4);
    parses_and_formats("::", ADDRESS_IPV6);
    parses_and_formats("2001:db8::1", ADDRESS_IPV6);
    parses_and_formats("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_IPV6);
}

static void rejects_what_is_no_address(void)
{
    static const char *const wrong[] = {
        "",         "192.0.2",     "192.0.2.256", "192.0.2.1 ",   "192.0.2.1/24",
        "2001:db8", "2001:db8::g", "localhost",   "[2001:db8::1]"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct ip_address address = {.family = ADDRESS_NONE, .bytes = {77}};
        ok(!address_parse(wrong[i], &address) && address.bytes[0] == 77, "'%s'", wrong[i]);
    }
}

static void bytes_are_4_or_16(void)
{
    static const uint8_t bytes[17] = {192, 0, 2, 1};
    size_t wrong = 0;
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        struct ip_address address = {0};
        const struct byte_view view = {.data = bytes, .size = size};
        const bool accepted = address_from_bytes(view, &address);
        wrong += accepted != (size == 4 || size == 16);
        wrong += accepted && !view_equals(address_view(&address), view);
    }
    ok(wrong == 0, "4 and 16 bytes are addresses, and give the same bytes back");
    ok(address_size(ADDRESS_NONE) == 0 && address_view(&(struct ip_address){0}).size == 0,
       "no address has no bytes");
}

static void prefix_is(const char *text, const char *first, const char *last)
{
    struct ip_address got_first = {0};
    struct ip_address got_last = {0};
    char first_text[ADDRESS_TEXT_SIZE];
    char last_text[ADDRESS_TEXT_SIZE];
    const bool parsed = prefix_parse(text, &got_first, &got_last);
    address_format(&got_first, first_text);
    address_format(&got_last, last_text);
    ok(parsed && strcmp(first, first_text) == 0 && strcmp(last, last_text) == 0, "%s is %s to %s",
       text, first, last);
}

static void prefixes_have_a_first_and_a_last_address(void)
{
    prefix_is("203.0.113.64/26", "203.0.113.64", "203.0.113.127");
    prefix_is("0.0.0.0/0", "0.0.0.0", "255.255.255.255");
    prefix_is("192.0.2.1/32", "192.0.2.1", "192.0.2.1");
    prefix_is("192.0.2.1", "192.0.2.1", "192.0.2.1");
    prefix_is("192.0.2.0/31", "192.0.2.0", "192.0.2.1");
    prefix_is("128.0.0.0/1", "128.0.0.0", "255.255.255.255");
    prefix_is("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    prefix_is("2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
    prefix_is("2001:db8::1/128", "2001:db8::1", "2001:db8::1");
    prefix_is("2001:db8::1", "2001:db8::1", "2001:db8::1");
}

static void rejects_what_is_no_prefix(void)
{
    static const char *const wrong[] = {
        "",
        "/24",
        "192.0.2.0/",
        "192.0.2.0/33",
        "192.0.2.0/+24",
        "192.0.2.0/ 24",
        "192.0.2.0/24x",
        "192.0.2.0/0024",
        "192.0.2.1/24",
        "192.0.2.0/-1",
        "2001:db8::/129",
        "2001:db8::1/64",
        "192.0.2.0/24/24",
        "0000000000000000000000000000000000000000000000000000000000000000000000000000.0.0.0/8"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct ip_address first = {.bytes = {77}};
        struct ip_address last = {.bytes = {77}};
        ok(!prefix_parse(wrong[i], &first, &last) && first.bytes[0] == 77 && last.bytes[0] == 77,
           "'%.20s'", wrong[i]);
    }
}

static void endpoints_are_formatted_with_port(void)
{
    struct ip_endpoint endpoint = {.port = 4500};
    char text[ADDRESS_TEXT_SIZE];

    ok(address_parse("192.0.2.1", &endpoint.address), "an IPv4 address");
    endpoint_format(&endpoint, text);
    ok(strcmp(text, "192.0.2.1:4500") == 0, "with port");
    ok(address_parse("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", &endpoint.address), "IPv6");
    endpoint.port = 65535;
    endpoint_format(&endpoint, text);
    ok(strcmp(text, "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535") == 0, "in brackets");
    endpoint.address = (struct ip_address){0};
    endpoint_format(&endpoint, text);
    ok(strcmp(text, "none:65535") == 0, "no address is 'none'");
}

static void addresses_are_ordered(void)
{
    struct ip_address low = {0};
    struct ip_address high = {0};
    struct ip_address six = {0};
    const struct ip_address none = {0};

    ok(address_parse("192.0.2.1", &low) && address_parse("192.0.2.200", &high) &&
           address_parse("::", &six),
       "three addresses");
    ok(address_compare(&low, &high) < 0 && address_compare(&high, &low) > 0, "by bytes, unsigned");
    ok(address_compare(&high, &six) < 0 && address_compare(&six, &low) > 0, "IPv4 before IPv6");
    ok(address_compare(&none, &low) < 0, "none before IPv4");
    ok(address_equals(&low, &low) && !address_equals(&low, &high), "equality");
    ok(endpoint_equals(&(struct ip_endpoint){low, 500}, &(struct ip_endpoint){low, 500}) &&
           !endpoint_equals(&(struct ip_endpoint){low, 500}, &(struct ip_endpoint){low, 4500}),
       "of endpoints with their port");
}

int main(void)
{
    addresses_go_there_and_back();
    rejects_what_is_no_address();
    bytes_are_4_or_16();
    prefixes_have_a_first_and_a_last_address();
    rejects_what_is_no_prefix();
    endpoints_are_formatted_with_port();
    addresses_are_ordered();
    return done_testing();
}
