#include "refgw/tests/simulated_network.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_EVENTS_AT_ONCE = 10000 };

void simulated_network_init(struct simulated_network *network, const char *west, const char *east)
{
    memset(network, 0, sizeof(*network));
    network->now = (struct instant){.nanoseconds = 1000000000};
    network->delay = duration_milliseconds(10);
    if (!address_parse(west, &network->addresses[WEST]) ||
        !address_parse(east, &network->addresses[EAST])) {
        abort();
    }
}

static void drop_all_children(struct simulated_host *host)
{
    for (size_t i = 0; i < host->child_count; i++) {
        child_sa_clear(&host->children[i]);
    }
    host->child_count = 0;
}

void simulated_network_clear(struct simulated_network *network)
{
    for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
        ike_engine_free(network->hosts[i].engine);
        network->hosts[i].engine = NULL;
        drop_all_children(&network->hosts[i]);
    }
    for (size_t i = 0; i < network->sent_count; i++) {
        free(network->sent[i].bytes);
    }
    network->sent_count = 0;
}

void simulated_network_add_node(struct simulated_network *network,
                                enum node_verdict (*pass)(void *context, struct flight *flight),
                                void *context)
{
    if (network->node_count == NETWORK_MOST_NODES) {
        abort();
    }
    network->nodes[network->node_count] = (struct network_node){.pass = pass, .context = context};
    network->node_count++;
}

static void launch(struct simulated_network *network, const struct flight *flight)
{
    if (network->flight_count < NETWORK_MOST_FLIGHTS) {
        network->flights[network->flight_count] = *flight;
        network->flight_count++;
    }
}

// Which node is the `step`-th on the way.
static const struct network_node *node_on_way(const struct simulated_network *network,
                                              unsigned sender, size_t step)
{
    return &network->nodes[sender == WEST ? step : network->node_count - 1 - step];
}

static void send_through(struct simulated_network *network, struct flight *flight)
{
    bool is_doubled = false;
    for (size_t step = 0; step < network->node_count; step++) {
        const struct network_node *node = node_on_way(network, flight->sender, step);
        switch (node->pass(node->context, flight)) {
        case NODE_DROP:
            return;
        case NODE_DOUBLE:
            is_doubled = true;
            break;
        case NODE_FORWARD:
            break;
        }
    }
    launch(network, flight);
    if (is_doubled) {
        flight->arrival = instant_after(flight->arrival, duration_milliseconds(1));
        launch(network, flight);
    }
}

static void record(struct simulated_network *network, unsigned sender,
                   const struct ike_action *action)
{
    if (network->sent_count == NETWORK_MOST_SENT) {
        return;
    }
    struct sent_datagram *sent = &network->sent[network->sent_count];
    *sent = (struct sent_datagram){.sender = sender,
                                   .when = network->now,
                                   .path = action->path,
                                   .bytes = malloc(action->datagram.size),
                                   .size = action->datagram.size};
    if (sent->bytes == NULL) {
        abort();
    }
    memcpy(sent->bytes, action->datagram.data, sent->size);
    network->sent_count++;
}

static void send_datagram(struct simulated_network *network, unsigned sender,
                          const struct ike_action *action)
{
    struct flight flight = {
        .sender = sender,
        .source = action->path.local,
        .destination = action->path.remote,
        .size = action->datagram.size,
        .arrival = instant_after(network->now, network->delay),
    };
    network->hosts[sender].sent++;
    flight.number = network->hosts[sender].sent;
    record(network, sender, action);
    if (flight.size <= DATAGRAM_MOST) {
        memcpy(flight.bytes, action->datagram.data, flight.size);
        send_through(network, &flight);
    }
}

static struct child_sa *find_child(struct simulated_host *host, uint32_t id)
{
    for (size_t i = 0; i < host->child_count; i++) {
        if (host->children[i].id == id) {
            return &host->children[i];
        }
    }
    return NULL;
}

static void install(struct simulated_host *host, const struct child_sa *child)
{
    host->installed++;
    if (host->child_count == NETWORK_MOST_CHILDREN || find_child(host, child->id) != NULL) {
        host->faults++;
        return;
    }
    struct child_sa *place = &host->children[host->child_count];
    memset(place, 0, sizeof(*place));
    if (!child_sa_copy(child, place)) {
        abort();
    }
    host->child_count++;
}

static void remove_child(struct simulated_host *host, const struct child_sa *child)
{
    struct child_sa *place = find_child(host, child->id);
    host->removed++;
    if (place == NULL) {
        host->faults++;
        return;
    }
    child_sa_clear(place);
    host->child_count--;
    *place = host->children[host->child_count];
}

static void move_child(struct simulated_host *host, const struct child_sa *child)
{
    struct child_sa *place = find_child(host, child->id);
    host->moved++;
    if (place == NULL) {
        host->faults++;
        return;
    }
    place->path = child->path;
    place->is_udp_encapsulated = child->is_udp_encapsulated;
}

static void switch_child(struct simulated_host *host, const struct child_sa *child)
{
    struct child_sa *place = find_child(host, child->id);
    if (place == NULL) {
        host->faults++;
        return;
    }
    place->is_receive_only = child->is_receive_only;
}

static void tell(struct simulated_network *network, struct simulated_host *host,
                 const struct ike_report *report)
{
    if (host->report_count < NETWORK_MOST_REPORTS) {
        host->reports[host->report_count] = (struct told_report){
            .kind = report->kind, .reason = report->reason, .when = network->now};
        host->report_count++;
    }
    if (report->reason == NULL || report->section == NULL || report->connection == NULL ||
        report->child == NULL) {
        host->faults++;
    }
}

void simulated_network_drain(struct simulated_network *network, unsigned host_index)
{
    struct simulated_host *host = &network->hosts[host_index];
    struct ike_action action;
    while (ike_engine_next_action(host->engine, &action)) {
        if (network->observer.observe != NULL) {
            network->observer.observe(network->observer.context, host_index, &action);
        }
        switch (action.kind) {
        case IKE_SEND_DATAGRAM:
            send_datagram(network, host_index, &action);
            break;
        case IKE_INSTALL_CHILD_SA:
            install(host, action.child_sa);
            break;
        case IKE_REMOVE_CHILD_SA:
            remove_child(host, action.child_sa);
            break;
        case IKE_MOVE_CHILD_SA:
            move_child(host, action.child_sa);
            break;
        case IKE_SWITCH_CHILD_SA:
            switch_child(host, action.child_sa);
            break;
        case IKE_LOG_KEYS:
            host->keys_logged++;
            break;
        case IKE_REPORT:
            tell(network, host, action.report);
            break;
        }
    }
}

void simulated_network_inject(struct simulated_network *network, unsigned host,
                              const struct network_path *path, struct byte_view bytes)
{
    ike_engine_receive(network->hosts[host].engine, network->now, path, bytes);
    simulated_network_drain(network, host);
}

// The earliest thing that happens at or before `end`.
enum event_kind { EVENT_NONE, EVENT_ARRIVAL, EVENT_DEADLINE };

struct event {
    enum event_kind kind;
    struct instant when;
    size_t index; // flight or host
};

static void consider(struct event *event, enum event_kind kind, struct instant when, size_t index)
{
    if (event->kind == EVENT_NONE || instant_is_before(when, event->when)) {
        *event = (struct event){.kind = kind, .when = when, .index = index};
    }
}

static struct event next_event(const struct simulated_network *network)
{
    struct event event = {.kind = EVENT_NONE};
    for (size_t i = 0; i < network->flight_count; i++) {
        consider(&event, EVENT_ARRIVAL, network->flights[i].arrival, i);
    }
    for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
        struct instant when;
        if (network->hosts[i].engine != NULL &&
            ike_engine_next_deadline(network->hosts[i].engine, &when)) {
            consider(&event, EVENT_DEADLINE, when, i);
        }
    }
    return event;
}

static bool is_at(const struct simulated_network *network, unsigned host,
                  const struct ip_address *address)
{
    return address_equals(&network->addresses[host], address) ||
           (network->more_addresses[host].family != ADDRESS_NONE &&
            address_equals(&network->more_addresses[host], address));
}

static void deliver(struct simulated_network *network, size_t index)
{
    const struct flight flight = network->flights[index];
    network->flight_count--;
    memmove(&network->flights[index], &network->flights[index + 1],
            (network->flight_count - index) * sizeof(flight));
    for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
        if (network->hosts[i].engine != NULL && is_at(network, i, &flight.destination.address)) {
            const struct network_path path = {.local = flight.destination, .remote = flight.source};
            simulated_network_inject(network, i, &path,
                                     (struct byte_view){.data = flight.bytes, .size = flight.size});
        }
    }
}

void simulated_network_run(struct simulated_network *network, struct duration length)
{
    const struct instant end = instant_after(network->now, length);
    unsigned standing = 0; // events since the clock moved
    for (;;) {
        const struct event event = next_event(network);
        if (event.kind == EVENT_NONE || instant_is_before(end, event.when)) {
            break;
        }
        standing++;
        if (instant_is_before(network->now, event.when)) {
            network->now = event.when;
            standing = 0;
        }
        if (standing == MOST_EVENTS_AT_ONCE) {
            network->hosts[WEST].faults++; // a deadline that does not move when it is reached
            break;
        }
        if (event.kind == EVENT_ARRIVAL) {
            deliver(network, event.index);
        } else {
            ike_engine_pass_time(network->hosts[event.index].engine, network->now);
            simulated_network_drain(network, (unsigned)event.index);
        }
    }
    network->now = end;
}

const struct sent_datagram *simulated_network_sent(const struct simulated_network *network,
                                                   unsigned host, size_t index)
{
    size_t seen = 0;
    for (size_t i = 0; i < network->sent_count; i++) {
        const bool is_theirs = network->sent[i].sender == host;
        if (is_theirs && seen == index) {
            return &network->sent[i];
        }
        seen += is_theirs ? 1 : 0;
    }
    return NULL;
}

size_t simulated_host_reports(const struct simulated_host *host, enum ike_report_kind kind,
                              const char *reason)
{
    size_t count = 0;
    for (size_t i = 0; i < host->report_count; i++) {
        if (host->reports[i].kind == kind &&
            (reason == NULL || strcmp(host->reports[i].reason, reason) == 0)) {
            count++;
        }
    }
    return count;
}

static bool same_secret(const struct secret *left, const struct secret *right)
{
    return secret_equals(secret_view(left), secret_view(right));
}

static bool same_selectors(const struct selector_set *left, const struct selector_set *right)
{
    return selector_set_is_subset(left, right) && selector_set_is_subset(right, left);
}

static bool is_counterpart(const struct child_sa *left, const struct child_sa *right)
{
    return left->inbound_spi == right->outbound_spi && left->outbound_spi == right->inbound_spi &&
           left->mode == right->mode && left->aead.encryption == right->aead.encryption &&
           left->aead.key_bits == right->aead.key_bits &&
           left->aead.integrity == right->aead.integrity && left->has_esn == right->has_esn &&
           left->is_udp_encapsulated == right->is_udp_encapsulated &&
           same_secret(&left->inbound_encryption_key, &right->outbound_encryption_key) &&
           same_secret(&left->outbound_encryption_key, &right->inbound_encryption_key) &&
           same_secret(&left->inbound_integrity_key, &right->outbound_integrity_key) &&
           same_secret(&left->outbound_integrity_key, &right->inbound_integrity_key) &&
           left->inbound_encryption_key.size > 0 &&
           same_selectors(&left->local_selectors, &right->remote_selectors) &&
           same_selectors(&left->remote_selectors, &right->local_selectors);
}

bool simulated_network_children_pair_up(const struct simulated_network *network)
{
    const struct simulated_host *west = &network->hosts[WEST];
    const struct simulated_host *east = &network->hosts[EAST];
    for (size_t i = 0; i < west->child_count; i++) {
        size_t matches = 0;
        for (size_t j = 0; j < east->child_count; j++) {
            matches += is_counterpart(&west->children[i], &east->children[j]) ? 1 : 0;
        }
        if (matches != 1) {
            return false;
        }
    }
    return west->child_count == east->child_count;
}
