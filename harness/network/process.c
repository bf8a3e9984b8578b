#include "harness/network/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KILL_MILLISECONDS = 5000, PATH_SIZE = 128 };

// Where a child that could not become the program gave up.
enum start_stage {
    STAGE_NAMESPACE,
    STAGE_OUTPUT,
    STAGE_DIRECTORY,
    STAGE_PROGRAM,
};

struct start_failure {
    enum start_stage stage;
    int error;
};

uint64_t lab_time_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

uint64_t lab_monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

bool namespace_enter(const char *name)
{
    char path[PATH_SIZE];
    const int length = snprintf(path, sizeof(path), "/run/netns/%s", name);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    const bool entered = setns(descriptor, CLONE_NEWNET) == 0;
    const int error = errno;
    (void)close(descriptor);
    errno = error;
    return entered;
}

struct process_options process_options_default(const char *const *arguments)
{
    return (struct process_options){.arguments = arguments, .input = -1, .output = -1};
}

// Our environment with the additions behind it, which execvpe() takes; only the array is owned.
static char **environment_with(const char *const *additions)
{
    size_t ours = 0;
    size_t added = 0;
    while (environ[ours] != NULL) {
        ours++;
    }
    while (additions != NULL && additions[added] != NULL) {
        added++;
    }
    char **all = calloc(ours + added + 1, sizeof(*all));
    if (all == NULL) {
        return NULL;
    }
    // The additions stand first: getenv() takes the first that matches.
    if (added > 0) {
        memcpy(all, additions, added * sizeof(*all));
    }
    memcpy(all + added, environ, ours * sizeof(*all));
    return all;
}

static int copy_above_streams(int descriptor)
{
    return descriptor >= 0 ? fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
}

// The child's half of descriptor work: 0, 1 and 2 are ready afterwards, the rest is close-on-exec.
static bool connect_streams(const struct process_options *options)
{
    // Out of the way of 0, 1 and 2, so that no dup2() below covers a descriptor still needed.
    const int nothing = copy_above_streams(open("/dev/null", O_RDWR | O_CLOEXEC));
    const int input = options->input >= 0 ? copy_above_streams(options->input) : nothing;
    const int output = copy_above_streams(options->output);
    int log = nothing;
    if (nothing < 0) {
        return false;
    }
    if (options->output_path != NULL) {
        log = copy_above_streams(
            open(options->output_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
        if (log < 0) {
            return false;
        }
    }
    return input >= 0 && dup2(input, STDIN_FILENO) >= 0 &&
           dup2(output >= 0 ? output : log, STDOUT_FILENO) >= 0 &&
           dup2(log == nothing && output >= 0 ? output : log, STDERR_FILENO) >= 0 &&
           close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static enum start_stage become_program(const struct process_options *options, char **environment)
{
    const char *const *arguments = options->arguments;
    if (options->namespace_name != NULL && !namespace_enter(options->namespace_name)) {
        return STAGE_NAMESPACE;
    }
    if (!connect_streams(options)) {
        return STAGE_OUTPUT;
    }
    if (options->directory != NULL && chdir(options->directory) != 0) {
        return STAGE_DIRECTORY;
    }
    // execvpe() takes the words without const but does not change them.
    char *const *words = NULL;
    memcpy(&words, &arguments, sizeof(arguments));
    (void)execvpe(arguments[0], words, environment);
    return STAGE_PROGRAM;
}

static void lead_own_group(pid_t starter)
{
    sigset_t none;
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != starter) {
        _exit(127); // it ended before the line above
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
}

_Noreturn static void run_child(const struct process_options *options, char **environment,
                                pid_t starter, int failure_pipe)
{
    // The pipe must not lie where the streams go.
    const int report = fcntl(failure_pipe, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    lead_own_group(starter);
    struct start_failure failure = {.stage = become_program(options, environment)};
    failure.error = errno;
    const ssize_t ignored = write(report, &failure, sizeof(failure));
    (void)ignored;
    _exit(127);
}

static void describe_failure(const struct process_options *options,
                             const struct start_failure *failure, char out_error[LAB_ERROR_SIZE])
{
    const char *what = options->arguments[0];
    const char *doing = "start";
    if (failure->stage == STAGE_NAMESPACE) {
        what = options->namespace_name;
        doing = "enter namespace";
    } else if (failure->stage == STAGE_OUTPUT) {
        what = options->output_path != NULL ? options->output_path : "/dev/null";
        doing = "write to";
    } else if (failure->stage == STAGE_DIRECTORY) {
        what = options->directory;
        doing = "enter directory";
    }
    (void)snprintf(out_error, LAB_ERROR_SIZE, "cannot %s %s: %s", doing, what,
                   strerror(failure->error));
}

static bool fail_with_errno(char out_error[LAB_ERROR_SIZE], const char *what)
{
    (void)snprintf(out_error, LAB_ERROR_SIZE, "%s: %s", what, strerror(errno));
    return false;
}

// Waits until the child has become its program. A short read means that the pipe was closed by
// a successful exec.
static bool child_started(int failure_pipe, struct start_failure *out_failure)
{
    ssize_t got = 0;
    do {
        got = read(failure_pipe, out_failure, sizeof(*out_failure));
    } while (got < 0 && errno == EINTR);
    return got != (ssize_t)sizeof(*out_failure);
}

static bool start_child(const struct process_options *options, char **environment,
                        struct process *out_process, char out_error[LAB_ERROR_SIZE])
{
    int failure_pipe[2];
    struct start_failure failure;
    const pid_t starter = getpid();
    if (pipe2(failure_pipe, O_CLOEXEC) != 0) {
        return fail_with_errno(out_error, "cannot make a pipe");
    }
    const pid_t pid = fork();
    if (pid == 0) {
        run_child(options, environment, starter, failure_pipe[1]);
    }
    (void)close(failure_pipe[1]);
    if (pid < 0) {
        (void)close(failure_pipe[0]);
        return fail_with_errno(out_error, "cannot fork");
    }
    (void)setpgid(pid, pid); // the child does it too: whoever is first
    const bool started = child_started(failure_pipe[0], &failure);
    (void)close(failure_pipe[0]);
    const int descriptor = started ? pidfd_open(pid, 0) : -1;
    if (descriptor < 0) {
        if (started) {
            (void)fail_with_errno(out_error, "cannot watch the process");
            (void)kill(-pid, SIGKILL);
        } else {
            describe_failure(options, &failure, out_error);
        }
        (void)waitpid(pid, NULL, 0);
        return false;
    }
    *out_process = (struct process){.pid = pid, .descriptor = descriptor};
    return true;
}

bool process_start(const struct process_options *options, struct process *out_process,
                   char out_error[LAB_ERROR_SIZE])
{
    char **environment = environment_with(options->environment);
    if (environment == NULL) {
        return fail_with_errno(out_error, "cannot start a process");
    }
    const bool started = start_child(options, environment, out_process, out_error);
    free(environment);
    return started;
}

bool namespace_spawn(const char *name, const char *const *arguments, const char *output_path,
                     struct process *out_process, char out_error[LAB_ERROR_SIZE])
{
    struct process_options options = process_options_default(arguments);
    options.namespace_name = name;
    options.output_path = output_path;
    return process_start(&options, out_process, out_error);
}

static bool is_collectable(const struct process *process)
{
    return process->pid > 0 && !process->has_ended;
}

bool process_has_ended(struct process *process)
{
    int status = 0;
    if (!is_collectable(process)) {
        return true;
    }
    const pid_t got = waitpid(process->pid, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) {
        return false;
    }
    process->has_ended = true;
    process->wait_status = got > 0 ? status : 0;
    (void)close(process->descriptor);
    process->descriptor = -1;
    return true;
}

// Whether the process has ended within the time. Does not collect it, so that its process group
// keeps its number.
static bool ends_within(const struct process *process, unsigned milliseconds)
{
    struct pollfd end = {.fd = process->descriptor, .events = POLLIN};
    const uint64_t deadline = lab_monotonic_ms() + milliseconds;
    for (;;) {
        const uint64_t now = lab_monotonic_ms();
        const int left = now < deadline ? (int)(deadline - now) : 0;
        const int ready = poll(&end, 1, left);
        if (ready > 0) {
            return true;
        }
        if (left == 0 || (ready < 0 && errno != EINTR)) {
            return false;
        }
    }
}

bool process_wait(struct process *process, unsigned milliseconds)
{
    if (is_collectable(process)) {
        (void)ends_within(process, milliseconds);
    }
    return process_has_ended(process);
}

void process_signal(const struct process *process, int signal_number)
{
    if (is_collectable(process)) {
        (void)kill(-process->pid, signal_number);
    }
}

void process_end(struct process *process, unsigned grace_milliseconds)
{
    if (!is_collectable(process)) {
        return;
    }
    if (grace_milliseconds > 0) {
        process_signal(process, SIGTERM);
        (void)ends_within(process, grace_milliseconds);
    }
    // Also for what its leader left behind in the group.
    process_signal(process, SIGKILL);
    (void)process_wait(process, KILL_MILLISECONDS);
}

void process_describe(const struct process *process, char *out_text, size_t size)
{
    if (process->pid <= 0) {
        (void)snprintf(out_text, size, "never started");
    } else if (!process->has_ended) {
        (void)snprintf(out_text, size, "still running");
    } else if (WIFSIGNALED(process->wait_status)) {
        (void)snprintf(out_text, size, "signal %d", WTERMSIG(process->wait_status));
    } else {
        (void)snprintf(out_text, size, "exit %d", WEXITSTATUS(process->wait_status));
    }
}
