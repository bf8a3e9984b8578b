// capture_file.h - reads pcap and pcapng files packet by packet.
//
// Both byte orders, microseconds and nanoseconds, several interfaces and sections, comments.
// The file is read as a stream: nothing larger than one block is held in memory. Lying lengths
// and truncation end the reading with a fault, never with a crash or an endless loop.
#ifndef PCAP_CAPTURE_FILE_H
#define PCAP_CAPTURE_FILE_H

#include "refgw/base/bytes.h"

enum {
    CAPTURE_MOST_INTERFACES = 256,
    CAPTURE_MOST_BLOCK = 1024 * 1024, // bytes; a larger block is a lie or not for us
    CAPTURE_NAME_SIZE = 64,           // interface name, with the final zero
    CAPTURE_COMMENT_SIZE = 256,       // the first comment of a packet, with the final zero
};

// Link types as tcpdump.org numbers them.
enum capture_link_type {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_RAW_BSD = 12,
    LINK_RAW_OPENBSD = 14,
    LINK_RAW = 101,
    LINK_LOOP = 108,
    LINK_LINUX_COOKED = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_LINUX_COOKED_2 = 276,
};

// Where reading stopped and why. `frame` is the number of the packet being read.
struct capture_fault {
    unsigned frame;
    uint64_t offset; // of the header or block in the file
    char message[160];
};

// Borrowed from the reader until the next call.
struct capture_frame {
    unsigned number;        // from 1, over all interfaces, as Wireshark counts
    uint64_t time_us;       // since 1970; finer parts are cut off
    unsigned interface;     // from 0 within its section
    const char *name;       // of the interface; "" when the file does not say
    unsigned link_type;     // enum capture_link_type, or one that is not known here
    struct byte_view bytes; // what was captured
    uint32_t original_size; // what was on the wire
    const char *comment;    // "" without
};

struct capture_file;

enum capture_result {
    CAPTURE_FRAME,
    CAPTURE_END,
    CAPTURE_FAULT,
};

// NULL with the reason in `out_fault` when there is no such file or it is no capture.
MUST_USE struct capture_file *capture_file_open(const char *path, struct capture_fault *out_fault);
// The same for bytes in memory, which must outlive the reader.
MUST_USE struct capture_file *capture_file_over(struct byte_view bytes,
                                                struct capture_fault *out_fault);
void capture_file_close(struct capture_file *file); // accepts NULL

// The next packet. After CAPTURE_END or CAPTURE_FAULT the answer stays the same.
MUST_USE enum capture_result capture_file_next(struct capture_file *file,
                                               struct capture_frame *out_frame,
                                               struct capture_fault *out_fault);

#endif
