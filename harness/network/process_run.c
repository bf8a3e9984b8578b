// Runs a program to its end while its input and output are served.
#include "harness/network/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIPE_COUNT = 2 };

struct conversation {
    struct byte_view input; // not yet written
    int input_pipe;         // -1 when all is written
    int output_pipe;        // -1 at its end
    char *text;
    size_t size;
    size_t used;
};

static void close_pipe(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
        *descriptor = -1;
    }
}

static void write_some(struct conversation *with)
{
    if (with->input.size > 0) {
        const ssize_t wrote = write(with->input_pipe, with->input.data, with->input.size);
        if (wrote < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (wrote >= 0) {
            with->input.data += wrote;
            with->input.size -= (size_t)wrote;
        } else {
            with->input.size = 0; // the program does not want it
        }
    }
    if (with->input.size == 0) {
        close_pipe(&with->input_pipe);
    }
}

static void read_some(struct conversation *with)
{
    char overflow[512];
    const size_t room = with->size - 1 - with->used;
    char *into = room > 0 ? with->text + with->used : overflow;
    const ssize_t got = read(with->output_pipe, into, room > 0 ? room : sizeof(overflow));
    if (got > 0) {
        with->used += room > 0 ? (size_t)got : 0;
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_pipe(&with->output_pipe);
    }
}

// Serves both pipes until the program has ended and its output was read. A descendant that keeps
// the output open does not count: the program's own end does.
static bool converse(struct conversation *with, struct process *process, uint64_t deadline)
{
    for (;;) {
        const bool has_ended = process_has_ended(process);
        struct pollfd ready[PIPE_COUNT + 1] = {
            {.fd = with->input_pipe,    .events = POLLOUT},
            {.fd = with->output_pipe,   .events = POLLIN },
            {.fd = process->descriptor, .events = POLLIN },
        };
        const uint64_t now = lab_monotonic_ms();
        if (!has_ended && now >= deadline) {
            return false;
        }
        const int wait = has_ended ? 0 : (int)(deadline - now);
        (void)poll(ready, PIPE_COUNT + 1, wait);
        if ((ready[0].revents & (POLLOUT | POLLERR | POLLHUP)) != 0) {
            write_some(with);
        }
        if ((ready[1].revents & (POLLIN | POLLERR | POLLHUP)) != 0) {
            read_some(with);
        } else if (has_ended) {
            return true;
        }
    }
}

static int exit_code_of(const struct process *process, char *out_text, size_t size)
{
    if (WIFEXITED(process->wait_status)) {
        return WEXITSTATUS(process->wait_status);
    }
    process_describe(process, out_text, size);
    return -1;
}

// The pipes of one conversation: [0] is read by the child, [3] is written by it.
static bool open_pipes(int pipes[2 * PIPE_COUNT])
{
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        return false;
    }
    if (pipe2(pipes + 2, O_CLOEXEC) != 0) {
        (void)close(pipes[0]);
        (void)close(pipes[1]);
        return false;
    }
    return fcntl(pipes[1], F_SETFL, O_NONBLOCK) == 0 && fcntl(pipes[2], F_SETFL, O_NONBLOCK) == 0;
}

int process_run(const struct process_options *options, struct byte_view input,
                unsigned milliseconds, char *out_text, size_t size)
{
    struct process process = {0};
    struct process_options with_pipes = *options;
    char error[LAB_ERROR_SIZE];
    int pipes[2 * PIPE_COUNT];
    int code = -1;

    if (!open_pipes(pipes)) {
        (void)snprintf(out_text, size, "cannot make a pipe: %s", strerror(errno));
        return -1;
    }
    with_pipes.input = pipes[0];
    with_pipes.output = pipes[3];
    with_pipes.output_path = NULL;
    void (*old_handler)(int) = signal(SIGPIPE, SIG_IGN);
    const bool started = process_start(&with_pipes, &process, error);
    (void)close(pipes[0]);
    (void)close(pipes[3]);
    struct conversation with = {.input = input,
                                .input_pipe = pipes[1],
                                .output_pipe = pipes[2],
                                .text = out_text,
                                .size = size};
    if (!started) {
        (void)snprintf(out_text, size, "%s", error);
    } else if (converse(&with, &process, lab_monotonic_ms() + milliseconds)) {
        out_text[with.used] = '\0';
        code = exit_code_of(&process, out_text, size);
    } else {
        process_end(&process, 0);
        (void)snprintf(out_text, size, "%s ran longer than %u ms", options->arguments[0],
                       milliseconds);
    }
    close_pipe(&with.input_pipe);
    close_pipe(&with.output_pipe);
    (void)signal(SIGPIPE, old_handler);
    return code;
}
