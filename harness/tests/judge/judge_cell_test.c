// Whole cells, made by hand: each planted fault has to give its own verdict, reason and culprit.
#include <string.h>
#include <unistd.h>

#include "harness/tap/tap.h"
#include "harness/tests/judge/cell_sample.h"

struct expectation {
    const char *what;
    struct cell_sample sample;
    enum verdict verdict;
    const char *code;
    const char *check;
    const char *attribution;
};

static void is_judged(const struct expectation *expected)
{
    const struct judge_summary summary = cell_sample_judge(&expected->sample, NULL);
    ok(summary.verdict == expected->verdict, "%s: %s", expected->what,
       verdict_name(summary.verdict));
    ok(strcmp(summary.code, expected->code) == 0, "%s: code \"%s\"", expected->what, summary.code);
    ok(strcmp(summary.check, expected->check) == 0, "%s: check \"%s\"", expected->what,
       summary.check);
    ok(strcmp(summary.attribution, expected->attribution) == 0, "%s: attribution \"%s\"",
       expected->what, summary.attribution);
    if (summary.verdict != expected->verdict || strcmp(summary.code, expected->code) != 0) {
        note("%s", summary.text);
    }
}

static const struct expectation cases[] = {
    {"clean",                                        {.lost = 0},                            VERDICT_PASS,         "",                      "",              ""       },
    {"clean on port 4500",                           {.faults = {.encapsulated = true}},     VERDICT_PASS,         "",                      "",              ""       },
    {"a repetition",                                 {.faults = {.request_repeated = true}}, VERDICT_PASS,         "",                      "",              ""       },
    {"a changed repetition",
     {.faults = {.request_changed = true}},
     VERDICT_FAIL,                                                                                                 "retransmit-changed",
     "free/retransmits",                                                                                                                                     "west"   },
    {"clear text",                                   {.faults = {.clear_text = true}},       VERDICT_FAIL,         "clear-text",            "esp/3",         "west"   },
    {"a sequence number twice",
     {.faults = {.sequence_repeated = true}},
     VERDICT_FAIL,                                                                                                 "esp-sequence-repeated",
     "free/esp-sequence",                                                                                                                                    "west"   },
    {"ESP with a wrong ICV",
     {.faults = {.esp_damaged = true}},
     VERDICT_FAIL,                                                                                                 "esp-not-authentic",
     "free/esp-authentic",                                                                                                                                   "west"   },
    {"a malformed message",
     {.faults = {.malformed = true}},
     VERDICT_FAIL,                                                                                                 "malformed",
     "free/well-formed",                                                                                                                                     "west"   },
    {"another cipher",
     {.faults = {.wrong_cipher = true}},
     VERDICT_FAIL,                                                                                                 "wire.missing",
     "wire/4",                                                                                                                                               "east"   },
    {"no delete",
     {.faults = {.delete_missing = true}},
     VERDICT_FAIL,                                                                                                 "wire.missing",
     "wire/5",                                                                                                                                               "west"   },
    {"no answer",
     {.faults = {.auth_response_missing = true, .delete_missing = true},
      .step_results = {"ok", "timeout", "not-reached", "not-reached", "not-reached"}},
     VERDICT_FAIL,                                                                                                 "wire.missing",
     "wire/4",                                                                                                                                               "east"   },
    {"the answer was lost on the way",
     {.faults = {.auth_response_lost = true, .delete_missing = true},
      .step_results = {"ok", "timeout", "not-reached", "not-reached", "not-reached"}},
     VERDICT_FAIL,                                                                                                 "wire.missing",
     "wire/4",                                                                                                                                               "network"},
    {"refused",
     {.faults = {.auth_refused = true, .delete_missing = true},
      .step_results = {"ok", "timeout", "not-reached", "not-reached", "not-reached"}},
     VERDICT_FAIL,                                                                                                 "wire.forbidden",
     "wire/7",                                                                                                                                               "east"   },
    {"refused by a peer that may not be able to",
     {.faults = {.auth_refused = true, .delete_missing = true},
      .capability = "unknown",
      .step_results = {"ok", "timeout", "not-reached", "not-reached", "not-reached"}},
     VERDICT_UNSUPPORTED,                                                                                          "unsupported",
     "",                                                                                                                                                     ""       },
    {"an open question is no excuse for clear text",
     {.faults = {.auth_refused = true, .delete_missing = true, .malformed = true},
      .capability = "unknown",
      .step_results = {"ok", "timeout", "not-reached", "not-reached", "not-reached"}},
     VERDICT_FAIL,                                                                                                 "malformed",
     "free/well-formed",                                                                                                                                     "west"   },
    {"a peer that says no and yet works",            {.capability = "no"},                   VERDICT_PASS,         "",                      "",              ""       },
    {"no keys",                                      {.without_keys = true},                 VERDICT_INCONCLUSIVE, "blind",                 "wire/3",        ""       },
    {"a rule that did not hit",
     {.has_rule = true},
     VERDICT_INCONCLUSIVE,                                                                                         "must-hit",
     "",                                                                                                                                                     "harness"},
    {"a rule that hit",                              {.has_rule = true, .rule_hits = 1},     VERDICT_PASS,         "",                      "",              ""       },
    {"a crash",                                      {.crash = "signal 11"},                 VERDICT_CRASH,        "crash",                 "free/no-crash", "east"   },
    {"a lost packet",                                {.lost = 1},                            VERDICT_FAIL,         "traffic.lost-by-peers", "traffic/1",     "east"   },
    {"a packet the relay dropped",                   {.lost = 1, .dropped_by_relay = 1},     VERDICT_PASS,         "",                      "",              ""       },
    {"a gap",                                        {.longest_gap_us = 300000},             VERDICT_NONSTRICT,    "traffic.gap",           "traffic/2",     "pair"   },
    {"SPIs that do not pair",
     {.spi_mismatch = true},
     VERDICT_FAIL,                                                                                                 "spi-mismatch",
     "free/spi-pairs",                                                                                                                                       "pair"   },
    {"an SA that stays",
     {.sa_left = true},
     VERDICT_FAIL,                                                                                                 "sa-left-over",
     "free/no-sa-left",                                                                                                                                      "east"   },
    {"relay overruns",                               {.overruns = 3},                        VERDICT_ENV_ERROR,    "environment.overrun",   "",              "harness"},
    {"a problem of the machine",
     {.problem_kind = "environment"},
     VERDICT_ENV_ERROR,                                                                                            "environment",
     "",                                                                                                                                                     "harness"},
    {"a problem of the lab",
     {.problem_kind = "harness"},
     VERDICT_HARNESS_ERROR,                                                                                        "harness.evidence",
     "",                                                                                                                                                     "harness"},
    {"not run",                                      {.problem_kind = "skipped"},            VERDICT_SKIPPED,      "skipped",               "",              ""       },
    {"no capture",
     {.without_capture = true},
     VERDICT_HARNESS_ERROR,                                                                                        "harness.evidence",
     "",                                                                                                                                                     "harness"},
};

static void every_planted_fault_gives_its_own_verdict(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_judged(&cases[i]);
    }
}

static void tells_what_was_expected_and_what_came(void)
{
    static const struct cell_sample sample = {.faults = {.wrong_cipher = true}};
    static const char wanted[] =
        "expected  east > west IKE_AUTH rsp { IDr AUTH SA(ESP, encr aes128gcm16, n 1) TSi TSr ... "
        "}\n"
        "nearest   frame 8 +0.003 s  east > west IKE_AUTH rsp mid 1 { IDr AUTH SA TSi TSr }\n"
        "          - SA(ESP, encr aes128gcm16, n 1)\n"
        "          + SA(ESP, spi deadbe02, encr aes256gcm16, sn noesn, n 1)";
    const struct judge_summary summary = cell_sample_judge(&sample, NULL);
    ok(strcmp(summary.text, wanted) == 0, "the failure text");
    ok(summary.line == 31 && summary.frame == 8, "line %u, frame %u", summary.line, summary.frame);
    ok(strcmp(summary.requirement, "rfc7296:1.2") == 0, "clause %s", summary.requirement);
}

static void says_when_nothing_came(void)
{
    static const struct cell_sample sample = {
        .faults = {.auth_response_lost = true, .delete_missing = true},
        .step_results = { "ok", "timeout", "not-reached", "not-reached", "not-reached"}
    };
    static const char wanted[] =
        "expected  east > west IKE_AUTH rsp { IDr AUTH SA(ESP, encr aes128gcm16, n 1) TSi TSr ... "
        "}\n"
        "nearest   none: no such message left the relay\n"
        "held back frame 7 +0.003 s  east > west IKE_AUTH rsp mid 1 { IDr AUTH SA TSi TSr }";
    const struct judge_summary summary = cell_sample_judge(&sample, NULL);
    ok(strcmp(summary.text, wanted) == 0, "the failure text");
}

static void writes_everything_into_verdict_json(void)
{
    static const struct cell_sample sample = {.has_rule = true, .rule_hits = 1};
    json_t *verdict = NULL;
    const struct judge_summary summary = cell_sample_judge(&sample, &verdict);
    const json_t *negotiated = json_object_get(verdict, "negotiated");
    ok(strcmp(json_string_value(json_object_get(verdict, "verdict")), "pass") == 0, "the verdict");
    ok(json_is_null(json_object_get(verdict, "reason")) &&
           json_is_null(json_object_get(verdict, "attribution")),
       "no reason and nobody to blame");
    ok(strcmp(json_string_value(json_object_get(negotiated, "ike")),
              "aes128gcm16-prfsha256-x25519") == 0 &&
           strcmp(json_string_value(json_object_get(negotiated, "esp")), "aes128gcm16") == 0 &&
           json_is_false(json_object_get(negotiated, "natt")),
       "what was negotiated");
    ok(strcmp(summary.ike_suite, "aes128gcm16-prfsha256-x25519") == 0 &&
           strcmp(summary.esp_suite, "aes128gcm16") == 0,
       "and in the summary");
    // 5 steps, 7 wire, 3 esp, 2 traffic, 2 state, 8 free.
    ok(json_array_size(json_object_get(verdict, "checks")) == 27 && summary.checks_total == 27 &&
           summary.checks_passed == 27,
       "%u of %u checks passed", summary.checks_passed, summary.checks_total);
    ok(json_array_size(json_object_get(verdict, "impair")) == 1, "the rule");
    ok(json_array_size(json_object_get(verdict, "metrics")) == 15, "%zu metrics",
       json_array_size(json_object_get(verdict, "metrics")));
    json_decref(verdict);
}

static void leaves_messages_and_tables(void)
{
    static const struct cell_sample sample = {.lost = 0};
    static const char *const names[] = {"messages.json", "verdict.json",
                                        "keys/ikev2_decryption_table", "keys/esp_sa"};
    char folder[SAMPLE_PATH_SIZE];
    struct judge_summary summary;
    cell_sample_make(&sample, folder);
    ok(judge_cell(folder, &summary), "judged");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[SAMPLE_PATH_SIZE * 2];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        ok(access(path, R_OK) == 0, "%s", names[i]);
    }
    struct judge_summary again;
    ok(judge_cell(folder, &again) && again.verdict == summary.verdict &&
           strcmp(again.text, summary.text) == 0,
       "judging again gives the same");
    cell_sample_remove(folder);
}

static void fails_without_a_folder(void)
{
    struct judge_summary summary;
    ok(!judge_cell("/nonexistent/cell", &summary) && summary.verdict == VERDICT_HARNESS_ERROR &&
           summary.text[0] != '\0',
       "%s", summary.text);
}

int main(void)
{
    every_planted_fault_gives_its_own_verdict();
    tells_what_was_expected_and_what_came();
    says_when_nothing_came();
    writes_everything_into_verdict_json();
    leaves_messages_and_tables();
    fails_without_a_folder();
    return done_testing();
}
