// ike_fragments.h - collects the parts of a fragmented IKE message (RFC 7383).
#ifndef PCAP_IKE_FRAGMENTS_H
#define PCAP_IKE_FRAGMENTS_H

#include "refgw/wire/encrypted.h"

enum { FRAGMENTS_MOST_SETS = 32, FRAGMENTS_MOST_PARTS = 256 };

// One message of which parts are missing. `stream` keeps capture points apart.
struct fragment_set {
    bool is_used;
    unsigned stream;
    uint64_t initiator_spi;
    uint64_t responder_spi;
    uint32_t message_id;
    uint8_t flags;
    uint16_t count;
    uint16_t received;
    uint8_t first_inside;
    struct {
        uint8_t *data; // owned, decrypted and without padding; NULL until it came
        size_t size;
    } parts[FRAGMENTS_MOST_PARTS];
};

struct fragment_store {
    size_t next_victim; // the set that goes when all are used
    struct fragment_set sets[FRAGMENTS_MOST_SETS];
};

// A complete message. `data` belongs to the caller (free()) and is NULL while parts are missing.
struct whole_chain {
    uint8_t *data;
    size_t size;
    uint8_t first_inside;
};

// Adds one part whose decrypted text is `text`, without padding. The part that completes the
// message gives its chain; the set is forgotten then. A repeated part is ignored. False when
// memory runs out.
MUST_USE bool fragment_store_add(struct fragment_store *store, unsigned stream,
                                 const struct ike_header *header, const struct encrypted_part *part,
                                 struct byte_view text, struct whole_chain *out_chain);
void fragment_store_clear(struct fragment_store *store);

#endif
