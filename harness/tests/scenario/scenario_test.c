#include "harness/scenario/scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/tap/tap.h"

// A whole scenario in parts, so that a test can replace one of them.
#define HEAD     "ikelab 1\ntitle \"A title\"\ntags one two\ntimeout 40s\nreq rfc7296:1.2\n"
#define NEEDS    "needs { both auth.psk ; $side op.dpd ; west child.pfs if $pfs == on }\n"
#define VARY     "vary { side west | east\n pfs off | on | both-ways }\n"
#define TOPOLOGY "topology { west-lan -- west -- wan -- east -- east-lan }\n"
#define INTENT   "intent tunnel { esp aes128gcm16 pfs $pfs:x25519 }\n"
#define TRAFFIC  "traffic probe { udp size 200 rate 200/s between west-lan east-lan }\n"
#define IMPAIR   "impair { wan ike drop 1st IKE_AUTH.req if $pfs == on | off }\n"
#define STEPS    "steps { 10 start $side }\n"
#define EXPECT                                                                                   \
    "expect { wire { must * west > east IKE_AUTH req $a { ... } }\n esp { must no-cleartext }\n" \
    " traffic probe { must gap < 1s }\n state { must after 10 sa ike=1 both } }\n"
#define GOOD HEAD NEEDS VARY TOPOLOGY INTENT TRAFFIC IMPAIR STEPS EXPECT

static bool load_text(const char *text, struct scenario *out_scenario,
                      struct block_fault *out_fault)
{
    char path[] = "/tmp/ikelab-scenario-XXXXXX";
    const int descriptor = mkstemp(path);
    const size_t size = strlen(text);
    const bool wrote = descriptor >= 0 && write(descriptor, text, size) == (ssize_t)size;
    (void)close(descriptor);
    *out_fault = (struct block_fault){0};
    const bool loaded = wrote && scenario_load(path, "area/name", out_scenario, out_fault);
    (void)unlink(path);
    return loaded;
}

static void loads_every_block(void)
{
    struct scenario scenario = {0};
    struct block_fault fault = {0};
    const bool loaded = load_text(GOOD, &scenario, &fault);
    ok(loaded, "a scenario with every block loads");
    if (!loaded) {
        note("%u:%u: %s", fault.line, fault.column, fault.message);
        return;
    }
    ok(strcmp(scenario.id, "area/name") == 0, "the id is the one it was loaded under");
    ok(strcmp(scenario.title, "A title") == 0 && scenario.timeout_seconds == 40,
       "title and timeout are read");
    ok(scenario.tags->count == 3 && scenario.requirements->count == 2,
       "tags and requirements are kept");
    ok(scenario.need_count == 3 && scenario.axis_count == 2, "needs and axes are counted");
    ok(strcmp(scenario.needs[1].capability, "op.dpd") == 0, "a need has its capability");
    ok(!scenario.topology.west_nat && !scenario.topology.east_nat, "there is no NAT");
    ok(scenario.intent != NULL && scenario.impair != NULL && scenario.steps != NULL &&
           scenario.traffic != NULL,
       "the blocks are there");
    ok(scenario.expect_wire != NULL && scenario.expect_esp != NULL &&
           scenario.expect_traffic != NULL && scenario.expect_state != NULL,
       "so are all expectations");
    scenario_clear(&scenario);
}

static void loads_without_what_may_be_missing(void)
{
    struct scenario scenario = {0};
    struct block_fault fault = {0};
    ok(load_text("ikelab 1\ntitle \"t\"\n"
                 "topology { west-lan -- west -- west-natgw -- wan -- east-natgw -- east -- "
                 "east-lan ; wan delay 20ms }\n"
                 "intent tunnel { auth psk }\nsteps { 10 start west }\n"
                 "expect { state { must after 10 sa ike=0 both } }\n",
                 &scenario, &fault),
       "tags, timeout, req, needs, vary, traffic and impair may be left out");
    ok(scenario.timeout_seconds == 60, "a cell without a timeout has a minute");
    ok(scenario.topology.west_nat && scenario.topology.east_nat && scenario.topology.wan != NULL,
       "both NATs and the WAN line are seen");
    ok(scenario.impair == NULL && scenario.traffic == NULL && scenario.expect_wire == NULL,
       "what is left out is NULL");
    ok(scenario_variant_count(&scenario) == 1, "without vary there is one variant");
    char text[8];
    const struct scenario_variant variant = scenario_variant_at(&scenario, 0);
    scenario_variant_format(&scenario, &variant, text, sizeof(text));
    ok(text[0] == '\0', "which has no name");
    scenario_clear(&scenario);
}

static void counts_variants_with_the_last_axis_fastest(void)
{
    static const char *const wanted[] = {
        "[side=west,pfs=off]", "[side=west,pfs=on]", "[side=west,pfs=both-ways]",
        "[side=east,pfs=off]", "[side=east,pfs=on]", "[side=east,pfs=both-ways]",
    };
    struct scenario scenario = {0};
    struct block_fault fault = {0};
    if (!load_text(GOOD, &scenario, &fault)) {
        ok(false, "the scenario loads");
        return;
    }
    ok(scenario_variant_count(&scenario) == 6, "two by three values make six variants");
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        char text[64];
        const struct scenario_variant variant = scenario_variant_at(&scenario, i);
        scenario_variant_format(&scenario, &variant, text, sizeof(text));
        ok(strcmp(text, wanted[i]) == 0, "variant %zu is %s", i, wanted[i]);
    }
    char small[8];
    const struct scenario_variant variant = scenario_variant_at(&scenario, 0);
    scenario_variant_format(&scenario, &variant, small, sizeof(small));
    ok(strlen(small) < sizeof(small), "a name that does not fit is cut");
    scenario_clear(&scenario);
}

static void replaces_axes_in_words(void)
{
    struct scenario scenario = {0};
    struct block_fault fault = {0};
    char text[SCENARIO_WORD_SIZE] = "unchanged";
    char longest[SCENARIO_WORD_SIZE + 8];
    if (!load_text(GOOD, &scenario, &fault)) {
        ok(false, "the scenario loads");
        return;
    }
    const struct scenario_variant variant = scenario_variant_at(&scenario, 4);
    ok(scenario_word(&scenario, &variant, "plain", text) && strcmp(text, "plain") == 0,
       "a word without an axis stays");
    ok(scenario_word(&scenario, &variant, "$side", text) && strcmp(text, "east") == 0,
       "$side becomes its value");
    ok(scenario_word(&scenario, &variant, "a-$pfs:$side.b", text) &&
           strcmp(text, "a-on:east.b") == 0,
       "axes are replaced inside of words");
    ok(!scenario_word(&scenario, &variant, "$other", text), "an unknown axis is refused");
    ok(!scenario_word(&scenario, &variant, "a$", text), "so is a lonely dollar sign");
    ok(strcmp(text, "a-on:east.b") == 0, "and the output stays as it was");
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    ok(!scenario_word(&scenario, &variant, longest, text), "a word that does not fit is refused");
    scenario_clear(&scenario);
}

static void applies_lines_by_their_condition(void)
{
    static const struct {
        const char *text;
        bool applies;
    } lines[] = {
        {"must a",                        true },
        {"must a if $pfs == on",          true },
        {"must a if $pfs == off",         false},
        {"must a if $pfs == off | on",    true },
        {"must a if $pfs == off|on",      true },
        {"must a if $pfs == o",           false},
        {"must a if $pfs != on",          false},
        {"must a if $pfs != off",         true },
        {"must a { b } if $side == east", true },
        {"must a if $side == west",       false},
        {"must a if $unknown == west",    false},
        {"must a \"if\" b",               true },
    };
    struct scenario scenario = {0};
    struct block_fault fault = {0};
    if (!load_text(GOOD, &scenario, &fault)) {
        ok(false, "the scenario loads");
        return;
    }
    const struct scenario_variant variant = scenario_variant_at(&scenario, 4);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        size_t words = 0;
        struct block_document *document =
            block_document_parse((struct byte_view){.data = (const uint8_t *)lines[i].text,
                                                    .size = strlen(lines[i].text)},
                                 &fault);
        const struct block_statement *line = &block_document_root(document)->statements[0];
        ok(scenario_line_applies(&scenario, &variant, line, &words) == lines[i].applies, "'%s' %s",
           lines[i].text, lines[i].applies ? "applies" : "does not apply");
        block_document_free(document);
    }
    scenario_clear(&scenario);
}

static void gives_needs_their_side(void)
{
    struct scenario scenario = {0};
    struct block_fault fault = {0};
    enum scenario_side side;
    if (!load_text(GOOD, &scenario, &fault)) {
        ok(false, "the scenario loads");
        return;
    }
    const struct scenario_variant west_off = scenario_variant_at(&scenario, 0);
    const struct scenario_variant east_on = scenario_variant_at(&scenario, 4);
    ok(scenario_need_side(&scenario, &west_off, &scenario.needs[0], &side) && side == SIDE_BOTH,
       "both means both");
    ok(scenario_need_side(&scenario, &west_off, &scenario.needs[1], &side) && side == SIDE_WEST,
       "$side is west in the first variant");
    ok(scenario_need_side(&scenario, &east_on, &scenario.needs[1], &side) && side == SIDE_EAST,
       "and east in the fifth");
    ok(!scenario_need_side(&scenario, &west_off, &scenario.needs[2], &side),
       "a need with a condition is absent where it is false");
    ok(scenario_need_side(&scenario, &east_on, &scenario.needs[2], &side) && side == SIDE_WEST,
       "and there where it is true");
    scenario_clear(&scenario);
}

static void reads_durations(void)
{
    static const struct {
        const char *word;
        uint64_t milliseconds; // 0: refused
    } words[] = {
        {"15s",                    15000  },
        {"200ms",                  200    },
        {"1m",                     60000  },
        {"2h",                     7200000},
        {"15",                     0      },
        {"s",                      0      },
        {"",                       0      },
        {"-1s",                    0      },
        {"1.5s",                   0      },
        {"10 s",                   0      },
        {"1d",                     0      },
        {"99999999999999999999s",  0      },
        {"18446744073709551616ms", 0      },
        {"1001h",                  0      },
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        uint64_t milliseconds = 0;
        const bool is_good = scenario_duration(words[i].word, &milliseconds);
        ok(is_good == (words[i].milliseconds > 0) && milliseconds == words[i].milliseconds,
           "'%s' is %s", words[i].word, words[i].milliseconds > 0 ? "a duration" : "none");
    }
    uint64_t zero = 1;
    ok(scenario_duration("0s", &zero) && zero == 0, "zero seconds are a duration");
}

struct bad {
    const char *text;
    unsigned line;
    const char *message;
};

#define REST_OF_FILE TOPOLOGY "intent a { b }\n" STEPS_PLAIN EXPECT_PLAIN
#define STEPS_PLAIN  "steps { 10 start west }\n"
#define EXPECT_PLAIN "expect { state { must a } }\n"
#define SHORT        "ikelab 1\ntitle \"t\"\n"

static const struct bad bad_heads[] = {
    {"",                                                  1, "the file ends before 'ikelab'"     },
    {"ikelab 2\n",                                        1, "starts with `ikelab 1`"            },
    {"title \"t\"\n",                                     1, "'ikelab' is missing before 'title'"},
    {"ikelab 1\ntitle t\n",                               2, "one text in quotes"                },
    {"ikelab 1\ntitle \"t\"\ntitle \"t\"\n",              3, "'title' stands here twice"         },
    {"ikelab 1\ntopology { }\n",                          2, "'title' is missing before"         },
    {SHORT "timeout 40\n",                                3, "a duration from 1s to 1h"          },
    {SHORT "timeout 2h\n",                                3, "a duration from 1s to 1h"          },
    {SHORT "tags A\n",                                    3, "a tag is lower-case"               },
    {SHORT "timeout 4s\ntags a\n",                        4, "'tags' stands after 'timeout'"     },
    {SHORT "req 7296:1.2\n",                              3, "rfcNNNN:SECTION"                   },
    {SHORT "req rfc7296:\n",                              3, "rfcNNNN:SECTION"                   },
    {SHORT "req\n",                                       3, "at least one requirement"          },
    {SHORT "sleep 5s\n",                                  3, "'sleep' is not known here"         },
    {SHORT "{ a }\n",                                     2, "takes words and no block"          },
    {SHORT "tags a { b }\n",                              3, "takes words and no block"          },
    {SHORT "needs auth.psk\n",                            3, "'needs' needs a block"             },
    {SHORT "needs { north auth.psk }\n",                  3, "starts with west, east, both"      },
    {SHORT "needs { both Auth }\n",                       3, "a capability is one word"          },
    {SHORT "needs { $x a }\n" REST_OF_FILE,               3, "'$x' is no axis of vary"           },
    {SHORT "vary { }\n" TOPOLOGY "intent a { b }\n"
           "steps { 10 start $who }\n" EXPECT_PLAIN,
     6,                                                      "allowed: none, there is no vary"   },
    {SHORT "vary { A a | b }\n",                          3, "the name of an axis"               },
    {SHORT "vary { a b }\n",                              3, "at least two values"               },
    {SHORT "vary { a b | }\n",                            3, "at least two values"               },
    {SHORT "vary { a b c }\n",                            3, "name value | value"                },
    {SHORT "vary { a b | b }\n",                          3, "'b' stands here twice"             },
    {SHORT "vary { a b | c ; a d | e }\n",                3, "the axis 'a' stands here twice"    },
};

static const struct bad bad_blocks[] = {
    {SHORT "topology { west -- east }\n",                                                           3, "topology has one chain"            },
    {SHORT "topology { west-lan -- west -- east }\n",                                               3, "the chain is west-lan -- west"     },
    {SHORT "topology { west-lan -- west -- east-natgw -- wan -- east -- east-lan }\n",              3,
     "the chain is west-lan -- west"                                                                                                       },
    {SHORT "topology { west-lan -- west -- wan -- east -- east-lan -- }\n",                         3,
     "the chain is west-lan -- west"                                                                                                       },
    {SHORT "topology { wan delay 5ms }\n",                                                          3, "topology has no chain"             },
    {SHORT "topology { wan speed 5 }\n",                                                            3, "wan takes pairs"                   },
    {SHORT TOPOLOGY "intent { a }\n",                                                               4, "intent takes one name"             },
    {SHORT TOPOLOGY "intent a { }\n",                                                               4, "intent takes one name"             },
    {SHORT TOPOLOGY STEPS_PLAIN,                                                                    4, "'intent' is missing before 'steps'"},
    {SHORT TOPOLOGY "intent a { $b }\n" STEPS_PLAIN EXPECT_PLAIN,                                   4, "'$b' is no axis"                   },
    {SHORT TOPOLOGY "intent a { b }\nimpair { }\n",                                                 5, "impair has no line"                },
    {SHORT TOPOLOGY "intent a { b }\nsteps { }\n",                                                  5, "steps has no step"                 },
    {SHORT TOPOLOGY "intent a { b }\n" STEPS_PLAIN,                                                 1, "the file ends before 'expect'"     },
    {SHORT TOPOLOGY "intent a { b }\n" STEPS_PLAIN "expect { }\n",                                  6, "expect is empty"                   },
    {SHORT TOPOLOGY "intent a { b }\n" STEPS_PLAIN "expect { logs { must a } }\n",                  6,
     "wire, esp, traffic NAME and state"                                                                                                   },
    {SHORT TOPOLOGY "intent a { b }\n" STEPS_PLAIN "expect { esp { must a }\n wire { must a } }\n",
     7,                                                                                                "'wire' stands after 'esp'"         },
    {SHORT TOPOLOGY "intent a { b }\n" STEPS_PLAIN "expect { esp { must a }\n esp { must a } }\n",
     7,                                                                                                "each once"                         },
    {SHORT TOPOLOGY "intent a { b }\n" STEPS_PLAIN "expect { traffic x { must a } }\n",             6,
     "no traffic of this name"                                                                                                             },
    {SHORT TOPOLOGY "intent a { b }\n" STEPS_PLAIN "expect { esp { shall a } }\n",                  6,
     "an expectation starts with must"                                                                                                     },
    {SHORT TOPOLOGY "intent a { b }\n" STEPS_PLAIN "expect { esp { must a if b } }\n",              6,
     "if $axis == value"                                                                                                                   },
    {SHORT TOPOLOGY "intent a { b }\n" STEPS_PLAIN "expect { esp { must a if $b == c } }\n",        6,
     "'$b' is no axis"                                                                                                                     },
    {SHORT "vary { b c | d }\n" TOPOLOGY "intent a { b }\n" STEPS_PLAIN
           "expect { esp { must a if $b == e } }\n",                                           7, "'e' is no value of $b"             },
    {SHORT "vary { b c | d }\n" TOPOLOGY "intent a { b }\n" STEPS_PLAIN
           "expect { esp { must a if $b == } }\n",                                             7, "a value is missing"                },
    {SHORT "vary { b c | d }\n" TOPOLOGY "intent a { b }\n" STEPS_PLAIN
           "expect { esp { must a if $b == c { x } } }\n",                                     7, "it ends the line"                  },
    {SHORT TOPOLOGY "intent a { b \n",                                                              5, "is not closed"                     },
};

static void refuses(const struct bad *bad, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct scenario scenario;
        struct block_fault fault = {0};
        const bool loaded = load_text(bad[i].text, &scenario, &fault);
        const bool is_right =
            !loaded && fault.line == bad[i].line && strstr(fault.message, bad[i].message) != NULL;
        if (!ok(is_right, "refuses with '%s' in line %u", bad[i].message, bad[i].line)) {
            note("%u:%u: %s", fault.line, fault.column, fault.message);
        }
        if (loaded) {
            scenario_clear(&scenario);
        }
    }
}

static void names_the_column_of_a_bad_word(void)
{
    struct scenario scenario = {0};
    struct block_fault fault = {0};
    ok(!load_text(SHORT "vary { b c | d }\n" TOPOLOGY "intent a { b }\n" STEPS_PLAIN
                        "expect { esp { must a if $b == e } }\n",
                  &scenario, &fault) &&
           fault.line == 7 && fault.column == 32,
       "the column is that of the word, counted from 1");
}

static void refuses_a_file_that_is_not_there(void)
{
    struct scenario scenario = {0};
    struct block_fault fault = {0};
    ok(!scenario_load("/nonexistent/a.scn", "a", &scenario, &fault) &&
           strstr(fault.message, "cannot read the file") != NULL && fault.line == 0,
       "a file that is not there is a fault in line 0");
}

static void refuses_too_many_variants(void)
{
    char text[4096];
    size_t used = (size_t)snprintf(text, sizeof(text), SHORT "vary {\n");
    for (unsigned axis = 0; axis < 4; axis++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, " a%u v0", axis);
        for (unsigned value = 1; value < 10; value++) {
            used += (size_t)snprintf(text + used, sizeof(text) - used, " | v%u", value);
        }
        used += (size_t)snprintf(text + used, sizeof(text) - used, "\n");
    }
    (void)snprintf(text + used, sizeof(text) - used, "}\n" REST_OF_FILE);
    struct scenario scenario = {0};
    struct block_fault fault = {0};
    ok(!load_text(text, &scenario, &fault) && strstr(fault.message, "variants") != NULL,
       "ten thousand variants are refused");
}

int main(void)
{
    loads_every_block();
    loads_without_what_may_be_missing();
    counts_variants_with_the_last_axis_fastest();
    replaces_axes_in_words();
    applies_lines_by_their_condition();
    gives_needs_their_side();
    reads_durations();
    refuses(bad_heads, sizeof(bad_heads) / sizeof(bad_heads[0]));
    refuses(bad_blocks, sizeof(bad_blocks) / sizeof(bad_blocks[0]));
    names_the_column_of_a_bad_word();
    refuses_a_file_that_is_not_there();
    refuses_too_many_variants();
    return done_testing();
}
