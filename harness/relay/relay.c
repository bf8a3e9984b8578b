#include "harness/relay/relay.h"

#include "harness/network/line_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_ARGUMENTS = 64, ANSWER_MILLISECONDS = 5000 };

// Words of a command line under construction.
struct command_line {
    size_t count;
    const char *words[MOST_ARGUMENTS + 1];
};

static void add_word(struct command_line *line, const char *word)
{
    if (line->count < MOST_ARGUMENTS) {
        line->words[line->count++] = word;
    }
}

static void add_option(struct command_line *line, const char *option, const char *value)
{
    if (value != NULL) {
        add_word(line, option);
        add_word(line, value);
    }
}

static void close_control(struct relay *relay)
{
    if (relay->control >= 0) {
        (void)close(relay->control);
        relay->control = -1;
    }
}

// Waits for the first line; everything but "ready" is an error.
static bool becomes_ready(struct relay *relay, unsigned milliseconds,
                          char out_error[LAB_ERROR_SIZE])
{
    char line[LINE_CHANNEL_SIZE];
    char end[32];
    const bool answered = line_channel_read(relay->control, milliseconds, line);
    if (answered && strcmp(line, "ready") == 0) {
        return true;
    }
    process_end(&relay->process, 0);
    close_control(relay);
    if (answered) {
        (void)snprintf(out_error, LAB_ERROR_SIZE, "%.*s", LAB_ERROR_SIZE - 1,
                       strncmp(line, "error ", 6) == 0 ? line + 6 : line);
    } else {
        process_describe(&relay->process, end, sizeof(end));
        (void)snprintf(out_error, LAB_ERROR_SIZE, "the relay was not ready within %u ms (%s)",
                       milliseconds, end);
    }
    return false;
}

static void fill_command_line(const struct relay_options *options, const char *seed,
                              struct command_line *line)
{
    add_word(line, options->program);
    add_word(line, "relay");
    add_option(line, "--control", "0");
    add_option(line, "--capture", options->capture_path);
    add_option(line, "--report", options->report_path);
    add_option(line, "--rules", options->rules_path);
    add_option(line, "--seed", seed);
    for (size_t i = 0; options->routes != NULL && options->routes[i] != NULL; i++) {
        add_option(line, "--route", options->routes[i]);
    }
}

bool relay_start(const struct relay_options *options, unsigned milliseconds,
                 struct relay *out_relay, char out_error[LAB_ERROR_SIZE])
{
    struct command_line line = {0};
    struct relay relay = {.control = -1};
    char seed[32];
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        (void)snprintf(out_error, LAB_ERROR_SIZE, "cannot make a socket pair: %s", strerror(errno));
        return false;
    }
    (void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)options->seed);
    fill_command_line(options, seed, &line);
    struct process_options start = process_options_default(line.words);
    start.namespace_name = options->namespace_name;
    start.output_path = options->log_path;
    start.input = ends[1];
    const bool started = process_start(&start, &relay.process, out_error);
    (void)close(ends[1]);
    relay.control = ends[0];
    if (!started) {
        close_control(&relay);
        return false;
    }
    if (!becomes_ready(&relay, milliseconds, out_error)) {
        return false;
    }
    *out_relay = relay;
    return true;
}

static bool ask(struct relay *relay, const char *command)
{
    char line[LINE_CHANNEL_SIZE];
    if (relay->process.pid <= 0 || relay->control < 0) {
        return false;
    }
    if (!line_channel_write(relay->control, command) ||
        !line_channel_read(relay->control, ANSWER_MILLISECONDS, line)) {
        close_control(relay); // a late answer must not be taken for the next one
        return false;
    }
    return strcmp(line, "ok") == 0;
}

bool relay_phase(struct relay *relay, const char *name, bool begins)
{
    char command[LINE_CHANNEL_SIZE];
    (void)snprintf(command, sizeof(command), "%s %.100s", begins ? "begin" : "end", name);
    return ask(relay, command);
}

bool relay_flush(struct relay *relay)
{
    return ask(relay, "flush");
}

bool relay_stop(struct relay *relay, unsigned milliseconds)
{
    char end[32];
    if (relay->process.pid <= 0) {
        return true;
    }
    const bool was_stopped = relay->control < 0;
    const bool ended_itself = process_has_ended(&relay->process) && !was_stopped;
    process_end(&relay->process, milliseconds > 0 ? milliseconds : 1);
    close_control(relay);
    process_describe(&relay->process, end, sizeof(end));
    return !ended_itself && strcmp(end, "exit 0") == 0;
}

// Whether the block grammar would read the word as something else without quotes.
static bool needs_quotes(const char *word)
{
    return word[0] == '\0' || strpbrk(word, " \t\n;{}\"\\#()") != NULL;
}

static void write_quoted(FILE *out, const char *word)
{
    (void)fputc('"', out);
    for (; *word != '\0'; word++) {
        if (*word == '"' || *word == '\\') {
            (void)fputc('\\', out);
        }
        (void)fputc(*word == '\n' ? ' ' : *word, out);
    }
    (void)fputc('"', out);
}

bool relay_rule_write(FILE *rules, unsigned line, const char *const *words, size_t count)
{
    (void)fprintf(rules, "rule %u {", line);
    for (size_t i = 0; i < count; i++) {
        (void)fputc(' ', rules);
        if (words[i] == NULL) {
            (void)fputs("{ }", rules); // a block: the relay says what it thinks of it
        } else if (needs_quotes(words[i])) {
            write_quoted(rules, words[i]);
        } else {
            (void)fputs(words[i], rules);
        }
    }
    (void)fputs(" }\n", rules);
    return ferror(rules) == 0;
}
