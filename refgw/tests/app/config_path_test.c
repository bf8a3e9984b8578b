// config_path_test.c - the words about cookies, fragments, keepalives and MOBIKE.
#include "refgw/app/config.h"

#include "harness/tap/tap.h"

#include <stdio.h>
#include <string.h>

static struct config_faults faults;

static bool parse_with(const char *gateway, const char *connection, struct config *out_config)
{
    char text[2000];
    (void)snprintf(text, sizeof(text),
                   "gateway { %s }\nconnection c { remote 198.51.100.1; id local fqdn a.example;"
                   "id remote any; auth psk x; %s; child n { local 203.0.113.0/26;"
                   "remote 203.0.113.64/26 } }\n",
                   gateway, connection);
    const struct byte_view view = {.data = (const uint8_t *)text, .size = strlen(text)};
    faults.count = 0;
    return config_parse(view, "/nonexistent", out_config, &faults);
}

static void defaults_are_those_of_the_documentation(void)
{
    struct config config;
    if (!ok(parse_with("", "liveness 0s", &config), "nothing said")) {
        return;
    }
    const struct ike_policy *policy = &config.policy;
    ok(policy->most_half_open_per_address == 200 && policy->cookie_threshold == 300, "half-open");
    ok(!policy->fragmentation.is_off && policy->fragmentation.ipv4_size == 1280 &&
           policy->fragmentation.ipv6_size == 1280,
       "fragmentation");
    ok(policy->keepalive_interval.nanoseconds == 20000000000U, "keepalive");
    ok(!policy->connections[0].uses_mobike && !policy->connections[0].forbids_nat &&
           policy->connections[0].roaming_ranges.count == 0,
       "mobike, nat, roaming");
    config_clear(&config);
}

static void every_word_is_read(void)
{
    struct config config;
    if (!ok(parse_with("half-open per-address 5 cookie-threshold 0; keepalive 0s;"
                       "fragmentation off ipv6 1400 ipv4 576",
                       "mobike on; nat forbid; roaming 192.0.2.0/24 2001:db8::/32", &config),
            "all words")) {
        return;
    }
    const struct ike_policy *policy = &config.policy;
    const struct policy_connection *connection = &policy->connections[0];
    ok(policy->most_half_open_per_address == 5 && policy->cookie_threshold == 0, "half-open");
    ok(policy->keepalive_interval.nanoseconds == 0, "keepalive");
    ok(policy->fragmentation.is_off && policy->fragmentation.ipv4_size == 576 &&
           policy->fragmentation.ipv6_size == 1400,
       "fragmentation");
    ok(connection->uses_mobike && connection->forbids_nat, "mobike, nat");
    ok(connection->roaming_ranges.count == 2 &&
           connection->roaming_ranges.items[1].start_address.family == ADDRESS_IPV6,
       "roaming");
    config_clear(&config);
}

static void is_refused(const char *gateway, const char *connection, const char *part)
{
    struct config config;
    const bool is_taken = parse_with(gateway, connection, &config);
    if (is_taken) {
        config_clear(&config);
    }
    ok(!is_taken && faults.count > 0 && strstr(faults.items[0].message, part) != NULL, "%s%s: %s",
       gateway, connection, faults.count > 0 ? faults.items[0].message : "");
}

static void wrong_values_are_named(void)
{
    is_refused("half-open per-address 0", "liveness 0s", "is no number of half-open SAs");
    is_refused("half-open cookie-threshold x", "liveness 0s", "is no cookie threshold");
    is_refused("fragmentation", "liveness 0s", "write: fragmentation on|off");
    is_refused("fragmentation maybe", "liveness 0s", "fragmentation is on or off");
    is_refused("fragmentation on ipv4", "liveness 0s", "write: fragmentation on|off");
    is_refused("fragmentation on ipv5 1280", "liveness 0s", "unknown word \"ipv5\"");
    is_refused("fragmentation on ipv4 255", "liveness 0s", "is no size of an IP datagram");
    is_refused("keepalive often", "liveness 0s", "is no duration");
    is_refused("", "mobike maybe", "write: mobike on|off");
    is_refused("", "nat", "write: nat allow|forbid");
    is_refused("", "roaming here", "\"here\" is no prefix");
}

int main(void)
{
    defaults_are_those_of_the_documentation();
    every_word_is_read();
    wrong_values_are_named();
    return done_testing();
}
