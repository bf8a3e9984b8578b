#include "pcap/tcp_streams.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/wire/ike_header.h"
#include "refgw/wire/udp_encapsulation.h"

enum { MOST_BUFFER = 2 * 65536, MOST_EARLY = 8, TCP_PORT = 4500 };
enum { FLAG_SYN = 0x02, LENGTH_SIZE = 2 };

//= rfc9329#section-4
//# The value of the stream prefix is a fixed sequence of six characters: "IKETCP".
static const uint8_t stream_prefix[] = {'I', 'K', 'E', 'T', 'C', 'P'};

struct early_segment {
    uint32_t sequence;
    size_t size;
    uint8_t *data; // owned
};

// One direction of a connection.
struct tcp_flow {
    bool is_used;
    bool is_encapsulation;
    unsigned stream;
    uint64_t last_use;
    struct ip_endpoint source;
    struct ip_endpoint destination;
    uint32_t next_sequence;
    size_t early_count;
    struct early_segment early[MOST_EARLY];
    size_t size;
    uint8_t *buffer; // MOST_BUFFER bytes once it is an encapsulation
};

struct tcp_streams {
    uint64_t use_count;
    struct tcp_flow flows[TCP_MOST_FLOWS];
};

struct tcp_streams *tcp_streams_new(void)
{
    return calloc(1, sizeof(struct tcp_streams));
}

static void forget_early(struct tcp_flow *flow)
{
    for (size_t i = 0; i < flow->early_count; i++) {
        free(flow->early[i].data);
    }
    flow->early_count = 0;
}

static void forget(struct tcp_flow *flow)
{
    forget_early(flow);
    free(flow->buffer);
    *flow = (struct tcp_flow){0};
}

void tcp_streams_free(struct tcp_streams *streams)
{
    if (streams == NULL) {
        return;
    }
    for (size_t i = 0; i < TCP_MOST_FLOWS; i++) {
        forget(&streams->flows[i]);
    }
    free(streams);
}

static struct tcp_flow *find(struct tcp_streams *streams, unsigned stream,
                             const struct ip_endpoint *source,
                             const struct ip_endpoint *destination)
{
    for (size_t i = 0; i < TCP_MOST_FLOWS; i++) {
        struct tcp_flow *flow = &streams->flows[i];
        if (flow->is_used && flow->stream == stream && endpoint_equals(&flow->source, source) &&
            endpoint_equals(&flow->destination, destination)) {
            return flow;
        }
    }
    return NULL;
}

static struct tcp_flow *add(struct tcp_streams *streams, unsigned stream,
                            const struct carried_packet *segment)
{
    struct tcp_flow *place = &streams->flows[0];
    for (size_t i = 1; i < TCP_MOST_FLOWS && place->is_used; i++) {
        struct tcp_flow *flow = &streams->flows[i];
        if (!flow->is_used || flow->last_use < place->last_use) {
            place = flow;
        }
    }
    forget(place);
    place->buffer = malloc(MOST_BUFFER);
    if (place->buffer == NULL) {
        return NULL;
    }
    place->is_used = true;
    place->is_encapsulation = true;
    place->stream = stream;
    place->source = segment->source;
    place->destination = segment->destination;
    return place;
}

// --- recognition --------------------------------------------------------------------------

struct segment {
    uint32_t sequence;
    uint8_t flags;
    struct byte_view data;
};

static bool read_segment(struct byte_view content, struct segment *out_segment)
{
    struct byte_reader in = reader_over(content);
    struct byte_view skipped;
    uint8_t offset = 0;
    if (!reader_take_bytes(&in, 4, &skipped) || !reader_take_u32(&in, &out_segment->sequence) ||
        !reader_take_bytes(&in, 4, &skipped) || !reader_take_u8(&in, &offset) ||
        !reader_take_u8(&in, &out_segment->flags)) {
        return false;
    }
    const size_t header = (size_t)(offset >> 4) * 4;
    if (header < 20 || header > content.size) {
        return false;
    }
    out_segment->data =
        (struct byte_view){.data = content.data + header, .size = content.size - header};
    return true;
}

static bool starts_with_prefix(struct byte_view data)
{
    return data.size >= sizeof(stream_prefix) &&
           memcmp(data.data, stream_prefix, sizeof(stream_prefix)) == 0;
}

// Length, non-ESP marker and an IKE header whose length agrees.
static bool starts_like_ike(struct byte_view data)
{
    struct byte_reader in = reader_over(data);
    struct ike_header header;
    struct wire_fault fault;
    uint16_t length = 0;
    uint32_t marker = 1;
    return reader_take_u16(&in, &length) && reader_take_u32(&in, &marker) && marker == 0 &&
           ike_header_read(&in, &header, &fault) && header.major_version == 2 &&
           header.length + (uint32_t)(LENGTH_SIZE + NON_ESP_MARKER_SIZE) == length;
}

static bool is_on_port(const struct carried_packet *segment)
{
    return segment->source.port == TCP_PORT || segment->destination.port == TCP_PORT;
}

// The flow of a segment when it is an encapsulation, new or known. NULL otherwise.
static struct tcp_flow *recognise(struct tcp_streams *streams, unsigned stream,
                                  const struct carried_packet *packet,
                                  const struct segment *segment)
{
    struct tcp_flow *flow = find(streams, stream, &packet->source, &packet->destination);
    if (flow != NULL && (segment->flags & FLAG_SYN) != 0) {
        forget(flow); // the same ports again
        return NULL;
    }
    if (flow != NULL || segment->data.size == 0) {
        return flow;
    }
    if (!starts_with_prefix(segment->data) &&
        !(is_on_port(packet) && starts_like_ike(segment->data)) &&
        find(streams, stream, &packet->destination, &packet->source) == NULL) {
        return NULL;
    }
    flow = add(streams, stream, packet);
    if (flow != NULL) {
        flow->next_sequence = segment->sequence;
    }
    return flow;
}

// --- the stream ---------------------------------------------------------------------------

struct cutting {
    tcp_visitor visit;
    void *context;
    struct tcp_outcome *outcome;
};

static void give(const struct cutting *cutting, struct byte_view message)
{
    struct byte_view content;
    const enum udp_encapsulation_kind kind = udp_encapsulation_read(message, &content);
    if (kind == UDP_ENCAPSULATED_JUNK || cutting->outcome->is_stopped) {
        return;
    }
    const enum carried_kind carried = kind == UDP_ENCAPSULATED_IKE   ? CARRIED_IKE
                                      : kind == UDP_ENCAPSULATED_ESP ? CARRIED_ESP
                                                                     : CARRIED_KEEPALIVE;
    cutting->outcome->message_count++;
    cutting->outcome->is_stopped = !cutting->visit(cutting->context, carried, content);
}

// A length below its own size cannot be right: nothing behind it can be trusted.
static void cut(struct tcp_flow *flow, const struct cutting *cutting)
{
    size_t used = 0;
    const struct byte_view all = {.data = flow->buffer, .size = flow->size};
    if (starts_with_prefix(all)) {
        used = sizeof(stream_prefix);
    }
    while (flow->size - used >= LENGTH_SIZE) {
        const size_t length = (size_t)flow->buffer[used] << 8 | flow->buffer[used + 1];
        if (length <= LENGTH_SIZE) {
            used = flow->size;
            break;
        }
        if (flow->size - used < length) {
            break;
        }
        give(cutting, (struct byte_view){.data = flow->buffer + used + LENGTH_SIZE,
                                         .size = length - LENGTH_SIZE});
        used += length;
    }
    memmove(flow->buffer, flow->buffer + used, flow->size - used);
    flow->size -= used;
}

// Data that follows what is there; a repeated beginning is cut off.
static void append(struct tcp_flow *flow, const struct segment *segment,
                   const struct cutting *cutting)
{
    const uint32_t known = flow->next_sequence - segment->sequence;
    if (known >= segment->data.size) {
        return; // repeated as a whole
    }
    const size_t size = segment->data.size - known;
    if (flow->size + size > MOST_BUFFER) {
        flow->size = 0; // cannot be: a message has at most 65535 bytes
    }
    memcpy(flow->buffer + flow->size, segment->data.data + known, size);
    flow->size += size;
    flow->next_sequence += (uint32_t)size;
    cut(flow, cutting);
}

static bool is_early(const struct tcp_flow *flow, const struct segment *segment)
{
    const uint32_t ahead = segment->sequence - flow->next_sequence;
    return ahead > 0 && ahead < UINT32_MAX / 2;
}

static void append_early(struct tcp_flow *flow, const struct cutting *cutting)
{
    for (size_t i = 0; i < flow->early_count;) {
        struct early_segment early = flow->early[i];
        const struct segment segment = {
            .sequence = early.sequence, .data = {.data = early.data, .size = early.size}
        };
        if (is_early(flow, &segment)) {
            i++;
            continue;
        }
        flow->early[i] = flow->early[--flow->early_count];
        append(flow, &segment, cutting);
        free(early.data);
        i = 0;
    }
}

// Waits for what is missing; when too much waits, the hole is given up.
static void keep_early(struct tcp_flow *flow, const struct segment *segment)
{
    if (flow->early_count == MOST_EARLY) {
        forget_early(flow);
        flow->size = 0;
        if (starts_like_ike(segment->data)) {
            flow->next_sequence = segment->sequence;
        }
        return;
    }
    struct early_segment *early = &flow->early[flow->early_count];
    early->data = malloc(segment->data.size);
    if (early->data != NULL) {
        memcpy(early->data, segment->data.data, segment->data.size);
        early->size = segment->data.size;
        early->sequence = segment->sequence;
        flow->early_count++;
    }
}

void tcp_streams_add(struct tcp_streams *streams, unsigned stream,
                     const struct carried_packet *segment, tcp_visitor visit, void *context,
                     struct tcp_outcome *out_outcome)
{
    struct segment parts = {0};
    const struct cutting cutting = {.visit = visit, .context = context, .outcome = out_outcome};
    *out_outcome = (struct tcp_outcome){0};
    if (!read_segment(segment->content, &parts)) {
        return;
    }
    struct tcp_flow *flow = recognise(streams, stream, segment, &parts);
    if (flow == NULL || parts.data.size == 0) {
        return;
    }
    flow->last_use = ++streams->use_count;
    if (is_early(flow, &parts)) {
        keep_early(flow, &parts);
    }
    if (!is_early(flow, &parts)) {
        append(flow, &parts, &cutting);
        append_early(flow, &cutting);
    }
}
