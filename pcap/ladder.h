// ladder.h - a capture as a sequence diagram: who sent what to whom, top to bottom.
#ifndef PCAP_LADDER_H
#define PCAP_LADDER_H

#include <stdio.h>

#include "pcap/capture_contents.h"

enum { LADDER_MOST_LANES = 8, LADDER_LABEL_SIZE = 256 };

enum ladder_row_kind {
    LADDER_IKE,
    LADDER_ESP,       // a run of ESP packets of one SA
    LADDER_KEEPALIVE, // a run of NAT keepalives
};

struct ladder_row {
    enum ladder_row_kind kind;
    unsigned frame; // of a run: the first
    uint64_t time_us;
    size_t from; // lanes
    size_t to;
    bool is_repeated; // a retransmission
    bool is_lost;     // never left the relay
    bool is_wrong;    // malformed, or a wrong ICV
    uint32_t spi;     // of ESP
    unsigned count;   // packets of a run
    size_t byte_count;
    char label[LADDER_LABEL_SIZE]; // ASCII
};

// Owns its rows.
struct ladder {
    size_t lane_count;
    struct ip_address lanes[LADDER_MOST_LANES]; // in the order of their appearance
    enum capture_side sides[LADDER_MOST_LANES];
    uint64_t first_time_us;
    size_t row_count;
    struct ladder_row *rows;
    size_t hidden_count; // packets between addresses beyond the last lane
};

// False when memory runs out.
MUST_USE bool ladder_make(const struct capture_contents *contents, struct ladder *out_ladder);
void ladder_clear(struct ladder *ladder);

struct ladder_style {
    size_t width; // columns; at least 60
    bool is_ascii;
};

void ladder_print(const struct ladder *ladder, const struct ladder_style *style, FILE *out);
// One file without anything from elsewhere; follows the reader's light or dark colours.
void ladder_write_svg(const struct ladder *ladder, const char *title, FILE *out);

#endif
