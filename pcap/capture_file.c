#include "pcap/capture_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t MAGIC_MICROSECONDS = 0xa1b2c3d4U;
static const uint32_t MAGIC_NANOSECONDS = 0xa1b23c4dU;
static const uint32_t MAGIC_SECTION = 0x0a0d0d0aU;
static const uint32_t MAGIC_BYTE_ORDER = 0x1a2b3c4dU;

enum {
    BLOCK_INTERFACE = 1,
    BLOCK_OLD_PACKET = 2,
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_PACKET = 6,
    BLOCK_HEAD_SIZE = 8,    // type and length
    SECTION_REST_SIZE = 12, // version and section length, behind the byte order
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_NAME = 2,
    OPTION_TIME_RESOLUTION = 9,
    OPTION_TIME_OFFSET = 14,
    LEGACY_HEADER_SIZE = 24,
    LEGACY_RECORD_SIZE = 16,
    BLOCK_STEP = 4096,
};

struct interface {
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
    struct interface interfaces[CAPTURE_MOST_INTERFACES];
    uint8_t *block; // grows with the largest block so far
    size_t block_capacity;
    char comment[CAPTURE_COMMENT_SIZE];
};

__attribute__((format(printf, 3, 4))) static bool fail(struct capture_file *file, uint64_t offset,
                                                       const char *format, ...)
{
    va_list arguments;
    file->has_failed = true;
    file->fault.frame = file->frame + 1;
    file->fault.offset = offset;
    va_start(arguments, format);
    (void)vsnprintf(file->fault.message, sizeof(file->fault.message), format, arguments);
    va_end(arguments);
    return false;
}

// pcap and pcapng are written in the byte order of the machine that captured.
static uint16_t value16(const struct capture_file *file, const uint8_t *bytes)
{
    const unsigned first = file->is_little_endian ? bytes[1] : bytes[0];
    const unsigned second = file->is_little_endian ? bytes[0] : bytes[1];
    return (uint16_t)(first << 8 | second);
}

static uint32_t value32(const struct capture_file *file, const uint8_t *bytes)
{
    const uint32_t first = value16(file, file->is_little_endian ? bytes + 2 : bytes);
    const uint32_t second = value16(file, file->is_little_endian ? bytes : bytes + 2);
    return first << 16 | second;
}

static uint64_t value64(const struct capture_file *file, const uint8_t *bytes)
{
    const uint64_t first = value32(file, file->is_little_endian ? bytes + 4 : bytes);
    const uint64_t second = value32(file, file->is_little_endian ? bytes : bytes + 4);
    return first << 32 | second;
}

// How many of `size` bytes there were.
static size_t take(struct capture_file *file, uint8_t *bytes, size_t size)
{
    const size_t got = size == 0 ? 0 : fread(bytes, 1, size, file->stream);
    file->offset += got;
    return got;
}

static bool grow_block(struct capture_file *file, size_t capacity)
{
    if (capacity <= file->block_capacity) {
        return true;
    }
    uint8_t *grown = realloc(file->block, capacity);
    if (grown != NULL) {
        file->block = grown;
        file->block_capacity = capacity;
    }
    return grown != NULL;
}

// Takes `size` bytes into `block`. False with a fault when they are not there. Memory grows
// only as far as the file really goes on, whatever a length field claims.
static bool take_block(struct capture_file *file, uint64_t start, size_t size)
{
    for (size_t taken = 0; taken < size;) {
        const size_t step = size - taken < BLOCK_STEP ? size - taken : BLOCK_STEP;
        if (!grow_block(file, taken + step)) {
            return fail(file, start, "out of memory");
        }
        if (take(file, file->block + taken, step) != step) {
            return fail(file, start, "the file ends inside a packet or block of %zu bytes", size);
        }
        taken += step;
    }
    return true;
}

// 10^count; count at most 9.
static uint64_t power_of_ten(unsigned count)
{
    uint64_t power = 1;
    for (unsigned i = 0; i < count; i++) {
        power *= 10;
    }
    return power;
}

// A time in units of the interface as microseconds. Times too large for 64 bits wrap: they
// come from nonsense and nothing but their order is used.
static uint64_t to_microseconds(const struct interface *interface, uint64_t time)
{
    const unsigned exponent = interface->resolution & 0x7fU;
    const uint64_t base = interface->offset * 1000000U;
    if ((interface->resolution & 0x80U) != 0) {
        if (exponent >= 64) {
            return base;
        }
        const uint64_t seconds = exponent == 0 ? time : time >> exponent;
        uint64_t fraction = exponent == 0 ? 0 : time & (((uint64_t)1 << exponent) - 1);
        unsigned bits = exponent;
        while (bits > 32) {
            fraction >>= 1;
            bits--;
        }
        return base + seconds * 1000000U + ((fraction * 1000000U) >> bits);
    }
    if (exponent <= 6) {
        return base + time * power_of_ten(6 - exponent);
    }
    uint64_t microseconds = time;
    for (unsigned i = 6; i < exponent && microseconds != 0; i++) {
        microseconds /= 10;
    }
    return base + microseconds;
}

// --- pcap ---------------------------------------------------------------------------------

static bool open_legacy(struct capture_file *file, uint32_t magic, uint8_t *header)
{
    file->has_nanoseconds = magic == MAGIC_NANOSECONDS;
    if (take(file, header + 4, LEGACY_HEADER_SIZE - 4) != LEGACY_HEADER_SIZE - 4) {
        return fail(file, 0, "the file ends inside its header");
    }
    file->interface_count = 1;
    file->interfaces[0] = (struct interface){
        .link_type = value32(file, header + 20) & 0x0fffffffU,
        .resolution = file->has_nanoseconds ? 9 : 6,
    };
    return true;
}

static bool next_legacy(struct capture_file *file, struct capture_frame *out_frame)
{
    uint8_t record[LEGACY_RECORD_SIZE] = {0};
    const uint64_t start = file->offset;
    const size_t got = take(file, record, sizeof(record));
    if (got == 0) {
        file->is_at_end = true;
        return false;
    }
    if (got < sizeof(record)) {
        return fail(file, start, "the file ends inside a packet header");
    }
    const uint32_t size = value32(file, record + 8);
    if (size > CAPTURE_MOST_BLOCK) {
        return fail(file, start, "a packet of %u bytes; at most %u can be right", size,
                    (unsigned)CAPTURE_MOST_BLOCK);
    }
    if (!take_block(file, start, size)) {
        return false;
    }
    const uint64_t unit = file->has_nanoseconds ? 1000 : 1;
    *out_frame = (struct capture_frame){
        .number = ++file->frame,
        .time_us = (uint64_t)value32(file, record) * 1000000U + value32(file, record + 4) / unit,
        .name = file->interfaces[0].name,
        .link_type = file->interfaces[0].link_type,
        .bytes = {.data = file->block, .size = size},
        .original_size = value32(file, record + 12),
        .comment = "",
    };
    return true;
}

// --- pcapng -------------------------------------------------------------------------------

struct option {
    unsigned code;
    struct byte_view value;
};

// The next option, false at the end of the list or where it stops making sense.
static bool next_option(const struct capture_file *file, struct byte_reader *in,
                        struct option *out_option)
{
    struct byte_view head;
    struct byte_view value;
    struct byte_view padding;
    if (!reader_take_bytes(in, 4, &head)) {
        return false;
    }
    const size_t size = value16(file, head.data + 2);
    if (value16(file, head.data) == OPTION_END || !reader_take_bytes(in, size, &value)) {
        return false;
    }
    const size_t rest = (4 - size % 4) % 4;
    if (!reader_take_bytes(in, rest < in->left ? rest : in->left, &padding)) {
        return false;
    }
    *out_option = (struct option){.code = value16(file, head.data), .value = value};
    return true;
}

// Text from the file becomes one line of printable characters (UTF-8 passes).
static void copy_text(struct byte_view text, char *out, size_t size)
{
    size_t length = 0;
    for (; length + 1 < size && length < text.size && text.data[length] != 0; length++) {
        const uint8_t byte = text.data[length];
        out[length] = (char)(byte < 0x20 || byte == 0x7f ? ' ' : byte);
    }
    out[length] = '\0';
}

static bool add_interface(struct capture_file *file, uint64_t start, struct byte_view body)
{
    if (body.size < 8) {
        return fail(file, start, "an interface block of %zu bytes is too short", body.size);
    }
    if (file->interface_count == CAPTURE_MOST_INTERFACES) {
        return fail(file, start, "more than %d interfaces", CAPTURE_MOST_INTERFACES);
    }
    struct interface *added = &file->interfaces[file->interface_count++];
    *added = (struct interface){
        .link_type = value16(file, body.data),
        .snap_length = value32(file, body.data + 4),
        .resolution = 6,
    };
    struct byte_reader options = {.next = body.data + 8, .left = body.size - 8};
    struct option option;
    while (next_option(file, &options, &option)) {
        if (option.code == OPTION_NAME) {
            copy_text(option.value, added->name, sizeof(added->name));
        } else if (option.code == OPTION_TIME_RESOLUTION && option.value.size == 1) {
            added->resolution = option.value.data[0];
        } else if (option.code == OPTION_TIME_OFFSET && option.value.size == 8) {
            added->offset = value64(file, option.value.data);
        }
    }
    return true;
}

static void read_comment(struct capture_file *file, struct byte_view after_packet)
{
    struct byte_reader options = reader_over(after_packet);
    struct option option;
    file->comment[0] = '\0';
    while (file->comment[0] == '\0' && next_option(file, &options, &option)) {
        if (option.code == OPTION_COMMENT) {
            copy_text(option.value, file->comment, sizeof(file->comment));
        }
    }
}

// What the three kinds of packet blocks have in common.
struct packet_place {
    unsigned interface;
    uint64_t time;
    uint32_t captured;
    uint32_t original;
    size_t start; // of the bytes in the block's body
};

static bool give_packet(struct capture_file *file, uint64_t start, struct byte_view body,
                        const struct packet_place *place, struct capture_frame *out_frame)
{
    if (place->interface >= file->interface_count) {
        return fail(file, start, "a packet on interface %u of %zu", place->interface,
                    file->interface_count);
    }
    if (place->captured > body.size - place->start) {
        return fail(file, start, "a packet of %u bytes in a block that has room for %zu",
                    place->captured, body.size - place->start);
    }
    const struct interface *interface = &file->interfaces[place->interface];
    const size_t end = place->start + place->captured;
    const size_t padded = end + (4 - end % 4) % 4;
    read_comment(file, padded < body.size
                           ? (struct byte_view){body.data + padded, body.size - padded}
                           : (struct byte_view){NULL, 0});
    *out_frame = (struct capture_frame){
        .number = ++file->frame,
        .time_us = to_microseconds(interface, place->time),
        .interface = place->interface,
        .name = interface->name,
        .link_type = interface->link_type,
        .bytes = {.data = body.data + place->start, .size = place->captured},
        .original_size = place->original,
        .comment = file->comment,
    };
    return true;
}

static bool read_packet(struct capture_file *file, uint64_t start, struct byte_view body,
                        struct capture_frame *out_frame, bool is_old)
{
    if (body.size < 20) {
        return fail(file, start, "a packet block of %zu bytes is too short", body.size);
    }
    const struct packet_place place = {
        .interface = is_old ? value16(file, body.data) : value32(file, body.data),
        .time = (uint64_t)value32(file, body.data + 4) << 32 | value32(file, body.data + 8),
        .captured = value32(file, body.data + 12),
        .original = value32(file, body.data + 16),
        .start = 20,
    };
    return give_packet(file, start, body, &place, out_frame);
}

// A simple packet has no time and belongs to interface 0; how much of it was captured
// follows from that interface's snap length.
static bool read_simple_packet(struct capture_file *file, uint64_t start, struct byte_view body,
                               struct capture_frame *out_frame)
{
    if (body.size < 4 || file->interface_count == 0) {
        return fail(file, start, "a simple packet without length or interface");
    }
    const uint32_t original = value32(file, body.data);
    const uint32_t snap = file->interfaces[0].snap_length;
    const struct packet_place place = {
        .captured = snap != 0 && snap < original ? snap : original,
        .original = original,
        .start = 4,
    };
    return give_packet(file, start, body, &place, out_frame);
}

// Reads the rest of a block of which `taken` bytes were read, the length behind included.
static bool take_body(struct capture_file *file, uint64_t start, uint32_t length, size_t taken,
                      struct byte_view *out_body)
{
    uint8_t behind[4] = {0};
    if (length < taken + 4 || length % 4 != 0 || length > CAPTURE_MOST_BLOCK) {
        return fail(file, start, "a block that claims %u bytes", length);
    }
    const size_t size = length - taken - 4;
    if (!take_block(file, start, size)) {
        return false;
    }
    if (take(file, behind, 4) != 4) {
        return fail(file, start, "the file ends inside a block of %u bytes", length);
    }
    if (value32(file, behind) != length) {
        return fail(file, start, "a block says %u bytes in front and %u behind", length,
                    value32(file, behind));
    }
    *out_body = (struct byte_view){.data = file->block, .size = size};
    return true;
}

// A section header whose type and length were read already: its byte order has to be known
// before anything else in it, even that length, can be understood.
static bool begin_section(struct capture_file *file, uint64_t start, const uint8_t *length)
{
    uint8_t order[4] = {0};
    struct byte_view body;
    if (take(file, order, 4) != 4) {
        return fail(file, start, "the file ends inside a section header");
    }
    file->is_little_endian = order[0] == 0x4d;
    if (value32(file, order) != MAGIC_BYTE_ORDER) {
        return fail(file, start, "a section header without byte order");
    }
    if (!take_body(file, start, value32(file, length), BLOCK_HEAD_SIZE + 4, &body)) {
        return false;
    }
    if (body.size < SECTION_REST_SIZE) {
        return fail(file, start, "a section header of %zu bytes is too short", body.size);
    }
    file->interface_count = 0;
    return true;
}

// Reads one block. True with a packet in out_frame; false otherwise: then look at
// is_at_end and has_failed, or go on with the next block.
static bool next_block(struct capture_file *file, struct capture_frame *out_frame)
{
    uint8_t head[BLOCK_HEAD_SIZE] = {0};
    struct byte_view body;
    const uint64_t start = file->offset;
    const size_t got = take(file, head, sizeof(head));
    if (got == 0) {
        file->is_at_end = true;
        return false;
    }
    if (got < sizeof(head)) {
        return fail(file, start, "the file ends inside a block header");
    }
    const uint32_t type = value32(file, head);
    if (type == MAGIC_SECTION) {
        (void)begin_section(file, start, head + 4);
        return false;
    }
    if (!take_body(file, start, value32(file, head + 4), sizeof(head), &body)) {
        return false;
    }
    switch (type) {
    case BLOCK_INTERFACE:
        (void)add_interface(file, start, body);
        return false;
    case BLOCK_PACKET:
    case BLOCK_OLD_PACKET:
        return read_packet(file, start, body, out_frame, type == BLOCK_OLD_PACKET);
    case BLOCK_SIMPLE_PACKET:
        return read_simple_packet(file, start, body, out_frame);
    default:
        return false; // names, statistics, secrets, other people's blocks
    }
}

// --- opening ------------------------------------------------------------------------------

// The magic number tells format, byte order and units.
static bool read_start(struct capture_file *file)
{
    uint8_t header[LEGACY_HEADER_SIZE] = {0};
    if (take(file, header, 4) != 4) {
        return fail(file, 0, "the file is too short for a capture");
    }
    for (unsigned order = 0; order < 2; order++) {
        file->is_little_endian = order == 1;
        const uint32_t magic = value32(file, header);
        if (magic == MAGIC_MICROSECONDS || magic == MAGIC_NANOSECONDS) {
            return open_legacy(file, magic, header);
        }
        if (magic == MAGIC_SECTION) {
            file->is_pcapng = true;
            return take(file, header + 4, 4) == 4
                       ? begin_section(file, 0, header + 4)
                       : fail(file, 0, "the file ends inside a section header");
        }
    }
    return fail(file, 0, "neither pcap nor pcapng");
}

// Takes the stream over, also when it fails.
static struct capture_file *open_stream(FILE *stream, struct capture_fault *out_fault)
{
    struct capture_file *file = calloc(1, sizeof(*file));
    if (file == NULL) {
        *out_fault = (struct capture_fault){.message = "out of memory"};
        (void)fclose(stream);
        return NULL;
    }
    file->stream = stream;
    if (!read_start(file)) {
        *out_fault = file->fault;
        out_fault->frame = 0;
        capture_file_close(file);
        return NULL;
    }
    return file;
}

struct capture_file *capture_file_open(const char *path, struct capture_fault *out_fault)
{
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL) {
        *out_fault = (struct capture_fault){0};
        (void)snprintf(out_fault->message, sizeof(out_fault->message), "cannot open %s: %s", path,
                       strerror(errno)); // NOLINT(concurrency-mt-unsafe)
        return NULL;
    }
    return open_stream(stream, out_fault);
}

struct capture_file *capture_file_over(struct byte_view bytes, struct capture_fault *out_fault)
{
    // fmemopen() only writes in write modes, so the constant bytes stay what they are.
    FILE *stream =
        bytes.size == 0 ? NULL : fmemopen((void *)(uintptr_t)bytes.data, bytes.size, "rb");
    if (stream == NULL) {
        *out_fault = (struct capture_fault){.message = "the file is too short for a capture"};
        return NULL;
    }
    return open_stream(stream, out_fault);
}

void capture_file_close(struct capture_file *file)
{
    if (file != NULL) {
        (void)fclose(file->stream);
        free(file->block);
        free(file);
    }
}

enum capture_result capture_file_next(struct capture_file *file, struct capture_frame *out_frame,
                                      struct capture_fault *out_fault)
{
    while (!file->has_failed && !file->is_at_end) {
        if (file->is_pcapng ? next_block(file, out_frame) : next_legacy(file, out_frame)) {
            return CAPTURE_FRAME;
        }
    }
    if (file->has_failed) {
        *out_fault = file->fault;
        return CAPTURE_FAULT;
    }
    return CAPTURE_END;
}
