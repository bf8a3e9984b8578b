#include "harness/network/process.h"
#include "harness/tap/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_ENOUGH = 10000 };

static bool start(const char *const *arguments, struct process *process)
{
    char error[LAB_ERROR_SIZE] = "";
    const struct process_options options = process_options_default(arguments);
    const bool started = process_start(&options, process, error);
    if (!started) {
        note("%s", error);
    }
    return started;
}

static bool describes(const struct process *process, const char *wanted)
{
    char text[32];
    process_describe(process, text, sizeof(text));
    return strcmp(text, wanted) == 0;
}

static void tells_how_a_process_ended(void)
{
    static const char *const fails[] = {"sh", "-c", "exit 3", NULL};
    static const char *const crashes[] = {"sh", "-c", "kill -SEGV $$", NULL};
    struct process process = {0};
    ok(describes(&process, "never started"), "a zeroed process was never started");
    ok(start(fails, &process) && process_wait(&process, LONG_ENOUGH) &&
           describes(&process, "exit 3"),
       "exit 3");
    ok(process_has_ended(&process), "it stays ended");
    ok(start(crashes, &process) && process_wait(&process, LONG_ENOUGH) &&
           describes(&process, "signal 11"),
       "signal 11");
}

static void ends_the_whole_group(void)
{
    // The shell waits for its child and ignores SIGTERM, as a hanging daemon would.
    static const char *const stubborn[] = {"sh", "-c", "trap '' TERM; sleep 1000 & wait; wait",
                                           NULL};
    struct process process = {0};
    ok(start(stubborn, &process) && !process_wait(&process, 20), "it runs");
    ok(describes(&process, "still running"), "still running");
    const pid_t group = process.pid;
    process_end(&process, 50);
    ok(process_has_ended(&process) && describes(&process, "signal 9"), "it is killed");
    // The killed child belongs to the first process now, which may take a moment to collect it.
    const uint64_t deadline = lab_monotonic_ms() + LONG_ENOUGH;
    while (kill(-group, 0) == 0 && lab_monotonic_ms() < deadline) {
        (void)poll(NULL, 0, 1);
    }
    ok(kill(-group, 0) != 0, "and nothing of its group is left");
    process_end(&process, 50);
    process_signal(&process, SIGTERM);
    ok(describes(&process, "signal 9"), "ending it again does no harm");
}

static void names_what_could_not_be_started(void)
{
    static const char *const missing[] = {"/does/not/exist", NULL};
    static const char *const sleeper[] = {"sleep", "1000", NULL};
    struct process process = {0};
    char error[LAB_ERROR_SIZE];
    struct process_options options = process_options_default(missing);
    ok(!process_start(&options, &process, error) && strstr(error, "/does/not/exist") != NULL,
       "a missing program: %s", error);
    options = process_options_default(sleeper);
    options.output_path = "/does/not/exist/log";
    ok(!process_start(&options, &process, error) && strstr(error, "exist/log") != NULL,
       "a log that cannot be written: %s", error);
    options = process_options_default(sleeper);
    options.directory = "/does/not/exist";
    ok(!process_start(&options, &process, error), "a missing directory: %s", error);
    ok(!namespace_spawn("ikl-none", sleeper, NULL, &process, error) &&
           strstr(error, "ikl-none") != NULL,
       "a missing namespace: %s", error);
    ok(process.pid == 0, "a failed start leaves the process as it was");
}

static void appends_both_streams_to_the_log(void)
{
    static const char *const talks[] = {"sh", "-c", "echo out $WORD; echo err >&2; cat", NULL};
    static const char *const environment[] = {"WORD=extra", NULL};
    static const char wanted[] = "before\nout extra\nerr\n";
    char path[] = "/tmp/ikelab-process-XXXXXX";
    char text[64] = "";
    char error[LAB_ERROR_SIZE];
    struct process process = {0};
    const int file = mkstemp(path);
    struct process_options options = process_options_default(talks);
    options.output_path = path;
    options.environment = environment;
    ok(write(file, "before\n", 7) == 7 && process_start(&options, &process, error) &&
           process_wait(&process, LONG_ENOUGH),
       "a talking process; its standard input is empty");
    const ssize_t size = pread(file, text, sizeof(text), 0);
    ok(size == (ssize_t)strlen(wanted) && memcmp(text, wanted, strlen(wanted)) == 0,
       "the log has what was there, output, errors and the added environment");
    (void)close(file);
    (void)unlink(path);
}

static void runs_a_program_with_input_and_output(void)
{
    static const char *const copies[] = {"cat", NULL};
    static const char *const fails[] = {"sh", "-c", "echo sorry >&2; exit 5", NULL};
    static const char *const hangs[] = {"sleep", "1000", NULL};
    static const char *const ignores[] = {"true", NULL};
    static const char *const leaves[] = {"sh", "-c", "sleep 1000 & echo $!", NULL};
    static uint8_t large[200000];
    char text[32];
    struct process_options options = process_options_default(copies);
    memset(large, 'x', sizeof(large));
    ok(process_run(&options, (struct byte_view){large, 5}, LONG_ENOUGH, text, sizeof(text)) == 0 &&
           strcmp(text, "xxxxx") == 0,
       "input comes out again");
    ok(process_run(&options, VIEW_OF(large), LONG_ENOUGH, text, sizeof(text)) == 0 &&
           strlen(text) == sizeof(text) - 1,
       "more output than fits is cut, the program is not disturbed");
    options = process_options_default(fails);
    ok(process_run(&options, (struct byte_view){0}, LONG_ENOUGH, text, sizeof(text)) == 5 &&
           strcmp(text, "sorry\n") == 0,
       "exit code and errors come back");
    options = process_options_default(ignores);
    ok(process_run(&options, VIEW_OF(large), LONG_ENOUGH, text, sizeof(text)) == 0,
       "a program need not read its input");
    options = process_options_default(hangs);
    const uint64_t before = lab_monotonic_ms();
    ok(process_run(&options, (struct byte_view){0}, 50, text, sizeof(text)) == -1 &&
           lab_monotonic_ms() - before < LONG_ENOUGH,
       "a program that hangs is killed: %s", text);
    options = process_options_default(leaves);
    ok(process_run(&options, (struct byte_view){0}, LONG_ENOUGH, text, sizeof(text)) == 0,
       "a daemon left behind with the output open does not hold us up");
    const pid_t left = (pid_t)strtol(text, NULL, 10);
    ok(left > 1 && kill(left, SIGKILL) == 0, "and it lives on");
}

static void a_child_dies_with_its_starter(void)
{
    static const char *const sleeper[] = {"sleep", "1000", NULL};
    struct process process = {0};
    int ends[2];
    pid_t grandchild = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        ok(false, "a pipe");
        return;
    }
    (void)fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const bool told =
            start(sleeper, &process) && write(ends[1], &process.pid, sizeof(process.pid)) > 0;
        (void)pause();
        _exit(told);
    }
    ok(read(ends[0], &grandchild, sizeof(grandchild)) == (ssize_t)sizeof(grandchild),
       "a child starts a process");
    const int descriptor = pidfd_open(grandchild, 0);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    struct pollfd end = {.fd = descriptor, .events = POLLIN};
    ok(descriptor >= 0 && poll(&end, 1, LONG_ENOUGH) == 1,
       "when the child is killed, so is the process");
    (void)close(descriptor);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    tells_how_a_process_ended();
    ends_the_whole_group();
    names_what_could_not_be_started();
    appends_both_streams_to_the_log();
    runs_a_program_with_input_and_output();
    a_child_dies_with_its_starter();
    return done_testing();
}
