// evidence.h - what a capture says, gathered in one walk for the rules of `explain`: all IKE
// messages with their exchanges, and of everything else as much as has constant size.
#ifndef PCAP_EVIDENCE_H
#define PCAP_EVIDENCE_H

#include "pcap/capture_contents.h"
#include "pcap/capture_walk.h"
#include "pcap/esp_flows.h"
#include "refgw/wire/notify.h"

enum {
    EVIDENCE_MOST_MESSAGES = 20000,
    EVIDENCE_MOST_ICMP = 64,
    EVIDENCE_MOST_PAIRS = 256,
    EVIDENCE_MOST_INNER = 256,
    EXCHANGE_MOST_PARTS = 256,
};

// A request, its repetitions and its answer, at one capture point.
struct exchange {
    size_t request;  // record, or RECORD_NONE
    size_t response; // the first one
    unsigned request_count;
    unsigned response_count;
    unsigned repeated_after_answer; // requests that came after the answer
    unsigned last_request_frame;
    uint64_t last_time_us;
    bool has_changed; // a repetition with other bytes
    unsigned changed_frame;
    // Fragments (RFC 7383) of the request and of the response: how many, and which came.
    uint16_t part_count[2];
    uint64_t parts[2][EXCHANGE_MOST_PARTS / 64];
};

struct icmp_error {
    unsigned frame;
    struct ip_address sender;
    bool is_too_big;
    unsigned code;
    uint32_t mtu; // of too big
    struct ip_endpoint about_source;
    struct ip_endpoint about_destination;
    uint8_t about_protocol;
};

// Packets without IPsec between two addresses.
struct clear_pair {
    struct ip_address source;
    struct ip_address destination;
    unsigned first_frame;
    uint64_t count;
};

// A range of addresses behind a gateway: from traffic selectors, or packets seen inside ESP.
struct inner_range {
    struct ip_address first;
    struct ip_address last;
};

struct evidence {
    struct capture_contents ike; // its IKE records only
    uint64_t dropped_messages;
    bool has_keys;
    size_t exchange_count;
    struct exchange *exchanges; // in the order of their first message
    struct esp_flows esp;
    uint64_t keepalive_count;
    size_t icmp_count;
    struct icmp_error icmp[EVIDENCE_MOST_ICMP];
    size_t pair_count;
    struct clear_pair pairs[EVIDENCE_MOST_PAIRS];
    size_t inner_count;
    struct inner_range inner[EVIDENCE_MOST_INNER];
    struct walk_summary summary;
};

// NULL with the reason when the capture cannot be opened or memory runs out. A file that breaks
// off gives what could be read (summary.is_complete is false). Free with evidence_free().
MUST_USE struct evidence *evidence_gather(struct capture_file *file, const struct key_file *keys,
                                          struct capture_fault *out_fault);
void evidence_free(struct evidence *evidence); // accepts NULL

// --- questions that many rules ask --------------------------------------------------------

// A record by index, or NULL for RECORD_NONE.
MUST_USE const struct ike_record *evidence_record(const struct evidence *evidence, size_t index);
// Messages are counted once: of two capture points where they arrived.
MUST_USE bool evidence_is_counted(const struct ike_record *record);
// The first Notify of a type in a message that could be read.
MUST_USE bool record_notify(const struct ike_record *record, unsigned type,
                            struct notify *out_notify);
// The first Notify that is an error.
MUST_USE bool record_error(const struct ike_record *record, struct notify *out_notify);
// Part number and number of parts of a fragment; false for a whole message.
MUST_USE bool record_fragment(const struct ike_record *record, uint16_t *out_number,
                              uint16_t *out_count);
// Whether everything in it could be read.
MUST_USE bool record_is_open(const struct ike_record *record);
// "192.0.2.1:500 > 198.51.100.1:500", in a buffer for two endpoints.
enum { PATH_TEXT_SIZE = 2 * ADDRESS_TEXT_SIZE + 4 };
const char *origin_path(const struct packet_origin *origin, char out_text[PATH_TEXT_SIZE]);

#endif
