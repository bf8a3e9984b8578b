// ip_fragments.h - puts IP fragments together again (RFC 791; RFC 8200, section 4.5).
#ifndef PCAP_IP_FRAGMENTS_H
#define PCAP_IP_FRAGMENTS_H

#include "pcap/frames.h"

enum { IP_FRAGMENTS_MOST_SETS = 64, IP_FRAGMENTS_MOST_LOST = 64 };

// A packet of which fragments are missing.
struct lost_fragments {
    unsigned first_frame;
    unsigned last_frame;
    unsigned received; // fragments that came
    bool has_first;    // the one with the ports
    struct ip_address source;
    struct ip_address destination;
    uint8_t ip_protocol;
};

struct ip_fragment_store;

MUST_USE struct ip_fragment_store *ip_fragments_new(void); // NULL when memory runs out
void ip_fragments_free(struct ip_fragment_store *store);   // accepts NULL

// Adds a packet of kind CARRIED_FRAGMENT. `stream` (any number) keeps capture points apart. True
// when it completes a packet: `out_whole` is that packet, in the store's memory until the next
// call. At most 64 packets wait at a time, then the oldest counts as lost; without memory a
// fragment is as good as lost.
MUST_USE bool ip_fragments_add(struct ip_fragment_store *store, unsigned stream, unsigned frame,
                               const struct carried_packet *fragment,
                               struct carried_packet *out_whole);
// No more fragments will come: whatever waits is lost.
void ip_fragments_finish(struct ip_fragment_store *store);
// The first packets that were lost; their number. Borrowed.
MUST_USE size_t ip_fragments_lost(const struct ip_fragment_store *store,
                                  const struct lost_fragments **out_lost);

#endif
