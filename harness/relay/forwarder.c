#include "harness/relay/forwarder.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    NANOSECONDS_IN_MICROSECOND = 1000,
    NANOSECONDS_IN_MILLISECOND = 1000000,
    WAIT_MILLISECONDS = 2000,
};

static uint64_t real_time_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static enum relay_side other_side(enum relay_side side)
{
    return side == RELAY_WEST ? RELAY_EAST : RELAY_WEST;
}

static void record_departure(struct forwarder *forwarder, struct byte_view packet, uint64_t time_ns)
{
    if (forwarder->capture != NULL) {
        (void)pcapng_writer_packet(forwarder->capture, CAPTURE_LEFT, time_ns, packet, NULL);
    }
}

static void send_batch(struct forwarder *forwarder, enum relay_side side)
{
    struct departure_batch *batch = &forwarder->batches[side];
    bool sent[LINK_PORT_BATCH];
    if (batch->count == 0) {
        return;
    }
    // Before sending: an answer must not seem to arrive before its question left.
    const uint64_t time_ns = real_time_ns();
    link_port_send(forwarder->ports[side], batch->departures, batch->count, sent);
    for (size_t i = 0; i < batch->count; i++) {
        if (sent[i]) {
            forwarder->counters.forwarded[other_side(side)]++;
            record_departure(forwarder, batch->departures[i].packet, time_ns);
        } else {
            forwarder->counters.refused++;
        }
        free(batch->owned[i]);
    }
    batch->count = 0;
}

static void send_batches(struct forwarder *forwarder)
{
    send_batch(forwarder, RELAY_WEST);
    send_batch(forwarder, RELAY_EAST);
}

static void add_departure(struct forwarder *forwarder, enum relay_side side,
                          const struct link_departure *departure, struct delayed_packet *owned)
{
    struct departure_batch *batch = &forwarder->batches[side];
    if (batch->count == LINK_PORT_BATCH) {
        send_batch(forwarder, side);
    }
    batch->departures[batch->count] = *departure;
    batch->owned[batch->count] = owned;
    batch->count++;
}

static bool resolve(struct forwarder *forwarder, enum relay_side side,
                    const struct ip_address *next_hop, struct instant now,
                    struct link_departure *departure)
{
    return neighbours_lookup(forwarder->neighbours,
                             link_port_interface_index(forwarder->ports[side]), next_hop,
                             now.nanoseconds / NANOSECONDS_IN_MILLISECOND, departure->hardware);
}

static void wait_for_neighbour(struct forwarder *forwarder, struct delayed_packet *packet,
                               struct instant now)
{
    if (forwarder->waiting_count == FORWARDER_MOST_WAITING) {
        forwarder->counters.unresolved++;
        free(packet);
        return;
    }
    packet->due = instant_after(now, duration_milliseconds(WAIT_MILLISECONDS));
    forwarder->waiting[forwarder->waiting_count++] = packet;
}

// Sends a packet that the forwarder owns.
static void send_owned(struct forwarder *forwarder, struct delayed_packet *packet,
                       struct instant now)
{
    struct link_departure departure = {
        .packet = {.data = packet->bytes, .size = packet->size}
    };
    if (resolve(forwarder, packet->side, &packet->next_hop, now, &departure)) {
        add_departure(forwarder, packet->side, &departure, packet);
    } else {
        wait_for_neighbour(forwarder, packet, now);
    }
}

// A packet on its way to the other side.
struct crossing {
    enum relay_side side; // where it leaves
    struct ip_address next_hop;
    struct byte_view bytes;
};

// Sends a packet that lies in a port's memory.
static void send_borrowed(struct forwarder *forwarder, const struct crossing *crossing,
                          struct instant now)
{
    struct link_departure departure = {.packet = crossing->bytes};
    if (resolve(forwarder, crossing->side, &crossing->next_hop, now, &departure)) {
        add_departure(forwarder, crossing->side, &departure, NULL);
        return;
    }
    struct delayed_packet *packet =
        delayed_packet_new(crossing->side, &crossing->next_hop, crossing->bytes);
    if (packet == NULL) {
        forwarder->counters.refused++;
        return;
    }
    wait_for_neighbour(forwarder, packet, now);
}

static void send_later(struct forwarder *forwarder, const struct crossing *crossing,
                       struct instant due)
{
    struct delayed_packet *packet =
        delayed_packet_new(crossing->side, &crossing->next_hop, crossing->bytes);
    if (packet == NULL || !delay_queue_adopt(&forwarder->queue, packet, due)) {
        forwarder->counters.refused++;
        free(packet);
    }
}

static void cross(struct forwarder *forwarder, const struct crossing *crossing,
                  const struct impairment_decision *decision, struct instant now)
{
    const struct duration delay = {.nanoseconds = decision->delay_us * NANOSECONDS_IN_MICROSECOND};
    for (unsigned i = 0; i <= decision->copies; i++) {
        if (delay.nanoseconds > 0) {
            send_later(forwarder, crossing, instant_after(now, delay));
        } else {
            send_borrowed(forwarder, crossing, now);
        }
    }
}

static void record_arrival(struct forwarder *forwarder, const struct link_arrival *arrival,
                           const struct packet_sight *sight, const char *comment)
{
    if (forwarder->capture != NULL) {
        (void)pcapng_writer_packet(forwarder->capture, CAPTURE_ARRIVED, arrival->time_ns,
                                   sight->packet, comment);
    }
}

static void count_rule_effects(struct forwarder *forwarder, const struct packet_sight *sight,
                               enum relay_side from, const struct impairment_decision *decision)
{
    const bool is_probe = sight->kind == PACKET_ESP || sight->has_probe_tag;
    forwarder->counters.dropped[from] += decision->drop;
    forwarder->counters.probe_dropped[from] += is_probe && (decision->drop || decision->corrupt);
}

static void forward(struct forwarder *forwarder, const struct link_arrival *arrival,
                    const struct packet_sight *sight, struct crossing *crossing, struct instant now)
{
    const enum relay_side from = other_side(crossing->side);
    const uint64_t frame =
        forwarder->capture != NULL ? pcapng_writer_packet_count(forwarder->capture) + 1 : 0;
    struct impairment_decision decision;
    impairment_decide(forwarder->impairment, sight, from == RELAY_WEST, frame, &decision);
    record_arrival(forwarder, arrival, sight, decision.comment);
    count_rule_effects(forwarder, sight, from, &decision);
    if (decision.drop) {
        return;
    }
    if (decision.corrupt) {
        impairment_corrupt(sight, arrival->bytes);
    }
    router_take_hop(sight, arrival->bytes);
    cross(forwarder, crossing, &decision, now);
}

static void take_arrival(struct forwarder *forwarder, const struct link_arrival *arrival,
                         enum relay_side from, struct instant now)
{
    struct packet_sight sight;
    struct crossing crossing = {0};
    const struct byte_view bytes = {.data = arrival->bytes, .size = arrival->size};
    if (!packet_look(bytes, &sight)) {
        forwarder->counters.malformed++;
        return;
    }
    const enum router_answer answer =
        router_decide(&forwarder->router, &sight, from, &crossing.side, &crossing.next_hop);
    if (answer == ROUTER_FORWARD) {
        crossing.bytes = sight.packet;
        forward(forwarder, arrival, &sight, &crossing, now);
        return;
    }
    // Seen all the same: a packet that leaked out of a tunnel is evidence also when it leads
    // nowhere. Only the housekeeping of the link stays out.
    if (!packet_is_neighbour_discovery(&sight)) {
        record_arrival(forwarder, arrival, &sight, NULL);
    }
    forwarder->counters.unroutable += answer == ROUTER_UNROUTABLE;
    forwarder->counters.expired += answer == ROUTER_EXPIRED;
}

void forwarder_receive(struct forwarder *forwarder, enum relay_side side, struct instant now)
{
    const struct link_arrival *arrivals = NULL;
    const size_t count = link_port_receive(forwarder->ports[side], &arrivals);
    for (size_t i = 0; i < count; i++) {
        take_arrival(forwarder, &arrivals[i], side, now);
    }
    // The arrivals' memory is used again for the next batch.
    send_batches(forwarder);
}

// Tries all that wait for a neighbour once more; those still unresolved keep their order.
static void retry_waiting(struct forwarder *forwarder, struct instant now)
{
    size_t kept = 0;
    for (size_t i = 0; i < forwarder->waiting_count; i++) {
        struct delayed_packet *packet = forwarder->waiting[i];
        struct link_departure departure = {
            .packet = {.data = packet->bytes, .size = packet->size}
        };
        if (resolve(forwarder, packet->side, &packet->next_hop, now, &departure)) {
            add_departure(forwarder, packet->side, &departure, packet);
        } else if (!instant_is_before(now, packet->due)) {
            forwarder->counters.unresolved++;
            free(packet);
        } else {
            forwarder->waiting[kept++] = packet;
        }
    }
    forwarder->waiting_count = kept;
}

void forwarder_advance(struct forwarder *forwarder, struct instant now)
{
    retry_waiting(forwarder, now);
    for (struct delayed_packet *packet = delay_queue_take(&forwarder->queue, now); packet != NULL;
         packet = delay_queue_take(&forwarder->queue, now)) {
        send_owned(forwarder, packet, now);
    }
    send_batches(forwarder);
}

bool forwarder_next(const struct forwarder *forwarder, struct instant *out_due)
{
    struct instant due;
    bool has_due = delay_queue_next(&forwarder->queue, &due);
    if (forwarder->waiting_count > 0 &&
        (!has_due || instant_is_before(forwarder->waiting[0]->due, due))) {
        due = forwarder->waiting[0]->due;
        has_due = true;
    }
    if (has_due) {
        *out_due = due;
    }
    return has_due;
}

void forwarder_clear(struct forwarder *forwarder)
{
    for (size_t i = 0; i < forwarder->waiting_count; i++) {
        free(forwarder->waiting[i]);
    }
    forwarder->waiting_count = 0;
    delay_queue_clear(&forwarder->queue);
}
