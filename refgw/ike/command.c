// What an operator can ask for.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "refgw/ike/children.h"
#include "refgw/ike/connection_choice.h"
#include "refgw/ike/engine_state.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/mobility.h"
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

// --- up ---------------------------------------------------------------------------------------

static bool is_meant(const struct order *order, const struct policy_child *child)
{
    return order->child == NULL || order->child == child;
}

// Queues what is not there yet. False when memory runs out.
static bool add_children(const struct order *order, struct ike_sa *sa,
                         const struct policy_child *first, size_t *out_added)
{
    const struct policy_connection *connection = order->connection;
    for (size_t i = 0; i < connection->child_count; i++) {
        const struct policy_child *child = &connection->children[i];
        if (child == first || !is_meant(order, child) || child_of_policy(sa, child) != NULL) {
            continue;
        }
        if (!task_queue_add_child(&sa->tasks, TASK_CREATE_CHILD, child, 0)) {
            return refuse(order, "out of memory");
        }
        (*out_added)++;
    }
    return true;
}

// The IKE SA is there: only its children may be missing.
static bool extend(const struct order *order, struct ike_sa *sa)
{
    const char *name = order->connection->name;
    size_t added = 0;
    if (sa->state == IKE_SA_INIT_SENT || sa->state == IKE_SA_AUTH_SENT) {
        return refuse(order, "connection %s is being set up already", name);
    }
    if (!add_children(order, sa, NULL, &added)) {
        return false;
    }
    ike_sa_settle(order->engine, sa);
    return added > 0 || refuse(order, "connection %s is up already", name);
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
    const bool needs_psk =
        connection->certificates.key == NULL || connection->certificates.trust == NULL;
    if (needs_psk && connection->psk.size == 0) {
        return refuse(order, "connection %s has no pre-shared key", connection->name);
    }
    return true;
}

static bool bring_up(const struct order *order)
{
    for (struct ike_sa *sa = order->engine->table.first; sa != NULL; sa = sa->next) {
        if (is_ours(order, sa) && sa->state != IKE_SA_DELETING && sa->state != IKE_SA_REKEYED &&
            !task_queue_has(&sa->tasks, TASK_DELETE_IKE_SA)) {
            return extend(order, sa);
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
    // IKE_AUTH makes one CHILD_SA, CREATE_CHILD_SA the others.
    size_t added = 0;
    return add_children(order, order->engine->table.last, first, &added);
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

// --- rekey ------------------------------------------------------------------------------------

static void order_ike_rekey(const struct order *order, struct ike_sa *sa, struct progress *progress)
{
    progress->found = true;
    if (!task_queue_has(&sa->tasks, TASK_REKEY_IKE)) {
        progress->failed = !task_queue_add(&sa->tasks, TASK_REKEY_IKE, 0) || progress->failed;
        ike_sa_settle(order->engine, sa);
    }
}

static bool rekey_ike(const struct order *order)
{
    struct progress progress = {.found = false};
    struct ike_sa *sa = order->engine->table.first;
    while (sa != NULL) {
        struct ike_sa *next = sa->next;
        if (is_ours(order, sa) && is_established(sa)) {
            order_ike_rekey(order, sa, &progress);
        }
        sa = next;
    }
    if (progress.failed) {
        return refuse(order, "out of memory");
    }
    return progress.found || refuse(order, "connection %s is not up", order->connection->name);
}

static void order_child_rekeys(const struct order *order, struct ike_sa *sa,
                               struct progress *progress)
{
    for (struct ike_child *child = sa->children; child != NULL; child = child->next) {
        const bool is_meant = order->child == NULL || child->policy == order->child;
        if (!is_meant || child->is_unwanted || child->is_replaced) {
            continue;
        }
        progress->found = true;
        if (!child_is_to_be_rekeyed(child) &&
            !task_queue_add_child(&sa->tasks, TASK_REKEY_CHILD, child->policy,
                                  child->sa->inbound_spi)) {
            progress->failed = true;
        }
    }
    ike_sa_settle(order->engine, sa);
}

static bool rekey_child(const struct order *order)
{
    struct progress progress = {.found = false};
    struct ike_sa *sa = order->engine->table.first;
    while (sa != NULL) {
        struct ike_sa *next = sa->next;
        if (is_ours(order, sa) && is_established(sa)) {
            order_child_rekeys(order, sa, &progress);
        }
        sa = next;
    }
    if (progress.failed) {
        return refuse(order, "out of memory");
    }
    return progress.found ||
           refuse(order, "child %s is not up", order->child == NULL ? "" : order->child->name);
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

// --- roam -------------------------------------------------------------------------------------

static bool roam_sa(const struct order *order, struct ike_sa *sa, const struct ip_address *address)
{
    const char *name = order->connection->name;
    const struct address_list *own = &order->engine->local_addresses;
    struct network_path path;
    if (!sa->mobility.is_agreed) {
        return refuse(order, "connection %s cannot move: MOBIKE was not agreed on", name);
    }
    if (!sa->mobility.may_move) {
        return refuse(order, "connection %s cannot move: only its initiator decides", name);
    }
    if (own->count > 0 && !address_list_has(own, address)) {
        return refuse(order, "connection %s cannot move: the address is not ours", name);
    }
    if (!mobility_path_from(sa, address, &path)) {
        return refuse(order, "connection %s: the peer has no address of that family", name);
    }
    sa->mobility.wants_update = true;
    mobility_move(order->engine, sa, &path);
    ike_sa_settle(order->engine, sa);
    return true;
}

static bool roam(const struct order *order, const struct ip_address *address)
{
    for (struct ike_sa *sa = order->engine->table.first; sa != NULL; sa = sa->next) {
        if (is_ours(order, sa) && is_established(sa)) {
            return roam_sa(order, sa, address);
        }
    }
    return refuse(order, "connection %s is not up", order->connection->name);
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
    case IKE_COMMAND_ROAM:
        return roam(&order, &command->address);
    case IKE_COMMAND_LIVENESS:
        return probe(&order);
    case IKE_COMMAND_REKEY_IKE:
        return rekey_ike(&order);
    case IKE_COMMAND_REKEY_CHILD:
        return rekey_child(&order);
    }
    return refuse(&order, "there is no such command");
}
