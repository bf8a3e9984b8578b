// What an operator can ask for.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "refgw/ike/connection_choice.h"
#include "refgw/ike/engine_state.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/reporting.h"

// A command being carried out, with the place for a sentence about what is wrong with it.
struct order {
    struct ike_engine *engine;
    const struct policy_connection *connection;
    const struct policy_child *child; // NULL: all of them
    char *problem;
    size_t problem_size;
};

__attribute__((format(printf, 2, 3))) static bool refuse(const struct order *order,
                                                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(order->problem, order->problem_size, format, arguments);
    va_end(arguments);
    return false;
}

static bool is_ours(const struct order *order, const struct ike_sa *sa)
{
    // A half-open SA belongs to nobody yet: its connection is a guess.
    return sa->connection == order->connection && sa->state != IKE_SA_CLOSED &&
           sa->state != IKE_SA_INIT_ANSWERED;
}

static bool is_established(const struct ike_sa *sa)
{
    return sa->state == IKE_SA_ESTABLISHED && !task_queue_has(&sa->tasks, TASK_DELETE_IKE_SA);
}

static bool has_child(const struct ike_sa *sa, const char *name)
{
    for (const struct ike_child *child = sa->children; child != NULL; child = child->next) {
        if (strcmp(child->sa->child, name) == 0) {
            return true;
        }
    }
    return false;
}

// --- up ---------------------------------------------------------------------------------------

static bool refuse_second(const struct order *order, const struct ike_sa *sa)
{
    const char *name = order->connection->name;
    if (sa->state == IKE_SA_INIT_SENT || sa->state == IKE_SA_AUTH_SENT) {
        return refuse(order, "connection %s is being set up already", name);
    }
    if (order->child != NULL && !has_child(sa, order->child->name)) {
        return refuse(order, "connection %s is up; adding child %s to it is not supported yet",
                      name, order->child->name);
    }
    return refuse(order, "connection %s is up already", name);
}

static bool can_initiate(const struct order *order)
{
    const struct policy_connection *connection = order->connection;
    if (connection->remote_address.family == ADDRESS_NONE) {
        return refuse(order, "connection %s has no remote address; it can only answer",
                      connection->name);
    }
    if (connection->local_address.family == ADDRESS_NONE) {
        return refuse(order, "connection %s has no local address to start from", connection->name);
    }
    if (connection->child_count == 0) {
        return refuse(order, "connection %s has no child to bring up", connection->name);
    }
    if (connection->psk.size == 0) {
        return refuse(order, "connection %s has no pre-shared key", connection->name);
    }
    return true;
}

// IKE_AUTH makes one CHILD_SA; further ones need an exchange that is still to come.
static void report_further_children(const struct order *order, const struct policy_child *first)
{
    const struct policy_connection *connection = order->connection;
    for (size_t i = 0; order->child == NULL && i < connection->child_count; i++) {
        if (&connection->children[i] != first) {
            struct ike_report report =
                report_about(IKE_REPORT_CHILD_SA_FAILED, NULL, "not-supported-yet");
            report.connection = connection->name;
            report.child = connection->children[i].name;
            action_queue_report(&order->engine->actions, &report);
        }
    }
}

static bool bring_up(const struct order *order)
{
    for (const struct ike_sa *sa = order->engine->table.first; sa != NULL; sa = sa->next) {
        if (is_ours(order, sa) && sa->state != IKE_SA_DELETING &&
            !task_queue_has(&sa->tasks, TASK_DELETE_IKE_SA)) {
            return refuse_second(order, sa);
        }
    }
    if (!can_initiate(order)) {
        return false;
    }
    const struct policy_child *first =
        order->child == NULL ? &order->connection->children[0] : order->child;
    if (!ike_sa_init_start(order->engine, order->connection, first)) {
        return refuse(order,
                      "connection %s cannot start: no usable algorithm, memory or randomness",
                      order->connection->name);
    }
    report_further_children(order, first);
    return true;
}

// --- down -------------------------------------------------------------------------------------

static void take_down_sa(struct ike_engine *engine, struct ike_sa *sa)
{
    if (sa->state == IKE_SA_INIT_SENT) {
        ike_sa_close(engine, sa, "local-command");
    } else if (sa->state != IKE_SA_DELETING && !task_queue_has(&sa->tasks, TASK_DELETE_IKE_SA)) {
        ike_sa_begin_close(engine, sa, TASK_DELETE_IKE_SA, "local-command");
    }
}

static bool delete_child(const struct order *order, struct ike_child *child)
{
    if (child->is_unwanted) {
        return true;
    }
    if (!task_queue_add(&child->owner->tasks, TASK_DELETE_CHILD, child->sa->inbound_spi)) {
        return refuse(order, "out of memory");
    }
    child->is_unwanted = true;
    return true;
}

// How a command that may concern several SAs is getting on.
struct progress {
    bool found;
    bool failed;
};

static void take_down_children(const struct order *order, struct ike_sa *sa,
                               struct progress *progress)
{
    for (struct ike_child *child = sa->children; child != NULL; child = child->next) {
        if (strcmp(child->sa->child, order->child->name) == 0) {
            progress->found = true;
            progress->failed = !delete_child(order, child) || progress->failed;
        }
    }
}

static void take_down_one(const struct order *order, struct ike_sa *sa, struct progress *progress)
{
    if (order->child != NULL) {
        take_down_children(order, sa, progress);
    } else {
        progress->found = true;
        take_down_sa(order->engine, sa);
    }
    ike_sa_settle(order->engine, sa);
}

static bool take_down(const struct order *order)
{
    struct progress progress = {.found = false};
    struct ike_sa *sa = order->engine->table.first;
    while (sa != NULL) {
        struct ike_sa *next = sa->next;
        if (is_ours(order, sa)) {
            take_down_one(order, sa, &progress);
        }
        sa = next;
    }
    if (progress.found) {
        return !progress.failed;
    }
    return order->child == NULL ? refuse(order, "connection %s is not up", order->connection->name)
                                : refuse(order, "child %s is not up", order->child->name);
}

// --- liveness ---------------------------------------------------------------------------------

static bool probe(const struct order *order)
{
    bool found = false;
    for (struct ike_sa *sa = order->engine->table.first; sa != NULL; sa = sa->next) {
        if (!is_ours(order, sa) || !is_established(sa)) {
            continue;
        }
        if (!task_queue_add(&sa->tasks, TASK_LIVENESS, 0)) {
            return refuse(order, "out of memory");
        }
        found = true;
        ike_sa_settle(order->engine, sa);
    }
    return found || refuse(order, "connection %s is not up", order->connection->name);
}

bool ike_engine_command(struct ike_engine *engine, struct instant now,
                        const struct ike_command *command, char *out_problem, size_t problem_size)
{
    struct order order = {.engine = engine,
                          .connection =
                              connection_by_name(engine->setup.policy, command->connection),
                          .problem = out_problem,
                          .problem_size = problem_size};
    engine->now = now;
    if (order.connection == NULL) {
        return refuse(&order, "there is no connection %s", command->connection);
    }
    if (command->child != NULL && command->child[0] != '\0') {
        order.child = child_by_name(order.connection, command->child);
        if (order.child == NULL) {
            return refuse(&order, "connection %s has no child %s", order.connection->name,
                          command->child);
        }
    }
    switch (command->kind) {
    case IKE_COMMAND_UP:
        return bring_up(&order);
    case IKE_COMMAND_DOWN:
        return take_down(&order);
    case IKE_COMMAND_LIVENESS:
        return probe(&order);
    case IKE_COMMAND_REKEY_IKE:
    case IKE_COMMAND_REKEY_CHILD:
        break;
    }
    return refuse(&order, "rekeying is not supported yet");
}
