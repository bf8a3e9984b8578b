// pcapng_writer.h - writes one pcapng section of raw IP packets, with comments.
//
// draft-ietf-opsawg-pcapng: Section Header, Interface Description and Enhanced Packet Blocks in
// host byte order; link type RAW (101); nanoseconds. Whatever has been flushed is a complete
// file, so a writer that is killed leaves a readable capture.
#ifndef HARNESS_RELAY_PCAPNG_WRITER_H
#define HARNESS_RELAY_PCAPNG_WRITER_H

#include "refgw/base/bytes.h"

enum {
    PCAPNG_MOST_PACKET = 65535,
    PCAPNG_MOST_COMMENT = 1024, // longer ones are cut
};

struct pcapng_interface {
    const char *name;
    const char *description;
};

struct pcapng_section {
    const char *hardware;
    const char *operating_system;
    const char *application;
    size_t interface_count;
    const struct pcapng_interface *interfaces;
};

struct pcapng_writer;

// Creates or replaces the file. NULL with errno set on failure.
MUST_USE struct pcapng_writer *pcapng_writer_open(const char *path,
                                                  const struct pcapng_section *section);
// Writes the rest and releases everything; accepts NULL. False with errno set when anything
// since the start could not be written.
bool pcapng_writer_close(struct pcapng_writer *writer);

// Appends a packet: seen at `time_ns` of CLOCK_REALTIME, with an optional comment (NULL: none).
// Packets beyond the largest size are cut. After a write error it only counts. Returns the
// packet's number in the file, from 1, as Wireshark shows it.
uint64_t pcapng_writer_packet(struct pcapng_writer *writer, uint32_t interface, uint64_t time_ns,
                              struct byte_view packet, const char *comment);
// Hands everything to the kernel. False with errno set when that failed, now or before.
bool pcapng_writer_flush(struct pcapng_writer *writer);
// Whether there is something to flush.
MUST_USE bool pcapng_writer_is_dirty(const struct pcapng_writer *writer);

// How many packets the file holds, flushed or not.
MUST_USE uint64_t pcapng_writer_packet_count(const struct pcapng_writer *writer);

#endif
