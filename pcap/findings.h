// findings.h - what `ikelab pcap explain` can find: kinds, their words, and a list of them.
#ifndef PCAP_FINDINGS_H
#define PCAP_FINDINGS_H

#include "refgw/base/bytes.h"

enum finding_severity {
    SEVERITY_NOTE,    // worth knowing
    SEVERITY_WARNING, // will hurt, or already does a little
    SEVERITY_ERROR,   // the tunnel does not work because of it
};

enum finding_kind {
    FINDING_NO_COMMON_PROPOSAL,
    FINDING_INVALID_KE_LOOP,
    FINDING_KEY_EXCHANGE_RETRY,
    FINDING_COOKIE_LOOP,
    FINDING_WEAK_ALGORITHM,
    FINDING_IKEV1,
    FINDING_VERSION_MISMATCH,
    FINDING_AUTHENTICATION_FAILED,
    FINDING_SELECTORS_DISJOINT,
    FINDING_SELECTORS_NARROWED,
    FINDING_PFS_MISMATCH,
    FINDING_REKEY_REFUSED,
    FINDING_PEER_ERROR,
    FINDING_NO_ANSWER,
    FINDING_ANSWERS_LOST,
    FINDING_PORT_4500_BLOCKED,
    FINDING_IKE_FRAGMENTS_LOST,
    FINDING_IP_FRAGMENTS_LOST,
    FINDING_IKE_IN_IP_FRAGMENTS,
    FINDING_FRAGMENTATION_OFF,
    FINDING_NAT_FOUND,
    FINDING_PORTS_NOT_FLOATED,
    FINDING_NAT_MAPPING_CHANGED,
    FINDING_PEER_UNREACHABLE,
    FINDING_PACKET_TOO_BIG,
    FINDING_PEER_DEAD,
    FINDING_ESP_NOT_ENCAPSULATED,
    FINDING_ESP_ONE_WAY,
    FINDING_ESP_LOSS,
    FINDING_ESP_REPLAYED,
    FINDING_ESP_REORDERED,
    FINDING_ESP_UNKNOWN_SPI,
    FINDING_ESP_NOT_AUTHENTIC,
    FINDING_MTU_BLACK_HOLE,
    FINDING_CLEAR_TEXT,
    FINDING_REKEY_COLLISION,
    FINDING_REKEY_STORM,
    FINDING_TUNNEL_FLAPPING,
    FINDING_REQUEST_CHANGED,
    FINDING_MALFORMED,
    FINDING_CAPTURE_CUT,
    FINDING_KIND_COUNT,
};

enum { FINDING_MOST_FRAMES = 12, FINDING_TEXT_SIZE = 768, FINDINGS_MOST = 256 };

// The words of a kind. Constant strings.
struct finding_words {
    const char *name; // "no-common-proposal": stable, for programs
    enum finding_severity severity;
    const char *clause; // "rfc7296#section-2.7"
    const char *title;
    const char *cause;  // the likely one
    const char *change; // what to do about it
};

struct finding {
    enum finding_kind kind;
    enum finding_severity severity;
    bool is_inferred; // from sizes and times, as the messages could not be read
    size_t frame_count;
    unsigned frames[FINDING_MOST_FRAMES];
    char what[FINDING_TEXT_SIZE]; // what was seen, with addresses and values
};

struct finding_list {
    size_t count;
    struct finding items[FINDINGS_MOST];
    size_t dropped; // for want of room
};

MUST_USE const struct finding_words *finding_words_of(enum finding_kind kind);
MUST_USE const char *finding_severity_name(enum finding_severity severity);
// False when there is no such kind.
MUST_USE bool finding_kind_from_name(const char *name, enum finding_kind *out_kind);

// Adds a finding with its kind's severity and returns it for frames and more; when the list is
// full, a place that is thrown away.
struct finding *finding_add(struct finding_list *list, enum finding_kind kind, const char *format,
                            ...) __attribute__((format(printf, 3, 4)));
// Frames beyond the last place, zero and repeated ones are left out.
void finding_frame(struct finding *finding, unsigned frame);
MUST_USE bool finding_list_has(const struct finding_list *list, enum finding_kind kind);
// Errors first; equal ones in the order of their first frame.
void finding_list_sort(struct finding_list *list);

#endif
