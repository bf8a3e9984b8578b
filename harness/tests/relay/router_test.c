#include "harness/relay/router.h"

#include "harness/tap/tap.h"
#include "harness/tests/relay/sample_packets.h"

static bool add_link(struct router *router, enum relay_side side, const char *text, unsigned length)
{
    struct ip_address address;
    return address_parse(text, &address) && router_add_link(router, side, &address, length);
}

static struct router lab_router(void)
{
    struct router router = {0};
    ok(add_link(&router, RELAY_WEST, "192.0.2.254", 24) &&
           add_link(&router, RELAY_WEST, "2001:db8:a::fe", 64) &&
           add_link(&router, RELAY_WEST, "fe80::1", 64) &&
           add_link(&router, RELAY_EAST, "198.51.100.254", 24) &&
           add_link(&router, RELAY_EAST, "2001:db8:b::fe", 64),
       "links are added");
    return router;
}

struct route_case {
    const char *destination;
    enum relay_side from;
    uint8_t hop_limit;
    enum router_answer answer;
    const char *next_hop;
};

static void check(const struct router *router, const struct route_case *wanted)
{
    struct packet_sight sight = {.hop_limit = wanted->hop_limit};
    enum relay_side side = wanted->from;
    struct ip_address next_hop = {0};
    char text[ADDRESS_TEXT_SIZE] = "";
    if (!address_parse(wanted->destination, &sight.destination)) {
        ok(false, "%s is an address", wanted->destination);
        return;
    }
    const enum router_answer answer = router_decide(router, &sight, wanted->from, &side, &next_hop);
    if (answer == ROUTER_FORWARD) {
        address_format(&next_hop, text);
    }
    ok(answer == wanted->answer && strcmp(text, wanted->next_hop) == 0 &&
           (answer == ROUTER_FORWARD) == (side != wanted->from),
       "%s from side %d: answer %d %s", wanted->destination, (int)wanted->from, (int)answer, text);
}

static void decides_where_packets_go(void)
{
    static const struct route_case cases[] = {
        {"198.51.100.1",   RELAY_WEST, 64, ROUTER_FORWARD,    "198.51.100.1"  },
        {"192.0.2.1",      RELAY_EAST, 2,  ROUTER_FORWARD,    "192.0.2.1"     },
        {"2001:db8:b::77", RELAY_WEST, 64, ROUTER_FORWARD,    "2001:db8:b::77"},
        {"198.51.100.1",   RELAY_WEST, 1,  ROUTER_EXPIRED,    ""              },
        {"192.0.2.9",      RELAY_WEST, 64, ROUTER_UNROUTABLE, ""              },
        {"203.0.113.66",   RELAY_WEST, 64, ROUTER_UNROUTABLE, ""              },
        {"192.0.2.254",    RELAY_WEST, 64, ROUTER_OWN,        ""              },
        {"198.51.100.254", RELAY_WEST, 64, ROUTER_OWN,        ""              },
        {"224.0.0.1",      RELAY_WEST, 64, ROUTER_OWN,        ""              },
        {"ff02::1",        RELAY_WEST, 64, ROUTER_OWN,        ""              },
        {"fe80::77",       RELAY_EAST, 64, ROUTER_OWN,        ""              },
    };
    const struct router router = lab_router();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(&router, &cases[i]);
    }
}

static void follows_added_routes(void)
{
    static const struct route_case ipv4 = {"203.0.113.66", RELAY_WEST, 64, ROUTER_FORWARD,
                                           "198.51.100.1"};
    static const struct route_case ipv6 = {"2001:db8:1::2", RELAY_EAST, 64, ROUTER_FORWARD,
                                           "2001:db8:a::1"};
    struct router router = lab_router();
    ok(router_add_route(&router, "203.0.113.64/26=east") &&
           router_add_route(&router, "2001:db8:1::/64=west"),
       "routes are added");
    check(&router, &ipv4);
    check(&router, &ipv6);
    static const char *const bad[] = {"203.0.113.64/26", "203.0.113.64/26=north",
                                      "203.0.113.65/26=east", "=east", ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(!router_add_route(&router, bad[i]), "'%s' is no route", bad[i]);
    }
}

static void takes_a_hop(void)
{
    static const struct sample_ike ike = {.exchange = 34};
    struct sample_packet packet = sample_ike(&ike);
    struct packet_sight sight;
    ok(packet_look(sample_view(&packet), &sight), "a packet");
    for (int left = 63; left > 0; left--) {
        router_take_hop(&sight, packet.bytes);
        if (!packet_look(sample_view(&packet), &sight) || sight.hop_limit != left) {
            ok(false, "hop %d", left);
            return;
        }
    }
    ok(true, "the header checksum is right at every hop");
    struct sample_packet esp = sample_esp(1);
    ok(packet_look(sample_view(&esp), &sight), "an IPv6 packet");
    router_take_hop(&sight, esp.bytes);
    ok(esp.bytes[7] == 63, "loses a hop too");
}

int main(void)
{
    decides_where_packets_go();
    follows_added_routes();
    takes_a_hop();
    return done_testing();
}
