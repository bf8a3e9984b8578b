// Lines of esp, traffic and state blocks judged over the sample cell.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/tap/tap.h"
#include "harness/tests/judge/cell_sample.h"

enum { SCENARIO_SIZE = 8192 };

// The standard scenario with one block of `expect` replaced.
static void scenario_with(const char *block, const char *lines, char out_text[SCENARIO_SIZE])
{
    const char *standard = cell_sample_scenario();
    const char *expect = strstr(standard, "expect {");
    (void)snprintf(out_text, SCENARIO_SIZE, "%.*sexpect {\n  %s {\n%s\n  }\n}\n",
                   (int)(expect - standard), standard, block, lines);
}

struct expectation_case {
    const char *what;
    const char *block;
    const char *lines;
    struct cell_sample sample;
    enum verdict verdict;
    const char *text; // of the reason, or of its beginning
    const char *who;
};

static void judge_case(const struct expectation_case *expected)
{
    char text[SCENARIO_SIZE];
    struct cell_sample sample = expected->sample;
    scenario_with(expected->block, expected->lines, text);
    sample.scenario = text;
    const struct judge_summary summary = cell_sample_judge(&sample, NULL);
    const bool good = summary.verdict == expected->verdict &&
                      strncmp(summary.text, expected->text, strlen(expected->text)) == 0;
    ok(good, "%s: %s", expected->what, verdict_name(summary.verdict));
    ok(strcmp(summary.attribution, expected->who) == 0, "%s: attribution \"%s\"", expected->what,
       summary.attribution);
    if (!good) {
        note("%s", summary.text);
    }
}

static void judge_all(const struct expectation_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        judge_case(&cases[i]);
    }
}

static void esp_lines_are_judged(void)
{
    static const struct expectation_case cases[] = {
        {"enough",                   "esp", "must both-ways decrypted >= 5", {.lost = 0}, VERDICT_PASS, "",                                                                       ""    },
        {"too few",
         "esp",                             "must both-ways decrypted >= 6",
         {.lost = 0},
         VERDICT_FAIL,                                                                                  "from west: 5 ESP packets, 5 of them decrypted; expected decrypted >= 6",
         "west"                                                                                                                                                                         },
        {"blind",
         "esp",                             "must both-ways decrypted >= 5",
         {.without_keys = true},
         VERDICT_INCONCLUSIVE,                                                                          "no keys for 5 ESP packets from east",
         ""                                                                                                                                                                             },
        {"seen without keys",
         "esp",                             "must both-ways seen >= 5",
         {.without_keys = true},
         VERDICT_PASS,                                                                                  "",
         ""                                                                                                                                                                             },
        {"too few without keys",
         "esp",                             "must both-ways decrypted >= 6",
         {.without_keys = true},
         VERDICT_FAIL,                                                                                  "from west: 5 ESP packets, 0 of them decrypted",
         "west"                                                                                                                                                                         },
        {"in order",                 "esp", "must seq starts 1 increasing",  {.lost = 0}, VERDICT_PASS, "",                                                                       ""    },
        {"bare on request",          "esp", "must no-udp-encap",             {.lost = 0}, VERDICT_PASS, "",                                                                       ""    },
        {"bare where UDP is needed",
         "esp",                             "must udp-encap 4500 only",
         {.lost = 0},
         VERDICT_FAIL,                                                                                  "frame 9: bare ESP, SPI deadbe02, from west",
         "west"                                                                                                                                                                         },
        {"UDP where it is needed",
         "esp",                             "must udp-encap 4500 only",
         {.faults = {.encapsulated = true}},
         VERDICT_PASS,                                                                                  "",
         ""                                                                                                                                                                             },
        {"UDP where it is not",
         "esp",                             "must no-udp-encap",
         {.faults = {.encapsulated = true}},
         VERDICT_FAIL,                                                                                  "frame 9: UDP-encapsulated ESP, SPI deadbe02, from west",
         "west"                                                                                                                                                                         },
        {"none",                     "esp", "must no-esp",                   {.lost = 0}, VERDICT_FAIL, "frame 9: bare ESP",                                                      "west"},
        {"should",
         "esp",                             "should no-esp",
         {.lost = 0},
         VERDICT_NONSTRICT,                                                                             "frame 9: bare ESP",
         "west"                                                                                                                                                                         },
        {"info",                     "esp", "info no-esp",                   {.lost = 0}, VERDICT_PASS, "",                                                                       ""    },
    };
    judge_all(cases, sizeof(cases) / sizeof(cases[0]));
}

#define BOUND                                                              \
    "must * west > east IKE_AUTH req $a { SA(ESP, spi $n.in@west) ... }\n" \
    "must * east > west IKE_AUTH rsp $a { SA(ESP, spi $n.in@east) ... }\n" \
    "must * west > east INFORMATIONAL req $d\n"                            \
    "}\nesp {\n"

static void lines_about_one_sa_follow_its_name(void)
{
    static const struct expectation_case cases[] = {
        {"used",
         "wire", BOUND "must $n both-ways first <3s after rsp $a",
         {.lost = 0},
         VERDICT_PASS, "",
         ""    },
        {"used too late",
         "wire", BOUND "must $n both-ways first <1ms after req $a",
         {.lost = 0},
         VERDICT_FAIL, "no ESP on SPI c0ffee01 ($n) within 1 ms",
         "east"},
        {"not used any more",
         "wire", BOUND "must $n never >0ms after req $d",
         {.lost = 0},
         VERDICT_PASS, "",
         ""    },
        {"still used",
         "wire", BOUND "must $n never >2ms after rsp $a",
         {.lost = 0},
         VERDICT_FAIL, "frame 15: ESP on SPI c0ffee01 ($n) too late",
         "east"},
    };
    judge_all(cases, sizeof(cases) / sizeof(cases[0]));
}

static void traffic_lines_are_judged(void)
{
    static const struct expectation_case cases[] = {
        {"received",            "traffic probe", "must received == 5",      {.lost = 0}, VERDICT_PASS, "",                                                                                   ""},
        {"too few",
         "traffic probe",                        "must received >= 5",
         {.lost = 2},
         VERDICT_FAIL,                                                                                 "west-lan > east-lan: received is 3, expected >= 5; on the WAN 5 arrived and 5 left",
         "east"                                                                                                                                                                                },
        {"lost",
         "traffic probe",                        "must lost == 0",
         {.lost = 1, .dropped_by_relay = 1},
         VERDICT_FAIL,                                                                                 "west-lan > east-lan: lost is 1, expected == 0",
         "east"                                                                                                                                                                                },
        {"lost by the relay",
         "traffic probe",                        "must lost-by-peers == 0",
         {.lost = 1, .dropped_by_relay = 1},
         VERDICT_PASS,                                                                                 "",
         ""                                                                                                                                                                                    },
        {"a gap",
         "traffic probe",                        "must gap < 200ms",
         {.longest_gap_us = 250000},
         VERDICT_FAIL,                                                                                 "west-lan > east-lan: gap is 250000 us, expected < 200000 us",
         "pair"                                                                                                                                                                                },
        {"a gap with patience",
         "traffic probe",                        "must gap < 200ms~rtt",
         {.longest_gap_us = 250000},
         VERDICT_PASS,                                                                                 "",
         ""                                                                                                                                                                                    },
        {"latency",             "traffic probe", "must latency-p99 < 1ms",  {.lost = 0}, VERDICT_PASS, "",                                                                                   ""},
    };
    judge_all(cases, sizeof(cases) / sizeof(cases[0]));
}

static void state_lines_are_judged(void)
{
    static const struct expectation_case cases[] = {
        {"up",           "state", "must after 20 sa ike=1 child=1 both",       {.lost = 0}, VERDICT_PASS, "",                                                         ""},
        {"one too many",
         "state",                 "must after 20 sa ike=0 both",
         {.lost = 0},
         VERDICT_FAIL,                                                                                    "west after step 20: ike is 1, expected == 0",
         "west"                                                                                                                                                         },
        {"generation",
         "state",                 "must after 20 sa child.generation>=1 east",
         {.lost = 0},
         VERDICT_FAIL,                                                                                    "east after step 20: child.generation is 0, expected >= 1",
         "east"                                                                                                                                                         },
    };
    judge_all(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_step_out_of_reach_is_told_by_its_step(void)
{
    static const struct expectation_case cases[] = {
        {"timeout without any answer",
         "state", "must after 50 sa ike=0 both",
         {.faults = {.auth_response_missing = true, .delete_missing = true},
          .step_results = {"ok", "timeout", "not-reached", "not-reached", "not-reached"}},
         VERDICT_FAIL,        "step 20 \"up west until sa ike=1 child=1 both within 10s\": the condition did not come "
         "true\n"
         "          frame 5  west > east  192.0.2.1:500 > 198.51.100.1:500  IKE_AUTH req 1 { IDi "
         "AUTH SA TSi TSr N(INITIAL_CONTACT) }  delivered, never answered",                   "east"},
        {"an operation of the environment",
         "state", "must after 50 sa ike=0 both",
         {.step_results = {"ok", "environment"}},
         VERDICT_ENV_ERROR,   "step 20",
         "harness"                                                                                                        },
        {"an operation that failed",
         "state", "must after 50 sa ike=0 both",
         {.step_results = {"ok", "ok", "ok", "ok", "failed"}},
         VERDICT_FAIL,        "step 50 \"down west until sa ike=0 child=0 both within 10s\": the operation failed",
         "pair"                                                                                                           },
        {"an operation that is not supported",
         "esp",   "must no-cleartext",
         {.step_results = {"ok", "ok", "ok", "ok", "unsupported"}},
         VERDICT_UNSUPPORTED, "step 50: the peer does not support the operation",
         ""                                                                                                               },
    };
    judge_all(cases, sizeof(cases) / sizeof(cases[0]));
}

static void broken_lines_are_a_harness_error(void)
{
    static const struct expectation_case cases[] = {
        {"a word nobody knows",
         "esp", "must be fast",
         {.lost = 0},
         VERDICT_HARNESS_ERROR, "scenario.scn:28:6: \"be\"; allowed: both-ways decrypted >= N",
         "harness"},
    };
    judge_all(cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
    esp_lines_are_judged();
    lines_about_one_sa_follow_its_name();
    traffic_lines_are_judged();
    state_lines_are_judged();
    a_step_out_of_reach_is_told_by_its_step();
    broken_lines_are_a_harness_error();
    return done_testing();
}
