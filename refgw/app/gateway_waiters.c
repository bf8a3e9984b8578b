#include "refgw/app/gateway_state.h"

#include "refgw/io/system_clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What the engine's snapshot says about one connection.
struct connection_state {
    const struct policy_connection *connection;
    size_t ike_sa_count;
    bool is_up[POLICY_MOST_CHILDREN]; // by position in the policy
    const char *last_state;           // "connecting"...; NULL without IKE SA
};

const struct policy_connection *gateway_find_connection(const struct gateway *gateway,
                                                        const char *name)
{
    const struct ike_policy *policy = &gateway->config->policy;
    for (size_t i = 0; i < policy->connection_count; i++) {
        if (strcmp(policy->connections[i].name, name) == 0) {
            return &policy->connections[i];
        }
    }
    return NULL;
}

static bool counts_as_up(const char *state)
{
    return strcmp(state, "established") == 0 || strcmp(state, "rekeying") == 0;
}

static void note_child(struct connection_state *state, const struct child_sa *sa)
{
    for (size_t i = 0; i < state->connection->child_count; i++) {
        if (strcmp(sa->child, state->connection->children[i].name) == 0) {
            state->is_up[i] = true;
        }
    }
}

static void note_ike_sa(void *context, const struct ike_sa_status *status)
{
    struct connection_state *state = context;
    if (strcmp(status->connection, state->connection->name) != 0) {
        return;
    }
    state->ike_sa_count++;
    state->last_state = status->state;
    for (size_t i = 0; i < status->child_count && counts_as_up(status->state); i++) {
        note_child(state, status->children[i]);
    }
}

static struct connection_state observe(const struct gateway *gateway,
                                       const struct policy_connection *connection)
{
    struct connection_state state = {.connection = connection};
    ike_engine_visit(gateway->engine, note_ike_sa, &state);
    return state;
}

// Whether every child that `child` names ("" names all) is up, or, the other way round,
// whether none is.
static bool children_are(const struct connection_state *state, const char *child, bool is_up)
{
    for (size_t i = 0; i < state->connection->child_count; i++) {
        const bool is_meant =
            child[0] == '\0' || strcmp(child, state->connection->children[i].name) == 0;
        if (is_meant && state->is_up[i] != is_up) {
            return false;
        }
    }
    return true;
}

static bool is_reached(const struct connection_state *state, bool is_up, const char *child)
{
    if (!is_up && child[0] == '\0') {
        return state->ike_sa_count == 0;
    }
    return children_are(state, child, is_up);
}

bool gateway_is_reached(const struct gateway *gateway, const struct waiter_request *request)
{
    const struct policy_connection *connection =
        gateway_find_connection(gateway, request->connection);
    if (connection == NULL) {
        return false;
    }
    const struct connection_state state = observe(gateway, connection);
    return is_reached(&state, request->is_up, request->child);
}

bool gateway_is_connecting(const struct gateway *gateway, const char *connection)
{
    const struct policy_connection *found = gateway_find_connection(gateway, connection);
    if (found == NULL) {
        return false;
    }
    const struct connection_state state = observe(gateway, found);
    return state.last_state != NULL && strcmp(state.last_state, "connecting") == 0;
}

static void count_ike_sa(void *context, const struct ike_sa_status *status)
{
    size_t *count = context;
    (void)status;
    (*count)++;
}

size_t gateway_ike_sa_count(const struct gateway *gateway)
{
    size_t count = 0;
    ike_engine_visit(gateway->engine, count_ike_sa, &count);
    return count;
}

bool gateway_add_waiter(struct gateway *gateway, struct control_client *client,
                        const struct waiter_request *request)
{
    struct waiter *waiter = calloc(1, sizeof(*waiter));
    if (waiter == NULL) {
        return false;
    }
    waiter->client = client;
    waiter->is_up = request->is_up;
    (void)snprintf(waiter->connection, sizeof(waiter->connection), "%s", request->connection);
    (void)snprintf(waiter->child, sizeof(waiter->child), "%s", request->child);
    waiter->timeout_s = request->timeout_s;
    waiter->deadline = instant_after(system_clock_now(), duration_seconds(request->timeout_s));
    waiter->next = gateway->waiters;
    gateway->waiters = waiter;
    return true;
}

static bool is_about(const struct waiter *waiter, const struct ike_report *report, bool is_child)
{
    const char *connection = report->connection == NULL ? "" : report->connection;
    const char *child = report->child == NULL ? "" : report->child;
    return strcmp(waiter->connection, connection) == 0 &&
           (!is_child || waiter->child[0] == '\0' || strcmp(waiter->child, child) == 0);
}

void gateway_note_report(struct gateway *gateway, const struct ike_report *report)
{
    const bool is_child = report->kind == IKE_REPORT_CHILD_SA_FAILED;
    const bool is_ike =
        report->kind == IKE_REPORT_IKE_SA_CLOSED || report->kind == IKE_REPORT_PEER_SILENT;
    for (struct waiter *waiter = gateway->waiters; waiter != NULL; waiter = waiter->next) {
        if ((!is_child && !is_ike) || !is_about(waiter, report, is_child)) {
            continue;
        }
        waiter->child_has_failed = waiter->child_has_failed || is_child;
        waiter->ike_has_closed = waiter->ike_has_closed || report->kind == IKE_REPORT_IKE_SA_CLOSED;
        // The first thing that went wrong explains the rest.
        if (waiter->reason == NULL) {
            waiter->reason = report->reason;
            waiter->section = report->section;
            (void)snprintf(waiter->text, sizeof(waiter->text), "%s", report->text);
        }
    }
}

void gateway_send_json(struct control_client *client, json_t *object)
{
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    static const char memory_problem[] = "{\"ok\":false,\"problem\":\"out of memory\"}";
    if (text == NULL) {
        control_send_line(client, memory_problem, sizeof(memory_problem) - 1);
    } else {
        control_send_line(client, text, strlen(text));
    }
    free(text);
    json_decref(object);
}

static void set_if_any(json_t *object, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        (void)json_object_set_new(object, key, json_string(text));
    }
}

static void answer_failure(const struct waiter *waiter)
{
    json_t *object = json_object();
    (void)json_object_set_new(object, "ok", json_false());
    set_if_any(object, "reason", waiter->reason);
    set_if_any(object, "section", waiter->section);
    set_if_any(object, "problem", waiter->text);
    gateway_send_json(waiter->client, object);
}

static void answer_timeout(const struct waiter *waiter, const struct connection_state *state)
{
    char problem[PROBLEM_SIZE];
    json_t *object = json_object();
    (void)snprintf(problem, sizeof(problem), "not %s within %" PRIu32 " s; the IKE SA is %s",
                   waiter->is_up ? "up" : "down", waiter->timeout_s,
                   state->last_state == NULL ? "not there" : state->last_state);
    (void)json_object_set_new(object, "ok", json_false());
    set_if_any(object, "reason", "timeout");
    set_if_any(object, "problem", problem);
    gateway_send_json(waiter->client, object);
}

// True when the waiter got its answer.
static bool answer(const struct gateway *gateway, const struct waiter *waiter)
{
    const struct policy_connection *connection =
        gateway_find_connection(gateway, waiter->connection);
    const struct connection_state state = observe(gateway, connection);
    const bool is_lost =
        waiter->child_has_failed || (waiter->ike_has_closed && state.ike_sa_count == 0);
    if (is_reached(&state, waiter->is_up, waiter->child)) {
        gateway_send_json(waiter->client, json_pack("{s:b}", "ok", 1));
    } else if (waiter->is_up && is_lost) {
        answer_failure(waiter);
    } else if (!instant_is_before(system_clock_now(), waiter->deadline)) {
        answer_timeout(waiter, &state);
    } else {
        return false;
    }
    return true;
}

void gateway_answer_waiters(struct gateway *gateway)
{
    struct waiter **link = &gateway->waiters;
    while (*link != NULL) {
        struct waiter *waiter = *link;
        if (answer(gateway, waiter)) {
            *link = waiter->next;
            free(waiter);
        } else {
            link = &waiter->next;
        }
    }
}

void gateway_forget_waiters(struct gateway *gateway, const struct control_client *client)
{
    struct waiter **link = &gateway->waiters;
    while (*link != NULL) {
        struct waiter *waiter = *link;
        if (client == NULL || waiter->client == client) {
            *link = waiter->next;
            free(waiter);
        } else {
            link = &waiter->next;
        }
    }
}

bool gateway_waiter_deadline(const struct gateway *gateway, struct instant *out_when)
{
    const struct waiter *earliest = gateway->waiters;
    for (const struct waiter *waiter = gateway->waiters; waiter != NULL; waiter = waiter->next) {
        if (instant_is_before(waiter->deadline, earliest->deadline)) {
            earliest = waiter;
        }
    }
    if (earliest == NULL) {
        return false;
    }
    *out_when = earliest->deadline;
    return true;
}
