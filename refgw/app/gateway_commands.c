#include "refgw/app/gateway_network.h"

#include "refgw/app/status_json.h"
#include "refgw/io/system_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WORDS = 4, DEFAULT_TIMEOUT_S = 30, MOST_TIMEOUT_S = 3600 };

// A request line in words; the option timeout=SECONDS may stand anywhere.
struct request {
    char line[CONTROL_REQUEST_SIZE];
    size_t count;
    const char *words[MOST_WORDS]; // NULL behind the last
    uint32_t timeout_s;
};

struct request_word {
    const char *word;
    size_t least_words; // the first included
    size_t most_words;
    const char *usage;
    void (*handle)(struct gateway *gateway, struct control_client *client,
                   const struct request *request);
};

static void answer_problem(struct control_client *client, const char *problem)
{
    gateway_send_json(client, json_pack("{s:b,s:s}", "ok", 0, "problem", problem));
}

static void answer_ok(struct control_client *client)
{
    gateway_send_json(client, json_pack("{s:b}", "ok", 1));
}

static const char *word_or_empty(const char *word)
{
    return word == NULL ? "" : word;
}

// Whether the connection (and child, when one is named) is configured.
static bool is_known(struct gateway *gateway, struct control_client *client,
                     const struct request *request)
{
    char problem[PROBLEM_SIZE];
    const char *child = word_or_empty(request->words[2]);
    const struct policy_connection *connection =
        gateway_find_connection(gateway, request->words[1]);
    if (connection == NULL) {
        (void)snprintf(problem, sizeof(problem), "there is no connection \"%.200s\"",
                       request->words[1]);
        answer_problem(client, problem);
        return false;
    }
    for (size_t i = 0; child[0] != '\0' && i < connection->child_count; i++) {
        if (strcmp(connection->children[i].name, child) == 0) {
            return true;
        }
    }
    if (child[0] != '\0') {
        (void)snprintf(problem, sizeof(problem), "connection %s has no child \"%.200s\"",
                       connection->name, child);
        answer_problem(client, problem);
    }
    return child[0] == '\0';
}

// Hands a command to the engine. False when a problem was answered.
static bool command_engine(struct gateway *gateway, struct control_client *client,
                           const struct request *request, enum ike_command_kind kind)
{
    char problem[PROBLEM_SIZE] = "";
    const struct ike_command command = {
        .kind = kind,
        .connection = request->words[1],
        .child = word_or_empty(request->words[2]),
    };
    if (!is_known(gateway, client, request)) {
        return false;
    }
    if (!ike_engine_command(gateway->engine, system_clock_now(), &command, problem,
                            sizeof(problem))) {
        answer_problem(client, problem);
        gateway_settle(gateway);
        return false;
    }
    return true;
}

// `up` and `down` are answered when their outcome is known.
static void command_and_wait(struct gateway *gateway, struct control_client *client,
                             const struct request *request, bool is_up)
{
    const struct waiter_request wanted = {
        .is_up = is_up,
        .connection = request->words[1],
        .child = word_or_empty(request->words[2]),
        .timeout_s = request->timeout_s,
    };
    if (is_up && gateway_is_reached(gateway, &wanted)) {
        answer_ok(client);
        return;
    }
    // An attempt that is under way (`start auto`, or the peer's) is as good as a new one.
    const bool is_under_way = is_up && gateway_is_connecting(gateway, request->words[1]);
    const enum ike_command_kind kind = is_up ? IKE_COMMAND_UP : IKE_COMMAND_DOWN;
    if (is_under_way ? !is_known(gateway, client, request)
                     : !command_engine(gateway, client, request, kind)) {
        return;
    }
    // Before the engine's reports are read: one of them may be the outcome.
    if (!gateway_add_waiter(gateway, client, &wanted)) {
        answer_problem(client, "out of memory");
    }
    gateway_settle(gateway);
}

static void handle_up(struct gateway *gateway, struct control_client *client,
                      const struct request *request)
{
    command_and_wait(gateway, client, request, true);
}

static void handle_down(struct gateway *gateway, struct control_client *client,
                        const struct request *request)
{
    command_and_wait(gateway, client, request, false);
}

static void command_and_go(struct gateway *gateway, struct control_client *client,
                           const struct request *request, enum ike_command_kind kind)
{
    if (command_engine(gateway, client, request, kind)) {
        answer_ok(client);
        gateway_settle(gateway);
    }
}

static void handle_liveness(struct gateway *gateway, struct control_client *client,
                            const struct request *request)
{
    command_and_go(gateway, client, request, IKE_COMMAND_LIVENESS);
}

static void handle_rekey_ike(struct gateway *gateway, struct control_client *client,
                             const struct request *request)
{
    command_and_go(gateway, client, request, IKE_COMMAND_REKEY_IKE);
}

static void handle_rekey_child(struct gateway *gateway, struct control_client *client,
                               const struct request *request)
{
    command_and_go(gateway, client, request, IKE_COMMAND_REKEY_CHILD);
}

static void handle_roam(struct gateway *gateway, struct control_client *client,
                        const struct request *request)
{
    char problem[PROBLEM_SIZE] = "";
    struct ike_command command = {
        .kind = IKE_COMMAND_ROAM, .connection = request->words[1], .child = ""};
    if (!address_parse(request->words[2], &command.address)) {
        answer_problem(client, "roam takes an IPv4 or IPv6 address of this machine");
        return;
    }
    // The address may be younger than the news of it.
    gateway_look_at_network(gateway);
    if (ike_engine_command(gateway->engine, system_clock_now(), &command, problem,
                           sizeof(problem))) {
        answer_ok(client);
    } else {
        answer_problem(client, problem);
    }
    gateway_settle(gateway);
}

static bool find_counters(void *context, uint32_t child_sa_id, struct esp_sa_counters *out_counters)
{
    const struct gateway *gateway = context;
    return esp_gateway_counters(gateway->esp, child_sa_id, out_counters);
}

static uint32_t find_generation(void *context, uint32_t child_sa_id)
{
    return gateway_child_generation(context, child_sa_id);
}

static void handle_status(struct gateway *gateway, struct control_client *client,
                          const struct request *request)
{
    const struct status_sources sources = {
        .now = system_clock_now(),
        .counters = find_counters,
        .generation = find_generation,
        .context = gateway,
    };
    (void)request;
    gateway_send_json(client, status_engine(gateway->engine, &sources));
}

static void handle_monitor(struct gateway *gateway, struct control_client *client,
                           const struct request *request)
{
    const char *format = word_or_empty(request->words[1]);
    struct monitor *monitor = calloc(1, sizeof(*monitor));
    if (monitor == NULL) {
        answer_problem(client, "out of memory");
        return;
    }
    *monitor = (struct monitor){
        .next = gateway->monitors,
        .client = client,
        .format = strcmp(format, "text") == 0 ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON,
    };
    gateway->monitors = monitor;
}

static void handle_version(struct gateway *gateway, struct control_client *client,
                           const struct request *request)
{
    (void)gateway;
    (void)request;
    gateway_send_json(client, json_pack("{s:b,s:s}", "ok", 1, "version", IKELAB_VERSION));
}

static void handle_stop(struct gateway *gateway, struct control_client *client,
                        const struct request *request)
{
    (void)request;
    answer_ok(client);
    gateway_stop(gateway);
}

static const struct request_word REQUEST_WORDS[] = {
    {"status",      1, 1, "status",                       handle_status     },
    {"up",          2, 3, "up CONNECTION [CHILD]",        handle_up         },
    {"down",        2, 3, "down CONNECTION [CHILD]",      handle_down       },
    {"liveness",    2, 2, "liveness CONNECTION",          handle_liveness   },
    {"rekey-ike",   2, 2, "rekey-ike CONNECTION",         handle_rekey_ike  },
    {"rekey-child", 3, 3, "rekey-child CONNECTION CHILD", handle_rekey_child},
    {"roam",        3, 3, "roam CONNECTION ADDRESS",      handle_roam       },
    {"monitor",     1, 2, "monitor [json|text]",          handle_monitor    },
    {"version",     1, 1, "version",                      handle_version    },
    {"stop",        1, 1, "stop",                         handle_stop       },
};

static bool take_timeout(struct request *request, const char *text)
{
    char *end = NULL;
    const unsigned long seconds = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || seconds == 0 ||
        seconds > MOST_TIMEOUT_S) {
        return false;
    }
    request->timeout_s = (uint32_t)seconds;
    return true;
}

// An option or one more word. False when it is wrong or one too many.
static bool add_word(struct request *request, const char *word)
{
    if (strncmp(word, "timeout=", 8) == 0) {
        return take_timeout(request, word + 8);
    }
    if (request->count == MOST_WORDS - 1) {
        return false;
    }
    request->words[request->count] = word;
    request->count++;
    return true;
}

static bool parse_request(const char *line, struct request *out_request)
{
    char *rest = NULL;
    *out_request = (struct request){.timeout_s = DEFAULT_TIMEOUT_S};
    (void)snprintf(out_request->line, sizeof(out_request->line), "%s", line);
    for (const char *word = strtok_r(out_request->line, " \r", &rest); word != NULL;
         word = strtok_r(NULL, " \r", &rest)) {
        if (!add_word(out_request, word)) {
            return false;
        }
    }
    return out_request->count > 0;
}

static const struct request_word *find_request_word(const char *text)
{
    for (size_t i = 0; i < sizeof(REQUEST_WORDS) / sizeof(REQUEST_WORDS[0]); i++) {
        if (strcmp(REQUEST_WORDS[i].word, text) == 0) {
            return &REQUEST_WORDS[i];
        }
    }
    return NULL;
}

void gateway_handle_request(void *context, struct control_client *client, const char *line)
{
    struct gateway *gateway = context;
    struct request request;
    char problem[PROBLEM_SIZE];
    const struct request_word *word =
        parse_request(line, &request) ? find_request_word(request.words[0]) : NULL;
    if (word != NULL && request.count >= word->least_words && request.count <= word->most_words) {
        word->handle(gateway, client, &request);
        return;
    }
    (void)snprintf(problem, sizeof(problem), "request not understood; allowed: %s",
                   word != NULL
                       ? word->usage
                       : "status, up, down, liveness, rekey-ike, rekey-child, roam, monitor, "
                         "version, stop");
    answer_problem(client, problem);
}

void gateway_forget_client(void *context, struct control_client *client)
{
    struct gateway *gateway = context;
    struct monitor **link = &gateway->monitors;
    gateway_forget_waiters(gateway, client);
    while (*link != NULL) {
        struct monitor *monitor = *link;
        if (monitor->client == client) {
            *link = monitor->next;
            free(monitor);
        } else {
            link = &monitor->next;
        }
    }
}
