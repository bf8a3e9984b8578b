#include "refgw/sa/selector_set.h"
#include "harness/tap/tap.h"

#include <stdlib.h>
#include <string.h>

static struct selector selector(const char *text)
{
    struct selector parsed = {0};
    if (!selector_parse(text, &parsed)) {
        note("cannot parse \"%s\"", text);
        abort();
    }
    return parsed;
}

static bool is_same(const struct selector *left, const struct selector *right)
{
    return left->ip_protocol == right->ip_protocol && left->start_port == right->start_port &&
           left->end_port == right->end_port &&
           address_equals(&left->start_address, &right->start_address) &&
           address_equals(&left->end_address, &right->end_address);
}

// "192.0.2.0/24; 198.51.100.0/24 tcp 80"
static struct selector_set set(const char *text)
{
    struct selector_set all = {0};
    char one[SELECTOR_TEXT_SIZE];
    while (*text != '\0') {
        const size_t size = strcspn(text, ";");
        if (size >= sizeof(one) || all.count == SELECTOR_SET_MOST) {
            abort();
        }
        memcpy(one, text, size);
        one[size] = '\0';
        all.items[all.count] = selector(one);
        all.count++;
        text += size + (text[size] == ';');
    }
    return all;
}

static void join(const struct selector_set *all, char *out, size_t out_size)
{
    out[0] = '\0';
    for (size_t i = 0; i < all->count; i++) {
        char one[SELECTOR_TEXT_SIZE];
        selector_format(&all->items[i], one);
        const size_t used = strlen(out);
        if (used + strlen(one) + 3 > out_size) {
            abort();
        }
        memcpy(out + used, i == 0 ? "" : "; ", i == 0 ? 1 : 3);
        memcpy(out + strlen(out), one, strlen(one) + 1);
    }
}

static void reads_and_writes_the_words(void)
{
    static const char *const rows[][2] = {
        {"192.0.2.0/24",                  "192.0.2.0/24"                 },
        {"192.0.2.1",                     "192.0.2.1/32"                 },
        {"0.0.0.0/0",                     "0.0.0.0/0"                    },
        {"::/0",                          "::/0"                         },
        {"2001:db8::/32",                 "2001:db8::/32"                },
        {"192.0.2.1 - 192.0.2.9",         "192.0.2.1 - 192.0.2.9"        },
        {"192.0.2.1-192.0.2.9",           "192.0.2.1 - 192.0.2.9"        },
        {"192.0.2.0 - 192.0.2.255",       "192.0.2.0/24"                 },
        {"2001:db8::1 - 2001:db8::5 udp", "2001:db8::1 - 2001:db8::5 udp"},
        {"  192.0.2.0/24   tcp\t443 ",    "192.0.2.0/24 tcp 443"         },
        {"192.0.2.0/24 tcp any",          "192.0.2.0/24 tcp"             },
        {"192.0.2.0/24 tcp 0-65535",      "192.0.2.0/24 tcp"             },
        {"192.0.2.0/24 6 1000-2000",      "192.0.2.0/24 tcp 1000-2000"   },
        {"192.0.2.0/24 47",               "192.0.2.0/24 47"              },
        {"192.0.2.0/24 0",                "192.0.2.0/24"                 },
        {"192.0.2.0/24 udp opaque",       "192.0.2.0/24 udp opaque"      },
        {"2001:db8::/32 icmpv6 128",      "2001:db8::/32 icmpv6 128"     },
        {"192.0.2.0/24 icmp 3/4",         "192.0.2.0/24 icmp 3/4"        },
        {"192.0.2.0/24 icmp 3-5",         "192.0.2.0/24 icmp 3/0-5/255"  },
        {"192.0.2.0/24 icmp 3/1-3/4",     "192.0.2.0/24 icmp 3/1-3/4"    },
        {"192.0.2.0/24 icmp",             "192.0.2.0/24 icmp"            },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct selector parsed;
        struct selector again;
        char text[SELECTOR_TEXT_SIZE] = "";
        const bool done = selector_parse(rows[i][0], &parsed);
        if (done) {
            selector_format(&parsed, text);
        }
        ok(done && strcmp(text, rows[i][1]) == 0, "\"%s\" is \"%s\"", rows[i][0], text);
        ok(done && selector_parse(text, &again) && is_same(&parsed, &again),
           "\"%s\" reads back the same", text);
    }
}

static void puts_icmp_type_and_code_into_the_ports(void)
{
    const struct selector echo = selector("192.0.2.0/24 icmp 8");
    const struct selector unreachable = selector("192.0.2.0/24 icmp 3/4");
    ok(echo.start_port == 0x0800 && echo.end_port == 0x08ff, "type 8 is 0x0800 to 0x08ff");
    ok(unreachable.start_port == 0x0304 && unreachable.end_port == 0x0304, "3/4 is 0x0304");
}

static void rejects_what_makes_no_sense(void)
{
    static const char *const texts[] = {
        "",
        " ",
        "192.0.2",
        "192.0.2.1/24",
        "192.0.2.0/33",
        "2001:db8::/129",
        "any",
        "192.0.2.9 - 192.0.2.1",
        "192.0.2.1 -",
        "- 192.0.2.1",
        "192.0.2.1 - 2001:db8::1",
        "192.0.2.0/24 - 192.0.3.0/24",
        "192.0.2.0/24 tcpp",
        "192.0.2.0/24 256",
        "192.0.2.0/24 tcp 65536",
        "192.0.2.0/24 tcp 80-",
        "192.0.2.0/24 tcp -80",
        "192.0.2.0/24 tcp 90-80",
        "192.0.2.0/24 tcp 80 81",
        "192.0.2.0/24 tcp 80 81 82 83",
        "192.0.2.0/24 0 80",
        "192.0.2.0/24 icmp 256",
        "192.0.2.0/24 icmp 3/256",
        "192.0.2.0/24 icmp /3",
        "192.0.2.0/24 icmp 3/",
        "192.0.2.0/24 tcp 3/4",
        "192.0.2.0/24 tcp 000080",
        "192.0.2.0/24 tcp 0x50",
        "192.0.2.0/24 tcp +80",
        "192.0.2.0/24 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct selector parsed = {.ip_protocol = 99};
        ok(!selector_parse(texts[i], &parsed) && parsed.ip_protocol == 99, "rejects \"%s\"",
           texts[i]);
    }
}

struct pair_row {
    const char *left;
    const char *right;
    const char *common; // NULL: nothing
};

static const struct pair_row pair_rows[] = {
    {"192.0.2.0/24",             "192.0.2.0/25",            "192.0.2.0/25"           },
    {"192.0.2.0/24",             "198.51.100.0/24",         NULL                     },
    {"0.0.0.0/0",                "::/0",                    NULL                     },
    {"192.0.2.1 - 192.0.2.20",   "192.0.2.10 - 192.0.2.30", "192.0.2.10 - 192.0.2.20"},
    {"192.0.2.0/24",             "192.0.2.0/24 tcp 80",     "192.0.2.0/24 tcp 80"    },
    {"192.0.2.0/24 udp",         "192.0.2.0/24 tcp",        NULL                     },
    {"192.0.2.0/24 tcp 10-20",   "192.0.2.0/24 tcp 15-30",  "192.0.2.0/24 tcp 15-20" },
    {"192.0.2.0/24 tcp 10-20",   "192.0.2.0/24 tcp 21-30",  NULL                     },
    {"192.0.2.0/24 tcp",         "192.0.2.0/24 tcp opaque", "192.0.2.0/24 tcp opaque"},
    {"192.0.2.0/24",             "192.0.2.0/24 tcp opaque", "192.0.2.0/24 tcp opaque"},
    {"192.0.2.0/24 tcp opaque",  "192.0.2.0/24 tcp opaque", "192.0.2.0/24 tcp opaque"},
    {"192.0.2.0/24 tcp 80",      "192.0.2.0/24 tcp opaque", NULL                     },
    {"192.0.2.0/24 tcp 0-65534", "192.0.2.0/24 tcp opaque", NULL                     },
    {"192.0.2.0/24 tcp 65535",   "192.0.2.0/24 tcp opaque", NULL                     },
    {"192.0.2.0/24 icmp 3-5",    "192.0.2.0/24 icmp 4",     "192.0.2.0/24 icmp 4"    },
    {"192.0.2.0/24 icmp 3/4",    "192.0.2.0/24 icmp 3/5",   NULL                     },
    {"2001:db8::/32",            "2001:db8:1::/48 udp 53",  "2001:db8:1::/48 udp 53" },
};

static void intersects(const struct pair_row *row, const char *left_text, const char *right_text)
{
    const struct selector left = selector(left_text);
    const struct selector right = selector(right_text);
    struct selector common = {.ip_protocol = 99};
    const bool found = selector_intersect(&left, &right, &common);
    if (row->common == NULL) {
        ok(!found && common.ip_protocol == 99, "\"%s\" and \"%s\" share nothing", left_text,
           right_text);
        return;
    }
    const struct selector wanted = selector(row->common);
    ok(found && is_same(&common, &wanted) && selector_contains(&left, &common) &&
           selector_contains(&right, &common),
       "\"%s\" and \"%s\" share \"%s\"", left_text, right_text, row->common);
}

static void intersects_as_the_table_says(void)
{
    for (size_t i = 0; i < sizeof(pair_rows) / sizeof(pair_rows[0]); i++) {
        intersects(&pair_rows[i], pair_rows[i].left, pair_rows[i].right);
        intersects(&pair_rows[i], pair_rows[i].right, pair_rows[i].left);
    }
}

static void contains_exactly_what_it_is_the_common_part_of(void)
{
    bool same = true;
    for (size_t i = 0; i < sizeof(pair_rows) / sizeof(pair_rows[0]); i++) {
        for (size_t j = 0; j < sizeof(pair_rows) / sizeof(pair_rows[0]); j++) {
            const struct selector outer = selector(pair_rows[i].left);
            const struct selector inner = selector(pair_rows[j].right);
            struct selector common;
            const bool is_inner =
                selector_intersect(&outer, &inner, &common) && is_same(&common, &inner);
            same = same && selector_contains(&outer, &inner) == is_inner;
        }
    }
    ok(same, "a selector contains another when the common part is the other");
}

struct narrowing_row {
    const char *what;
    const char *offered;
    const char *allowed;
    const char *narrowed; // NULL: TS_UNACCEPTABLE
};

static void narrows_as_the_table_says(void)
{
    static const struct narrowing_row rows[] = {
        {"the same",                                    "192.0.2.0/24",                  "192.0.2.0/24",                             "192.0.2.0/24"                },
        {"offered too much",                            "0.0.0.0/0",                     "192.0.2.0/24",                             "192.0.2.0/24"                },
        {"offered less than allowed",                   "192.0.2.64/26",                 "192.0.2.0/24",                             "192.0.2.64/26"               },
        {"nothing in common",                           "192.0.2.0/24",                  "198.51.100.0/24",                          NULL                          },
        {"nothing offered",                             "",                              "198.51.100.0/24",                          NULL                          },
        {"nothing allowed",                             "192.0.2.0/24",                  "",                                         NULL                          },
        {"one of two",                                  "192.0.2.0/24;203.0.113.0/24",   "203.0.113.0/24",                           "203.0.113.0/24"              },
        {"both of two, in the order offered",           "203.0.113.0/24;192.0.2.0/24",
         "192.0.2.0/24;203.0.113.0/24",                                                                                              "203.0.113.0/24; 192.0.2.0/24"},
        {"one offered, two allowed",                    "0.0.0.0/0",                     "192.0.2.0/24;203.0.113.0/24",
         "192.0.2.0/24; 203.0.113.0/24"                                                                                                                            },
        {"the packet that triggered, then the network", "192.0.2.7 tcp 80;192.0.2.0/24",
         "192.0.2.0/25",                                                                                                             "192.0.2.0/25"                },
        {"duplicates",                                  "192.0.2.0/24;192.0.2.0/24",     "192.0.2.0/24",                             "192.0.2.0/24"                },
        {"both families",                               "0.0.0.0/0;::/0",                "192.0.2.0/24;2001:db8::/32",
         "192.0.2.0/24; 2001:db8::/32"                                                                                                                             },
        {"one family left over",                        "::/0",                          "192.0.2.0/24;2001:db8::/32",               "2001:db8::/32"               },
        {"ports",                                       "192.0.2.0/24 tcp",              "192.0.2.0/24 tcp 80;192.0.2.0/24 tcp 443",
         "192.0.2.0/24 tcp 80; 192.0.2.0/24 tcp 443"                                                                                                               },
        {"protocol",                                    "192.0.2.0/24",                  "192.0.2.0/24 tcp 80",                      "192.0.2.0/24 tcp 80"         },
        {"protocols apart",                             "192.0.2.0/24 udp",              "192.0.2.0/24 tcp",                         NULL                          },
        {"opaque",                                      "192.0.2.0/24 udp opaque",       "192.0.2.0/24",                             "192.0.2.0/24 udp opaque"     },
        {"ranges that overlap",                         "192.0.2.10 - 192.0.2.40",       "192.0.2.0/27;192.0.2.32/27",
         "192.0.2.10 - 192.0.2.31; 192.0.2.32 - 192.0.2.40"                                                                                                        },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct selector_set offered = set(rows[i].offered);
        const struct selector_set allowed = set(rows[i].allowed);
        struct selector_set narrowed = {.count = 77};
        char text[SELECTOR_SET_MOST * SELECTOR_TEXT_SIZE] = "";
        const bool done = selector_set_narrow(&offered, &allowed, &narrowed);
        if (rows[i].narrowed == NULL) {
            ok(!done && narrowed.count == 77, "%s: nothing is left", rows[i].what);
            continue;
        }
        if (done) {
            join(&narrowed, text, sizeof(text));
        }
        ok(done && strcmp(text, rows[i].narrowed) == 0, "%s: %s", rows[i].what, text);
        ok(selector_set_is_subset(&narrowed, &offered) &&
               selector_set_is_subset(&narrowed, &allowed),
           "%s: a subset of both sides", rows[i].what);
    }
}

static void narrows_to_a_full_set_at_most(void)
{
    struct selector_set offered = {0};
    struct selector_set allowed = {0};
    struct selector_set narrowed;
    for (size_t i = 0; i < SELECTOR_SET_MOST; i++) {
        offered.items[i] = selector("192.0.2.0/24 tcp");
        offered.items[i].start_address.bytes[3] = (uint8_t)i;
        offered.items[i].end_address.bytes[3] = (uint8_t)i;
        allowed.items[i] = selector("192.0.2.0/24 tcp");
        allowed.items[i].start_port = (uint16_t)i;
        allowed.items[i].end_port = (uint16_t)i;
    }
    offered.count = SELECTOR_SET_MOST;
    allowed.count = SELECTOR_SET_MOST;
    ok(selector_set_narrow(&offered, &allowed, &narrowed) && narrowed.count == SELECTOR_SET_MOST,
       "32 times 32 selectors narrow to 32");
    ok(selector_set_is_subset(&narrowed, &offered) && selector_set_is_subset(&narrowed, &allowed),
       "and these are allowed");
}

static void matches_packets(void)
{
    const struct selector_set all = set("192.0.2.0/24 tcp 80-90;2001:db8::/32");
    struct ip_address inside;
    struct ip_address outside;
    struct ip_address six;
    if (!address_parse("192.0.2.7", &inside) || !address_parse("192.0.3.7", &outside) ||
        !address_parse("2001:db8::7", &six)) {
        abort();
    }
    ok(selector_set_matches(&all, &inside, 6, 80), "address, protocol and port match");
    ok(selector_set_matches(&all, &inside, 6, 90), "the last port matches");
    ok(!selector_set_matches(&all, &inside, 6, 91), "another port does not");
    ok(!selector_set_matches(&all, &inside, 17, 80), "another protocol does not");
    ok(!selector_set_matches(&all, &outside, 6, 80), "another address does not");
    ok(selector_set_matches(&all, &six, 50, 0), "a selector without protocol matches all of them");
    const struct selector_set none = {0};
    ok(!selector_set_matches(&none, &inside, 6, 80), "an empty set matches nothing");
    ok(selector_set_is_subset(&none, &all) && !selector_set_is_subset(&all, &none),
       "an empty set is a subset of every other");
}

int main(void)
{
    reads_and_writes_the_words();
    puts_icmp_type_and_code_into_the_ports();
    rejects_what_makes_no_sense();
    intersects_as_the_table_says();
    contains_exactly_what_it_is_the_common_part_of();
    narrows_as_the_table_says();
    narrows_to_a_full_set_at_most();
    matches_packets();
    return done_testing();
}
