#include "refgw/ike/fragments.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/ike/exchange.h"

enum {
    IPV4_HEADER_SIZE = 20,
    IPV6_HEADER_SIZE = 40,
    UDP_HEADER_SIZE = 8,
    NON_ESP_MARKER = 4,
};

static void clear_piece(struct fragment_piece *piece)
{
    if (piece->octets.data != NULL) {
        secret_wipe(piece->octets.data, piece->octets.size);
    }
    octets_clear(&piece->octets);
    piece->is_there = false;
}

void fragment_assembly_clear(struct fragment_assembly *assembly)
{
    for (size_t i = 0; i < assembly->count; i++) {
        clear_piece(&assembly->pieces[i]);
    }
    free(assembly->pieces);
    *assembly = (struct fragment_assembly){.count = 0};
}

// --- Support on both ends ---------------------------------------------------------------------

void fragments_announce(struct ike_engine *engine, struct outgoing_draft *draft)
{
    if (!engine->setup.policy->fragmentation.is_off) {
        outgoing_draft_put_notify(draft, NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED,
                                  (struct byte_view){.size = 0});
    }
}

bool fragments_are_agreed(const struct exchange *exchange)
{
    struct byte_view nothing;
    return !exchange->engine->setup.policy->fragmentation.is_off &&
           exchange_find_notify(exchange, NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED, &nothing);
}

// --- Sending ----------------------------------------------------------------------------------

// The most octets an IKE message may have on this path.
static size_t message_limit(const struct ike_engine *engine, const struct network_path *path)
{
    const struct policy_fragmentation *policy = &engine->setup.policy->fragmentation;
    const bool is_ipv6 = path->remote.address.family == ADDRESS_IPV6;
    const bool has_marker =
        path->local.port == IKE_NAT_TRAVERSAL_PORT || path->remote.port == IKE_NAT_TRAVERSAL_PORT;
    const size_t ip_header = is_ipv6 ? IPV6_HEADER_SIZE : IPV4_HEADER_SIZE;
    const size_t marker = has_marker ? NON_ESP_MARKER : 0;
    const size_t around = ip_header + UDP_HEADER_SIZE + marker;
    const size_t datagram = is_ipv6 ? policy->ipv6_size : policy->ipv4_size;
    return datagram > around ? datagram - around : 0;
}

static bool seal_pieces(struct ike_sa *sa, const struct ike_header *header,
                        const struct message_fragment *whole, size_t room, struct byte_writer *out)
{
    const size_t size = whole->piece.size;
    const size_t count = size / room + (size % room == 0 ? 0 : 1);
    if (count > FRAGMENTS_MOST) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t start = i * room;
        const struct message_fragment fragment = {
            .place = {.number = (uint16_t)(i + 1),       .count = (uint16_t)count},
            .first_type = whole->first_type,
            .piece = {.data = whole->piece.data + start,
                      .size = size - start < room ? size - start : room          },
        };
        if (!message_seal_fragment(&sa->outbound, header, &fragment, sa->next_iv++, out)) {
            return false;
        }
    }
    return true;
}

bool fragments_seal(struct ike_engine *engine, struct ike_sa *sa, const struct network_path *path,
                    const struct ike_header *header, const struct message_fragment *whole,
                    struct byte_writer *out)
{
    const size_t limit = message_limit(engine, path);
    const size_t room = message_fragment_room(&sa->outbound, limit);
    const size_t size = message_sealed_size(&sa->outbound, whole->piece.size);
    if (sa->uses_fragments && room > 0 && (size == 0 || size > limit)) {
        return seal_pieces(sa, header, whole, room, out);
    }
    return message_seal(&sa->outbound, header, whole->first_type, whole->piece, sa->next_iv++, out);
}

bool fragments_take_next(struct byte_view *rest, struct byte_view *out_message)
{
    struct byte_reader in = reader_over(*rest);
    struct ike_header header;
    struct wire_fault fault;
    size_t size = rest->size;

    if (size == 0) {
        return false;
    }
    // Only fragments stand in a row; anything else may claim any length on purpose.
    if (ike_header_read(&in, &header, &fault) && header.first_payload == IKE_PAYLOAD_SKF &&
        header.length >= IKE_HEADER_SIZE && header.length < size) {
        size = header.length;
    }
    *out_message = (struct byte_view){.data = rest->data, .size = size};
    *rest = (struct byte_view){.data = rest->data + size, .size = rest->size - size};
    return true;
}

// --- Receiving --------------------------------------------------------------------------------

static struct fragment_outcome rejected(const char *reason, const char *section)
{
    return (struct fragment_outcome){
        .verdict = FRAGMENT_REJECTED, .reason = reason, .section = section};
}

static struct fragment_outcome decided(enum fragment_verdict verdict)
{
    return (struct fragment_outcome){.verdict = verdict, .reason = "", .section = ""};
}

bool message_is_fragment(const struct message *message)
{
    const struct payload_list *payloads = &message->payloads;
    return payloads->count > 0 && payloads->items[payloads->count - 1].type == IKE_PAYLOAD_SKF;
}

static struct fragment_assembly *assembly_for(struct ike_sa *sa, const struct ike_header *header)
{
    return &sa->assemblies[ike_header_is_response(header) ? 1 : 0];
}

static bool is_same_message(const struct fragment_assembly *assembly,
                            const struct ike_header *header)
{
    return assembly->count != 0 && assembly->message_id == header->message_id &&
           assembly->exchange_type == header->exchange_type;
}

static bool begin_assembly(struct fragment_assembly *assembly, const struct ike_header *header,
                           uint16_t count, struct instant now)
{
    struct fragment_piece *pieces = calloc(count, sizeof(*pieces));
    if (pieces == NULL) {
        return false;
    }
    fragment_assembly_clear(assembly);
    *assembly = (struct fragment_assembly){
        .count = count,
        .exchange_type = header->exchange_type,
        .message_id = header->message_id,
        .pieces = pieces,
        .deadline = instant_after(now, duration_seconds(FRAGMENTS_PATIENCE_SECONDS)),
    };
    return true;
}

static struct byte_view join(struct ike_engine *engine, const struct fragment_assembly *assembly)
{
    struct byte_writer out = writer_into(engine->opened, sizeof(engine->opened));
    struct byte_view chain = {.size = 0};
    for (size_t i = 0; i < assembly->count; i++) {
        writer_put_bytes(&out, octets_view(&assembly->pieces[i].octets));
    }
    return writer_finish(&out, &chain) ? chain : (struct byte_view){.size = 0};
}

// An authentic fragment finds its place.
static struct fragment_outcome keep(struct ike_engine *engine, struct fragment_assembly *assembly,
                                    const struct ike_header *header,
                                    const struct message_fragment *fragment)
{
    const struct fragment_place place = fragment->place;
    //= rfc7383#section-2.6
    //= reason=a larger total means the sender has divided the message anew: start over
    if ((!is_same_message(assembly, header) || place.count > assembly->count) &&
        !begin_assembly(assembly, header, place.count, engine->now)) {
        return rejected("no-resources", "");
    }
    struct fragment_piece *piece = &assembly->pieces[place.number - 1];
    if (assembly->size + fragment->piece.size > FRAGMENTS_MOST_OCTETS) {
        fragment_assembly_clear(assembly);
        return rejected("message-too-large", "rfc7383#section-2.6");
    }
    if (fragment->piece.size > 0 && !octets_set(&piece->octets, fragment->piece)) {
        return rejected("no-resources", "");
    }
    piece->is_there = true;
    assembly->size += fragment->piece.size;
    assembly->received++;
    if (place.number == 1) {
        assembly->first_type = fragment->first_type;
    }
    if (assembly->received < assembly->count) {
        return decided(FRAGMENT_KEPT);
    }
    struct fragment_outcome outcome = decided(FRAGMENT_COMPLETE);
    outcome.chain = join(engine, assembly);
    outcome.first_type = assembly->first_type;
    fragment_assembly_clear(assembly);
    return outcome;
}

static struct fragment_outcome receive_new(struct ike_engine *engine, struct ike_sa *sa,
                                           const struct message *message,
                                           struct fragment_place place)
{
    struct fragment_assembly *assembly = assembly_for(sa, &message->header);
    const bool is_same = is_same_message(assembly, &message->header);
    struct message_fragment fragment;
    struct wire_fault fault;

    if (place.count > FRAGMENTS_MOST) {
        return rejected("too-many-fragments", "rfc7383#section-2.6");
    }
    if (is_same && place.count < assembly->count) {
        return rejected("fragment-count", "rfc7383#section-2.6");
    }
    //= rfc7383#section-2.6
    //= reason=the same number of the same division is a replay, to be discarded silently
    if (is_same && place.count == assembly->count && assembly->pieces[place.number - 1].is_there) {
        return decided(FRAGMENT_IGNORED);
    }
    if (!message_open_fragment(&sa->inbound, message, engine->opened, sizeof(engine->opened),
                               &fragment, &fault)) {
        return rejected("integrity-failed", fault.section);
    }
    return keep(engine, assembly, &message->header, &fragment);
}

// Its request was answered already. The first of its fragments stands for the message, so that
// the answer does not go out once for each.
static struct fragment_outcome receive_repeated(struct ike_engine *engine, struct ike_sa *sa,
                                                const struct message *message,
                                                struct fragment_place place)
{
    struct message_fragment fragment;
    struct wire_fault fault;
    //= rfc7383#section-2.6.1
    //= reason=only the fragment with number 1 makes the responder send its answer again
    if (place.number != 1) {
        return decided(FRAGMENT_IGNORED);
    }
    if (!message_open_fragment(&sa->inbound, message, engine->opened, sizeof(engine->opened),
                               &fragment, &fault)) {
        return rejected("integrity-failed", fault.section);
    }
    return decided(FRAGMENT_REPEATED);
}

struct fragment_outcome fragments_receive(struct ike_engine *engine, struct ike_sa *sa,
                                          const struct message *message)
{
    struct fragment_place place;
    struct wire_fault fault;

    if (!sa->uses_fragments) {
        return rejected("fragment-not-agreed", "rfc7383#section-2.3");
    }
    if (!message_fragment_place(&sa->inbound, message, &place, &fault)) {
        return rejected("integrity-failed", fault.section);
    }
    switch (message_window_judge(&sa->window, &message->header)) {
    case WINDOW_NEW_REQUEST:
    case WINDOW_AWAITED_RESPONSE:
        return receive_new(engine, sa, message, place);
    case WINDOW_REPEATED_REQUEST:
        return receive_repeated(engine, sa, message, place);
    case WINDOW_OUTSIDE:
        break;
    }
    return rejected("old-message-id", "rfc7296#section-2.3");
}

bool fragments_deadline(const struct ike_sa *sa, struct instant *out_when)
{
    bool is_set = false;
    for (size_t i = 0; i < sizeof(sa->assemblies) / sizeof(sa->assemblies[0]); i++) {
        const struct fragment_assembly *assembly = &sa->assemblies[i];
        if (assembly->count != 0 && (!is_set || instant_is_before(assembly->deadline, *out_when))) {
            *out_when = assembly->deadline;
            is_set = true;
        }
    }
    return is_set;
}

void fragments_give_up(struct ike_sa *sa, struct instant now)
{
    for (size_t i = 0; i < sizeof(sa->assemblies) / sizeof(sa->assemblies[0]); i++) {
        if (sa->assemblies[i].count != 0 && !instant_is_before(now, sa->assemblies[i].deadline)) {
            fragment_assembly_clear(&sa->assemblies[i]);
        }
    }
}

void fragments_forget(struct ike_sa *sa)
{
    for (size_t i = 0; i < sizeof(sa->assemblies) / sizeof(sa->assemblies[0]); i++) {
        fragment_assembly_clear(&sa->assemblies[i]);
    }
}
