#include "harness/traffic/traffic.h"

#include "harness/network/line_channel.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MILLISECONDS = 5000, END_MILLISECONDS = 2000, NUMBER_SIZE = 16 };

static void close_control(struct traffic *traffic)
{
    if (traffic->control >= 0) {
        (void)close(traffic->control);
        traffic->control = -1;
    }
}

static bool becomes_ready(struct traffic *traffic, const char *host, char out_error[LAB_ERROR_SIZE])
{
    char line[LINE_CHANNEL_SIZE];
    char end[32];
    if (line_channel_read(traffic->control, ANSWER_MILLISECONDS, line) &&
        strcmp(line, "ready") == 0) {
        return true;
    }
    process_end(&traffic->process, 0);
    process_describe(&traffic->process, end, sizeof(end));
    close_control(traffic);
    (void)snprintf(out_error, LAB_ERROR_SIZE, "the probe on %.40s did not start (%s)", host, end);
    return false;
}

static bool start_program(const struct traffic_options *options, int control,
                          struct process *out_process, char out_error[LAB_ERROR_SIZE])
{
    char port[NUMBER_SIZE];
    char size[NUMBER_SIZE];
    char rate[NUMBER_SIZE];
    (void)snprintf(port, sizeof(port), "%u", (unsigned)options->port);
    (void)snprintf(size, sizeof(size), "%u", options->size);
    (void)snprintf(rate, sizeof(rate), "%u", options->rate);
    const char *const words[] = {options->program,
                                 "traffic",
                                 "--name",
                                 options->name,
                                 "--host",
                                 options->host,
                                 "--local",
                                 options->local,
                                 "--remote",
                                 options->remote,
                                 "--port",
                                 port,
                                 "--size",
                                 size,
                                 "--rate",
                                 rate,
                                 "--control",
                                 "0",
                                 "--report",
                                 options->report_path,
                                 NULL};
    struct process_options start = process_options_default(words);
    start.namespace_name = options->namespace_name;
    start.output_path = options->log_path;
    start.input = control;
    return process_start(&start, out_process, out_error);
}

bool traffic_start(const struct traffic_options *options, struct traffic *out_traffic,
                   char out_error[LAB_ERROR_SIZE])
{
    struct traffic traffic = {.control = -1};
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        (void)snprintf(out_error, LAB_ERROR_SIZE, "cannot make a socket pair: %s", strerror(errno));
        return false;
    }
    const bool started = start_program(options, ends[1], &traffic.process, out_error);
    (void)close(ends[1]);
    traffic.control = ends[0];
    if (!started) {
        close_control(&traffic);
        return false;
    }
    if (!becomes_ready(&traffic, options->host, out_error)) {
        return false;
    }
    *out_traffic = traffic;
    return true;
}

static uint64_t count_of(const json_t *answer, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(answer, key));
}

// Sends a command and reads the counts that answer it.
static bool ask(struct traffic *traffic, const char *command, struct traffic_counts *out_counts)
{
    char line[LINE_CHANNEL_SIZE];
    json_error_t error;
    if (traffic->process.pid <= 0 || traffic->control < 0) {
        return false;
    }
    if (!line_channel_write(traffic->control, command) ||
        !line_channel_read(traffic->control, ANSWER_MILLISECONDS, line)) {
        close_control(traffic); // a late answer must not be taken for the next one
        return false;
    }
    json_t *answer = json_loads(line, 0, &error);
    const bool good = json_is_integer(json_object_get(answer, "sent"));
    if (good) {
        *out_counts = (struct traffic_counts){.sent = count_of(answer, "sent"),
                                              .received = count_of(answer, "received"),
                                              .duplicated = count_of(answer, "duplicated")};
    }
    json_decref(answer);
    return good;
}

bool traffic_on(struct traffic *traffic)
{
    struct traffic_counts ignored;
    return ask(traffic, "on", &ignored);
}

bool traffic_off(struct traffic *traffic)
{
    struct traffic_counts ignored;
    return ask(traffic, "off", &ignored);
}

bool traffic_stat(struct traffic *traffic, struct traffic_counts *out_counts)
{
    return ask(traffic, "stat", out_counts);
}

bool traffic_settled(struct traffic *from, struct traffic *to)
{
    struct traffic_counts sender;
    struct traffic_counts receiver;
    return traffic_stat(from, &sender) && traffic_stat(to, &receiver) &&
           receiver.received >= sender.sent;
}

bool traffic_finish(struct traffic *traffic)
{
    struct traffic_counts ignored;
    char end[32];
    if (traffic->process.pid <= 0) {
        return true;
    }
    const bool asked = ask(traffic, "quit", &ignored);
    if (asked) {
        (void)process_wait(&traffic->process, END_MILLISECONDS);
    }
    process_end(&traffic->process, END_MILLISECONDS);
    close_control(traffic);
    process_describe(&traffic->process, end, sizeof(end));
    return strcmp(end, "exit 0") == 0;
}
