// The lines of esp, traffic and state blocks: what lint takes and how it refuses.
#include <stdio.h>
#include <string.h>

#include "harness/judge/judge.h"
#include "harness/tap/tap.h"
#include "harness/tests/judge/line_sample.h"

enum block_kind { ESP, TRAFFIC, STATE, WIRE };

// Lints one block of lines in a scenario that has the steps 10 and 20.
static bool lint(enum block_kind kind, const char *text, struct block_fault *out_fault)
{
    struct line_sample sample;
    struct line_sample steps;
    line_sample_make(&sample, text);
    line_sample_make(&steps, "10 start east\n20 up west until sa ike=1 within 5s");
    const struct block *block = line_sample_block(&sample);
    sample.scenario.steps = line_sample_block(&steps);
    sample.scenario.expect_esp = kind == ESP ? block : NULL;
    sample.scenario.expect_traffic = kind == TRAFFIC ? block : NULL;
    sample.scenario.expect_state = kind == STATE ? block : NULL;
    sample.scenario.expect_wire = kind == WIRE ? block : NULL;
    *out_fault = (struct block_fault){0};
    const bool good = judge_lint_expectations(&sample.scenario, out_fault);
    line_sample_clear(&steps);
    line_sample_clear(&sample);
    return good;
}

static void takes_every_known_line(void)
{
    static const struct {
        enum block_kind kind;
        const char *text;
    } cases[] = {
        {ESP,     "must both-ways decrypted >= 1"                            },
        {ESP,     "should both-ways seen > 10"                               },
        {ESP,     "must seq starts 1 increasing"                             },
        {ESP,     "must udp-encap 4500 only"                                 },
        {ESP,     "must no-udp-encap"                                        },
        {ESP,     "must no-esp"                                              },
        {ESP,     "must no-cleartext"                                        },
        {ESP,     "must $new both-ways first <3s after rsp $r"               },
        {ESP,     "must $old never >2s after rsp $d if $rekeyer == west"     },
        {TRAFFIC, "must lost-by-peers == 0"                                  },
        {TRAFFIC, "must gap < 100ms~rtt"                                     },
        {TRAFFIC, "should latency-p99 <= 5ms"                                },
        {TRAFFIC, "must received >= 100"                                     },
        {STATE,   "must after 20 sa ike=1 child=1 both"                      },
        {STATE,   "must after 20 sa child.generation>=1 west within 10s"     },
        {WIRE,    "must #20+<3s west > east IKE_SA_INIT req { SA KE Ni ... }"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct block_fault fault;
        ok(lint(cases[i].kind, cases[i].text, &fault), "%s%s", cases[i].text, fault.message);
    }
}

static void explains_what_it_does_not_know(void)
{
    static const struct {
        enum block_kind kind;
        const char *text;
        const char *message;
    } cases[] = {
        {ESP,     "must one-way decrypted >= 1",
         "\"one-way\"; allowed: both-ways decrypted >= N, both-ways seen >= N, seq starts 1 "
         "increasing, udp-encap 4500 only, no-udp-encap, no-esp, no-cleartext, $name ..."                          },
        {ESP,     "must both-ways opened >= 1",                 "\"opened\" is not decrypted or seen"              },
        {ESP,     "must both-ways decrypted 1",                 "\"1\" is not == != < <= > or >="                  },
        {ESP,     "must seq starts 2 increasing",               "\"2\" where \"1\" is expected"                    },
        {ESP,     "must no-esp please",                         "\"please\" is not expected here; allowed: if"     },
        {ESP,     "must $new first <3s after rsp $r",           "both-ways or never is expected behind a $name"    },
        {ESP,     "must $new both-ways first 3s after rsp $r",  "\"3s\" is not a duration like <3s"                },
        {ESP,     "must $new both-ways first <3s after any $r", "\"any\" is not req or rsp"                        },
        {TRAFFIC, "must loss == 0",
         "\"loss\"; allowed: lost-by-peers, lost, duplicated, reordered, received, sent, gap, "
         "latency-median or latency-p99"                                                                           },
        {TRAFFIC, "must gap < 100",                             "\"100\" is not a duration like 200ms or 200ms~rtt"},
        {TRAFFIC, "must lost == 5ms",                           "\"5ms\" is not a number"                          },
        {STATE,   "must sa ike=1 both",                         "\"after STEP sa ...\" is expected here"           },
        {STATE,   "must after 20 sa both",
         "\"both\"; allowed: ike=N, child=N, ike.generation>=N or child.generation>=N"                             },
        {STATE,   "must after 20 sa ike=1 all",
         "\"all\"; allowed: ike=N, child=N, ike.generation>=N or child.generation>=N, both, west "
         "or east"                                                                                                 },
        {STATE,   "must after 30 sa ike=1 both",                "the scenario has no step 30"                      },
        {WIRE,    "must #30+ west > east IKE_SA_INIT req",      "the scenario has no step 30"                      },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct block_fault fault;
        ok(!lint(cases[i].kind, cases[i].text, &fault) &&
               strcmp(fault.message, cases[i].message) == 0 && fault.line == 1,
           "%s", fault.message);
    }
}

int main(void)
{
    takes_every_known_line();
    explains_what_it_does_not_know();
    return done_testing();
}
