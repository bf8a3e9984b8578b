#include "pcap/ike_fragments.h"

#include <stdlib.h>
#include <string.h>

static void clear_set(struct fragment_set *set)
{
    for (size_t i = 0; i < FRAGMENTS_MOST_PARTS; i++) {
        free(set->parts[i].data);
    }
    *set = (struct fragment_set){0};
}

void fragment_store_clear(struct fragment_store *store)
{
    for (size_t i = 0; i < FRAGMENTS_MOST_SETS; i++) {
        clear_set(&store->sets[i]);
    }
}

static bool belongs(const struct fragment_set *set, unsigned stream,
                    const struct ike_header *header, const struct encrypted_part *part)
{
    return set->is_used && set->stream == stream && set->initiator_spi == header->initiator_spi &&
           set->responder_spi == header->responder_spi && set->message_id == header->message_id &&
           set->flags == header->flags && set->count == part->fragment_count;
}

static struct fragment_set *find_set(struct fragment_store *store, unsigned stream,
                                     const struct ike_header *header,
                                     const struct encrypted_part *part)
{
    struct fragment_set *unused = NULL;
    for (size_t i = 0; i < FRAGMENTS_MOST_SETS; i++) {
        struct fragment_set *set = &store->sets[i];
        if (belongs(set, stream, header, part)) {
            return set;
        }
        if (!set->is_used) {
            unused = set;
        }
    }
    if (unused == NULL) {
        unused = &store->sets[store->next_victim];
        store->next_victim = (store->next_victim + 1) % FRAGMENTS_MOST_SETS;
        clear_set(unused);
    }
    unused->is_used = true;
    unused->stream = stream;
    unused->initiator_spi = header->initiator_spi;
    unused->responder_spi = header->responder_spi;
    unused->message_id = header->message_id;
    unused->flags = header->flags;
    unused->count = part->fragment_count;
    return unused;
}

static bool join(struct fragment_set *set, struct whole_chain *out_chain)
{
    size_t size = 0;
    for (size_t i = 0; i < set->count; i++) {
        size += set->parts[i].size;
    }
    uint8_t *data = malloc(size + 1);
    if (data == NULL) {
        return false;
    }
    size_t used = 0;
    for (size_t i = 0; i < set->count; i++) {
        memcpy(data + used, set->parts[i].data, set->parts[i].size);
        used += set->parts[i].size;
    }
    *out_chain =
        (struct whole_chain){.data = data, .size = size, .first_inside = set->first_inside};
    clear_set(set);
    return true;
}

bool fragment_store_add(struct fragment_store *store, unsigned stream,
                        const struct ike_header *header, const struct encrypted_part *part,
                        struct byte_view text, struct whole_chain *out_chain)
{
    *out_chain = (struct whole_chain){0};
    if (part->fragment_count > FRAGMENTS_MOST_PARTS || part->fragment_number == 0 ||
        part->fragment_number > part->fragment_count) {
        return true;
    }
    struct fragment_set *set = find_set(store, stream, header, part);
    const size_t index = part->fragment_number - (size_t)1;
    if (set->parts[index].data != NULL) {
        return true;
    }
    uint8_t *copy = malloc(text.size + 1);
    if (copy == NULL) {
        return false;
    }
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    set->parts[index].data = copy;
    set->parts[index].size = text.size;
    set->received++;
    if (part->fragment_number == 1) {
        set->first_inside = part->first_inside;
    }
    return set->received < set->count || join(set, out_chain);
}
