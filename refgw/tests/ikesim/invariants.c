#include "refgw/tests/ikesim/invariants.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "refgw/wire/message.h"
#include "refgw/wire/udp_encapsulation.h"

void violate(struct simulation *simulation, const char *invariant, const char *format, ...)
{
    struct violation *violation = &simulation->violation;
    va_list arguments;
    if (violation->invariant != NULL) {
        return;
    }
    violation->invariant = invariant;
    violation->when = simulation->pair->network.now;
    va_start(arguments, format);
    (void)vsnprintf(violation->text, sizeof(violation->text), format, arguments);
    va_end(arguments);
    if (simulation->trace != NULL) {
        (void)fprintf(simulation->trace, "# VIOLATION %s: %s\n", invariant, violation->text);
    }
}

// --- Messages ---------------------------------------------------------------------------------

static bool is_protected(const struct message *message)
{
    const uint8_t type = message->payloads.count == 1 ? message->payloads.items[0].type : 0;
    return type == IKE_PAYLOAD_SK || type == IKE_PAYLOAD_SKF;
}

// What may stand in an IKE_SA_INIT message: nothing of IKE_AUTH's.
static bool is_harmless(const struct message *message)
{
    for (size_t i = 0; i < message->payloads.count; i++) {
        switch (message->payloads.items[i].type) {
        case IKE_PAYLOAD_SA:
        case IKE_PAYLOAD_KE:
        case IKE_PAYLOAD_NONCE:
        case IKE_PAYLOAD_NOTIFY:
        case IKE_PAYLOAD_VENDOR_ID:
        case IKE_PAYLOAD_CERTREQ:
            break;
        default:
            return false;
        }
    }
    return true;
}

static uint64_t hash_of(struct byte_view bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.size; i++) {
        hash = (hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint16_t fragment_number(const struct message *message)
{
    const struct payload *payload = &message->payloads.items[0];
    struct byte_reader in = reader_over(payload->body);
    uint16_t number = 0;
    if (message->payloads.count != 1 || payload->type != IKE_PAYLOAD_SKF ||
        !reader_take_u16(&in, &number)) {
        return 0;
    }
    return number;
}

static bool is_same_message(const struct first_copy *copy, const struct ike_header *header,
                            uint16_t fragment)
{
    return copy->header.message_id == header->message_id &&
           copy->header.initiator_spi == header->initiator_spi &&
           copy->header.responder_spi == header->responder_spi &&
           copy->header.exchange_type == header->exchange_type &&
           copy->header.flags == header->flags && copy->fragment == fragment;
}

static struct first_copy *find_copy(struct simulated_gateway *gateway,
                                    const struct ike_header *header, uint16_t fragment)
{
    for (size_t i = gateway->copy_count; i > 0; i--) {
        if (is_same_message(&gateway->copies[i - 1], header, fragment)) {
            return &gateway->copies[i - 1];
        }
    }
    return NULL;
}

static void keep_copy(struct simulated_gateway *gateway, const struct first_copy *copy)
{
    if (gateway->copy_count == gateway->copy_capacity) {
        gateway->copy_capacity = gateway->copy_capacity == 0 ? 64 : 2 * gateway->copy_capacity;
        struct first_copy *larger =
            realloc(gateway->copies, gateway->copy_capacity * sizeof(*larger));
        if (larger == NULL) {
            abort();
        }
        gateway->copies = larger;
    }
    gateway->copies[gateway->copy_count] = *copy;
    gateway->copy_count++;
}

//= rfc7296#section-2.1
//# A retransmission from the initiator MUST be bitwise identical to the original request.
static void compare_with_first(struct simulation *simulation, unsigned sender,
                               const struct message *message)
{
    struct simulated_gateway *gateway = &simulation->gateways[sender];
    const struct ike_header *header = &message->header;
    const struct first_copy copy = {
        .header = *header,
        .fragment = fragment_number(message),
        .hash = hash_of(message->bytes),
        .refusals = gateway->refusals,
    };
    // Answers outside any SA are made anew every time.
    if (ike_header_is_response(header) && header->responder_spi == 0) {
        return;
    }
    struct first_copy *first = find_copy(gateway, header, copy.fragment);
    if (first == NULL) {
        keep_copy(gateway, &copy);
    } else if (first->hash != copy.hash && header->responder_spi == 0 &&
               first->refusals != copy.refusals) {
        *first = copy; // with a cookie, or another group
    } else if (first->hash != copy.hash) {
        violate(simulation, "identical-repetition", "%s repeats message %" PRIu32 " differently",
                host_name(sender), header->message_id);
    }
}

void invariant_of_datagram(struct simulation *simulation, unsigned sender, struct byte_view bytes,
                           bool has_marker)
{
    struct message message;
    struct wire_fault fault;
    struct byte_view content = bytes;
    if (has_marker && udp_encapsulation_read(bytes, &content) == UDP_NAT_KEEPALIVE) {
        return;
    }
    if (!message_read(content, &message, &fault)) {
        violate(simulation, "readable-message", "%s sends something unreadable", host_name(sender));
        return;
    }
    const bool is_init = message.header.exchange_type == IKE_EXCHANGE_SA_INIT;
    if (is_init ? !is_harmless(&message) : !is_protected(&message)) {
        violate(simulation, "no-clear-text", "%s sends exchange %u, message %" PRIu32 " in clear",
                host_name(sender), message.header.exchange_type, message.header.message_id);
    }
    compare_with_first(simulation, sender, &message);
}

static bool is_request(const struct ike_action *action)
{
    struct byte_view content = action->datagram;
    struct byte_reader in;
    struct ike_header header;
    struct wire_fault fault;
    if (action->path.remote.port != IKE_PORT) {
        (void)udp_encapsulation_read(action->datagram, &content);
    }
    in = reader_over(content);
    return ike_header_read(&in, &header, &fault) && !ike_header_is_response(&header);
}

// Answers go back to where the request came from; anybody may have sent it on.
void invariant_of_path(struct simulation *simulation, unsigned host,
                       const struct ike_action *action)
{
    const bool is_move = action->kind == IKE_MOVE_CHILD_SA;
    const struct network_path *path = is_move ? &action->child_sa->path : &action->path;
    if (address_equals(&path->remote.address, &simulation->attacker) &&
        (is_move || is_request(action))) {
        violate(simulation, "no-hijacking", "%s sends %s to somebody who only forwards messages",
                host_name(host), is_move ? "traffic" : "requests");
    }
}

// --- Traffic ----------------------------------------------------------------------------------

static bool is_over(const struct simulation *simulation, struct instant start,
                    struct duration lifetime)
{
    return lifetime.nanoseconds != 0 && start.nanoseconds != 0 &&
           !instant_is_before(simulation->pair->network.now, instant_after(start, lifetime));
}

// Whether a lifetime is over at one of the two ends; then SAs go, whoever uses them.
static bool has_expired(const struct simulation *simulation)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        const struct simulated_gateway *gateway = &simulation->gateways[host];
        struct seen_sas seen;
        simulation_see(simulation, host, &seen);
        for (size_t i = 0; i < seen.count; i++) {
            if (is_over(simulation, seen.items[i].established,
                        simulation->setup.ike_lifetime[host])) {
                return true;
            }
        }
        for (size_t i = 0; i < gateway->spi_count; i++) {
            if (!gateway->spis[i].is_removed && is_over(simulation, gateway->spis[i].installed,
                                                        simulation->setup.child_lifetime[host])) {
                return true;
            }
        }
    }
    return false;
}

// Nothing is promised any more when a lifetime ended before a rekey came through.
static void look_for_expiry(struct simulation *simulation)
{
    if (!simulation->is_disturbed && !simulation->must_keep_lifetimes && has_expired(simulation)) {
        simulation->is_disturbed = true;
        simulation->lifetimes_ended++;
    }
}

void invariant_of_removal(struct simulation *simulation, unsigned host,
                          const struct child_sa *child)
{
    if (simulation->is_disturbed) {
        return;
    }
    const struct child_sa *used = simulation_outbound(simulation, other_host(host), child->child);
    if (used == NULL || used->outbound_spi != child->inbound_spi) {
        return;
    }
    look_for_expiry(simulation);
    if (!simulation->is_disturbed) {
        violate(simulation, "inbound-removed-early",
                "%s removes inbound SPI %08" PRIx32 " while %s sends on it", host_name(host),
                child->inbound_spi, host_name(other_host(host)));
    }
}

void invariant_of_sending(struct simulation *simulation, unsigned host)
{
    look_for_expiry(simulation);
    if (!simulation->is_disturbed) {
        violate(simulation, "usable-sa", "%s has no SA to send on, though nobody took it down",
                host_name(host));
    }
}

static bool was_removed(const struct simulated_gateway *gateway, uint32_t spi)
{
    for (size_t i = 0; i < gateway->spi_count; i++) {
        if (gateway->spis[i].spi == spi) {
            return gateway->spis[i].is_removed;
        }
    }
    return false;
}

void invariant_of_arrival(struct simulation *simulation, unsigned sender, uint32_t spi)
{
    const unsigned receiver = other_host(sender);
    const struct child_sa *used = simulation_outbound(simulation, sender, "net");
    if (simulation->is_disturbed) {
        simulation->packets_lost++;
    } else if (!was_removed(&simulation->gateways[receiver], spi)) {
        violate(simulation, "no-packet-lost",
                "%s sends on %08" PRIx32 ", which %s does not have yet", host_name(sender), spi,
                host_name(receiver));
    } else if (used != NULL && used->outbound_spi == spi) {
        violate(simulation, "no-packet-lost", "%s still sends on %08" PRIx32 ", %s removed it",
                host_name(sender), spi, host_name(receiver));
    } else {
        simulation->packets_late++;
    }
}

// --- Agreement --------------------------------------------------------------------------------

bool simulation_is_calm(const struct simulation *simulation)
{
    struct seen_sas seen;
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        simulation_see(simulation, host, &seen);
        if (seen.count != 1 || strcmp(seen.items[0].state, "established") != 0 ||
            simulation->pair->network.hosts[host].child_count == 0) {
            return false;
        }
    }
    return simulated_network_children_pair_up(&simulation->pair->network);
}

static const struct seen_sa *find_counterpart(const struct seen_sas *seen,
                                              const struct seen_sa *wanted)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (seen->items[i].initiator_spi == wanted->initiator_spi &&
            seen->items[i].responder_spi == wanted->responder_spi &&
            seen->items[i].is_initiator != wanted->is_initiator &&
            seen->items[i].child_count == wanted->child_count) {
            return &seen->items[i];
        }
    }
    return NULL;
}

static void compare_ike_sas(struct simulation *simulation)
{
    struct seen_sas seen[NETWORK_HOSTS];
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        simulation_see(simulation, host, &seen[host]);
    }
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        for (size_t i = 0; i < seen[host].count; i++) {
            const struct seen_sa *sa = &seen[host].items[i];
            if (strcmp(sa->state, "established") != 0) {
                violate(simulation, "settled", "%s has an IKE SA that stays %s", host_name(host),
                        sa->state);
            } else if (find_counterpart(&seen[other_host(host)], sa) == NULL) {
                violate(simulation, "agreement",
                        "%s has IKE SA %016" PRIx64 " with %zu children, %s has no such one",
                        host_name(host), sa->initiator_spi, sa->child_count,
                        host_name(other_host(host)));
            }
        }
    }
}

// When both ends begin at once, two IKE SAs come up, and nothing in RFC 7296 says that one of
// them goes. Otherwise there is one.
static void count_pairs(struct simulation *simulation, unsigned host)
{
    struct seen_sas seen;
    simulation_see(simulation, host, &seen);
    if (seen.count > 1 && !(simulation->has_initiated[WEST] && simulation->has_initiated[EAST])) {
        violate(simulation, "one-pair", "%s has %zu IKE SAs for one connection", host_name(host),
                seen.count);
    }
    for (size_t i = 0; i < seen.count; i++) {
        if (seen.items[i].has_twins) {
            violate(simulation, "one-pair", "%s keeps two CHILD_SAs with the same selectors",
                    host_name(host));
        }
    }
}

static void look_for_faults(struct simulation *simulation)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        if (simulation->pair->network.hosts[host].faults != 0) {
            violate(simulation, "sane-actions", "%s asked for things that contradict each other",
                    host_name(host));
        }
    }
}

void invariants_once_quiet(struct simulation *simulation)
{
    look_for_faults(simulation);
    compare_ike_sas(simulation);
    if (!simulated_network_children_pair_up(&simulation->pair->network)) {
        violate(simulation, "agreement",
                "west has %zu CHILD_SAs, east %zu, and they do not pair up",
                simulation->pair->network.hosts[WEST].child_count,
                simulation->pair->network.hosts[EAST].child_count);
    }
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        count_pairs(simulation, host);
    }
}

void invariants_once_down(struct simulation *simulation)
{
    struct seen_sas seen;
    struct instant when;
    look_for_faults(simulation);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        simulation_see(simulation, host, &seen);
        if (seen.count != 0 || simulation->pair->network.hosts[host].child_count != 0) {
            violate(simulation, "all-gone", "%s keeps %zu IKE SAs and %zu CHILD_SAs after all",
                    host_name(host), seen.count, simulation->pair->network.hosts[host].child_count);
        } else if (ike_engine_next_deadline(simulation->pair->network.hosts[host].engine, &when)) {
            violate(simulation, "all-gone", "%s waits for something though nothing is there",
                    host_name(host));
        }
    }
}
