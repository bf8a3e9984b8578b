#include "refgw/ike/action_queue.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/wire/udp_encapsulation.h"

struct queued_action *queued_action_new(enum ike_action_kind kind)
{
    struct queued_action *action = calloc(1, sizeof(*action));
    if (action != NULL) {
        action->action.kind = kind;
    }
    return action;
}

void queued_action_free(struct queued_action *action)
{
    if (action == NULL) {
        return;
    }
    octets_clear(&action->datagram);
    if (action->owned_child != NULL) {
        child_sa_clear(action->owned_child);
        free(action->owned_child);
    }
    ike_keys_clear(&action->keys);
    free(action);
}

void action_queue_push(struct action_queue *queue, struct queued_action *action)
{
    action->next = NULL;
    if (queue->last == NULL) {
        queue->first = action;
    } else {
        queue->last->next = action;
    }
    queue->last = action;
}

bool action_queue_fetch(struct action_queue *queue, struct ike_action *out_action)
{
    queued_action_free(queue->fetched);
    queue->fetched = queue->first;
    if (queue->fetched == NULL) {
        return false;
    }
    queue->first = queue->fetched->next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    *out_action = queue->fetched->action;
    return true;
}

void action_queue_clear(struct action_queue *queue)
{
    queued_action_free(queue->fetched);
    queue->fetched = NULL;
    while (queue->first != NULL) {
        struct queued_action *next = queue->first->next;
        queued_action_free(queue->first);
        queue->first = next;
    }
    queue->last = NULL;
}

// On port 4500 IKE is told from ESP by four zero bytes in front (RFC 3948, section 2.2).
static bool needs_marker(const struct network_path *path)
{
    return path->local.port == IKE_NAT_TRAVERSAL_PORT ||
           path->remote.port == IKE_NAT_TRAVERSAL_PORT;
}

static void send_after(struct action_queue *queue, const struct network_path *path, size_t marker,
                       struct byte_view message)
{
    struct queued_action *action = queued_action_new(IKE_SEND_DATAGRAM);
    uint8_t *datagram = malloc(marker + message.size);
    if (action == NULL || datagram == NULL) {
        queued_action_free(action);
        free(datagram);
        return;
    }
    memset(datagram, 0, marker);
    memcpy(datagram + marker, message.data, message.size);
    action->datagram = (struct octets){.data = datagram, .size = marker + message.size};
    action->action.path = *path;
    action->action.datagram = octets_view(&action->datagram);
    action_queue_push(queue, action);
}

void action_queue_send(struct action_queue *queue, const struct network_path *path,
                       struct byte_view message)
{
    send_after(queue, path, needs_marker(path) ? NON_ESP_MARKER_SIZE : 0, message);
}

void action_queue_send_bare(struct action_queue *queue, const struct network_path *path,
                            struct byte_view datagram)
{
    send_after(queue, path, 0, datagram);
}

void action_queue_report(struct action_queue *queue, const struct ike_report *report)
{
    struct queued_action *action = queued_action_new(IKE_REPORT);
    if (action == NULL) {
        return;
    }
    action->report = *report;
    action->action.report = &action->report;
    action_queue_push(queue, action);
}

static bool copy_keys(struct ike_keys *to, const struct ike_keys *from)
{
    return secret_set(&to->sk_d, secret_view(&from->sk_d)) &&
           secret_set(&to->sk_ai, secret_view(&from->sk_ai)) &&
           secret_set(&to->sk_ar, secret_view(&from->sk_ar)) &&
           secret_set(&to->sk_ei, secret_view(&from->sk_ei)) &&
           secret_set(&to->sk_er, secret_view(&from->sk_er)) &&
           secret_set(&to->sk_pi, secret_view(&from->sk_pi)) &&
           secret_set(&to->sk_pr, secret_view(&from->sk_pr));
}

void action_queue_log_keys(struct action_queue *queue, const struct ike_key_report *report)
{
    struct queued_action *action = queued_action_new(IKE_LOG_KEYS);
    if (action == NULL || !copy_keys(&action->keys, report->keys)) {
        queued_action_free(action);
        return;
    }
    action->suite = *report->suite;
    action->key_report = *report;
    action->key_report.suite = &action->suite;
    action->key_report.keys = &action->keys;
    action->action.keys = &action->key_report;
    action_queue_push(queue, action);
}
