#include "harness/run/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/tap/tap.h"

static bool load_steps(const char *steps, struct scenario *out_scenario)
{
    char text[4096];
    char path[] = "/tmp/ikelab-steps-XXXXXX";
    struct block_fault fault = {0};
    (void)snprintf(text, sizeof(text),
                   "ikelab 1\ntitle \"t\"\nvary { who west | east }\n"
                   "topology { west-lan -- west -- wan -- east -- east-lan }\n"
                   "intent tunnel { auth psk }\ntraffic probe { udp }\n"
                   "steps {\n%s\n}\nexpect { state { must a } }\n",
                   steps);
    const int descriptor = mkstemp(path);
    const bool wrote =
        descriptor >= 0 && write(descriptor, text, strlen(text)) == (ssize_t)strlen(text);
    (void)close(descriptor);
    const bool loaded = wrote && scenario_load(path, "area/name", out_scenario, &fault);
    (void)unlink(path);
    if (!loaded) {
        note("%u:%u: %s", fault.line, fault.column, fault.message);
    }
    return loaded;
}

// Parses under the variant where $who is east.
static bool parse(const char *text, struct step_list *list, struct block_fault *fault)
{
    struct scenario scenario;
    if (!load_steps(text, &scenario)) {
        return false;
    }
    const struct scenario_variant variant = scenario_variant_at(&scenario, 1);
    *fault = (struct block_fault){0};
    const bool is_good = steps_parse(&scenario, &variant, list, fault);
    scenario_clear(&scenario);
    return is_good;
}

static void reads_every_operation(struct step_list *list)
{
    static const enum step_action wanted[] = {
        STEP_START,       STEP_START, STEP_UP,   STEP_DPD,        STEP_REKEY_CHILD,
        STEP_REKEY_IKE,   STEP_DOWN,  STEP_DOWN, STEP_TRAFFIC_ON, STEP_HOLD,
        STEP_TRAFFIC_OFF, STEP_KILL,  STEP_STOP,
    };
    struct block_fault fault = {0};
    if (!ok(parse("10 start east ; start west\n20 up $who\n30 dpd west\n40 rekey-child east\n"
                  "50 rekey-ike west\n60 down west child ; down west\n70 traffic probe on\n"
                  "80 hold 500ms\n90 traffic probe off\n100 kill west\n110 stop east",
                  list, &fault),
            "every operation is read")) {
        note("%u:%u: %s", fault.line, fault.column, fault.message);
        return;
    }
    const size_t count = sizeof(wanted) / sizeof(wanted[0]);
    ok(list->count == count, "there are %zu steps", count);
    for (size_t i = 0; i < count && i < list->count; i++) {
        ok(list->steps[i].operation_count == 1 && list->steps[i].operations[0].action == wanted[i],
           "step %zu is %s", i, step_action_name(wanted[i]));
    }
    ok(list->steps[1].number == 10 && list->steps[2].number == 20,
       "what stands behind ';' belongs to the number before");
    ok(list->steps[2].operations[0].side == SIDE_EAST &&
           strcmp(list->steps[2].text, "up east") == 0,
       "axes are replaced, also in the text");
    ok(strcmp(list->steps[6].operations[0].argument, "child") == 0 &&
           list->steps[7].operations[0].argument[0] == '\0',
       "down knows child, ike or neither");
    ok(list->steps[9].operations[0].hold_milliseconds == 500, "hold has its time");
}

static void reads_conditions(struct step_list *list)
{
    struct block_fault fault = {0};
    const struct step *step = list->steps;
    if (!ok(parse("10 up west until sa ike=1 child>=2 within 15s\n"
                  "20 up west until sa ike=1 both within 2s\n"
                  "30 traffic probe on until received >= 100 both within 5s\n"
                  "40 until sa child.generation>=1 ike.generation<=3 east within 1m",
                  list, &fault),
            "conditions are read")) {
        note("%u:%u: %s", fault.line, fault.column, fault.message);
        return;
    }
    ok(step[0].until.side == SIDE_WEST && step[0].within_milliseconds == 15000,
       "without a side it is the operation's own");
    ok(step[0].until.term_count == 2 && step[0].until.terms[0].subject == STEP_IKE_COUNT &&
           step[0].until.terms[0].comparison == STEP_EQUAL &&
           step[0].until.terms[1].subject == STEP_CHILD_COUNT &&
           step[0].until.terms[1].comparison == STEP_AT_LEAST && step[0].until.terms[1].value == 2,
       "terms have subject, comparison and value");
    ok(step[1].until.side == SIDE_BOTH, "both sides can be meant");
    ok(step[2].until.terms[0].subject == STEP_RECEIVED && step[2].until.terms[0].value == 100,
       "received counts datagrams");
    ok(step_condition_wants_traffic(&step[2].until) && !step_condition_wants_status(&step[2].until),
       "which needs the probes and no status");
    ok(step[3].operation_count == 0 && step[3].until.side == SIDE_EAST &&
           step[3].until.terms[0].subject == STEP_CHILD_GENERATION &&
           step[3].until.terms[1].comparison == STEP_AT_MOST,
       "a step can wait and do nothing");
}

static void reads_marks_and_parallels(struct step_list *list)
{
    struct block_fault fault = {0};
    const struct step *step = list->steps;
    if (!ok(parse("10 mark rekey { rekey-child $who until sa child.generation>=1 within 3s ; hold "
                  "2s }\n20 parallel { rekey-child west ; rekey-ike east } until sa child=1 both "
                  "within 3s\n30 up west expect-failure",
                  list, &fault),
            "mark and parallel are read")) {
        note("%u:%u: %s", fault.line, fault.column, fault.message);
        return;
    }
    ok(list->count == 4, "a mark holds steps, a parallel is one step");
    ok(strcmp(step[0].mark, "rekey") == 0 && strcmp(step[1].mark, "rekey") == 0 &&
           step[2].mark[0] == '\0',
       "steps know their mark");
    ok(step[0].number == 10 && step[1].number == 10, "and have its number");
    ok(step[2].operation_count == 2 && step[2].operations[1].action == STEP_REKEY_IKE &&
           step[2].operations[1].side == SIDE_EAST && step[2].until.side == SIDE_BOTH,
       "operations side by side, then one condition");
    ok(step[3].operations[0].expects_failure && !step[2].operations[0].expects_failure,
       "an operation may be expected to fail");
}

struct bad {
    const char *text;
    const char *message;
};

static const struct bad bad_steps[] = {
    {"start west",                                                      "the first step needs a number"    },
    {"10 start west\n10 start east",                                    "numbers grow"                     },
    {"20 start west\n10 start east",                                    "numbers grow"                     },
    {"10 sleep 5s",                                                     "there is no sleep"                },
    {"10 jump west",                                                    "'jump' is no step; allowed: start"},
    {"10 start",                                                        "'start' needs a side"             },
    {"10 start both",                                                   "'start' needs a side"             },
    {"10 start west now",                                               "'now' is one word too many"       },
    {"10 down west all",                                                "'all' is one word too many"       },
    {"10 traffic noise on",                                             "there is no traffic 'noise'"      },
    {"10 traffic probe",                                                "`on` or `off`"                    },
    {"10 hold",                                                         "hold takes a duration"            },
    {"10 hold 3m",                                                      "hold takes a duration"            },
    {"10",                                                              "'' is no step"                    },
    {"10 up west until",                                                "a condition is"                   },
    {"10 up west until sa within 5s",                                   "sa takes ike=N"                   },
    {"10 up west until sa ike = 1 within 5s",                           "no spaces"                        },
    {"10 up west until sa ike=x within 5s",                             "sa takes ike=N"                   },
    {"10 up west until sa esp=1 within 5s",                             "sa takes ike=N"                   },
    {"10 up west until sa ike=<1 within 5s",                            "sa takes ike=N"                   },
    {"10 up west until sa ike=1",                                       "`within` is missing"              },
    {"10 up west until sa ike=1 within soon",                           "within takes a duration"          },
    {"10 up west until received 5 within 5s",                           "received is compared as in"       },
    {"10 up west until received >= many within 5s",                     "with a number"                    },
    {"10 mark { hold 1s }",                                             "mark takes a name and a block"    },
    {"10 mark a",                                                       "mark takes a name and a block"    },
    {"10 mark a { mark b { hold 1s } }",                                "mark does not stand inside mark"  },
    {"10 parallel",                                                     "parallel needs a block"           },
    {"10 parallel { up west }",                                         "at least two operations"          },
    {"10 parallel { up west ; hold 1s }",                               "of running peers"                 },
    {"10 parallel { start west ; start east }",                         "of running peers"                 },
    {"10 parallel { up west until sa ike=1 within 1s ; up east }",      "without until"                    },
    {"10 parallel { up west ; up east ; up west ; up east ; up west }", "at most 4"                        },
};

static void refuses_what_is_no_step(struct step_list *list)
{
    for (size_t i = 0; i < sizeof(bad_steps) / sizeof(bad_steps[0]); i++) {
        struct block_fault fault = {0};
        list->count = 77;
        const bool is_right = !parse(bad_steps[i].text, list, &fault) && fault.line >= 7 &&
                              strstr(fault.message, bad_steps[i].message) != NULL;
        if (!ok(is_right && list->count == 77, "refuses '%s'", bad_steps[i].text)) {
            note("%u:%u: %s", fault.line, fault.column, fault.message);
        }
    }
}

static void refuses_too_many_steps(struct step_list *list)
{
    char text[4000];
    size_t used = 0;
    struct block_fault fault = {0};
    for (unsigned i = 1; i <= STEPS_MOST + 1; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%u hold 1s\n", i);
    }
    ok(!parse(text, list, &fault) && strstr(fault.message, "at most 64 steps") != NULL,
       "refuses more than %d steps", STEPS_MOST);
}

static void compares_observations(struct step_list *list)
{
    static const struct {
        const char *condition;
        struct step_observation seen;
        bool holds;
    } cases[] = {
        {"sa ike=1 child=1",       {.ike_count = 1, .child_count = 1}, true },
        {"sa ike=1 child=1",       {.ike_count = 1, .child_count = 2}, false},
        {"sa ike=0",               {.child_count = 3},                 true },
        {"sa child>=2",            {.child_count = 2},                 true },
        {"sa child>=2",            {.child_count = 1},                 false},
        {"sa child<=2",            {.child_count = 3},                 false},
        {"sa ike.generation=2",    {.ike_generation = 2},              true },
        {"sa child.generation>=1", {.child_generation = 0},            false},
        {"received >= 10",         {.received = 10},                   true },
        {"received >= 10",         {.received = 9},                    false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[128];
        struct block_fault fault = {0};
        (void)snprintf(text, sizeof(text), "10 until %s within 1s", cases[i].condition);
        ok(parse(text, list, &fault) &&
               step_condition_holds(&list->steps[0].until, &cases[i].seen) == cases[i].holds,
           "'%s' %s", cases[i].condition, cases[i].holds ? "holds" : "does not hold");
    }
}

int main(void)
{
    struct step_list *list = calloc(1, sizeof(*list));
    if (list == NULL) {
        return 1;
    }
    reads_every_operation(list);
    reads_conditions(list);
    reads_marks_and_parallels(list);
    refuses_what_is_no_step(list);
    refuses_too_many_steps(list);
    compares_observations(list);
    free(list);
    return done_testing();
}
