// One end of a probe: sends and receives numbered datagrams at a fixed rate.
//
//   ikelab traffic --name probe --host west-lan --local 203.0.113.2 --remote 203.0.113.66
//                  --port 7007 [--size 200] [--rate 200] [--control FD] [--report FILE]
//
// It prints `ready` when it listens and starts idle. Lines it takes on the control descriptor
// (standard input and output without --control): on, off, stat, quit. Each is answered by one line
// of JSON with the counts so far. `quit`, SIGTERM and SIGINT write the report.
#include "harness/network/process.h"
#include "harness/traffic/traffic.h"
#include "harness/traffic/traffic_arguments.h"
#include "harness/traffic/traffic_report.h"
#include "refgw/base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    EXIT_MACHINE = 3,
    RECEIVE_MEMORY = 8 * 1024 * 1024,
    PACKET_ROOM = 65536,
    CONTROL_ROOM = 64,
    LINE_SIZE = 256,
    MOST_AT_ONCE = 256, // datagrams received before the timer gets its turn
    NANOSECONDS_IN_SECOND = 1000000000,
    CATCH_UP_PARTS = 10, // after a standstill a tenth of a second is made up for, not more
};

enum end_descriptor {
    POLL_SOCKET,
    POLL_TIMER,
    POLL_SIGNALS,
    POLL_CONTROL,
    POLL_COUNT,
};

struct end_state {
    struct traffic_arguments arguments;
    int socket;
    int timer;
    int signals;
    bool stop;
    uint32_t stream;
    struct sockaddr_storage remote;
    socklen_t remote_size;
    uint64_t sent;
    uint64_t failed;
    uint64_t sequence;
    uint32_t burst; // number of the next one
    struct traffic_burst bursts[TRAFFIC_MOST_BURSTS];
    struct traffic_meter *meter;
    size_t line_used;
    char line[LINE_SIZE];
    uint8_t packet[PACKET_ROOM];
};

static int fail_with_errno(const char *what)
{
    (void)fprintf(stderr, "traffic: cannot %s: %s\n", what, strerror(errno));
    return EXIT_MACHINE;
}

static bool socket_address(const char *text, uint16_t port, struct sockaddr_storage *out,
                           socklen_t *out_size)
{
    struct ip_address address;
    if (!address_parse(text, &address)) {
        errno = EINVAL;
        return false;
    }
    memset(out, 0, sizeof(*out));
    if (address.family == ADDRESS_IPV4) {
        struct sockaddr_in *ipv4 = (struct sockaddr_in *)out;
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(port);
        memcpy(&ipv4->sin_addr, address.bytes, sizeof(ipv4->sin_addr));
        *out_size = sizeof(*ipv4);
    } else {
        struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)out;
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = htons(port);
        memcpy(&ipv6->sin6_addr, address.bytes, sizeof(ipv6->sin6_addr));
        *out_size = sizeof(*ipv6);
    }
    return true;
}

// Not connected: an ICMP error that comes back must not stop the measurement.
static int open_socket(struct end_state *state)
{
    const struct traffic_arguments *arguments = &state->arguments;
    struct sockaddr_storage local;
    socklen_t size = 0;
    const int memory = RECEIVE_MEMORY;
    const int yes = 1;
    if (!socket_address(arguments->local, (uint16_t)arguments->port, &local, &size) ||
        !socket_address(arguments->remote, (uint16_t)arguments->port, &state->remote,
                        &state->remote_size)) {
        return fail_with_errno("read the addresses");
    }
    state->socket = socket(local.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (state->socket < 0 || bind(state->socket, (const struct sockaddr *)&local, size) != 0 ||
        setsockopt(state->socket, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) != 0) {
        return fail_with_errno("listen");
    }
    if (setsockopt(state->socket, SOL_SOCKET, SO_RCVBUFFORCE, &memory, sizeof(memory)) != 0) {
        (void)setsockopt(state->socket, SOL_SOCKET, SO_RCVBUF, &memory, sizeof(memory));
    }
    return 0;
}

static int open_events(struct end_state *state)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    state->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    state->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return state->signals >= 0 && state->timer >= 0 ? 0 : fail_with_errno("set up timers");
}

static uint64_t real_time_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * NANOSECONDS_IN_SECOND + (uint64_t)now.tv_nsec;
}

static void set_timer(const struct end_state *state, bool on)
{
    const uint64_t interval = NANOSECONDS_IN_SECOND / state->arguments.rate;
    struct itimerspec setting = {0};
    if (on) {
        setting.it_interval.tv_sec = (time_t)(interval / NANOSECONDS_IN_SECOND);
        setting.it_interval.tv_nsec = (long)(interval % NANOSECONDS_IN_SECOND);
        setting.it_value.tv_nsec = 1; // the first one at once
    }
    (void)timerfd_settime(state->timer, 0, &setting, NULL);
}

static struct traffic_burst *current_burst(struct end_state *state)
{
    const uint32_t number = state->burst - 1;
    return &state->bursts[number < TRAFFIC_MOST_BURSTS ? number : TRAFFIC_MOST_BURSTS - 1];
}

static void send_one(struct end_state *state)
{
    struct traffic_burst *burst = current_burst(state);
    const struct probe_packet packet = {.stream = state->stream,
                                        .burst = state->burst - 1,
                                        .sequence = state->sequence,
                                        .sent_ns = real_time_ns()};
    uint8_t bytes[PROBE_LARGEST];
    probe_packet_write(&packet, bytes, state->arguments.size);
    if (sendto(state->socket, bytes, state->arguments.size, MSG_DONTWAIT,
               (const struct sockaddr *)&state->remote, state->remote_size) < 0) {
        state->failed++;
        return;
    }
    state->sequence++;
    state->sent++;
    burst->first_us = burst->count == 0 ? packet.sent_ns / 1000 : burst->first_us;
    burst->last_us = packet.sent_ns / 1000;
    burst->count++;
}

// The timer tells how many intervals have passed, so a late wake-up does not lower the rate.
static void send_due(struct end_state *state)
{
    uint64_t due = 0;
    const uint64_t most = state->arguments.rate / CATCH_UP_PARTS + 1;
    if (read(state->timer, &due, sizeof(due)) != (ssize_t)sizeof(due)) {
        return;
    }
    for (uint64_t i = 0; i < due && i < most; i++) {
        send_one(state);
    }
}

static uint64_t arrival_time(struct msghdr *header)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(control), sizeof(time));
            return (uint64_t)time.tv_sec * NANOSECONDS_IN_SECOND + (uint64_t)time.tv_nsec;
        }
    }
    return real_time_ns();
}

// False when nothing is waiting.
static bool receive_one(struct end_state *state)
{
    _Alignas(struct cmsghdr) char control[CONTROL_ROOM];
    struct iovec vector = {.iov_base = state->packet, .iov_len = sizeof(state->packet)};
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof(control)};
    struct probe_packet packet;
    const ssize_t got = recvmsg(state->socket, &header, MSG_DONTWAIT);
    if (got < 0) {
        return errno == EINTR;
    }
    const struct byte_view bytes = {.data = state->packet, .size = (size_t)got};
    if (probe_packet_read(bytes, &packet) && packet.stream != state->stream) {
        traffic_meter_take(state->meter, &packet, arrival_time(&header));
    }
    return true;
}

static void receive_all(struct end_state *state)
{
    for (int i = 0; i < MOST_AT_ONCE && receive_one(state); i++) {
    }
}

static void answer(const struct end_state *state)
{
    char line[LINE_SIZE];
    const int size =
        snprintf(line, sizeof(line), "{\"sent\": %llu, \"received\": %llu, \"duplicated\": %llu}\n",
                 (unsigned long long)state->sent, (unsigned long long)state->meter->received,
                 (unsigned long long)state->meter->duplicated);
    const ssize_t ignored = write(state->arguments.control_output, line, (size_t)size);
    (void)ignored; // nobody listens any more: SIGTERM will come, or SIGKILL
}

static bool write_report(const struct end_state *state)
{
    const struct traffic_end end = {
        .name = state->arguments.name,
        .host = state->arguments.host,
        .sent = state->sent,
        .failed = state->failed,
        .burst_count = state->burst < TRAFFIC_MOST_BURSTS ? state->burst : TRAFFIC_MOST_BURSTS,
        .bursts = state->bursts,
        .meter = state->meter};
    return state->arguments.report_path == NULL ||
           traffic_end_write(&end, state->arguments.report_path);
}

static void take_line(struct end_state *state, const char *line)
{
    if (strcmp(line, "on") == 0) {
        state->burst++;
        set_timer(state, true);
    } else if (strcmp(line, "off") == 0) {
        set_timer(state, false);
    } else if (strcmp(line, "quit") == 0) {
        state->stop = true;
        return; // answered when the report is written
    } else if (strcmp(line, "stat") != 0) {
        (void)dprintf(state->arguments.control_output,
                      "{\"error\": \"allowed are on off stat quit\"}\n");
        return;
    }
    answer(state);
}

static void take_lines(struct end_state *state)
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
static bool take_control(struct end_state *state)
{
    const ssize_t got = read(state->arguments.control_input, state->line + state->line_used,
                             sizeof(state->line) - state->line_used);
    if (got <= 0) {
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    }
    state->line_used += (size_t)got;
    take_lines(state);
    return true;
}

static void run(struct end_state *state)
{
    struct pollfd ready[POLL_COUNT] = {
        [POLL_SOCKET] = {.fd = state->socket,                  .events = POLLIN},
        [POLL_TIMER] = {.fd = state->timer,                   .events = POLLIN},
        [POLL_SIGNALS] = {.fd = state->signals,                 .events = POLLIN},
        [POLL_CONTROL] = {.fd = state->arguments.control_input, .events = POLLIN},
    };
    while (!state->stop) {
        if (poll(ready, POLL_COUNT, -1) < 0) {
            continue;
        }
        if (ready[POLL_TIMER].revents != 0) {
            send_due(state);
        }
        if (ready[POLL_SOCKET].revents != 0) {
            receive_all(state);
        }
        if (ready[POLL_CONTROL].revents != 0 && !take_control(state)) {
            ready[POLL_CONTROL].fd = -1;
        }
        state->stop = state->stop || ready[POLL_SIGNALS].revents != 0;
    }
}

static void clear_state(struct end_state *state)
{
    const int descriptors[] = {state->socket, state->timer, state->signals};
    for (size_t i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++) {
        if (descriptors[i] >= 0) {
            (void)close(descriptors[i]);
        }
    }
    traffic_meter_free(state->meter);
    free(state);
}

static int serve(struct end_state *state)
{
    int code = open_socket(state);
    code = code == 0 ? open_events(state) : code;
    if (code != 0) {
        return code;
    }
    (void)dprintf(state->arguments.control_output, "ready\n");
    run(state);
    if (!write_report(state)) {
        return fail_with_errno("write the report");
    }
    answer(state);
    return 0;
}

int traffic_main(int argument_count, char **arguments)
{
    struct end_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return EXIT_MACHINE;
    }
    state->socket = -1;
    state->timer = -1;
    state->signals = -1;
    int code = EXIT_USAGE;
    if (!traffic_arguments_read(argument_count, arguments, &state->arguments)) {
        (void)fputs(traffic_usage, stderr);
    } else {
        state->stream = probe_stream(state->arguments.name, state->arguments.host);
        state->meter = traffic_meter_new(1000000 / state->arguments.rate);
        code = state->meter != NULL ? serve(state) : EXIT_MACHINE;
    }
    clear_state(state);
    return code;
}
