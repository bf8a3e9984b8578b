// tcp_streams.h - IKE and ESP inside TCP (RFC 9329): finds such connections and cuts their
// streams into messages.
#ifndef PCAP_TCP_STREAMS_H
#define PCAP_TCP_STREAMS_H

#include "pcap/frames.h"

enum { TCP_MOST_FLOWS = 64 };

struct tcp_streams;

MUST_USE struct tcp_streams *tcp_streams_new(void); // NULL when memory runs out
void tcp_streams_free(struct tcp_streams *streams); // accepts NULL

// One message of a stream: IKE, ESP or a keepalive. `content` is borrowed during the call. False
// ends the reading.
typedef bool (*tcp_visitor)(void *context, enum carried_kind kind, struct byte_view content);

struct tcp_outcome {
    size_t message_count; // given to the visitor
    bool is_stopped;      // because the visitor said so
};

// Adds a TCP segment (a packet of kind CARRIED_OTHER and protocol TCP) and gives the messages
// that it completes. `stream` (any number) keeps capture points apart. A connection counts as
// encapsulation when it starts with "IKETCP", when the other direction does, or when on port
// 4500 a segment starts like a message. Segments out of order wait, a few at most; after a
// hole the stream goes on with the next segment that starts like a message.
void tcp_streams_add(struct tcp_streams *streams, unsigned stream,
                     const struct carried_packet *segment, tcp_visitor visit, void *context,
                     struct tcp_outcome *out_outcome);

#endif
