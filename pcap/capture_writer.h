// capture_writer.h - writes pcapng: one section, one interface.
#ifndef PCAP_CAPTURE_WRITER_H
#define PCAP_CAPTURE_WRITER_H

#include "pcap/capture_file.h"

#include <stdio.h>

// Section and interfaces. False when writing fails.
MUST_USE bool capture_write_start(FILE *out);
MUST_USE bool capture_write_interface(FILE *out, unsigned link_type, const char *name);
// `original_size` is what was on the wire. `comment` may be empty.
MUST_USE bool capture_write_packet(FILE *out, unsigned interface,
                                   const struct capture_frame *frame);

#endif
