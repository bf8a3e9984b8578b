#include "harness/peer/adapter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MICROSECONDS = 1000000,
    VARIABLE_SIZE = 4096,
    VARIABLE_COUNT = 9,
    MOST_ENVIRONMENT = 512,
    PIPE_READ_SIZE = 4096,
    EXIT_TEMPORARY = 75,
    EXIT_CANNOT_RUN = 77,
    EXIT_UNSUPPORTED = 127,
};

extern char **environ;

static uint64_t monotonic_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * MICROSECONDS + (uint64_t)now.tv_nsec / 1000;
}

// --- Start --------------------------------------------------------------------------------

struct environment {
    size_t count;
    char *entries[MOST_ENVIRONMENT + VARIABLE_COUNT + 1];
    char variables[VARIABLE_COUNT][VARIABLE_SIZE];
};

static void set_variable(struct environment *environment, size_t index, const char *name,
                         const char *value)
{
    char *variable = environment->variables[index];
    (void)snprintf(variable, VARIABLE_SIZE, "%s=%s", name, value == NULL ? "" : value);
    environment->entries[environment->count++] = variable;
}

// The caller's environment without IKELAB_*, then the adapter's variables.
static void fill_environment(const struct peer_adapter *adapter, struct environment *environment)
{
    for (char **entry = environ; *entry != NULL && environment->count < MOST_ENVIRONMENT; entry++) {
        if (strncmp(*entry, "IKELAB_", strlen("IKELAB_")) != 0) {
            environment->entries[environment->count++] = *entry;
        }
    }
    set_variable(environment, 0, "IKELAB_SIDE", adapter->side);
    set_variable(environment, 1, "IKELAB_CELL", adapter->cell);
    set_variable(environment, 2, "IKELAB_DIR", adapter->directory);
    set_variable(environment, 3, "IKELAB_CONFIG", adapter->config);
    set_variable(environment, 4, "IKELAB_NETNS", adapter->netns);
    set_variable(environment, 5, "IKELAB_PEER_ROOT", adapter->root);
    set_variable(environment, 6, "IKELAB_BIN", adapter->bin);
    set_variable(environment, 7, "IKELAB_CONNECTION", adapter->connection);
    set_variable(environment, 8, "IKELAB_CHILD", adapter->child);
}

// In the child: only calls that are safe after fork() in a program with threads.
__attribute__((noreturn)) static void become_ctl(const char *path, char *const *arguments,
                                                 char *const *environment, int output, int error)
{
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t none;
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(error, STDERR_FILENO) < 0) {
        _exit(EXIT_TEMPORARY);
    }
    (void)execve(path, arguments, environment);
    static const char message[] = "ctl cannot be executed\n";
    (void)!write(STDERR_FILENO, message, sizeof(message) - 1);
    _exit(126);
}

static bool start_failed(struct operation *operation, const char *what)
{
    (void)snprintf(operation->failure, sizeof(operation->failure), "%s: %s", what, strerror(errno));
    return false;
}

// A pipe whose reading end does not block and whose ends no other child inherits.
static bool open_pipe(struct operation *operation, int out_ends[2])
{
    if (pipe2(out_ends, O_CLOEXEC) != 0) {
        out_ends[0] = -1;
        out_ends[1] = -1;
        return start_failed(operation, "pipe");
    }
    return fcntl(out_ends[0], F_SETFL, O_NONBLOCK) == 0 || start_failed(operation, "fcntl");
}

static void close_if_open(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
    }
    *descriptor = -1;
}

static bool spawn(struct operation *operation, const char *path, char *const *arguments,
                  char *const *environment)
{
    int output[2] = {-1, -1};
    int error[2] = {-1, -1};
    bool is_started = open_pipe(operation, output) && open_pipe(operation, error);
    if (is_started) {
        operation->process = fork();
        if (operation->process == 0) {
            become_ctl(path, arguments, environment, output[1], error[1]);
        }
        is_started = operation->process > 0 || start_failed(operation, "fork");
    }
    close_if_open(&output[1]);
    close_if_open(&error[1]);
    operation->output = output[0];
    operation->error = error[0];
    if (!is_started) {
        operation->process = 0;
        return false;
    }
    // Both do it: whoever comes first, the group exists before anybody signals it.
    (void)setpgid(operation->process, operation->process);
    operation->process_handle = pidfd_open(operation->process, 0);
    return operation->process_handle >= 0 || start_failed(operation, "pidfd_open");
}

void operation_begin(const struct peer_adapter *adapter, const char *name, const char *argument,
                     uint64_t timeout_ms, struct operation *out_operation)
{
    char path[MANIFEST_PATH_SIZE + sizeof("/ctl")];
    struct environment *environment = calloc(1, sizeof(*environment));
    char *words[] = {strdup("ctl"), strdup(name), argument == NULL ? NULL : strdup(argument), NULL};
    *out_operation = (struct operation){.process_handle = -1, .output = -1, .error = -1};
    out_operation->started_us = monotonic_us();
    out_operation->deadline_us = out_operation->started_us + timeout_ms * 1000;
    (void)snprintf(path, sizeof(path), "%s/ctl", adapter->manifest->folder);
    if (environment == NULL || words[0] == NULL || words[1] == NULL) {
        (void)start_failed(out_operation, "memory");
    } else {
        fill_environment(adapter, environment);
        (void)spawn(out_operation, path, words, environment->entries);
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        free(words[i]);
    }
    free(environment);
}

// --- End ----------------------------------------------------------------------------------

struct captured {
    char *text;
    size_t size;
    size_t most;
    bool is_over; // more arrived than fits
};

// Takes what the pipe holds now. False when its writers are gone.
static bool drain(int descriptor, struct captured *captured)
{
    char buffer[PIPE_READ_SIZE];
    for (;;) {
        const ssize_t got = read(descriptor, buffer, sizeof(buffer));
        if (got < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (got == 0) {
            return false;
        }
        const size_t room = captured->most - captured->size;
        const size_t taken = (size_t)got < room ? (size_t)got : room;
        memcpy(captured->text + captured->size, buffer, taken);
        captured->size += taken;
        captured->text[captured->size] = '\0';
        captured->is_over = captured->is_over || taken < (size_t)got;
    }
}

static int milliseconds_until(uint64_t deadline_us)
{
    const uint64_t now = monotonic_us();
    return now >= deadline_us ? 0 : (int)((deadline_us - now) / 1000 + 1);
}

// Waits until ctl itself has ended. A daemon may hold the pipes open for ever, so their end is
// no sign. False at the deadline.
static bool wait_for_end(struct operation *operation, struct captured *output,
                         struct captured *error)
{
    struct pollfd watched[] = {
        {.fd = operation->process_handle, .events = POLLIN},
        {.fd = operation->output,         .events = POLLIN},
        {.fd = operation->error,          .events = POLLIN},
    };
    bool has_ended = false;
    while (!has_ended) {
        const int timeout = milliseconds_until(operation->deadline_us);
        const int ready = poll(watched, sizeof(watched) / sizeof(watched[0]), timeout);
        if (ready < 0 && errno != EINTR) {
            return false;
        }
        has_ended = (watched[0].revents & POLLIN) != 0;
        if (watched[1].fd >= 0 && !drain(operation->output, output)) {
            watched[1].fd = -1;
        }
        if (watched[2].fd >= 0 && !drain(operation->error, error)) {
            watched[2].fd = -1;
        }
        if (!has_ended && timeout == 0) {
            return false;
        }
    }
    return true;
}

static enum operation_outcome outcome_of_exit(int exit_code)
{
    switch (exit_code) {
    case 0:
        return OPERATION_DONE;
    case 1:
        return OPERATION_FAILED;
    case 2:
        return OPERATION_BAD_CALL;
    case EXIT_TEMPORARY:
        return OPERATION_TEMPORARY;
    case EXIT_CANNOT_RUN:
        return OPERATION_CANNOT_RUN;
    case EXIT_UNSUPPORTED:
        return OPERATION_UNSUPPORTED;
    default:
        return OPERATION_BROKEN;
    }
}

static void reap(struct operation *operation, struct operation_result *result)
{
    int status = 0;
    while (waitpid(operation->process, &status, 0) < 0) {
        if (errno != EINTR) {
            return;
        }
    }
    if (WIFEXITED(status)) {
        result->exit_code = WEXITSTATUS(status);
    } else if (WIFSIGNALED(status)) {
        result->signal_number = WTERMSIG(status);
    }
}

static void explain(struct operation_result *result, const char *text)
{
    if (result->error[0] == '\0') {
        (void)snprintf(result->error, sizeof(result->error), "%s", text);
    }
}

static void judge(struct operation_result *result, bool has_ended, const struct captured *output)
{
    char text[64];
    result->outcome = result->exit_code < 0 ? OPERATION_BROKEN : outcome_of_exit(result->exit_code);
    if (!has_ended) {
        result->outcome = OPERATION_DEADLINE;
        explain(result, "its time was over");
    } else if (output->is_over) {
        result->outcome = OPERATION_BROKEN;
        explain(result, "more output than allowed");
    } else if (result->outcome == OPERATION_BROKEN) {
        (void)snprintf(text, sizeof(text), result->exit_code < 0 ? "signal %d" : "exit %d",
                       result->exit_code < 0 ? result->signal_number : result->exit_code);
        explain(result, text);
    }
}

static void collect(struct operation *operation, struct operation_result *result, char *buffer)
{
    struct captured output = {.text = buffer, .most = OPERATION_OUTPUT_SIZE};
    struct captured error = {.text = result->error, .most = OPERATION_ERROR_SIZE - 1};
    const bool has_ended = wait_for_end(operation, &output, &error);
    // Not yet reaped, so the number cannot have gone to another group.
    (void)kill(-operation->process, SIGKILL);
    reap(operation, result);
    (void)drain(operation->output, &output);
    (void)drain(operation->error, &error);
    result->output_size = output.size;
    result->error[strcspn(result->error, "\n")] = '\0';
    judge(result, has_ended, &output);
}

void operation_finish(struct operation *operation, struct operation_result *out_result)
{
    *out_result = (struct operation_result){.outcome = OPERATION_BROKEN, .exit_code = -1};
    char *buffer = calloc(1, OPERATION_OUTPUT_SIZE + 1);
    if (operation->process > 0 && operation->process_handle >= 0 && buffer != NULL) {
        collect(operation, out_result, buffer);
    } else {
        if (operation->process > 0) {
            (void)kill(-operation->process, SIGKILL);
            reap(operation, out_result);
        }
        explain(out_result, operation->failure[0] == '\0' ? "out of memory" : operation->failure);
    }
    // Most operations print little: keep only what is used.
    char *output = buffer == NULL ? strdup("") : realloc(buffer, out_result->output_size + 1);
    out_result->output = output == NULL ? buffer : output;
    out_result->took_us = monotonic_us() - operation->started_us;
    close_if_open(&operation->process_handle);
    close_if_open(&operation->output);
    close_if_open(&operation->error);
    operation->process = 0;
}

void adapter_run(const struct peer_adapter *adapter, const char *name, const char *argument,
                 uint64_t timeout_ms, struct operation_result *out_result)
{
    struct operation operation;
    operation_begin(adapter, name, argument, timeout_ms, &operation);
    operation_finish(&operation, out_result);
}

void operation_result_clear(struct operation_result *result)
{
    free(result->output);
    *result = (struct operation_result){0};
}

const char *operation_outcome_name(enum operation_outcome outcome)
{
    static const char *const names[] = {
        [OPERATION_DONE] = "done",
        [OPERATION_FAILED] = "failed",
        [OPERATION_BAD_CALL] = "bad call",
        [OPERATION_TEMPORARY] = "temporary",
        [OPERATION_CANNOT_RUN] = "cannot run here",
        [OPERATION_UNSUPPORTED] = "unsupported",
        [OPERATION_DEADLINE] = "deadline",
        [OPERATION_BROKEN] = "broken",
    };
    return names[outcome];
}

uint64_t adapter_budget_ms(const struct peer_manifest *manifest, const char *name)
{
    if (strcmp(name, "start") == 0) {
        return manifest->timers.start_ms;
    }
    if (strcmp(name, "wait-ready") == 0) {
        return manifest->timers.ready_ms;
    }
    return manifest->timers.operation_ms;
}
