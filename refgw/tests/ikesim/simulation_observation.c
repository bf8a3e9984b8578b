#include "refgw/tests/ikesim/simulation_observation.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "refgw/iana/ikev2_names.h"
#include "refgw/tests/ikesim/invariants.h"
#include "refgw/tests/ikesim/simulation_record.h"
#include "refgw/wire/udp_encapsulation.h"

// Room for one more item in a growing array.
void *grown_array(void *items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 32 : 2 * *capacity;
    void *larger = realloc(items, *capacity * item_size);
    if (larger == NULL) {
        abort();
    }
    return larger;
}

static bool has_marker(const struct network_path *path)
{
    return path->local.port == IKE_NAT_TRAVERSAL_PORT ||
           path->remote.port == IKE_NAT_TRAVERSAL_PORT;
}

// The last node before the wire: keeps everything, and lets it go on when nobody holds it.
enum node_verdict simulation_keep(void *context, struct flight *flight)
{
    struct simulation *simulation = context;
    struct simulated_gateway *gateway = &simulation->gateways[flight->sender];
    gateway->datagrams = grown_array(gateway->datagrams, gateway->datagram_count,
                                     &gateway->datagram_capacity, sizeof(*gateway->datagrams));
    struct kept_datagram *kept = &gateway->datagrams[gateway->datagram_count];
    *kept = (struct kept_datagram){.source = flight->source,
                                   .destination = flight->destination,
                                   .bytes = malloc(flight->size + 1),
                                   .size = flight->size,
                                   .sent = simulation->pair->network.now,
                                   .is_waiting = simulation->is_holding};
    if (kept->bytes == NULL) {
        abort();
    }
    memcpy(kept->bytes, flight->bytes, flight->size);
    gateway->datagram_count++;
    if (simulation->on_send != NULL) {
        simulation->on_send(simulation->on_send_context, flight->sender, gateway->datagram_count);
    }
    return simulation->is_holding ? NODE_DROP : NODE_FORWARD;
}

struct known_spi *simulation_find_spi(struct simulated_gateway *gateway, uint32_t spi)
{
    for (size_t i = 0; i < gateway->spi_count; i++) {
        if (gateway->spis[i].spi == spi) {
            return &gateway->spis[i];
        }
    }
    return NULL;
}

// Whether a host still has an SA it or the peer was told to delete.
bool simulation_has_unwanted(const struct simulation *simulation, unsigned host)
{
    const struct simulated_gateway *gateway = &simulation->gateways[host];
    for (size_t i = 0; i < gateway->spi_count; i++) {
        if (gateway->spis[i].is_unwanted && !gateway->spis[i].is_removed) {
            return true;
        }
    }
    return false;
}

void simulation_mark_unwanted(struct simulation *simulation, unsigned host)
{
    const struct simulated_host *children = &simulation->pair->network.hosts[host];
    for (size_t i = 0; i < children->child_count; i++) {
        struct known_spi *known =
            simulation_find_spi(&simulation->gateways[host], children->children[i].inbound_spi);
        if (known != NULL) {
            known->is_unwanted = true;
        }
    }
}

static void note_installed(struct simulation *simulation, unsigned host,
                           const struct child_sa *child)
{
    struct simulated_gateway *gateway = &simulation->gateways[host];
    gateway->spis = grown_array(gateway->spis, gateway->spi_count, &gateway->spi_capacity,
                                sizeof(*gateway->spis));
    // What takes the place of an unwanted one is not wanted either.
    gateway->spis[gateway->spi_count] =
        (struct known_spi){.spi = child->inbound_spi,
                           .installed = simulation->pair->network.now,
                           .is_unwanted = simulation_has_unwanted(simulation, host)};
    gateway->spi_count++;
    simulation_tell(simulation, host, "installs %s in %08" PRIx32 " out %08" PRIx32 "%s",
                    child->child, child->inbound_spi, child->outbound_spi,
                    child->is_receive_only ? ", receive only" : "");
}

static void note_removed(struct simulation *simulation, unsigned host, const struct child_sa *child)
{
    simulation_tell(simulation, host, "removes %s in %08" PRIx32 " out %08" PRIx32, child->child,
                    child->inbound_spi, child->outbound_spi);
    invariant_of_removal(simulation, host, child);
    struct known_spi *known = simulation_find_spi(&simulation->gateways[host], child->inbound_spi);
    if (known != NULL) {
        known->is_removed = true;
    }
}

static const char *exchange_word(unsigned exchange_type)
{
    const char *name = exchange_type_name(exchange_type);
    return name == NULL ? "?" : name;
}

static void note_report(struct simulation *simulation, unsigned host,
                        const struct ike_report *report)
{
    struct simulated_gateway *gateway = &simulation->gateways[host];
    const bool is_sent = report->kind == IKE_REPORT_MESSAGE_SENT ||
                         report->kind == IKE_REPORT_RETRANSMITTED ||
                         report->kind == IKE_REPORT_ANSWERED_AGAIN;
    if (is_sent && gateway->datagram_count > 0) {
        struct kept_datagram *last = &gateway->datagrams[gateway->datagram_count - 1];
        (void)snprintf(last->summary, sizeof(last->summary), "%s.%s %" PRIu32 " %s",
                       exchange_word(report->exchange_type), report->is_response ? "res" : "req",
                       report->message_id, report->text);
    }
    if (report->kind == IKE_REPORT_PEER_SILENT) {
        simulation->is_disturbed = true;
    }
    if (simulation->trace == NULL) {
        return;
    }
    const bool is_message = is_sent || report->kind == IKE_REPORT_MESSAGE_RECEIVED ||
                            report->kind == IKE_REPORT_REJECTED;
    if (is_message) {
        simulation_tell(
            simulation, host, "%s #%zu %s.%s %" PRIu32 " sa %04" PRIx64 " %s %s",
            ike_report_name(report->kind), is_sent ? gateway->datagram_count : (size_t)0,
            exchange_word(report->exchange_type), report->is_response ? "res" : "req",
            report->message_id, report->initiator_spi >> 48, report->reason, report->text);
    } else {
        simulation_tell(simulation, host, "%s sa %04" PRIx64 " %s %s %s",
                        ike_report_name(report->kind), report->initiator_spi >> 48, report->child,
                        report->reason, report->text);
    }
}

void simulation_observe(void *context, unsigned host, const struct ike_action *action)
{
    struct simulation *simulation = context;
    switch (action->kind) {
    case IKE_SEND_DATAGRAM:
        invariant_of_path(simulation, host, action);
        invariant_of_datagram(simulation, host, action->datagram, has_marker(&action->path));
        break;
    case IKE_INSTALL_CHILD_SA:
        note_installed(simulation, host, action->child_sa);
        break;
    case IKE_REMOVE_CHILD_SA:
        note_removed(simulation, host, action->child_sa);
        break;
    case IKE_REPORT:
        note_report(simulation, host, action->report);
        break;
    case IKE_SWITCH_CHILD_SA:
        simulation_tell(simulation, host, "%s %08" PRIx32,
                        action->child_sa->is_receive_only ? "stops sending on" : "sends on",
                        action->child_sa->outbound_spi);
        break;
    case IKE_MOVE_CHILD_SA:
        invariant_of_path(simulation, host, action);
        break;
    case IKE_LOG_KEYS:
        break;
    }
}
