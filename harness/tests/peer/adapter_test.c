#include "harness/peer/adapter.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "harness/peer/status.h"
#include "harness/tap/tap.h"

enum { AMPLE_MS = 10000, SHORT_MS = 200, SHORT_US = 200000, SOON_US = 5000000, PAUSE_NS = 1000000 };

static struct peer_manifest manifest = {.folder = "harness/tests/peer/fake", .name = "fake"};

static struct peer_adapter adapter_to_fake(void)
{
    return (struct peer_adapter){.manifest = &manifest,
                                 .side = "west",
                                 .cell = "basic/x:west=fake@1,east=fake@1",
                                 .directory = "/work folder",
                                 .config = "/config",
                                 .netns = "ikl-1-1-west",
                                 .bin = "/bin",
                                 .connection = "tunnel",
                                 .child = "net"};
}

static void run(const char *name, const char *argument, uint64_t timeout_ms,
                struct operation_result *out_result)
{
    const struct peer_adapter adapter = adapter_to_fake();
    adapter_run(&adapter, name, argument, timeout_ms, out_result);
}

// Whether the process, an orphan and so ours, has ended or does so within a second.
static bool is_gone(const char *pid_text)
{
    const pid_t pid = (pid_t)strtol(pid_text, NULL, 10);
    for (int i = 0; pid > 1 && i < 1000; i++) {
        const struct timespec pause = {.tv_nsec = PAUSE_NS};
        if (waitpid(pid, NULL, WNOHANG) == pid) {
            return true;
        }
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

static void maps_exit_codes_to_outcomes(void)
{
    static const struct {
        const char *code;
        enum operation_outcome outcome;
    } cases[] = {
        {"0",   OPERATION_DONE       },
        {"1",   OPERATION_FAILED     },
        {"2",   OPERATION_BAD_CALL   },
        {"75",  OPERATION_TEMPORARY  },
        {"77",  OPERATION_CANNOT_RUN },
        {"127", OPERATION_UNSUPPORTED},
        {"3",   OPERATION_BROKEN     },
        {"126", OPERATION_BROKEN     },
        {"255", OPERATION_BROKEN     },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct operation_result result;
        run("exit", cases[i].code, AMPLE_MS, &result);
        ok(result.outcome == cases[i].outcome &&
               result.exit_code == (int)strtol(cases[i].code, NULL, 10),
           "exit code %s is '%s'", cases[i].code, operation_outcome_name(cases[i].outcome));
        operation_result_clear(&result);
    }
}

static void captures_output_and_first_sentence_of_errors(void)
{
    struct operation_result result;
    run("say", "two words", AMPLE_MS, &result);
    ok(strcmp(result.output, "two words\n") == 0 && result.output_size == 10,
       "an argument with a blank arrives whole and comes back");
    operation_result_clear(&result);
    run("complain", NULL, AMPLE_MS, &result);
    ok(result.outcome == OPERATION_FAILED && strcmp(result.error, "first sentence") == 0 &&
           result.output_size == 0,
       "the first line of standard error is kept");
    operation_result_clear(&result);
    run("read-input", NULL, AMPLE_MS, &result);
    ok(strcmp(result.output, "no more input\n") == 0, "standard input is empty");
    operation_result_clear(&result);
}

static void sets_exactly_the_documented_variables(void)
{
    struct operation_result result;
    (void)setenv("IKELAB_LEFTOVER", "1", 1);
    run("environment", NULL, AMPLE_MS, &result);
    static const char wanted[] = "IKELAB_BIN=/bin\n"
                                 "IKELAB_CELL=basic/x:west=fake@1,east=fake@1\n"
                                 "IKELAB_CHILD=net\n"
                                 "IKELAB_CONFIG=/config\n"
                                 "IKELAB_CONNECTION=tunnel\n"
                                 "IKELAB_DIR=/work folder\n"
                                 "IKELAB_NETNS=ikl-1-1-west\n"
                                 "IKELAB_PEER_ROOT=\n"
                                 "IKELAB_SIDE=west\n";
    ok(strcmp(result.output, wanted) == 0, "ctl sees the documented variables and no others");
    operation_result_clear(&result);
}

static void kills_at_the_deadline(void)
{
    struct operation_result result;
    run("hang", NULL, SHORT_MS, &result);
    ok(result.outcome == OPERATION_DEADLINE && result.signal_number == SIGKILL,
       "a hanging operation ends at its deadline");
    ok(result.took_us >= SHORT_US && result.took_us < SOON_US,
       "it ends then, not before and not long after");
    ok(strcmp(result.output, "before hanging\n") == 0, "what it had printed is kept");
    ok(strcmp(result.error, "its time was over") == 0, "the reason is told");
    operation_result_clear(&result);
    run("hang-stubbornly", NULL, SHORT_MS, &result);
    ok(result.outcome == OPERATION_DEADLINE && is_gone(result.output),
       "its child is killed with it, signals ignored or not");
    operation_result_clear(&result);
}

static void leaves_no_child_but_spares_daemons(void)
{
    struct operation_result result;
    run("leave-child", NULL, AMPLE_MS, &result);
    ok(result.outcome == OPERATION_DONE && is_gone(result.output),
       "a child left in the process group is killed");
    ok(result.took_us < SOON_US, "it does not keep the caller waiting");
    operation_result_clear(&result);
    run("leave-daemon", NULL, AMPLE_MS, &result);
    const pid_t daemon = (pid_t)strtol(result.output, NULL, 10);
    ok(result.outcome == OPERATION_DONE && daemon > 1 && kill(daemon, 0) == 0,
       "a daemon with a session of its own lives on");
    ok(result.took_us < SOON_US, "though it holds the pipes, the caller goes on");
    if (daemon > 1) {
        (void)kill(daemon, SIGKILL);
        (void)waitpid(daemon, NULL, 0);
    }
    operation_result_clear(&result);
}

static void tells_crashes_and_floods(void)
{
    struct operation_result result;
    run("crash", NULL, AMPLE_MS, &result);
    ok(result.outcome == OPERATION_BROKEN && result.signal_number == SIGSEGV &&
           result.exit_code == -1 && strcmp(result.error, "signal 11") == 0,
       "a signal is told");
    operation_result_clear(&result);
    run("flood", NULL, AMPLE_MS, &result);
    ok(result.outcome == OPERATION_BROKEN && result.output_size == OPERATION_OUTPUT_SIZE &&
           strcmp(result.error, "more output than allowed") == 0,
       "more output than allowed is an error, not memory");
    operation_result_clear(&result);
    run("flood-errors", NULL, AMPLE_MS, &result);
    ok(result.outcome == OPERATION_FAILED && strcmp(result.error, "y") == 0,
       "of standard error only the beginning is kept");
    operation_result_clear(&result);
}

static void tells_that_ctl_is_missing(void)
{
    struct peer_manifest nowhere = {.folder = "/nonexistent", .name = "nowhere"};
    struct peer_adapter adapter = adapter_to_fake();
    struct operation_result result;
    adapter.manifest = &nowhere;
    adapter_run(&adapter, "version", NULL, AMPLE_MS, &result);
    ok(result.outcome == OPERATION_BROKEN && strcmp(result.error, "ctl cannot be executed") == 0,
       "a missing ctl is told as such");
    operation_result_clear(&result);
}

static void runs_two_operations_at_once(void)
{
    const struct peer_adapter adapter = adapter_to_fake();
    struct operation hanging;
    struct operation quick;
    struct operation_result result;
    operation_begin(&adapter, "hang", NULL, SHORT_MS, &hanging);
    operation_begin(&adapter, "say", "quick", AMPLE_MS, &quick);
    operation_finish(&quick, &result);
    ok(result.outcome == OPERATION_DONE && strcmp(result.output, "quick\n") == 0,
       "the quick one ends while the other hangs");
    operation_result_clear(&result);
    operation_finish(&hanging, &result);
    ok(result.outcome == OPERATION_DEADLINE && result.took_us < SOON_US,
       "the deadline counts from the start of the operation");
    operation_result_clear(&result);
}

static void a_lying_status_is_caught(void)
{
    struct operation_result result;
    char reason[STATUS_REASON_SIZE];
    run("status", NULL, AMPLE_MS, &result);
    ok(result.outcome == OPERATION_DONE &&
           status_parse(result.output, result.output_size, reason) == NULL,
       "an invalid status is rejected: %s", reason);
    operation_result_clear(&result);
}

static void leaves_no_zombie(void)
{
    static const char *const names[] = {"say", "crash", "hang"};
    const struct peer_adapter adapter = adapter_to_fake();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct operation operation;
        struct operation_result result;
        operation_begin(&adapter, names[i], "x", SHORT_MS, &operation);
        const pid_t process = operation.process;
        operation_finish(&operation, &result);
        ok(waitpid(process, NULL, WNOHANG) < 0 && errno == ECHILD, "'%s' was collected", names[i]);
        operation_result_clear(&result);
    }
}

int main(void)
{
    // Orphans come to us, so that their end can be seen.
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    maps_exit_codes_to_outcomes();
    captures_output_and_first_sentence_of_errors();
    sets_exactly_the_documented_variables();
    kills_at_the_deadline();
    leaves_no_child_but_spares_daemons();
    tells_crashes_and_floods();
    tells_that_ctl_is_missing();
    runs_two_operations_at_once();
    a_lying_status_is_caught();
    leaves_no_zombie();
    return done_testing();
}
