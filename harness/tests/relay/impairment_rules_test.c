#include "harness/relay/impairment_rules.h"

#include "harness/relay/relay.h"
#include "harness/tap/tap.h"

#include <stdlib.h>
#include <string.h>

static bool parse(const char *text, struct impairment_rules *rules, struct block_fault *fault)
{
    const struct byte_view view = {.data = (const uint8_t *)text, .size = strlen(text)};
    *fault = (struct block_fault){0};
    return impairment_rules_parse(view, rules, fault);
}

static void reads_a_message_rule(void)
{
    struct impairment_rules rules;
    struct block_fault fault;
    ok(parse("rule 22 { wan ike drop 2nd CREATE_CHILD_SA.req from west times 3 must-hit >= 2 }\n",
             &rules, &fault),
       "a rule about a message %s", fault.message);
    const struct impairment_rule *rule = &rules.rules[0];
    ok(rules.count == 1 && rule->line == 22 && rule->traffic == IMPAIR_IKE &&
           rule->action == IMPAIR_DROP && rule->ordinal == 2 && rule->exchange == 36 &&
           rule->kind == IMPAIR_REQUEST && rule->direction == IMPAIR_FROM_WEST &&
           rule->times == 3 && rule->must_hit == 2 && rule->probability == IMPAIRMENT_ALWAYS,
       "has all that it says");
    ok(strcmp(rule->text, "drop 2nd CREATE_CHILD_SA.req from west times 3") == 0, "its text: %s",
       rule->text);
}

static void reads_every_action(void)
{
    struct impairment_rules rules;
    struct block_fault fault;
    ok(parse("rule 1 { wan ike drop every INFORMATIONAL.rsp to east }\n"
             "rule 2 { wan ike duplicate 1st any from east }\n"
             "rule 3 { wan ike delay 50ms jitter 500us 11th IKE_AUTH times all }\n"
             "rule 4 { wan ike corrupt 1st IKE_SA_INIT.rsp }\n"
             "rule 5 { wan esp loss 5% seed 42 both-ways during rekey must-hit >= 20 }\n"
             "rule 6 { wan esp loss 0.25% }\n"
             "rule 7 { wan delay 20ms }\n"
             "rule 8 { wan esp drop 3rd from west }\n",
             &rules, &fault) &&
           rules.count == 8,
       "eight rules %s", fault.message);
    const struct impairment_rule *rule = rules.rules;
    ok(rule[0].ordinal == 0 && rule[0].kind == IMPAIR_RESPONSE &&
           rule[0].direction == IMPAIR_FROM_WEST,
       "what goes to east comes from west");
    ok(rule[1].action == IMPAIR_DUPLICATE && rule[1].exchange == 0 &&
           rule[1].kind == IMPAIR_ANY_MESSAGE,
       "any message");
    ok(rule[2].action == IMPAIR_DELAY && rule[2].delay_us == 50000 && rule[2].jitter_us == 500 &&
           rule[2].ordinal == 11 && rule[2].times == 0,
       "a delay with jitter");
    ok(rule[3].action == IMPAIR_CORRUPT && rule[3].times == 1, "corruption");
    ok(rule[4].probability == 50000 && rule[4].has_seed && rule[4].seed == 42 &&
           strcmp(rule[4].phase, "rekey") == 0 && rule[4].must_hit == 20,
       "loss in a phase");
    ok(rule[5].probability == 2500 && !rule[5].has_seed, "a quarter of a percent");
    ok(rule[6].traffic == IMPAIR_ALL && rule[6].delay_us == 20000 &&
           rule[6].direction == IMPAIR_BOTH_WAYS && strcmp(rule[6].text, "delay 20ms") == 0,
       "a delay for everything");
    ok(rule[7].traffic == IMPAIR_ESP && rule[7].ordinal == 3, "the third ESP packet");
}

struct bad_line {
    const char *text;
    unsigned column;   // of the word that is wrong
    const char *names; // what the message must name
};

static void names_what_is_wrong_and_what_is_allowed(void)
{
    static const struct bad_line lines[] = {
        {"lan ike drop 1st any",                          10, "wan"            },
        {"wan ike lose 1st any",                          18, "duplicate"      },
        {"wan foo drop",                                  14, "ike esp drop"   },
        {"wan ike",                                       14, "delay"          },
        {"wan ike drop IKE_AUTH.req",                     23, "1st"            },
        {"wan ike drop 1th IKE_AUTH.req",                 23, "2nd"            },
        {"wan ike drop 12nd IKE_AUTH.req",                23, "every"          },
        {"wan ike drop 0th IKE_AUTH.req",                 23, "every"          },
        {"wan ike drop 1st IKE_ATUH.req",                 27, "CREATE_CHILD_SA"},
        {"wan ike drop 1st IKE_AUTH.request",             27, ".req"           },
        {"wan ike drop 1st",                              23, "INFORMATIONAL"  },
        {"wan ike drop 1st any from north",               36, "west east"      },
        {"wan ike drop 1st any north",                    31, "must-hit"       },
        {"wan ike drop 1st any must-hit x",               40, "number"         },
        {"wan ike drop 1st any times 0",                  37, "never hit"      },
        {"wan ike drop every any times 2",                33, "every"          },
        {"wan ike loss 5%",                               18, "esp only"       },
        {"wan loss 5%",                                   14, "esp only"       },
        {"wan esp loss 5",                                23, "0%"             },
        {"wan esp loss 101%",                             23, "100%"           },
        {"wan esp loss 5% seed abc",                      31, "seed"           },
        {"wan ike delay 50 1st any",                      24, "50ms"           },
        {"wan ike drop 1st any if $lose == req",          31, "settled"        },
        {"wan ike drop 1st INFORMATIONAL.req { D(ESP) }", 45, "keys"           },
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char text[128];
        struct impairment_rules rules = {.count = 77};
        struct block_fault fault;
        (void)snprintf(text, sizeof(text), "\nrule 9 { %s }\n", lines[i].text);
        const bool refused = !parse(text, &rules, &fault) && rules.count == 77;
        const bool placed =
            fault.line == 9 && (fault.column == lines[i].column || lines[i].column == 0);
        ok(refused && placed && strstr(fault.message, lines[i].names) != NULL, "%s: %u:%u %s",
           lines[i].text, fault.line, fault.column, fault.message);
    }
}

static void refuses_what_is_no_rules_file(void)
{
    static const char *const texts[] = {"wan ike drop 1st any\n",
                                        "rule x { wan delay 1ms }\n",
                                        "rule 3\n",
                                        "rule 3 { }\n",
                                        "rule 3 { wan delay 1ms ; wan delay 2ms }\n",
                                        "rule 3 {\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct impairment_rules rules;
        struct block_fault fault;
        ok(!parse(texts[i], &rules, &fault) && fault.message[0] != '\0', "%s", fault.message);
    }
    struct impairment_rules rules;
    struct block_fault fault;
    ok(parse("", &rules, &fault) && rules.count == 0, "an empty file has no rules");
    ok(!impairment_rules_load("/does/not/exist", &rules, &fault), "a missing file is a fault");
}

static void refuses_too_many_rules(void)
{
    static char text[(IMPAIRMENT_MOST_RULES + 1) * 32];
    struct impairment_rules *rules = calloc(1, sizeof(*rules));
    struct block_fault fault;
    size_t used = 0;
    for (int i = 0; i < IMPAIRMENT_MOST_RULES + 1; i++) {
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "rule %d { wan delay 1ms }\n", i);
    }
    ok(!parse(text, rules, &fault) && fault.line == IMPAIRMENT_MOST_RULES + 1, "%s", fault.message);
    free(rules);
}

static void reads_back_what_the_runner_writes(void)
{
    static const char *const words[] = {"wan",
                                        "ike",
                                        "drop",
                                        "1st",
                                        "IKE_AUTH.req",
                                        "from",
                                        "west",
                                        "during",
                                        "odd \"name\" {",
                                        "must-hit",
                                        "1"};
    static const char *const with_block[] = {"wan", "ike", "drop", "1st", "any", NULL};
    char *text = NULL;
    size_t size = 0;
    struct impairment_rules rules;
    struct block_fault fault;
    FILE *out = open_memstream(&text, &size);
    ok(relay_rule_write(out, 31, words, 11) && fclose(out) == 0, "a rule is written");
    ok(parse(text, &rules, &fault) && rules.rules[0].line == 31 &&
           strcmp(rules.rules[0].phase, "odd \"name\" {") == 0,
       "and read back: %s", text);
    free(text);
    out = open_memstream(&text, &size);
    ok(relay_rule_write(out, 32, with_block, 6) && fclose(out) == 0 &&
           !parse(text, &rules, &fault) && strstr(fault.message, "keys") != NULL,
       "a block in the line is refused, not lost");
    free(text);
}

int main(void)
{
    reads_a_message_rule();
    reads_every_action();
    names_what_is_wrong_and_what_is_allowed();
    refuses_what_is_no_rules_file();
    refuses_too_many_rules();
    reads_back_what_the_runner_writes();
    return done_testing();
}
