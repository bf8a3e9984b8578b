// The relay: one process in the `wan` namespace that forwards, captures and impairs.
//
//   ikelab relay [--west IF] [--east IF] [--capture FILE] [--report FILE] [--rules FILE]
//                [--seed N] [--route PREFIX=SIDE]... [--control FD]
//
// It prints `ready` when it forwards. Lines it takes on the control descriptor (standard input
// and output without --control), each answered by `ok` or `error TEXT`:
//   begin PHASE, end PHASE     switches rules with `during PHASE`
//   flush                      brings the files up to date, as SIGUSR1 does
// SIGTERM or SIGINT ends it; capture and report are complete then.
#include "harness/network/process.h"
#include "harness/relay/forwarder.h"
#include "harness/relay/relay.h"
#include "harness/relay/relay_arguments.h"
#include "harness/relay/relay_links.h"
#include "harness/relay/relay_report.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    EXIT_MACHINE = 3,
    FLUSH_MILLISECONDS = 50, // of the 100 that a killed relay may lose
    LINE_SIZE = 256,
    PATH_TEXT_SIZE = 160,
    MOST_LAST_BATCHES = 4096,
};

enum relay_descriptor {
    POLL_WEST,
    POLL_EAST,
    POLL_NEIGHBOURS,
    POLL_SIGNALS,
    POLL_CONTROL,
    POLL_COUNT,
};

struct relay_state {
    struct forwarder forwarder;
    const struct relay_arguments *arguments;
    uint64_t ready_us;
    int signals;
    bool stop;
    struct instant flush_due;
    bool is_flush_due;
    size_t line_used;
    char line[LINE_SIZE];
};

static struct instant monotonic_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct instant){.nanoseconds =
                                (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec};
}

// One line to the runner, and for people when it is bad news.
__attribute__((format(printf, 2, 3))) static void answer(const struct relay_arguments *arguments,
                                                         const char *format, ...)
{
    char line[LAB_ERROR_SIZE + 32];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(line, sizeof(line) - 1, format, values);
    va_end(values);
    if (strncmp(line, "error ", 6) == 0) {
        (void)fprintf(stderr, "relay: %s\n", line + 6);
    }
    const size_t size = strlen(line);
    line[size] = '\n';
    const ssize_t ignored = write(arguments->control_output, line, size + 1);
    (void)ignored; // nobody listens any more: SIGTERM will come, or SIGKILL
}

static int fail_with_errno(const struct relay_arguments *arguments, const char *what,
                           const char *name)
{
    answer(arguments, "error cannot %s %.100s: %s", what, name, strerror(errno));
    return EXIT_MACHINE;
}

static int open_ports(struct relay_state *state)
{
    const struct relay_arguments *arguments = state->arguments;
    struct forwarder *forwarder = &state->forwarder;
    for (int side = 0; side < RELAY_SIDE_COUNT; side++) {
        const char *interface = arguments->interfaces[side];
        forwarder->ports[side] = link_port_open(interface);
        if (forwarder->ports[side] == NULL) {
            return fail_with_errno(arguments, "open interface", interface);
        }
        if (!router_learn_links(&forwarder->router, (enum relay_side)side, interface)) {
            return fail_with_errno(arguments, "read the addresses of", interface);
        }
    }
    for (size_t i = 0; i < arguments->route_count; i++) {
        if (!router_add_route(&forwarder->router, arguments->routes[i])) {
            answer(arguments, "error bad route %.100s; a route looks like 203.0.113.64/26=east",
                   arguments->routes[i]);
            return EXIT_USAGE;
        }
    }
    forwarder->neighbours = neighbours_open();
    return forwarder->neighbours != NULL
               ? 0
               : fail_with_errno(arguments, "follow", "the neighbour table");
}

static int load_rules(struct relay_state *state)
{
    const struct relay_arguments *arguments = state->arguments;
    struct impairment_rules *rules = calloc(1, sizeof(*rules));
    struct block_fault fault = {0};
    int code = rules != NULL ? 0 : EXIT_MACHINE;
    if (code == 0 && arguments->rules_path != NULL &&
        !impairment_rules_load(arguments->rules_path, rules, &fault)) {
        answer(arguments, "error line %u: %s", fault.line, fault.message);
        code = EXIT_USAGE;
    }
    if (code == 0) {
        state->forwarder.impairment = impairment_new(rules, arguments->seed);
        code = state->forwarder.impairment != NULL ? 0 : EXIT_MACHINE;
    }
    free(rules);
    return code;
}

static int open_capture(struct relay_state *state)
{
    static const struct pcapng_interface interfaces[] = {
        [CAPTURE_ARRIVED] = {"arrived", "packets as they came to the relay"},
        [CAPTURE_LEFT] = {"left",    "packets as the relay let them go" },
    };
    const char *path = state->arguments->capture_path;
    char system_text[PATH_TEXT_SIZE] = "Linux";
    struct utsname name = {0};
    if (path == NULL) {
        return 0;
    }
    if (uname(&name) == 0) {
        (void)snprintf(system_text, sizeof(system_text), "%s %s", name.sysname, name.release);
    }
    const struct pcapng_section section = {.hardware = name.machine,
                                           .operating_system = system_text,
                                           .application = "ikelab relay " IKELAB_VERSION,
                                           .interface_count = 2,
                                           .interfaces = interfaces};
    state->forwarder.capture = pcapng_writer_open(path, &section);
    return state->forwarder.capture != NULL ? 0 : fail_with_errno(state->arguments, "write", path);
}

static int open_signals(struct relay_state *state)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    state->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return state->signals >= 0 ? 0 : fail_with_errno(state->arguments, "take", "signals");
}

static bool flush_files(struct relay_state *state)
{
    struct forwarder *forwarder = &state->forwarder;
    const struct relay_report report = {.ready_us = state->ready_us,
                                        .overruns =
                                            link_port_overruns(forwarder->ports[RELAY_WEST]) +
                                            link_port_overruns(forwarder->ports[RELAY_EAST]),
                                        .counters = &forwarder->counters,
                                        .impairment = forwarder->impairment};
    const char *path = state->arguments->report_path;
    const bool captured = forwarder->capture == NULL || pcapng_writer_flush(forwarder->capture);
    const bool reported = path == NULL || relay_report_write(&report, path);
    return captured && reported;
}

static void take_signals(struct relay_state *state)
{
    struct signalfd_siginfo information;
    while (read(state->signals, &information, sizeof(information)) ==
           (ssize_t)sizeof(information)) {
        if (information.ssi_signo == SIGUSR1) {
            (void)flush_files(state);
        } else {
            state->stop = true;
        }
    }
}

static void take_line(struct relay_state *state, const char *line)
{
    const struct relay_arguments *arguments = state->arguments;
    if (strncmp(line, "begin ", 6) == 0) {
        impairment_phase(state->forwarder.impairment, line + 6, true);
    } else if (strncmp(line, "end ", 4) == 0) {
        impairment_phase(state->forwarder.impairment, line + 4, false);
    } else if (strcmp(line, "flush") != 0) {
        answer(arguments, "error found '%.60s'; allowed are begin PHASE, end PHASE, flush", line);
        return;
    } else if (!flush_files(state)) {
        answer(arguments, "error cannot write: %s", strerror(errno));
        return;
    }
    answer(arguments, "ok");
}

static void take_lines(struct relay_state *state)
{
    char *end = NULL;
    while ((end = memchr(state->line, '\n', state->line_used)) != NULL) {
        const size_t size = (size_t)(end - state->line) + 1;
        *end = '\0';
        take_line(state, state->line);
        state->line_used -= size;
        memmove(state->line, state->line + size, state->line_used);
    }
    if (state->line_used == sizeof(state->line)) {
        state->line_used = 0; // no command is that long
    }
}

// Reads commands. False at the end of the input.
static bool take_control(struct relay_state *state)
{
    const ssize_t got = read(state->arguments->control_input, state->line + state->line_used,
                             sizeof(state->line) - state->line_used);
    if (got <= 0) {
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    }
    state->line_used += (size_t)got;
    take_lines(state);
    return true;
}

static void flush_when_due(struct relay_state *state, struct instant now)
{
    struct pcapng_writer *capture = state->forwarder.capture;
    if (capture == NULL || !pcapng_writer_is_dirty(capture)) {
        state->is_flush_due = false;
    } else if (!state->is_flush_due) {
        state->is_flush_due = true;
        state->flush_due = instant_after(now, duration_milliseconds(FLUSH_MILLISECONDS));
    } else if (!instant_is_before(now, state->flush_due)) {
        (void)pcapng_writer_flush(capture);
        state->is_flush_due = false;
    }
}

// How long nothing needs to be done by itself. False: for ever.
static bool next_deadline(const struct relay_state *state, struct instant *out_due)
{
    bool has_due = forwarder_next(&state->forwarder, out_due);
    if (state->is_flush_due && (!has_due || instant_is_before(state->flush_due, *out_due))) {
        *out_due = state->flush_due;
        has_due = true;
    }
    return has_due;
}

static void wait_for_work(const struct relay_state *state, struct pollfd ready[POLL_COUNT])
{
    struct instant due;
    struct timespec wait = {0};
    const bool has_due = next_deadline(state, &due);
    if (has_due) {
        const struct duration left = instant_until(monotonic_now(), due);
        wait.tv_sec = (time_t)(left.nanoseconds / 1000000000U);
        wait.tv_nsec = (long)(left.nanoseconds % 1000000000U);
    }
    if (ppoll(ready, POLL_COUNT, has_due ? &wait : NULL, NULL) < 0) {
        for (int i = 0; i < POLL_COUNT; i++) {
            ready[i].revents = 0;
        }
    }
}

// What has arrived belongs to the evidence, also when the end comes before its turn.
static void drain(struct relay_state *state)
{
    struct forwarder *forwarder = &state->forwarder;
    for (int i = 0; i < MOST_LAST_BATCHES; i++) {
        struct pollfd ready[RELAY_SIDE_COUNT] = {
            [RELAY_WEST] = {.fd = link_port_descriptor(forwarder->ports[RELAY_WEST])},
            [RELAY_EAST] = {.fd = link_port_descriptor(forwarder->ports[RELAY_EAST])},
        };
        ready[RELAY_WEST].events = POLLIN;
        ready[RELAY_EAST].events = POLLIN;
        if (poll(ready, RELAY_SIDE_COUNT, 0) <= 0) {
            return;
        }
        forwarder_receive(forwarder, RELAY_WEST, monotonic_now());
        forwarder_receive(forwarder, RELAY_EAST, monotonic_now());
    }
}

static void run(struct relay_state *state)
{
    struct forwarder *forwarder = &state->forwarder;
    struct pollfd ready[POLL_COUNT] = {
        [POLL_WEST] = {.fd = link_port_descriptor(forwarder->ports[RELAY_WEST])},
        [POLL_EAST] = {.fd = link_port_descriptor(forwarder->ports[RELAY_EAST])},
        [POLL_NEIGHBOURS] = {.fd = neighbours_descriptor(forwarder->neighbours)},
        [POLL_SIGNALS] = {.fd = state->signals},
        [POLL_CONTROL] = {.fd = state->arguments->control_input},
    };
    for (int i = 0; i < POLL_COUNT; i++) {
        ready[i].events = POLLIN;
    }
    while (!state->stop) {
        wait_for_work(state, ready);
        const struct instant now = monotonic_now();
        if (ready[POLL_NEIGHBOURS].revents != 0) {
            neighbours_read(forwarder->neighbours);
        }
        // What waited goes before what has just arrived.
        forwarder_advance(forwarder, now);
        if (ready[POLL_WEST].revents != 0) {
            forwarder_receive(forwarder, RELAY_WEST, now);
        }
        if (ready[POLL_EAST].revents != 0) {
            forwarder_receive(forwarder, RELAY_EAST, now);
        }
        if (ready[POLL_CONTROL].revents != 0 && !take_control(state)) {
            ready[POLL_CONTROL].fd = -1;
        }
        if (ready[POLL_SIGNALS].revents != 0) {
            take_signals(state);
        }
        flush_when_due(state, now);
    }
}

static void clear_state(struct relay_state *state)
{
    struct forwarder *forwarder = &state->forwarder;
    forwarder_clear(forwarder);
    link_port_close(forwarder->ports[RELAY_WEST]);
    link_port_close(forwarder->ports[RELAY_EAST]);
    neighbours_close(forwarder->neighbours);
    impairment_free(forwarder->impairment);
    if (state->signals >= 0) {
        (void)close(state->signals);
    }
    free(state);
}

static int open_all(struct relay_state *state)
{
    int (*const steps[])(struct relay_state *) = {load_rules, open_signals, open_ports,
                                                  open_capture};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const int code = steps[i](state);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

int relay_main(int argument_count, char **arguments)
{
    struct relay_arguments read = {0};
    if (!relay_arguments_read(argument_count, arguments, &read)) {
        (void)fputs(relay_usage, stderr);
        return EXIT_USAGE;
    }
    struct relay_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return EXIT_MACHINE;
    }
    state->arguments = &read;
    state->signals = -1;
    int code = open_all(state);
    if (code == 0) {
        state->ready_us = lab_time_us();
        answer(&read, "ready");
        run(state);
        drain(state);
        if (!flush_files(state)) {
            code = fail_with_errno(&read, "write", "capture or report");
        }
    }
    if (!pcapng_writer_close(state->forwarder.capture) && code == 0) {
        code = fail_with_errno(&read, "write", read.capture_path);
    }
    clear_state(state);
    return code;
}
