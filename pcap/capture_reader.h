// capture_reader.h - what the readers of the two capture formats share. Not for others.
#ifndef PCAP_CAPTURE_READER_H
#define PCAP_CAPTURE_READER_H

#include "pcap/capture_file.h"

#include <stdio.h>

struct capture_interface {
    unsigned link_type;
    uint32_t snap_length; // 0: no limit
    uint8_t resolution;   // as in if_tsresol
    uint64_t offset;      // seconds added to every time
    char name[CAPTURE_NAME_SIZE];
};

struct capture_file {
    FILE *stream;
    bool is_pcapng;
    bool is_little_endian;
    bool has_nanoseconds; // pcap only
    bool is_at_end;
    bool has_failed;
    struct capture_fault fault;
    uint64_t offset; // of the next unread byte
    unsigned frame;  // packets given so far
    size_t interface_count;
    struct capture_interface interfaces[CAPTURE_MOST_INTERFACES];
    uint8_t *block; // grows with the largest block so far
    size_t block_capacity;
    char comment[CAPTURE_COMMENT_SIZE];
};

// Notes where and why reading ends. Gives false.
bool capture_fail(struct capture_file *file, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// pcap and pcapng are written in the byte order of the machine that captured.
uint16_t capture_value16(const struct capture_file *file, const uint8_t *bytes);
uint32_t capture_value32(const struct capture_file *file, const uint8_t *bytes);
uint64_t capture_value64(const struct capture_file *file, const uint8_t *bytes);
// How many of `size` bytes there were.
size_t capture_take(struct capture_file *file, uint8_t *bytes, size_t size);
// Takes `size` bytes into `block`. False with a fault when they are not there. Memory grows
// only as far as the file really goes on, whatever a length field claims.
MUST_USE bool capture_take_block(struct capture_file *file, uint64_t start, size_t size);

// Type of a section header block; the same in both byte orders.
#define PCAPNG_SECTION 0x0a0d0d0aU

// A section header whose type and length were read already: its byte order has to be known
// before anything else in it, even that length, can be understood.
bool pcapng_begin_section(struct capture_file *file, uint64_t start, const uint8_t *length);
// Reads one block. True with a packet in out_frame; false otherwise: then look at is_at_end and
// has_failed, or go on with the next block.
bool pcapng_next(struct capture_file *file, struct capture_frame *out_frame);

#endif
