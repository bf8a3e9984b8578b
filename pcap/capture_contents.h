// capture_contents.h - a whole capture, decoded: IKE messages and ESP packets with their
// relations, and everything else that travelled.
#ifndef PCAP_CAPTURE_CONTENTS_H
#define PCAP_CAPTURE_CONTENTS_H

#include "pcap/esp_decoder.h"
#include "pcap/ike_decoder.h"
#include "pcap/packet_origin.h"

enum { CAPTURE_MOST_RECORDS = 4 * 1024 * 1024 };

// "No such record" where an index is expected.
#define RECORD_NONE SIZE_MAX

struct ike_record {
    struct packet_origin origin;
    struct ike_message message;
    size_t retransmit_of; // record with the same bytes seen earlier at the same point
    size_t answers;       // response: the request it belongs to, at the same point
    size_t answer;        // request: its first response
    size_t counterpart;   // arrived: the record that left; left: the one that had arrived
};

struct esp_record {
    struct packet_origin origin;
    struct esp_packet packet; // `plain` is empty here
    bool carries_tag;         // decrypted, the tag was inside
    bool shows_tag;           // the tag can be read without any key
};

struct other_record {
    struct packet_origin origin;
    enum carried_kind kind; // not IKE, not ESP
    uint8_t ip_protocol;
    bool shows_tag;
    const char *problem; // of a malformed packet; constant; or NULL
};

// Owns everything below. In the order of the file.
struct capture_contents {
    size_t ike_count;
    struct ike_record *ike;
    size_t esp_count;
    struct esp_record *esp;
    size_t other_count;
    struct other_record *others; // keepalives and frames without IP included
    unsigned frame_count;
    uint64_t first_time_us;
    bool is_complete;           // read to its end without a fault
    struct capture_fault fault; // otherwise: where it broke off
    bool has_two_points;        // the relay's: interfaces "arrived" and "left"
};

struct capture_options {
    const struct crypto_provider *crypto; // borrowed during the call; NULL: reading_provider()
    const struct key_file *keys;          // may be empty
    struct byte_view tag;                 // bytes to look for, e.g. the probe's; empty: none
};

// Reads a capture. A file that breaks off gives what could be read, with is_complete false.
// False only when it cannot be opened as a capture or memory runs out; reason in out_fault.
MUST_USE bool capture_contents_load(const char *path, const struct capture_options *options,
                                    struct capture_contents *out_contents,
                                    struct capture_fault *out_fault);
// The same for an open reader, which the caller closes.
MUST_USE bool capture_contents_read(struct capture_file *file,
                                    const struct capture_options *options,
                                    struct capture_contents *out_contents,
                                    struct capture_fault *out_fault);
void capture_contents_clear(struct capture_contents *contents);

#endif
