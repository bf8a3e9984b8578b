#include "pcap/ip_fragments.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/iana/ikev2_numbers.h"

enum {
    MOST_DATA = 65536 + 8,
    UNIT = 8, // fragment offsets count units of 8 octets
    MOST_UNITS = MOST_DATA / UNIT,
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
};

struct waiting_packet {
    bool is_used;
    unsigned stream;
    uint32_t id;
    struct lost_fragments about;
    size_t total; // 0 until the last fragment came
    size_t capacity;
    uint8_t *data;                    // owned
    uint8_t received[MOST_UNITS / 8]; // one bit for each unit
};

struct ip_fragment_store {
    struct waiting_packet sets[IP_FRAGMENTS_MOST_SETS];
    size_t lost_count;
    struct lost_fragments lost[IP_FRAGMENTS_MOST_LOST];
    uint8_t whole[IPV6_HEADER + MOST_DATA];
};

struct ip_fragment_store *ip_fragments_new(void)
{
    return calloc(1, sizeof(struct ip_fragment_store));
}

void ip_fragments_free(struct ip_fragment_store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < IP_FRAGMENTS_MOST_SETS; i++) {
        free(store->sets[i].data);
    }
    free(store);
}

static void forget(struct waiting_packet *set)
{
    free(set->data);
    *set = (struct waiting_packet){0};
}

static void lose(struct ip_fragment_store *store, struct waiting_packet *set)
{
    if (store->lost_count < IP_FRAGMENTS_MOST_LOST) {
        store->lost[store->lost_count++] = set->about;
    }
    forget(set);
}

static bool belongs(const struct waiting_packet *set, unsigned stream,
                    const struct carried_packet *fragment)
{
    return set->is_used && set->stream == stream && set->id == fragment->fragment_id &&
           set->about.ip_protocol == fragment->ip_protocol &&
           address_equals(&set->about.source, &fragment->source.address) &&
           address_equals(&set->about.destination, &fragment->destination.address);
}

// The set of this fragment; a new one takes a free place or that of the oldest.
static struct waiting_packet *find_set(struct ip_fragment_store *store, unsigned stream,
                                       unsigned frame, const struct carried_packet *fragment)
{
    struct waiting_packet *place = &store->sets[0];
    for (size_t i = 0; i < IP_FRAGMENTS_MOST_SETS; i++) {
        struct waiting_packet *set = &store->sets[i];
        if (belongs(set, stream, fragment)) {
            return set;
        }
        if (place->is_used &&
            (!set->is_used || set->about.first_frame < place->about.first_frame)) {
            place = set;
        }
    }
    if (place->is_used) {
        lose(store, place);
    }
    place->is_used = true;
    place->stream = stream;
    place->id = fragment->fragment_id;
    place->about = (struct lost_fragments){
        .first_frame = frame,
        .source = fragment->source.address,
        .destination = fragment->destination.address,
        .ip_protocol = fragment->ip_protocol,
    };
    return place;
}

static bool make_room(struct waiting_packet *set, size_t size)
{
    if (size <= set->capacity) {
        return true;
    }
    const size_t capacity = size < 4096 ? 4096 : MOST_DATA;
    uint8_t *grown = realloc(set->data, capacity);
    if (grown != NULL) {
        set->data = grown;
        set->capacity = capacity;
    }
    return grown != NULL;
}

static bool is_whole(const struct waiting_packet *set)
{
    for (size_t unit = 0; unit * UNIT < set->total; unit++) {
        if ((set->received[unit / 8] & 1U << unit % 8) == 0) {
            return false;
        }
    }
    return set->total > 0;
}

// Overlapping fragments: the later one wins, as nothing here depends on who is right.
static bool keep(struct waiting_packet *set, unsigned frame, const struct carried_packet *fragment)
{
    const size_t start = fragment->fragment_offset;
    const size_t end = start + fragment->content.size;
    if (end > MOST_DATA - UNIT || fragment->content.size == 0 || !make_room(set, end) ||
        (fragment->has_more_fragments && fragment->content.size % UNIT != 0)) {
        return false;
    }
    memcpy(set->data + start, fragment->content.data, fragment->content.size);
    for (size_t unit = start / UNIT; unit * UNIT < end; unit++) {
        set->received[unit / 8] |= (uint8_t)(1U << unit % 8);
    }
    if (!fragment->has_more_fragments) {
        set->total = end;
    }
    set->about.last_frame = frame;
    set->about.received++;
    set->about.has_first = set->about.has_first || start == 0;
    return true;
}

// As if it had never been cut: a header without options in front of the data.
static struct byte_view build_whole(struct ip_fragment_store *store,
                                    const struct waiting_packet *set)
{
    struct byte_writer out = writer_into(store->whole, sizeof(store->whole));
    if (set->about.source.family == ADDRESS_IPV4) {
        writer_put_u16(&out, 0x4500);
        writer_put_u16(&out, (uint16_t)(IPV4_HEADER + set->total));
        writer_put_u32(&out, 0);
        writer_put_u8(&out, 64);
        writer_put_u8(&out, set->about.ip_protocol);
        writer_put_u16(&out, 0);
    } else {
        writer_put_u32(&out, 0x60000000U);
        writer_put_u16(&out, (uint16_t)set->total);
        writer_put_u8(&out, set->about.ip_protocol);
        writer_put_u8(&out, 64);
    }
    writer_put_bytes(&out, address_view(&set->about.source));
    writer_put_bytes(&out, address_view(&set->about.destination));
    writer_put_bytes(&out, (struct byte_view){.data = set->data, .size = set->total});
    return (struct byte_view){.data = store->whole, .size = out.used};
}

bool ip_fragments_add(struct ip_fragment_store *store, unsigned stream, unsigned frame,
                      const struct carried_packet *fragment, struct carried_packet *out_whole)
{
    struct waiting_packet *set = find_set(store, stream, frame, fragment);
    if (!keep(set, frame, fragment)) {
        if (set->about.received == 0) {
            forget(set);
        }
        return false;
    }
    const size_t header =
        set->about.source.family == ADDRESS_IPV4 ? (size_t)IPV4_HEADER : (size_t)0;
    if (!is_whole(set) || header + set->total > UINT16_MAX) {
        return false;
    }
    ip_packet_read(build_whole(store, set), out_whole);
    forget(set);
    return true;
}

void ip_fragments_finish(struct ip_fragment_store *store)
{
    for (size_t i = 0; i < IP_FRAGMENTS_MOST_SETS; i++) {
        if (store->sets[i].is_used) {
            lose(store, &store->sets[i]);
        }
    }
}

size_t ip_fragments_lost(const struct ip_fragment_store *store,
                         const struct lost_fragments **out_lost)
{
    *out_lost = store->lost;
    return store->lost_count;
}
