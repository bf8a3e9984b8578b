#include "refgw/app/gateway_state.h"

#include "refgw/io/system_clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STOP_SECONDS = 2 };

uint32_t gateway_child_generation(const struct gateway *gateway, uint32_t child_sa_id)
{
    for (size_t i = 0; i < gateway->generation_count; i++) {
        if (gateway->generations[i].child_sa_id == child_sa_id) {
            return gateway->generations[i].generation;
        }
    }
    return 0;
}

// SAs that were not rekeyed need no entry. Without memory the count starts again.
static void remember_generation(struct gateway *gateway, const struct child_sa *sa)
{
    if (sa->replaces == 0) {
        return;
    }
    if (gateway->generation_count == gateway->generation_capacity) {
        const size_t capacity =
            gateway->generation_capacity == 0 ? 16 : 2 * gateway->generation_capacity;
        struct child_generation *larger = realloc(gateway->generations, capacity * sizeof(*larger));
        if (larger == NULL) {
            return;
        }
        gateway->generations = larger;
        gateway->generation_capacity = capacity;
    }
    gateway->generations[gateway->generation_count] = (struct child_generation){
        .child_sa_id = sa->id,
        .generation = gateway_child_generation(gateway, sa->replaces) + 1,
    };
    gateway->generation_count++;
}

static void forget_generation(struct gateway *gateway, uint32_t child_sa_id)
{
    for (size_t i = 0; i < gateway->generation_count; i++) {
        if (gateway->generations[i].child_sa_id == child_sa_id) {
            gateway->generation_count--;
            gateway->generations[i] = gateway->generations[gateway->generation_count];
            return;
        }
    }
}

static void log_key_log_failure(struct gateway *gateway)
{
    struct log_event event;
    char reason[96];
    gateway_log_begin(&event, LOG_LEVEL_ERROR, "key-log-failed");
    log_event_text(&event, "reason", strerror_r(errno, reason, sizeof(reason)));
    gateway_log(gateway, &event);
}

static void install(struct gateway *gateway, const struct child_sa *sa)
{
    struct log_event event;
    if (!esp_gateway_install(gateway->esp, sa)) {
        gateway_log_begin(&event, LOG_LEVEL_ERROR, "child-sa-not-installed");
        log_event_text(&event, "connection", sa->connection);
        log_event_text(&event, "child", sa->child);
        log_event_text(&event, "reason", "out of memory, or a cipher that ESP does not have here");
        gateway_log(gateway, &event);
    }
    remember_generation(gateway, sa);
    if (!key_log_write_child(&gateway->key_log, sa)) {
        log_key_log_failure(gateway);
    }
}

static void log_keys(struct gateway *gateway, const struct ike_key_report *keys)
{
    // Every set of keys comes with SPIs of its own, so message IDs start from 0.
    const struct key_log_ike entry = {
        .initiator_spi = keys->initiator_spi,
        .responder_spi = keys->responder_spi,
        .suite = keys->suite,
        .keys = keys->keys,
    };
    if (!key_log_write_ike(&gateway->key_log, &entry)) {
        log_key_log_failure(gateway);
    }
}

static void perform(struct gateway *gateway, const struct ike_action *action)
{
    switch (action->kind) {
    case IKE_SEND_DATAGRAM:
        if (!udp_send(&gateway->udp, &action->path, action->datagram)) {
            gateway_log_send_failure(gateway, &action->path, errno);
        }
        break;
    case IKE_INSTALL_CHILD_SA:
        install(gateway, action->child_sa);
        break;
    case IKE_REMOVE_CHILD_SA:
        esp_gateway_remove(gateway->esp, action->child_sa->id);
        forget_generation(gateway, action->child_sa->id);
        break;
    case IKE_MOVE_CHILD_SA:
        esp_gateway_move(gateway->esp, action->child_sa->id, &action->child_sa->path);
        esp_gateway_set_encapsulation(gateway->esp, action->child_sa->id,
                                      action->child_sa->is_udp_encapsulated);
        break;
    case IKE_SWITCH_CHILD_SA:
        esp_gateway_set_receive_only(gateway->esp, action->child_sa->id,
                                     action->child_sa->is_receive_only);
        break;
    case IKE_LOG_KEYS:
        log_keys(gateway, action->keys);
        break;
    case IKE_REPORT:
        gateway_log_report(gateway, action->report);
        gateway_note_report(gateway, action->report);
        break;
    }
}

void gateway_drain(struct gateway *gateway)
{
    struct ike_action action;
    while (ike_engine_next_action(gateway->engine, &action)) {
        perform(gateway, &action);
    }
}

static void keep_earlier(struct instant candidate, bool *has_deadline, struct instant *deadline)
{
    if (!*has_deadline || instant_is_before(candidate, *deadline)) {
        *deadline = candidate;
        *has_deadline = true;
    }
}

static void set_deadline(struct gateway *gateway)
{
    struct instant when = {0};
    struct instant candidate;
    bool has_deadline = false;
    if (ike_engine_next_deadline(gateway->engine, &candidate)) {
        keep_earlier(candidate, &has_deadline, &when);
    }
    if (gateway_waiter_deadline(gateway, &candidate)) {
        keep_earlier(candidate, &has_deadline, &when);
    }
    if (gateway->is_stopping) {
        keep_earlier(gateway->stop_deadline, &has_deadline, &when);
    }
    if (has_deadline) {
        loop_set_deadline(gateway->loop, when);
    } else {
        loop_clear_deadline(gateway->loop);
    }
}

void gateway_settle(struct gateway *gateway)
{
    gateway_drain(gateway);
    gateway_answer_waiters(gateway);
    if (gateway->is_stopping && (gateway_ike_sa_count(gateway) == 0 ||
                                 !instant_is_before(system_clock_now(), gateway->stop_deadline))) {
        loop_stop(gateway->loop);
    }
    set_deadline(gateway);
}

void gateway_stop(struct gateway *gateway)
{
    char problem[PROBLEM_SIZE];
    const struct ike_policy *policy = &gateway->config->policy;
    struct log_event event;
    if (gateway->is_stopping) {
        // Told twice: at once.
        loop_stop(gateway->loop);
        return;
    }
    gateway_log_begin(&event, LOG_LEVEL_INFO, "stopping");
    gateway_log(gateway, &event);
    gateway->is_stopping = true;
    gateway->stop_deadline = instant_after(system_clock_now(), duration_seconds(STOP_SECONDS));
    for (size_t i = 0; i < policy->connection_count; i++) {
        const struct ike_command command = {
            .kind = IKE_COMMAND_DOWN, .connection = policy->connections[i].name, .child = ""};
        // A connection that is not up has nothing to delete.
        (void)!ike_engine_command(gateway->engine, system_clock_now(), &command, problem,
                                  sizeof(problem));
        gateway_drain(gateway);
    }
    gateway_settle(gateway);
}
