// The wire line grammar: what it means, and what it says about what it does not know.
#include "harness/judge/wire_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/tap/tap.h"
#include "harness/tests/judge/line_sample.h"

static bool parse(const char *text, struct wire_line *out_line, struct block_fault *out_fault)
{
    struct line_sample sample;
    line_sample_make(&sample, text);
    *out_fault = (struct block_fault){0};
    const bool good = wire_line_parse(&sample.judged, &line_sample_block(&sample)->statements[0],
                                      out_line, out_fault);
    line_sample_clear(&sample);
    return good;
}

static void understands_good_lines(void)
{
    static const struct {
        const char *text;
        const char *wanted; // as it reads back
    } cases[] = {
        {"must * west > east IKE_SA_INIT req $i { SA KE Ni ... }",
         "west > east IKE_SA_INIT req { SA KE Ni ... }"                                                                                                                         },
        {"must +<3s east > west IKE_AUTH rsp { IDr AUTH SA(ESP, encr aes128gcm16, n 1) TSi TSr }",
         "east > west IKE_AUTH rsp { IDr AUTH SA(ESP, encr aes128gcm16, n 1) TSi TSr }"                                                                                         },
        {"should +1s~4s $rekeyer > peer CREATE_CHILD_SA req { N(REKEY_SA, ESP, spi "
         "$old.in@$rekeyer) ... }",                                                       "east > west CREATE_CHILD_SA req { N(REKEY_SA, ESP, spi $old.in@east) ... }" },
        {"must +<2s~retrans peer > $rekeyer any rsp",                                              "west > east any rsp"                                                        },
        {"never any > any any any { N(error:any) ... }",                                           "any > any any { N(error:any) ... }"                                         },
        {"may #40+ west > east INFORMATIONAL req dport 4500 mid 2 { D(ESP, $x)? !CP V+ }",
         "west > east INFORMATIONAL req dport 4500 mid 2 { D(ESP, $x)? !CP V+ }"                                                                                                },
        {"info west > east IKE_AUTH req rfc7296:2.15 { AUTH|EAP ... }",
         "west > east IKE_AUTH req { AUTH|EAP ... }"                                                                                                                            },
        {"must * west > east IKE_AUTH req { KE(group 31, len 32) TSi(203.0.113.0/26) "
         "hdr(flags I!R, ver 2.0, mid 1) }",                                              "west > east IKE_AUTH req mid 1 { KE(group 31, len 32) TSi(203.0.113.0/26) }"},
        {"must retransmit $r >= 1",                                                                "retransmit $r >= 1"                                                         },
        {"must retransmit-of $r is byte-identical",                                                "retransmit-of $r is byte-identical"                                         },
        {"must * west > east IKE_AUTH req { } if $rekeyer == east",                                "west > east IKE_AUTH req { }"                                               },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_line line;
        struct block_fault fault;
        const bool good = parse(cases[i].text, &line, &fault);
        ok(good && strcmp(line.text, cases[i].wanted) == 0, "%s%s", cases[i].text,
           good ? "" : fault.message);
    }
}

static void reads_times(void)
{
    static const struct {
        const char *text;
        enum wire_when_kind kind;
        unsigned step;
        uint64_t earliest;
        uint64_t latest;
    } cases[] = {
        {"must * west > east any any",               WHEN_IN_ORDER,       0,  0,       0       },
        {"must + west > east any any",               WHEN_AFTER_PREVIOUS, 0,  0,       0       },
        {"must +<200ms west > east any any",         WHEN_AFTER_PREVIOUS, 0,  0,       200000  },
        {"must +1s~4s west > east any any",          WHEN_AFTER_PREVIOUS, 0,  1000000, 4000000 },
        {"must #40+<2s west > east any any",         WHEN_AFTER_STEP,     40, 0,       2000000 },
        {"must #40+<2s~retrans west > east any any", WHEN_AFTER_STEP,     40, 0,       14000000},
        {"must +<2s~rtt west > east any any",        WHEN_AFTER_PREVIOUS, 0,  0,       2200000 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_line line;
        struct block_fault fault;
        ok(parse(cases[i].text, &line, &fault) && line.when.kind == cases[i].kind &&
               line.when.step == cases[i].step && line.when.earliest_us == cases[i].earliest &&
               line.when.latest_us == cases[i].latest,
           "%s", cases[i].text);
    }
}

static void takes_the_clause_from_line_or_exchange(void)
{
    struct wire_line line;
    struct block_fault fault;
    ok(parse("must * west > east CREATE_CHILD_SA req", &line, &fault) &&
           strcmp(line.requirement, "rfc7296:1.3") == 0,
       "the exchange's section");
    ok(parse("must * west > east CREATE_CHILD_SA req { SA } rfc7296:2.8", &line, &fault) &&
           strcmp(line.requirement, "rfc7296:2.8") == 0,
       "the section of the line");
}

static void explains_what_it_does_not_know(void)
{
    static const struct {
        const char *text;
        const char *message;
        unsigned column;
    } cases[] = {
        {"shall * west > east any any",                             "\"shall\" is not must, should, may, info or never",  1 },
        {"must +2s west > east any any",                            "\"+2s\" is not *, +<2s, +1s~4s, #40+ or #40+<2s",    6 },
        {"must +4s~1s west > east any any",                         "\"+4s~1s\" is not *, +<2s, +1s~4s, #40+ or #40+<2s",
         6                                                                                                                  },
        {"must * north > east any any",
         "\"north\" is not west, east, any, peer or an axis with these values",                                           8 },
        {"must * $side > east any any",
         "\"$side\" is not west, east, any, peer or an axis with these values",                                           8 },
        {"must * west east any any",                                "\">\" is expected here",                             13},
        {"must * west > west any any",                              "a message goes from one side to the other",          15},
        {"must * west > east IKE_INIT req",
         "\"IKE_INIT\" is no exchange; allowed: IKE_SA_INIT IKE_AUTH CREATE_CHILD_SA "
         "INFORMATIONAL IKE_INTERMEDIATE ... any",                                                                        20},
        {"must * west > east IKE_AUTH reply",                       "\"reply\" is not req, rsp or any",                   29},
        {"must * west > east IKE_AUTH",                             "the line ends where req, rsp or any is expected",    20},
        {"must * west > east IKE_AUTH req speed 3",
         "\"speed\" is not expected here; allowed: $name, dport N, sport N, mid N, rfc7296:2.8, { "
         "payloads }, if",                                                                                                33},
        {"must * west > east IKE_AUTH req dport 70000",             "a number of at most 65535",                          39},
        {"must * west > east IKE_AUTH req { SB }",
         "\"SB\" is no payload; allowed: SA KE Ni Nr IDi IDr AUTH CERT CERTREQ CP EAP TSi TSr N D "
         "V SK SKF hdr and ...",                                                                                          35},
        {"must * west > east IKE_AUTH req { N(REKEY) }",            "\"REKEY\" is no notify type",                        35},
        {"must * west > east IKE_AUTH req { SA(ESP, cipher aes) }",
         "\"cipher\" in SA; allowed: spi encr prf integ dh addke sn n",                                                   35},
        {"must * west > east IKE_AUTH req { SA(encr rot13) }",      "\"rot13\" is no algorithm for encr",
         35                                                                                                                 },
        {"must * west > east IKE_AUTH req { AUTH(psk) }",           "\"psk\" in AUTH; allowed: method",                   35},
        {"must * west > east IKE_AUTH req { CERT(x) }",             "\"CERT\" takes no fields",                           35},
        {"must * west > east IKE_AUTH req { hdr(flags X) }",
         "flags are I and R, each with ! in front for not set",                                                           35},
        {"must * west > east IKE_AUTH req { D(ESP, spi xyz) }",
         "an SPI is $name or lower-case hexadecimal, not \"xyz\"",                                                        35},
        {"must retransmit r >= 1",                                  "\"r\" is not a $name",                               17},
        {"must retransmit-of $r is equal",                          "\"is byte-identical\" is expected here",             23},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_line line;
        struct block_fault fault;
        ok(!parse(cases[i].text, &line, &fault) && strcmp(fault.message, cases[i].message) == 0 &&
               fault.line == 1 && fault.column == cases[i].column,
           "%u: %s", fault.column, fault.message);
    }
}

static void wants_names_bound_before_use(void)
{
    static const struct {
        const char *text;
        bool is_good;
    } cases[] = {
        {"must * west > east IKE_AUTH req $a\nmust retransmit $a >= 1",                true },
        {"must retransmit $a >= 1\nmust * west > east IKE_AUTH req $a",                false},
        {"must * west > east IKE_AUTH req $a\nnever east > west any rsp $b",           false},
        {"must * west > east any req $a if $rekeyer == west\nmust retransmit $a >= 1", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct line_sample sample;
        struct block_fault fault = {0};
        size_t count = 0;
        line_sample_make(&sample, cases[i].text);
        struct wire_line *lines =
            wire_lines_parse(&sample.judged, line_sample_block(&sample), &count, &fault);
        ok((lines != NULL) == cases[i].is_good, "case %zu: %s", i, fault.message);
        free(lines);
        line_sample_clear(&sample);
    }
}

int main(void)
{
    understands_good_lines();
    reads_times();
    takes_the_clause_from_line_or_exchange();
    explains_what_it_does_not_know();
    wants_names_bound_before_use();
    return done_testing();
}
