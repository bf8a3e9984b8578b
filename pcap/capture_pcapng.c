// The pcapng format (draft-ietf-opsawg-pcapng).
#include "pcap/capture_reader.h"

#include <string.h>

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
};

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
static uint64_t to_microseconds(const struct capture_interface *interface, uint64_t time)
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
    const size_t size = capture_value16(file, head.data + 2);
    if (capture_value16(file, head.data) == OPTION_END || !reader_take_bytes(in, size, &value)) {
        return false;
    }
    const size_t rest = (4 - size % 4) % 4;
    if (!reader_take_bytes(in, rest < in->left ? rest : in->left, &padding)) {
        return false;
    }
    *out_option = (struct option){.code = capture_value16(file, head.data), .value = value};
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
        return capture_fail(file, start, "an interface block of %zu bytes is too short", body.size);
    }
    if (file->interface_count == CAPTURE_MOST_INTERFACES) {
        return capture_fail(file, start, "more than %d interfaces", CAPTURE_MOST_INTERFACES);
    }
    struct capture_interface *added = &file->interfaces[file->interface_count++];
    *added = (struct capture_interface){
        .link_type = capture_value16(file, body.data),
        .snap_length = capture_value32(file, body.data + 4),
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
            added->offset = capture_value64(file, option.value.data);
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
        return capture_fail(file, start, "a packet on interface %u of %zu", place->interface,
                            file->interface_count);
    }
    if (place->captured > body.size - place->start) {
        return capture_fail(file, start, "a packet of %u bytes in a block that has room for %zu",
                            place->captured, body.size - place->start);
    }
    const struct capture_interface *interface = &file->interfaces[place->interface];
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
        return capture_fail(file, start, "a packet block of %zu bytes is too short", body.size);
    }
    const struct packet_place place = {
        .interface = is_old ? capture_value16(file, body.data) : capture_value32(file, body.data),
        .time = (uint64_t)capture_value32(file, body.data + 4) << 32 |
                capture_value32(file, body.data + 8),
        .captured = capture_value32(file, body.data + 12),
        .original = capture_value32(file, body.data + 16),
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
        return capture_fail(file, start, "a simple packet without length or interface");
    }
    const uint32_t original = capture_value32(file, body.data);
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
        return capture_fail(file, start, "a block that claims %u bytes", length);
    }
    const size_t size = length - taken - 4;
    if (!capture_take_block(file, start, size)) {
        return false;
    }
    if (capture_take(file, behind, 4) != 4) {
        return capture_fail(file, start, "the file ends inside a block of %u bytes", length);
    }
    if (capture_value32(file, behind) != length) {
        return capture_fail(file, start, "a block says %u bytes in front and %u behind", length,
                            capture_value32(file, behind));
    }
    *out_body = (struct byte_view){.data = file->block, .size = size};
    return true;
}

bool pcapng_begin_section(struct capture_file *file, uint64_t start, const uint8_t *length)
{
    uint8_t order[4] = {0};
    struct byte_view body = {0};
    if (capture_take(file, order, 4) != 4) {
        return capture_fail(file, start, "the file ends inside a section header");
    }
    file->is_little_endian = order[0] == 0x4d;
    if (capture_value32(file, order) != MAGIC_BYTE_ORDER) {
        return capture_fail(file, start, "a section header without byte order");
    }
    if (!take_body(file, start, capture_value32(file, length), BLOCK_HEAD_SIZE + 4, &body)) {
        return false;
    }
    if (body.size < SECTION_REST_SIZE) {
        return capture_fail(file, start, "a section header of %zu bytes is too short", body.size);
    }
    file->interface_count = 0;
    return true;
}

bool pcapng_next(struct capture_file *file, struct capture_frame *out_frame)
{
    uint8_t head[BLOCK_HEAD_SIZE] = {0};
    struct byte_view body = {0};
    const uint64_t start = file->offset;
    const size_t got = capture_take(file, head, sizeof(head));
    if (got == 0) {
        file->is_at_end = true;
        return false;
    }
    if (got < sizeof(head)) {
        return capture_fail(file, start, "the file ends inside a block header");
    }
    const uint32_t type = capture_value32(file, head);
    if (type == PCAPNG_SECTION) {
        (void)pcapng_begin_section(file, start, head + 4);
        return false;
    }
    if (!take_body(file, start, capture_value32(file, head + 4), sizeof(head), &body)) {
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
