// What a run tells: TAP that the real prove reads, exit codes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/network/process.h"
#include "harness/run/result_file.h"
#include "harness/run/tap_writer.h"
#include "harness/tap/tap.h"

enum { PROVE_MILLISECONDS = 20000, OUTPUT_SIZE = 8192 };

static struct run_result result_of(enum verdict verdict, const char *id, const char *text)
{
    return (struct run_result){
        .is_done = true,
        .verdict = verdict,
        .took_us = 1234567,
        .entry = json_pack("{s:s, s:{s:s, s:s, s:i}, s:{s:s}, s:s, s:s}", "id", id, "reason",
                           "code", "some.code", "text", text, "line", 61, "attribution", "who",
                           "east", "scenario", "basic/x", "repro", "sudo ikelab run 'x'"),
    };
}

// Writes the results as TAP to a file and gives the path, which the caller unlinks.
static bool write_tap(const struct run_result *results, size_t count, char *path)
{
    const int descriptor = mkstemp(path);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (file == NULL) {
        return false;
    }
    tap_write_plan(file, count);
    for (size_t i = 0; i < count; i++) {
        tap_write_result(file, (unsigned)i + 1, &results[i]);
    }
    return fclose(file) == 0;
}

// Shows what a program printed without its lines being taken for results of this test.
static void show(char *output)
{
    for (char *line = output; line[0] != '\0';) {
        const size_t length = strcspn(line, "\n");
        note("%.*s", (int)length, line);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
}

// Lets prove read the file: `--exec cat` makes the file's text the test's output.
static int prove(const char *path, char output[OUTPUT_SIZE])
{
    const char *const arguments[] = {"prove", "--verbose", "--exec", "cat", path, NULL};
    const struct process_options options = process_options_default(arguments);
    return process_run(&options, (struct byte_view){0}, PROVE_MILLISECONDS, output, OUTPUT_SIZE);
}

static int prove_results(const enum verdict *verdicts, size_t count, char output[OUTPUT_SIZE])
{
    struct run_result results[VERDICT_COUNT];
    char path[] = "/tmp/ikelab-tap-XXXXXX";
    for (size_t i = 0; i < count; i++) {
        results[i] = result_of(verdicts[i], "basic/x[a=b]:west=refgw@1,east=refgw@1",
                               "first line # not a directive\n  ...\nnot ok 7 - third line");
    }
    const bool wrote = write_tap(results, count, path);
    const int code = wrote ? prove(path, output) : -1;
    (void)unlink(path);
    for (size_t i = 0; i < count; i++) {
        json_decref(results[i].entry);
    }
    return code;
}

static void passes_what_is_no_failure(void)
{
    static const enum verdict good[] = {VERDICT_PASS, VERDICT_NONSTRICT, VERDICT_UNSUPPORTED,
                                        VERDICT_INCONCLUSIVE, VERDICT_SKIPPED};
    char output[OUTPUT_SIZE];
    const int code = prove_results(good, 5, output);
    if (!ok(code == 0 && strstr(output, "Result: PASS") != NULL,
            "prove passes what did not fail")) {
        show(output);
    }
    ok(strstr(output, "Tests=5") != NULL, "it sees five tests");
    ok(strstr(output, "ok 3 - basic/x[a=b]:west=refgw@1,east=refgw@1 # SKIP unsupported: first "
                      "line   not a directive   ... not ok 7 - third line") != NULL,
       "a skip is one line, whatever its reason contains");
    ok(strstr(output, "ok 1 - basic/x[a=b]:west=refgw@1,east=refgw@1 # time=1.23s") != NULL,
       "a pass tells its time");
}

static void fails_what_failed(void)
{
    static const enum verdict bad[] = {VERDICT_FAIL, VERDICT_CRASH, VERDICT_ENV_ERROR,
                                       VERDICT_HARNESS_ERROR};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const enum verdict verdicts[] = {VERDICT_PASS, bad[i]};
        char output[OUTPUT_SIZE];
        const int code = prove_results(verdicts, 2, output);
        if (!ok(code == 1 && strstr(output, "Failed test:  2") != NULL &&
                    strstr(output, "Parse errors") == NULL,
                "prove fails a cell that is %s, and nothing else", verdict_name(bad[i]))) {
            show(output);
        }
    }
}

static void shows_why_in_yaml(void)
{
    static const enum verdict verdicts[] = {VERDICT_FAIL};
    char output[OUTPUT_SIZE];
    (void)prove_results(verdicts, 1, output);
    ok(strstr(output, "  verdict: fail\n") != NULL, "the block has the verdict");
    ok(strstr(output, "  message: |\n    first line # not a directive\n      ...\n    not ok 7") !=
           NULL,
       "the text of the reason cannot end the block");
    ok(strstr(output, "  attribution: \"east\"\n") != NULL, "the block says who is at fault");
    ok(strstr(output, "  at: \"scenarios/basic/x.scn:61\"\n") != NULL, "and which line");
    ok(strstr(output, "  repro: \"sudo ikelab run 'x'\"\n") != NULL, "and how to see it again");
}

static void bails_out(void)
{
    char path[] = "/tmp/ikelab-tap-XXXXXX";
    char output[OUTPUT_SIZE];
    const int descriptor = mkstemp(path);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (file == NULL) {
        return;
    }
    tap_write_plan(file, 3);
    tap_write_bail_out(file, "interrupted");
    (void)fclose(file);
    ok(prove(path, output) != 0 && strstr(output, "interrupted") != NULL,
       "an interrupted run bails out");
    (void)unlink(path);
}

static int code_of(const enum verdict *verdicts, size_t count)
{
    struct run_result results[8] = {0};
    for (size_t i = 0; i < count; i++) {
        results[i] = (struct run_result){.is_done = true, .verdict = verdicts[i]};
    }
    return run_exit_code(results, count);
}

static void gives_exit_codes(void)
{
    ok(code_of((enum verdict[]){VERDICT_PASS, VERDICT_NONSTRICT, VERDICT_SKIPPED}, 3) == 0,
       "0 as expected");
    ok(code_of((enum verdict[]){VERDICT_PASS, VERDICT_INCONCLUSIVE}, 2) == 0,
       "inconclusive is no failure");
    ok(code_of((enum verdict[]){VERDICT_PASS, VERDICT_FAIL, VERDICT_ENV_ERROR}, 3) == 1,
       "1 for a fail, also beside a broken environment");
    ok(code_of((enum verdict[]){VERDICT_CRASH}, 1) == 1, "1 for a crash");
    ok(code_of((enum verdict[]){VERDICT_PASS, VERDICT_ENV_ERROR}, 2) == 3,
       "3 for a broken environment");
    ok(code_of((enum verdict[]){VERDICT_PASS, VERDICT_HARNESS_ERROR}, 2) == 3,
       "3 for a broken lab");
    ok(code_of((enum verdict[]){VERDICT_SKIPPED, VERDICT_UNSUPPORTED}, 2) == 4,
       "4 when nothing ran");
    const struct run_result undone[2] = {
        {.is_done = true, .verdict = VERDICT_PASS}
    };
    ok(run_exit_code(undone, 2) == 3, "3 when a cell was not done");
}

int main(void)
{
    passes_what_is_no_failure();
    fails_what_failed();
    shows_why_in_yaml();
    bails_out();
    gives_exit_codes();
    return done_testing();
}
