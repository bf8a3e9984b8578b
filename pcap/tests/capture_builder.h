// capture_builder.h - makes captures for tests: files of both formats, and packets to put in.
#ifndef PCAP_TESTS_CAPTURE_BUILDER_H
#define PCAP_TESTS_CAPTURE_BUILDER_H

#include "refgw/base/address.h"

enum { BUILDER_SIZE = 1024 * 1024 };

enum builder_format {
    BUILDER_PCAP_MICROSECONDS,
    BUILDER_PCAP_NANOSECONDS,
    BUILDER_PCAPNG,
};

// Owns its bytes on the heap.
struct capture_builder {
    uint8_t *bytes;
    size_t size;
    enum builder_format format;
    bool is_little_endian;
};

// Starts a file; a pcap has one link type, a pcapng gets its interfaces with builder_interface().
void builder_begin(struct capture_builder *builder, enum builder_format format,
                   bool is_little_endian, unsigned link_type);
// `resolution` as in if_tsresol; 0xff leaves the option out (microseconds).
void builder_interface(struct capture_builder *builder, unsigned link_type, const char *name,
                       unsigned resolution);
// `time` in units of the interface. `comment` may be NULL; only pcapng keeps it.
void builder_packet(struct capture_builder *builder, unsigned interface, uint64_t time,
                    struct byte_view packet, const char *comment);
void builder_clear(struct capture_builder *builder);
// Writes the file. False when that fails.
MUST_USE bool builder_save(const struct capture_builder *builder, const char *path);

// One IP packet without options around a UDP datagram or another payload. Addresses of one
// family. Returns its size in `out` (at least 80 bytes larger than the payload).
size_t build_udp(uint8_t *out, const char *source, uint16_t source_port, const char *destination,
                 uint16_t destination_port, struct byte_view payload);
size_t build_ip(uint8_t *out, const char *source, const char *destination, uint8_t protocol,
                struct byte_view payload);

#endif
