#include "pcap/capture_walk.h"

#include <stdlib.h>
#include <string.h>

#include "pcap/tcp_streams.h"
#include "refgw/iana/ikev2_numbers.h"
#include "refgw/wire/ike_header.h"
#include "refgw/wire/udp_encapsulation.h"

enum { MOST_LEARNED = 32, KEEPALIVE_BYTE = 0xff };

// A pair of addresses whose sides were looked up.
struct known_pair {
    struct ip_address source;
    struct ip_address destination;
    enum capture_side from;
};

// Two endpoints that carry IKE behind a non-ESP marker on ports of their own.
struct learned_path {
    struct ip_endpoint one;
    struct ip_endpoint other;
};

struct walk {
    walk_visitor visit;
    void *context;
    struct walk_summary *summary;
    struct side_finder sides;
    struct known_pair last[2]; // most captures hold two directions
    size_t next_last;
    size_t learned_count;
    struct learned_path learned[MOST_LEARNED];
    struct ip_fragment_store *fragments;
    struct tcp_streams *tcp;
};

static enum capture_point point_of(const struct capture_frame *frame)
{
    if (frame->name[0] == '\0') {
        return POINT_ONLY;
    }
    if (strcmp(frame->name, "arrived") == 0) {
        return POINT_ARRIVED;
    }
    return strcmp(frame->name, "left") == 0 ? POINT_LEFT : POINT_ONLY;
}

static enum capture_side side_from(struct walk *walk, const struct carried_packet *packet)
{
    for (size_t i = 0; i < 2; i++) {
        if (address_equals(&walk->last[i].source, &packet->source.address) &&
            address_equals(&walk->last[i].destination, &packet->destination.address)) {
            return walk->last[i].from;
        }
    }
    if (packet->kind == CARRIED_IKE || packet->kind == CARRIED_ESP) {
        side_finder_learn(&walk->sides, &packet->source.address, &packet->destination.address);
    }
    const enum capture_side side = side_of(&walk->sides, &packet->source.address);
    if (packet->kind == CARRIED_IKE || packet->kind == CARRIED_ESP) {
        walk->last[walk->next_last] =
            (struct known_pair){packet->source.address, packet->destination.address, side};
        walk->next_last = 1 - walk->next_last;
    }
    return side;
}

static struct walked_packet walked_of(struct walk *walk, const struct capture_frame *frame,
                                      const struct carried_packet *packet)
{
    return (struct walked_packet){
        .frame = frame,
        .packet = packet,
        .origin =
            {
                     .frame = frame->number,
                     .time_us = frame->time_us,
                     .point = point_of(frame),
                     .from = side_from(walk, packet),
                     .source = packet->source,
                     .destination = packet->destination,
                     .is_udp_encapsulated = packet->is_udp_encapsulated,
                     },
    };
}

// --- other ports --------------------------------------------------------------------------

static bool is_exchange(const struct ike_header *header)
{
    if (header->major_version == 1) { // RFC 2408, section 3.1
        return (header->exchange_type >= 1 && header->exchange_type <= 6) ||
               header->exchange_type == 32 || header->exchange_type == 33;
    }
    return header->major_version == 2 && header->exchange_type >= IKE_EXCHANGE_SA_INIT &&
           header->exchange_type <= IKE_EXCHANGE_FOLLOWUP_KE;
}

// Whether bytes can hardly be anything but a whole IKE message.
static bool looks_like_ike(struct byte_view bytes)
{
    struct byte_reader in = reader_over(bytes);
    struct ike_header header;
    struct wire_fault fault;
    return ike_header_read(&in, &header, &fault) && header.length == bytes.size &&
           header.initiator_spi != 0 && header.minor_version == 0 && is_exchange(&header);
}

static bool is_learned(const struct walk *walk, const struct carried_packet *packet)
{
    for (size_t i = 0; i < walk->learned_count; i++) {
        const struct learned_path *path = &walk->learned[i];
        if ((endpoint_equals(&path->one, &packet->source) &&
             endpoint_equals(&path->other, &packet->destination)) ||
            (endpoint_equals(&path->other, &packet->source) &&
             endpoint_equals(&path->one, &packet->destination))) {
            return true;
        }
    }
    return false;
}

static void learn(struct walk *walk, const struct carried_packet *packet)
{
    if (walk->learned_count < MOST_LEARNED && !is_learned(walk, packet)) {
        walk->learned[walk->learned_count++] =
            (struct learned_path){packet->source, packet->destination};
    }
}

// UDP on ports that say nothing: IKE is known by its header, ESP by the IKE on the same path.
static void guess_udp(struct walk *walk, struct carried_packet *packet)
{
    if (packet->content.size < 1) {
        return;
    }
    struct byte_view content;
    const enum udp_encapsulation_kind kind = udp_encapsulation_read(packet->content, &content);
    if (kind == UDP_ENCAPSULATED_IKE && looks_like_ike(content)) {
        packet->kind = CARRIED_IKE;
        packet->content = content;
        packet->is_udp_encapsulated = true;
        learn(walk, packet);
    } else if (looks_like_ike(packet->content)) {
        packet->kind = CARRIED_IKE;
    } else if (walk->learned_count > 0 && is_learned(walk, packet)) {
        packet->is_udp_encapsulated = true;
        packet->kind = kind == UDP_NAT_KEEPALIVE      ? CARRIED_KEEPALIVE
                       : kind == UDP_ENCAPSULATED_ESP ? CARRIED_ESP
                                                      : CARRIED_OTHER;
    }
}

// The payload of a UDP packet that is none of ours yet.
static void look_at_udp(struct walk *walk, struct carried_packet *packet)
{
    enum { UDP_HEADER_SIZE = 8 };
    if (packet->content.size < UDP_HEADER_SIZE) {
        return;
    }
    struct carried_packet guess = *packet;
    guess.content.data += UDP_HEADER_SIZE;
    guess.content.size -= UDP_HEADER_SIZE;
    guess_udp(walk, &guess);
    if (guess.kind != CARRIED_OTHER) {
        *packet = guess;
    }
}

// --- TCP ----------------------------------------------------------------------------------

struct tcp_visit {
    struct walk *walk;
    const struct capture_frame *frame;
    const struct carried_packet *segment;
};

static bool visit_tcp(void *context, enum carried_kind kind, struct byte_view content)
{
    const struct tcp_visit *tcp = context;
    struct carried_packet packet = *tcp->segment;
    packet.kind = kind;
    packet.content = content;
    struct walked_packet walked = walked_of(tcp->walk, tcp->frame, &packet);
    walked.origin.is_tcp_encapsulated = true;
    return tcp->walk->visit(tcp->walk->context, &walked);
}

// True when the segment gave messages; `*out_goes_on` is what the visitor said.
static bool walk_tcp(struct walk *walk, const struct capture_frame *frame,
                     const struct carried_packet *packet, bool *out_goes_on)
{
    struct tcp_visit tcp = {.walk = walk, .frame = frame, .segment = packet};
    struct tcp_outcome outcome;
    tcp_streams_add(walk->tcp, (unsigned)point_of(frame), packet, visit_tcp, &tcp, &outcome);
    *out_goes_on = !outcome.is_stopped;
    return outcome.message_count > 0;
}

// --- the walk -----------------------------------------------------------------------------

static void note_frame(struct walk *walk, const struct capture_frame *frame)
{
    struct walk_summary *summary = walk->summary;
    if (summary->frame_count == 0) {
        summary->first_time_us = frame->time_us;
    }
    summary->frame_count = frame->number;
    summary->last_time_us = frame->time_us;
    summary->byte_count += frame->bytes.size;
    summary->cut_count += frame->original_size > frame->bytes.size ? 1 : 0;
    summary->has_two_points = summary->has_two_points || point_of(frame) != POINT_ONLY;
}

static bool walk_frame(struct walk *walk, const struct capture_frame *frame)
{
    struct carried_packet packet;
    struct carried_packet whole;
    bool is_reassembled = false;
    bool goes_on = true;
    note_frame(walk, frame);
    frame_read(frame, &packet);
    if (packet.kind == CARRIED_FRAGMENT &&
        ip_fragments_add(walk->fragments, (unsigned)point_of(frame), frame->number, &packet,
                         &whole)) {
        packet = whole;
        is_reassembled = true;
    }
    if (packet.kind == CARRIED_OTHER && packet.ip_protocol == IP_PROTOCOL_UDP) {
        look_at_udp(walk, &packet);
    } else if (packet.kind == CARRIED_OTHER && packet.ip_protocol == IP_PROTOCOL_TCP &&
               walk_tcp(walk, frame, &packet, &goes_on)) {
        return goes_on;
    }
    struct walked_packet walked = walked_of(walk, frame, &packet);
    walked.origin.is_reassembled = is_reassembled;
    return walk->visit(walk->context, &walked);
}

static void take_lost(struct walk *walk)
{
    const struct lost_fragments *lost = NULL;
    ip_fragments_finish(walk->fragments);
    walk->summary->lost_count = ip_fragments_lost(walk->fragments, &lost);
    memcpy(walk->summary->lost, lost, walk->summary->lost_count * sizeof(*lost));
}

static bool walk_frames(struct walk *walk, struct capture_file *file)
{
    struct capture_frame frame;
    enum capture_result result = CAPTURE_END;
    while ((result = capture_file_next(file, &frame, &walk->summary->fault)) == CAPTURE_FRAME) {
        if (!walk_frame(walk, &frame)) {
            return false;
        }
    }
    walk->summary->is_complete = result == CAPTURE_END;
    take_lost(walk);
    return true;
}

bool capture_walk(struct capture_file *file, walk_visitor visit, void *context,
                  struct walk_summary *out_summary)
{
    *out_summary = (struct walk_summary){0};
    struct walk walk = {
        .visit = visit,
        .context = context,
        .summary = out_summary,
        .fragments = ip_fragments_new(),
        .tcp = tcp_streams_new(),
    };
    const bool good = walk.fragments != NULL && walk.tcp != NULL && walk_frames(&walk, file);
    ip_fragments_free(walk.fragments);
    tcp_streams_free(walk.tcp);
    return good;
}
