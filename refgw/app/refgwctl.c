// refgwctl.c - talks to a running refgw through its control socket.
#include "refgw/app/status_text.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    DEFAULT_TIMEOUT_S = 30,
    MOST_TIMEOUT_S = 3600,
    GRACE_S = 3, // what the gateway gets beyond the timeout to say that it was reached
    REQUEST_SIZE = 512,
    READ_SIZE = 65536,
};

static const char HELP[] =
    "refgwctl - control a running refgw\n"
    "\n"
    "usage: refgwctl [-s SOCKET] [--timeout SECONDS] [--json] COMMAND\n"
    "\n"
    "  status                        the IKE and child SAs that are there\n"
    "  up CONNECTION [CHILD]         bring a connection (or one child) up and wait for it\n"
    "  down CONNECTION [CHILD]       delete it and wait for that\n"
    "  liveness CONNECTION           ask the peer for a sign of life now\n"
    "  rekey-ike CONNECTION          replace the IKE SA\n"
    "  rekey-child CONNECTION CHILD  replace a child SA\n"
    "  roam CONNECTION ADDRESS       move to another address of this machine (MOBIKE)\n"
    "  monitor                       print events as they happen, until interrupted\n"
    "  version                       of the running gateway\n"
    "  stop                          stop the gateway and wait until it has gone\n"
    "\n"
    "  -s, --socket PATH             control socket; default /run/refgw/control.sock\n"
    "  -t, --timeout SECONDS         how long `up`, `down`, `stop` wait; default 30\n"
    "  -j, --json                    print answers as JSON\n"
    "  -V, --version                 of this program\n"
    "  -h, --help                    print this text\n"
    "\n"
    "examples:\n"
    "  refgwctl status\n"
    "  refgwctl --timeout 10 up tunnel\n"
    "  refgwctl down tunnel net\n"
    "  refgwctl status --json | jq '.ike[].children[].packets_in'\n"
    "\n"
    "exit status: 0 done; 1 it failed, the reason is on standard error; 2 wrong usage\n";

struct options {
    const char *socket_path;
    unsigned timeout_s;
    bool prints_json;
    bool is_done;
};

enum command_end {
    ENDS_WITH_ANSWER,
    ENDS_NEVER,     // streams until somebody interrupts it
    ENDS_WITH_PEER, // when the gateway has closed the connection
};

struct command {
    const char *word;
    int least_arguments;
    int most_arguments;
    enum command_end end;
};

static const struct command COMMANDS[] = {
    {"status",      0, 0, ENDS_WITH_ANSWER},
    {"up",          1, 2, ENDS_WITH_ANSWER},
    {"down",        1, 2, ENDS_WITH_ANSWER},
    {"liveness",    1, 1, ENDS_WITH_ANSWER},
    {"rekey-ike",   1, 1, ENDS_WITH_ANSWER},
    {"rekey-child", 2, 2, ENDS_WITH_ANSWER},
    {"roam",        2, 2, ENDS_WITH_ANSWER},
    {"monitor",     0, 0, ENDS_NEVER      },
    {"version",     0, 0, ENDS_WITH_ANSWER},
    {"stop",        0, 0, ENDS_WITH_PEER  },
};

// The text of an answer as it arrives.
struct answer {
    int descriptor;
    uint64_t deadline_ms; // CLOCK_MONOTONIC; 0: none
    char *text;           // owned
    size_t size;
};

__attribute__((format(printf, 1, 2))) static int fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("refgwctl: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputs("\n", stderr);
    va_end(arguments);
    return EXIT_FAILURE;
}

static uint64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

static bool take_timeout(const char *text, unsigned *out_seconds)
{
    char *end = NULL;
    const unsigned long seconds = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || seconds == 0 ||
        seconds > MOST_TIMEOUT_S) {
        (void)fail("--timeout takes 1 to %d seconds", MOST_TIMEOUT_S);
        return false;
    }
    *out_seconds = (unsigned)seconds;
    return true;
}

static bool take_option(int option, struct options *options)
{
    switch (option) {
    case 's':
        options->socket_path = optarg;
        return true;
    case 'j':
        options->prints_json = true;
        return true;
    case 't':
        return take_timeout(optarg, &options->timeout_s);
    case 'V':
    case 'h':
        (void)fputs(option == 'h' ? HELP : "refgwctl " IKELAB_VERSION "\n", stdout);
        options->is_done = true;
        return true;
    default:
        return false;
    }
}

static bool parse_options(int argc, char **argv, struct options *out_options)
{
    static const struct option table[] = {
        {"socket",  required_argument, NULL, 's'},
        {"timeout", required_argument, NULL, 't'},
        {"json",    no_argument,       NULL, 'j'},
        {"version", no_argument,       NULL, 'V'},
        {"help",    no_argument,       NULL, 'h'},
        {NULL,      0,                 NULL, 0  },
    };
    int option = 0;
    *out_options =
        (struct options){.socket_path = "/run/refgw/control.sock", .timeout_s = DEFAULT_TIMEOUT_S};
    while (!out_options->is_done &&
           (option = getopt_long(argc, argv, "s:t:jVh", table, NULL)) != -1) {
        if (!take_option(option, out_options)) {
            return false;
        }
    }
    return true;
}

static const struct command *find_command(int argc, char **argv)
{
    const int arguments = argc - optind - 1;
    for (size_t i = 0; arguments >= 0 && i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        if (strcmp(COMMANDS[i].word, argv[optind]) == 0 &&
            arguments >= COMMANDS[i].least_arguments && arguments <= COMMANDS[i].most_arguments) {
            return &COMMANDS[i];
        }
    }
    return NULL;
}

static bool format_request(int argc, char **argv, const struct options *options,
                           char out[REQUEST_SIZE])
{
    size_t used = 0;
    for (int i = optind; i < argc; i++) {
        // A blank in a name would make two words of it.
        if (argv[i][0] == '\0' || strpbrk(argv[i], " =\t\r\n") != NULL) {
            return false;
        }
        const int size = snprintf(out + used, REQUEST_SIZE - used, "%s ", argv[i]);
        if (size < 0 || (size_t)size >= REQUEST_SIZE - used) {
            return false;
        }
        used += (size_t)size;
    }
    const bool is_monitor = strcmp(argv[optind], "monitor") == 0;
    const int size =
        is_monitor ? snprintf(out + used, REQUEST_SIZE - used, "%s\n",
                              options->prints_json ? "json" : "text")
                   : snprintf(out + used, REQUEST_SIZE - used, "timeout=%u\n", options->timeout_s);
    return size > 0 && (size_t)size < REQUEST_SIZE - used;
}

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t size = strlen(path);
    if (size >= sizeof(address.sun_path)) {
        (void)fail("the path of the socket is too long: %s", path);
        return -1;
    }
    memcpy(address.sun_path, path, size);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 &&
        connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        return descriptor;
    }
    const int error = errno;
    const char *advice = error == EACCES ? "; run as root"
                         : error == ENOENT || error == ECONNREFUSED
                             ? "; is refgw running, and is this its `control` path (-s)?"
                             : "";
    char reason[96];
    (void)fail("cannot connect to %s: %s%s", path, strerror_r(error, reason, sizeof(reason)),
               advice);
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return -1;
}

// Waits for more of the answer. 1: more has come, 0: the end, -1: too late or broken.
static int read_more(struct answer *answer)
{
    struct pollfd poll_for = {.fd = answer->descriptor, .events = POLLIN};
    int wait_ms = -1;
    if (answer->deadline_ms != 0) {
        const uint64_t now = now_ms();
        wait_ms = now < answer->deadline_ms ? (int)(answer->deadline_ms - now) : 0;
    }
    const int ready = poll(&poll_for, 1, wait_ms);
    if (ready < 0 && errno == EINTR) {
        return 1;
    }
    char *text = ready > 0 ? realloc(answer->text, answer->size + READ_SIZE + 1) : NULL;
    if (text == NULL) {
        return -1;
    }
    answer->text = text;
    const ssize_t got = read(answer->descriptor, text + answer->size, READ_SIZE);
    if (got > 0) {
        answer->size += (size_t)got;
    }
    text[answer->size] = '\0';
    return got > 0 ? 1 : got == 0 ? 0 : -1;
}

// One line without its end. False when the connection ended or the time was up before it.
static bool read_line(struct answer *answer)
{
    char *end = NULL;
    while (end == NULL) {
        end = answer->size == 0 ? NULL : memchr(answer->text, '\n', answer->size);
        if (end == NULL && read_more(answer) <= 0) {
            return false;
        }
    }
    *end = '\0';
    return true;
}

static int stream(struct answer *answer)
{
    int more = 1;
    while (more > 0) {
        (void)fwrite(answer->text == NULL ? "" : answer->text, 1, answer->size, stdout);
        (void)fflush(stdout);
        answer->size = 0;
        more = read_more(answer);
    }
    return fail("the gateway closed the connection");
}

static const char *text_in(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

// What the engine's reason words mean to whoever has to repair it.
struct explanation {
    const char *reason;
    const char *text;
};

static const struct explanation EXPLANATIONS[] = {
    {"local-auth-failed",       "the peer does not accept our identity or key"        },
    {"peer-auth-failed",        "the peer's identity or key is not the configured one"},
    {"proposal-mismatch-ike",   "no IKE proposal in common"                           },
    {"proposal-mismatch-child", "no ESP proposal in common"                           },
    {"ts-mismatch",             "no traffic selectors in common"                      },
    {"key-exchange-mismatch",   "no key exchange method in common"                    },
    {"refused-by-peer",         "the peer refused"                                    },
    {"retransmit-timeout",      "the peer does not answer"                            },
    {"peer-deleted",            "the peer deleted the SA"                             },
};

static const char *explain(const char *reason)
{
    for (size_t i = 0; i < sizeof(EXPLANATIONS) / sizeof(EXPLANATIONS[0]); i++) {
        if (strcmp(EXPLANATIONS[i].reason, reason) == 0) {
            return EXPLANATIONS[i].text;
        }
    }
    return "";
}

static int print_failure(const json_t *object, const char *what)
{
    const char *reason = text_in(object, "reason");
    const char *told = text_in(object, "problem");
    const char *problem = told[0] == '\0' ? explain(reason) : told;
    const char *section = text_in(object, "section");
    return fail("%s: %s%s%s%s%s%s", what, reason,
                reason[0] != '\0' && problem[0] != '\0' ? ": " : "", problem,
                section[0] == '\0' ? "" : " (", section, section[0] == '\0' ? "" : ")");
}

static int print_answer(const json_t *object, const char *text, const struct options *options,
                        const char *what)
{
    const json_t *is_ok = json_object_get(object, "ok");
    const bool has_failed = json_is_false(is_ok);
    if (options->prints_json) {
        (void)puts(text);
        return has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (has_failed) {
        return print_failure(object, what);
    }
    if (strcmp(what, "status") == 0) {
        status_print(object, stdout);
    } else if (strcmp(what, "version") == 0) {
        (void)printf("refgw %s\n", text_in(object, "version"));
    }
    return EXIT_SUCCESS;
}

static bool wait_for_end(struct answer *answer)
{
    int more = 1;
    while (more > 0) {
        answer->size = 0;
        more = read_more(answer);
    }
    return more == 0;
}

static int handle_answer(struct answer *answer, const struct command *command,
                         const struct options *options)
{
    if (command->end == ENDS_NEVER) {
        return stream(answer);
    }
    if (!read_line(answer)) {
        return fail("%s: no answer from the gateway", command->word);
    }
    json_error_t error;
    json_t *object = json_loads(answer->text, 0, &error);
    if (object == NULL) {
        return fail("%s: the answer is not JSON: %s", command->word, error.text);
    }
    int status = print_answer(object, answer->text, options, command->word);
    json_decref(object);
    if (command->end == ENDS_WITH_PEER && status == EXIT_SUCCESS && !wait_for_end(answer)) {
        status = fail("the gateway is still there after %u s", options->timeout_s);
    }
    return status;
}

static int talk(const struct command *command, const struct options *options, const char *request)
{
    const int descriptor = open_socket(options->socket_path);
    if (descriptor < 0) {
        return EXIT_FAILURE;
    }
    struct answer answer = {.descriptor = descriptor};
    if (command->end != ENDS_NEVER) {
        answer.deadline_ms = now_ms() + ((uint64_t)options->timeout_s + GRACE_S) * 1000U;
    }
    const size_t size = strlen(request);
    const bool sent = send(descriptor, request, size, MSG_NOSIGNAL) == (ssize_t)size;
    const int status = sent ? handle_answer(&answer, command, options)
                            : fail("cannot send the request to the gateway");
    free(answer.text);
    (void)close(descriptor);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    char request[REQUEST_SIZE];
    const bool is_usable = parse_options(argc, argv, &options);
    if (is_usable && options.is_done) {
        return EXIT_SUCCESS;
    }
    const struct command *command = is_usable ? find_command(argc, argv) : NULL;
    if (command == NULL) {
        (void)fputs(
            "usage: refgwctl [-s SOCKET] [--timeout SECONDS] [--json] status | up CONNECTION "
            "[CHILD] | down CONNECTION [CHILD] |\n  liveness CONNECTION | rekey-ike "
            "CONNECTION | rekey-child CONNECTION CHILD |\n  roam CONNECTION ADDRESS | monitor | "
            "version | stop\n"
            "refgwctl --help says more\n",
            stderr);
        return EXIT_USAGE;
    }
    if (!format_request(argc, argv, &options, request)) {
        (void)fail("a name is empty, too long, or has a blank in it");
        return EXIT_USAGE;
    }
    return talk(command, &options, request);
}
