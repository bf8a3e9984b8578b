// Wire lines laid over the sample handshake: what fits, what does not and what is said about it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/judge/wire_checks.h"
#include "harness/tap/tap.h"
#include "harness/tests/judge/line_sample.h"
#include "pcap/tests/handshake_sample.h"

// Everything one case needs.
struct match_sample {
    struct line_sample lines;
    struct cell_evidence *evidence;
    struct check_list checks;
    struct wire_result *result;
};

static void load_capture(struct cell_evidence *evidence, const struct sample_faults *faults,
                         bool has_keys)
{
    struct capture_builder builder;
    struct capture_fault fault;
    struct key_fault key_fault;
    const struct byte_view ike = {.data = (const uint8_t *)sample_ike_keys(),
                                  .size = strlen(sample_ike_keys())};
    const struct capture_options options = {.keys = &evidence->keys};
    sample_build(faults, &builder);
    struct capture_file *file =
        capture_file_over((struct byte_view){.data = builder.bytes, .size = builder.size}, &fault);
    const bool good = (!has_keys || key_file_parse(&evidence->keys, ike, &key_fault)) &&
                      file != NULL &&
                      capture_contents_read(file, &options, &evidence->capture, &fault);
    if (!good) {
        ok(false, "the sample is read: %s", fault.message);
    }
    capture_file_close(file);
    builder_clear(&builder);
}

static void match(struct match_sample *sample, const char *text, const struct sample_faults *faults,
                  bool has_keys)
{
    struct block_fault fault;
    line_sample_make(&sample->lines, text);
    sample->evidence = calloc(1, sizeof(*sample->evidence));
    sample->result = calloc(1, sizeof(*sample->result));
    sample->checks = (struct check_list){0};
    sample->evidence->scenario = sample->lines.scenario;
    sample->evidence->variant = sample->lines.variant;
    sample->evidence->step_count = 1;
    sample->evidence->steps[0] = (struct evidence_step){
        .number = 50, .started_us = (uint64_t)SAMPLE_START_S * 1000000 + 50000};
    load_capture(sample->evidence, faults, has_keys);
    if (!wire_checks_run(sample->evidence, line_sample_block(&sample->lines), &sample->checks,
                         sample->result, &fault)) {
        ok(false, "the lines are read: %s", fault.message);
    }
}

static void match_clear(struct match_sample *sample)
{
    check_list_clear(&sample->checks);
    capture_contents_clear(&sample->evidence->capture);
    key_file_clear(&sample->evidence->keys);
    free(sample->evidence);
    free(sample->result);
    line_sample_clear(&sample->lines);
}

struct match_case {
    const char *what;
    const char *lines;
    struct sample_faults faults;
    const char *states; // one letter per line: p f b n
};

static const char *letters_of(const struct check_list *checks, char out_letters[32])
{
    static const char letters[] = {
        [CHECK_PASS] = 'p', [CHECK_FAIL] = 'f', [CHECK_BLIND] = 'b', [CHECK_NOT_REACHED] = 'n'};
    size_t i = 0;
    for (; i < checks->count && i < 31; i++) {
        out_letters[i] = letters[checks->items[i].state];
    }
    out_letters[i] = '\0';
    return out_letters;
}

#define INIT_REQ "must * west > east IKE_SA_INIT req $i { SA KE Ni ... }\n"
#define AUTH_REQ "must + west > east IKE_AUTH req $a { IDi AUTH SA TSi TSr ... }\n"

static const struct match_case match_cases[] = {
    {"in order",
     INIT_REQ "must + east > west IKE_SA_INIT rsp $i { SA KE Nr ... }\n" AUTH_REQ,
     {0},
     "ppp"                                                                                                                                               },
    {"out of order",                                     AUTH_REQ INIT_REQ,                                            {0},                          "pf"},
    {"an exact set",                                     "must * west > east INFORMATIONAL req { D(IKE) }",            {0},                          "p" },
    {"an exact set with one more",                       "must * west > east INFORMATIONAL req { }",                   {0},                          "f" },
    {"an empty set",                                     "must * east > west INFORMATIONAL rsp { }",                   {0},                          "p" },
    {"others allowed",                                   "must * west > east IKE_AUTH req { AUTH ... }",               {0},                          "p" },
    {"one or more",                                      "must * west > east IKE_SA_INIT req { SA KE Ni N+ }",         {0},                          "p" },
    {"exactly one of two",                               "must * west > east IKE_SA_INIT req { SA KE Ni N }",          {0},                          "f" },
    {"optional and absent",                              "must * west > east INFORMATIONAL req { D CP? }",             {0},                          "p" },
    {"optional and there",                               "must * west > east INFORMATIONAL req { D? }",                {0},                          "p" },
    {"forbidden and absent",                             "must * west > east INFORMATIONAL req { !CP ... }",           {0},                          "p" },
    {"forbidden and there",                              "must * west > east INFORMATIONAL req { !D ... }",            {0},                          "f" },
    {"an alternative",                                   "must * west > east INFORMATIONAL req { CP|D }",              {0},                          "p" },
    {"specific before general",
     "must * west > east IKE_SA_INIT req { SA KE Ni N "
     "N(NAT_DETECTION_SOURCE_IP) }",                                                                                   {0},
     "p"                                                                                                                                                 },
    {"fields",
     "must * west > east IKE_SA_INIT req { KE(group 31, len 32) SA(IKE, prf "
     "prfsha256) ... }",                                                                                               {0},
     "p"                                                                                                                                                 },
    {"a wrong field",                                    "must * west > east IKE_SA_INIT req { KE(group 14) ... }",    {0},                          "f" },
    {"a binding compares",
     "must * west > east IKE_AUTH req { SA(ESP, spi $n.in@west) ... }\n"
     "must * east > west IKE_AUTH rsp { SA(ESP, spi $n.in@west) ... }",                                                {0},
     "pf"                                                                                                                                                },
    {"two bindings",
     "must * west > east IKE_AUTH req { SA(ESP, spi $n.in@west) ... }\n"
     "must * east > west IKE_AUTH rsp { SA(ESP, spi $n.in@east) ... }",                                                {0},
     "pp"                                                                                                                                                },
    {"an SPI as it is",                                  "must * west > east IKE_AUTH req { SA(spi 0xc0ffee01) ... }", {0},                          "p" },
    {"the same exchange",                                AUTH_REQ "must + east > west any rsp $a",                     {0},                          "pp"},
    {"another exchange",                                 INIT_REQ "must + west > east IKE_AUTH req $i",                {0},                          "pf"},
    {"a port",                                           "must * west > east IKE_AUTH req dport 4500",                 {0},                          "f" },
    {"a port that is there",
     "must * west > east IKE_AUTH req dport 4500",                                                                     {.encapsulated = true},
     "p"                                                                                                                                                 },
    {"header flags",
     "must * any > any IKE_AUTH any { hdr(flags !IR, ver 2.0, mid 1) ... }",                                           {0},
     "p"                                                                                                                                                 },
    {"too late",                                         AUTH_REQ "must +<10ms west > east INFORMATIONAL req",         {0},                          "pf"},
    {"in time",                                          AUTH_REQ "must +<1s west > east INFORMATIONAL req",           {0},                          "pp"},
    {"too early",                                        AUTH_REQ "must +1s~2s west > east INFORMATIONAL req",         {0},                          "pf"},
    {"after a step",                                     "must #50+<1s west > east INFORMATIONAL req",                 {0},                          "p" },
    {"before the step",                                  "must #50+ west > east IKE_AUTH req",                         {0},                          "f" },
    {"a step not reached",                               "must #60+ west > east IKE_AUTH req",                         {0},                          "n" },
    {"should",                                           "should * west > east CREATE_CHILD_SA req\n" AUTH_REQ,        {0},                          "fp"},
    {"may",                                              "may * west > east CREATE_CHILD_SA req\n" AUTH_REQ,           {0},                          "np"},
    {"an optional line does not take what a must needs",
     "may * west > east any req\n" INIT_REQ,
     {0},
     "np"                                                                                                                                                },
    {"a choice is revised",
     "must * west > east any req $x\nmust * east > west "
     "INFORMATIONAL rsp $x",                                                                                           {0},
     "pp"                                                                                                                                                },
    {"a must that fails leaves the others",
     "must * west > east CREATE_CHILD_SA req\n" AUTH_REQ "must + east > west IKE_AUTH rsp $a",
     {0},
     "fpp"                                                                                                                                               },
    {"never",                                            "never east > west any rsp { N(error:any) ... }",             {0},                          "p" },
    {"never, and there",
     "never east > west any rsp { N(error:any) ... }",                                                                 {.auth_refused = true},
     "f"                                                                                                                                                 },
    {"never after a step",                               "never #50+ west > east IKE_AUTH req",                        {0},                          "p" },
    {"repetitions are collapsed",
     AUTH_REQ "must + east > west IKE_AUTH rsp $a\n"
              "must retransmit $a == 1",                                                                               {.request_repeated = true},
     "ppp"                                                                                                                                               },
    {"no repetition",                                    AUTH_REQ "must retransmit $a >= 1",                           {0},                          "pf"},
    {"identical",
     AUTH_REQ "must retransmit-of $a is byte-identical",
     {.request_repeated = true},
     "pp"                                                                                                                                                },
    {"not identical",
     AUTH_REQ "must retransmit-of $a is byte-identical",
     {.request_changed = true},
     "pf"                                                                                                                                                },
    {"what did not leave is not there",
     "must * east > west IKE_AUTH rsp",                                                                                {.auth_response_lost = true},
     "f"                                                                                                                                                 },
    {"a line for the other variant",
     AUTH_REQ "must * west > east CREATE_CHILD_SA req if "
              "$rekeyer == west",                                                                                      {0},
     "p"                                                                                                                                                 },
    {"an axis",                                          "must * peer > $rekeyer IKE_AUTH req",                        {0},                          "p" },
};

static void lines_find_their_messages(void)
{
    for (size_t i = 0; i < sizeof(match_cases) / sizeof(match_cases[0]); i++) {
        struct match_sample sample;
        char letters[32];
        match(&sample, match_cases[i].lines, &match_cases[i].faults, true);
        ok(strcmp(letters_of(&sample.checks, letters), match_cases[i].states) == 0, "%s: %s",
           match_cases[i].what, letters);
        match_clear(&sample);
    }
}

static void without_keys_only_headers_are_seen(void)
{
    static const struct match_case cases[] = {
        {"payloads are blind",           "must * west > east IKE_AUTH req { IDi ... }",         {0}, "b"},
        {"headers are not",              "must * west > east IKE_AUTH req mid 1",               {0}, "p"},
        {"nor is SK itself",             "must * west > east IKE_AUTH req { SK }",              {0}, "p"},
        {"nor what was never encrypted", INIT_REQ,                                              {0}, "p"},
        {"never is blind",               "never east > west IKE_AUTH rsp { N(error:any) ... }", {0}, "b"},
        {"unless there is nothing",
         "never east > west CREATE_CHILD_SA rsp { N(error:any) ... }",                          {0},
         "p"                                                                                            },
        {"absence is seen",              "must * west > east CREATE_CHILD_SA req { SA ... }",   {0}, "f"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct match_sample sample;
        char letters[32];
        match(&sample, cases[i].lines, &cases[i].faults, false);
        ok(strcmp(letters_of(&sample.checks, letters), cases[i].states) == 0, "%s: %s",
           cases[i].what, letters);
        match_clear(&sample);
    }
}

static void failures_are_explained(void)
{
    static const struct {
        const char *lines;
        struct sample_faults faults;
        size_t check;
        const char *text;
        const char *who;
    } cases[] = {
        {"must * west > east IKE_SA_INIT req { SA KE(group 14) Ni N+ }",
         {0},
         0, "expected  west > east IKE_SA_INIT req { SA KE(group 14) Ni N+ }\n"
         "nearest   frame 2 +0.000 s  west > east IKE_SA_INIT req mid 0 { SA KE Ni "
         "N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP) }\n"
         "          - KE(group 14)\n"
         "          + KE(group 31, dh x25519, len 32)",                                        "west"   },
        {"must * west > east IKE_AUTH req { SA(ESP, spi $n.in@west) ... }\n"
         "must * east > west IKE_AUTH rsp { SA(ESP, spi $n.in@west) ... }", {0},
         1, "expected  east > west IKE_AUTH rsp { SA(ESP, spi $n.in@west=c0ffee01) ... }\n"
         "nearest   frame 8 +0.003 s  east > west IKE_AUTH rsp mid 1 { IDr AUTH SA TSi TSr }\n"
         "          - SA(ESP, spi $n.in@west=c0ffee01)\n"
         "          + SA(ESP, spi deadbe02, encr aes128gcm16, sn noesn, n 1)",                 "east"   },
        {"must * west > east CREATE_CHILD_SA req { SA Ni TSi TSr }",
         {0},
         0, "expected  west > east CREATE_CHILD_SA req { SA Ni TSi TSr }\n"
         "nearest   none: no such message left the relay",                                     "west"   },
        {AUTH_REQ "must +<3s east > west IKE_AUTH rsp $a { IDr ... }",
         {.auth_response_missing = true},
         1, "expected  east > west IKE_AUTH rsp { IDr ... }\n"
         "nearest   none: no such message left the relay",                                     "east"   },
        {AUTH_REQ "must +<3s east > west IKE_AUTH rsp $a { IDr ... }",
         {.auth_response_lost = true},
         1, "expected  east > west IKE_AUTH rsp { IDr ... }\n"
         "nearest   none: no such message left the relay\n"
         "held back frame 7 +0.003 s  east > west IKE_AUTH rsp mid 1 { IDr AUTH SA TSi TSr }", "network"},
        {AUTH_REQ "must +<3s east > west IKE_AUTH rsp $a { IDr ... }",
         {.auth_refused = true},
         1, "expected  east > west IKE_AUTH rsp { IDr ... }\n"
         "nearest   frame 8 +0.003 s  east > west IKE_AUTH rsp mid 1 { "
         "N(AUTHENTICATION_FAILED) }\n"
         "          - IDr",                                                                    "east"   },
        {"never east > west any rsp { N(error:any) ... }",
         {.auth_refused = true},
         0, "never     east > west any rsp { N(error:any) ... }\n"
         "seen      frame 7 +0.003 s  east > west IKE_AUTH rsp mid 1 { "
         "N(AUTHENTICATION_FAILED) }",                                                         "east"   },
        {AUTH_REQ "must retransmit $a >= 2",
         {.request_repeated = true},
         1, "expected  retransmit $a >= 2\nseen      1",
         "west"                                                                                                    },
        {AUTH_REQ "must retransmit-of $a is byte-identical",
         {.request_changed = true},
         1, "expected  retransmit-of $a is byte-identical\n"
         "first     frame 6 +0.002 s  west > east IKE_AUTH req mid 1 { IDi AUTH SA TSi TSr "
         "N(INITIAL_CONTACT) }\n"
         "again     frame 7 +1.003 s  west > east IKE_AUTH req mid 1 { IDi AUTH SA TSi TSr "
         "N(INITIAL_CONTACT) }",                                                               "west"   },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct match_sample sample;
        match(&sample, cases[i].lines, &cases[i].faults, true);
        const struct check *check = &sample.checks.items[cases[i].check];
        const bool good = check->state == CHECK_FAIL && strcmp(check->text, cases[i].text) == 0;
        ok(good, "failure %zu", i);
        ok(strcmp(check->who, cases[i].who) == 0, "speaks against %s", check->who);
        if (!good) {
            note("%s", check->text);
        }
        match_clear(&sample);
    }
}

int main(void)
{
    lines_find_their_messages();
    without_keys_only_headers_are_seen();
    failures_are_explained();
    return done_testing();
}
