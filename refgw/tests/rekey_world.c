#include "refgw/tests/rekey_world.h"

#include <stdlib.h>
#include <string.h>

static enum node_verdict pass_gate(void *context, struct flight *flight)
{
    struct rekey_world *world = context;
    if (world->loses[flight->sender]) {
        return NODE_DROP;
    }
    if (!world->holds[flight->sender]) {
        return NODE_FORWARD;
    }
    if (world->held_count == WORLD_MOST_HELD) {
        abort();
    }
    world->held[world->held_count] = *flight;
    world->held_count++;
    return NODE_DROP;
}

struct rekey_world *rekey_world_new(void)
{
    struct rekey_world *world = calloc(1, sizeof(*world));
    if (world == NULL) {
        abort();
    }
    world->pair = ike_pair_new();
    simulated_network_add_node(&world->pair->network, pass_gate, world);
    return world;
}

void rekey_world_start(struct rekey_world *world)
{
    ike_pair_start(world->pair);
    ike_pair_bring_up(world->pair);
    world->has_traffic = true;
}

void rekey_world_free(struct rekey_world *world)
{
    ike_pair_free(world->pair);
    free(world);
}

// ESP sends on the newest SA that is not only for receiving.
static const struct child_sa *sending_sa(const struct simulated_host *host)
{
    const struct child_sa *newest = NULL;
    for (size_t i = 0; i < host->child_count; i++) {
        const struct child_sa *sa = &host->children[i];
        if (!sa->is_receive_only && (newest == NULL || sa->id > newest->id)) {
            newest = sa;
        }
    }
    return newest;
}

static void send_probe(struct rekey_world *world, unsigned sender)
{
    const struct child_sa *sa = sending_sa(&world->pair->network.hosts[sender]);
    world->sent++;
    if (sa == NULL) {
        world->unsent++;
        return;
    }
    if (world->probe_count == WORLD_MOST_PROBES) {
        abort();
    }
    world->probes[world->probe_count] = (struct world_probe){
        .sender = sender,
        .spi = sa->outbound_spi,
        .arrival = instant_after(world->pair->network.now, world->pair->network.delay),
    };
    world->probe_count++;
}

static void receive_probe(struct rekey_world *world, const struct world_probe *probe)
{
    struct simulated_network *network = &world->pair->network;
    const unsigned receiver = probe->sender == WEST ? EAST : WEST;
    const struct simulated_host *host = &network->hosts[receiver];
    for (size_t i = 0; i < host->child_count; i++) {
        if (host->children[i].inbound_spi == probe->spi) {
            ike_engine_note_traffic(host->engine, network->now, host->children[i].id);
            simulated_network_drain(network, receiver);
            return;
        }
    }
    world->lost++;
}

static void receive_probes(struct rekey_world *world)
{
    size_t arrived = 0;
    while (arrived < world->probe_count &&
           !instant_is_before(world->pair->network.now, world->probes[arrived].arrival)) {
        receive_probe(world, &world->probes[arrived]);
        arrived++;
    }
    world->probe_count -= arrived;
    memmove(world->probes, world->probes + arrived, world->probe_count * sizeof(world->probes[0]));
}

void rekey_world_run(struct rekey_world *world, unsigned milliseconds)
{
    for (unsigned i = 0; i < milliseconds; i++) {
        simulated_network_run(&world->pair->network, duration_milliseconds(1));
        receive_probes(world);
        for (unsigned host = 0; world->has_traffic && host < NETWORK_HOSTS; host++) {
            send_probe(world, host);
        }
    }
}

static void let_go(struct rekey_world *world, size_t index)
{
    struct simulated_network *network = &world->pair->network;
    struct flight *flight = &world->held[index];
    flight->arrival = instant_after(network->now, network->delay);
    if (network->flight_count == NETWORK_MOST_FLIGHTS) {
        abort();
    }
    network->flights[network->flight_count] = *flight;
    network->flight_count++;
}

static void forget_held(struct rekey_world *world, size_t index)
{
    world->held_count--;
    memmove(&world->held[index], &world->held[index + 1],
            (world->held_count - index) * sizeof(world->held[0]));
}

// The oldest one of a sender; held_count when there is none.
static size_t find_held(const struct rekey_world *world, unsigned sender)
{
    size_t index = 0;
    while (index < world->held_count && world->held[index].sender != sender) {
        index++;
    }
    return index;
}

void rekey_world_release_one(struct rekey_world *world, unsigned sender)
{
    const size_t index = find_held(world, sender);
    if (index == world->held_count) {
        abort();
    }
    let_go(world, index);
    forget_held(world, index);
}

void rekey_world_release(struct rekey_world *world, unsigned sender)
{
    world->holds[sender] = false;
    while (find_held(world, sender) < world->held_count) {
        rekey_world_release_one(world, sender);
    }
}

void rekey_world_lose_held(struct rekey_world *world, unsigned sender)
{
    world->holds[sender] = false;
    while (find_held(world, sender) < world->held_count) {
        forget_held(world, find_held(world, sender));
    }
}

size_t rekey_world_held(const struct rekey_world *world, unsigned sender)
{
    size_t count = 0;
    for (size_t i = 0; i < world->held_count; i++) {
        count += world->held[i].sender == sender ? 1 : 0;
    }
    return count;
}

static void command(struct rekey_world *world, unsigned host, enum ike_command_kind kind,
                    const char *child)
{
    if (!ike_pair_command(world->pair, host, kind, child)) {
        abort();
    }
}

void rekey_world_rekey_child(struct rekey_world *world, unsigned host)
{
    command(world, host, IKE_COMMAND_REKEY_CHILD, "net");
}

void rekey_world_rekey_ike(struct rekey_world *world, unsigned host)
{
    command(world, host, IKE_COMMAND_REKEY_IKE, "");
}

void rekey_world_down(struct rekey_world *world, unsigned host, const char *child)
{
    command(world, host, IKE_COMMAND_DOWN, child);
}

bool rekey_world_is_settled(const struct rekey_world *world, uint32_t generation, size_t children)
{
    struct ike_sa_status status[NETWORK_HOSTS] = {0};
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        const struct simulated_host *owner = &world->pair->network.hosts[host];
        if (ike_pair_count(world->pair, host, NULL) != 1 ||
            ike_pair_count(world->pair, host, "established") != 1 ||
            !ike_pair_status(world->pair, host, &status[host]) ||
            status[host].generation != generation || status[host].child_count != children ||
            owner->child_count != children || owner->faults != 0) {
            return false;
        }
    }
    return status[WEST].initiator_spi == status[EAST].initiator_spi &&
           status[WEST].responder_spi == status[EAST].responder_spi &&
           status[WEST].is_initiator != status[EAST].is_initiator &&
           simulated_network_children_pair_up(&world->pair->network);
}

uint32_t rekey_world_inbound_spi(const struct rekey_world *world, unsigned host)
{
    const struct simulated_host *owner = &world->pair->network.hosts[host];
    const struct child_sa *newest = NULL;
    for (size_t i = 0; i < owner->child_count; i++) {
        if (newest == NULL || owner->children[i].id > newest->id) {
            newest = &owner->children[i];
        }
    }
    return newest == NULL ? 0 : newest->inbound_spi;
}

uint64_t rekey_world_ike_spi(const struct rekey_world *world, unsigned host)
{
    struct ike_sa_status status;
    return ike_pair_status(world->pair, host, &status) ? status.initiator_spi : 0;
}

size_t rekey_world_closed(const struct rekey_world *world, unsigned host, const char *reason)
{
    return ike_pair_reports(world->pair, host, IKE_REPORT_CHILD_SA_CLOSED, reason);
}
