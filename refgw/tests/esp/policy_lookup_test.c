#include "refgw/esp/policy_lookup.h"
#include "harness/tap/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct selector_set one(const char *text)
{
    struct selector_set set = {.count = 1};
    if (!selector_parse(text, &set.items[0])) {
        abort();
    }
    return set;
}

static bool add(struct policy_list *list, const char *child, const char *local, const char *remote)
{
    struct esp_policy policy = {.connection = "tunnel", .local = one(local), .remote = one(remote)};
    (void)snprintf(policy.child, sizeof(policy.child), "%s", child);
    return policy_list_add(list, &policy);
}

static struct packet_fields fields_of(const char *source, const char *destination,
                                      uint8_t ip_protocol)
{
    struct packet_fields fields = {.ip_protocol = ip_protocol};
    if (!address_parse(source, &fields.source) ||
        !address_parse(destination, &fields.destination)) {
        abort();
    }
    return fields;
}

static void the_first_match_decides(void)
{
    struct policy_list list = {0};
    ok(add(&list, "narrow", "192.0.2.0/25", "0.0.0.0/0") &&
           add(&list, "wide", "192.0.2.0/24", "0.0.0.0/0") &&
           add(&list, "six", "2001:db8::/32", "::/0"),
       "three policies");
    struct packet_fields fields = fields_of("192.0.2.1", "198.51.100.1", 17);
    const struct esp_policy *policy = policy_list_match(&list, &fields);
    ok(policy != NULL && strcmp(policy->child, "narrow") == 0, "the first of two matches");
    fields = fields_of("192.0.2.200", "198.51.100.1", 17);
    policy = policy_list_match(&list, &fields);
    ok(policy != NULL && strcmp(policy->child, "wide") == 0, "the second, where the first ends");
    fields = fields_of("2001:db8::1", "2001:db8:ffff::1", 58);
    policy = policy_list_match(&list, &fields);
    ok(policy != NULL && strcmp(policy->child, "six") == 0, "families are apart");
    fields = fields_of("203.0.113.1", "198.51.100.1", 17);
    ok(policy_list_match(&list, &fields) == NULL, "nothing matches another source");
    policy_list_clear(&list);
    ok(policy_list_match(&list, &fields) == NULL, "nothing matches in an empty list");
}

static void a_name_keeps_its_place(void)
{
    struct policy_list list = {0};
    struct packet_fields fields = fields_of("192.0.2.1", "198.51.100.1", 17);
    ok(add(&list, "first", "203.0.113.0/24", "0.0.0.0/0") &&
           add(&list, "second", "192.0.2.0/24", "0.0.0.0/0") &&
           add(&list, "first", "192.0.2.0/24", "0.0.0.0/0"),
       "a name is added twice");
    const struct esp_policy *policy = policy_list_match(&list, &fields);
    ok(policy != NULL && strcmp(policy->child, "first") == 0, "it is still before the other");
    ok(policy == policy_list_by_name(&list, "tunnel", "first"), "it is found by its name");
    ok(policy_list_by_name(&list, "tunnel", "third") == NULL &&
           policy_list_by_name(&list, "other", "first") == NULL,
       "other names are not found");
    policy_list_clear(&list);
}

static void matches_ports_as_they_are_shown(void)
{
    const struct selector_set any = one("0.0.0.0/0");
    const struct selector_set dns = one("0.0.0.0/0 udp 53");
    const struct selector_set opaque = one("0.0.0.0/0 udp opaque");
    const struct selector_set udp = one("0.0.0.0/0 udp");
    const struct selector_set echo = one("0.0.0.0/0 icmp 8");
    struct packet_fields fields = fields_of("192.0.2.1", "198.51.100.1", 17);

    ok(selectors_match_packet(&any, &any, &fields), "a fragment matches any protocol");
    ok(selectors_match_packet(&any, &udp, &fields), "a fragment matches any port");
    ok(selectors_match_packet(&any, &opaque, &fields), "a fragment matches the opaque port");
    ok(!selectors_match_packet(&any, &dns, &fields), "a fragment matches no port");
    fields.has_ports = true;
    fields.source_port = 1234;
    fields.destination_port = 53;
    ok(selectors_match_packet(&any, &dns, &fields), "the destination port matches");
    ok(!selectors_match_packet(&dns, &any, &fields), "the source port does not");
    ok(!selectors_match_packet(&any, &opaque, &fields), "a port that shows is not opaque");
    fields.ip_protocol = 1;
    fields.source_port = 0x0800;
    fields.destination_port = 0x0800;
    ok(selectors_match_packet(&echo, &echo, &fields), "an ICMP type matches on both sides");
    fields.source_port = 0x0000;
    fields.destination_port = 0x0000;
    ok(!selectors_match_packet(&echo, &any, &fields), "another ICMP type does not");
}

int main(void)
{
    the_first_match_decides();
    a_name_keeps_its_place();
    matches_ports_as_they_are_shown();
    return done_testing();
}
