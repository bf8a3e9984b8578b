// Reading capture files: formats, byte orders, times, and files that lie.
#include "pcap/capture_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/tap/tap.h"
#include "pcap/tests/capture_builder.h"

static const uint8_t packet_bytes[] = {0x45, 1, 2, 3, 4};

static struct byte_view built(const struct capture_builder *builder)
{
    return (struct byte_view){.data = builder->bytes, .size = builder->size};
}

// Reads to the end; gives how many packets there were and how it ended.
static size_t read_all(struct byte_view bytes, struct capture_frame *out_last,
                       enum capture_result *out_result, struct capture_fault *out_fault)
{
    size_t count = 0;
    struct capture_file *file = capture_file_over(bytes, out_fault);
    *out_result = CAPTURE_FAULT;
    while (file != NULL &&
           (*out_result = capture_file_next(file, out_last, out_fault)) == CAPTURE_FRAME) {
        count++;
        out_last->bytes = (struct byte_view){0};
        out_last->name = "";
        out_last->comment = "";
    }
    capture_file_close(file);
    return count;
}

static void reads_pcap_in_every_byte_order_and_unit(void)
{
    for (unsigned i = 0; i < 4; i++) {
        struct capture_builder builder;
        struct capture_frame frame = {.name = "", .comment = ""};
        struct capture_fault fault;
        const bool is_little = (i & 1) != 0;
        const enum builder_format format =
            (i & 2) != 0 ? BUILDER_PCAP_NANOSECONDS : BUILDER_PCAP_MICROSECONDS;
        const uint64_t time = (i & 2) != 0 ? 1700000000123456789U : 1700000000123456U;
        builder_begin(&builder, format, is_little, LINK_ETHERNET);
        builder_packet(&builder, 0, time, VIEW_OF(packet_bytes), NULL);
        struct capture_file *file = capture_file_over(built(&builder), &fault);
        ok(file != NULL && capture_file_next(file, &frame, &fault) == CAPTURE_FRAME,
           "pcap %u: a packet", i);
        ok(frame.number == 1 && frame.time_us == 1700000000123456U, "pcap %u: number and time", i);
        ok(frame.link_type == LINK_ETHERNET && frame.original_size == sizeof(packet_bytes),
           "pcap %u: link type and size", i);
        is_bytes(frame.bytes.data, frame.bytes.size, packet_bytes, sizeof(packet_bytes),
                 "pcap %u: the bytes", i);
        ok(capture_file_next(file, &frame, &fault) == CAPTURE_END, "pcap %u: then the end", i);
        ok(capture_file_next(file, &frame, &fault) == CAPTURE_END, "pcap %u: and stays there", i);
        capture_file_close(file);
        builder_clear(&builder);
    }
}

static void reads_pcapng_in_both_byte_orders(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct capture_builder builder;
        struct capture_frame frame = {.name = "", .comment = ""};
        struct capture_fault fault;
        builder_begin(&builder, BUILDER_PCAPNG, i == 1, 0);
        builder_interface(&builder, LINK_RAW, "arrived", 0xff);
        builder_interface(&builder, LINK_ETHERNET, "left", 9);
        builder_packet(&builder, 1, 1700000000123456789U, VIEW_OF(packet_bytes), "rule 3: drop");
        builder_packet(&builder, 0, 1700000000123456U, VIEW_OF(packet_bytes), NULL);
        struct capture_file *file = capture_file_over(built(&builder), &fault);
        ok(file != NULL && capture_file_next(file, &frame, &fault) == CAPTURE_FRAME &&
               frame.interface == 1 && frame.link_type == LINK_ETHERNET,
           "pcapng %u: interface of the first packet", i);
        ok(strcmp(frame.name, "left") == 0 && strcmp(frame.comment, "rule 3: drop") == 0,
           "pcapng %u: its name and comment", i);
        ok(frame.time_us == 1700000000123456U, "pcapng %u: nanoseconds", i);
        ok(capture_file_next(file, &frame, &fault) == CAPTURE_FRAME && frame.number == 2 &&
               strcmp(frame.name, "arrived") == 0 && frame.comment[0] == '\0' &&
               frame.time_us == 1700000000123456U,
           "pcapng %u: the second packet, microseconds without an option", i);
        is_bytes(frame.bytes.data, frame.bytes.size, packet_bytes, sizeof(packet_bytes),
                 "pcapng %u: the bytes", i);
        ok(capture_file_next(file, &frame, &fault) == CAPTURE_END, "pcapng %u: then the end", i);
        capture_file_close(file);
        builder_clear(&builder);
    }
}

static void understands_powers_of_two(void)
{
    struct capture_builder builder;
    struct capture_frame frame = {.name = "", .comment = ""};
    struct capture_fault fault;
    builder_begin(&builder, BUILDER_PCAPNG, true, 0);
    builder_interface(&builder, LINK_RAW, "x", 0x80U | 10);
    builder_packet(&builder, 0, 5 * 1024 + 512, VIEW_OF(packet_bytes), NULL);
    struct capture_file *file = capture_file_over(built(&builder), &fault);
    ok(file != NULL && capture_file_next(file, &frame, &fault) == CAPTURE_FRAME &&
           frame.time_us == 5500000,
       "units of 1/1024 second");
    capture_file_close(file);
    builder_clear(&builder);
}

static void starts_anew_in_every_section(void)
{
    struct capture_builder first;
    struct capture_builder second;
    struct capture_frame frame = {.name = "", .comment = ""};
    struct capture_fault fault;
    enum capture_result result = CAPTURE_FAULT;
    builder_begin(&first, BUILDER_PCAPNG, true, 0);
    builder_interface(&first, LINK_RAW, "x", 6);
    builder_packet(&first, 0, 1, VIEW_OF(packet_bytes), NULL);
    builder_begin(&second, BUILDER_PCAPNG, false, 0);
    builder_interface(&second, LINK_ETHERNET, "y", 6);
    builder_packet(&second, 0, 2, VIEW_OF(packet_bytes), NULL);
    memcpy(first.bytes + first.size, second.bytes, second.size);
    first.size += second.size;
    ok(read_all(built(&first), &frame, &result, &fault) == 2 && result == CAPTURE_END,
       "two sections of different byte order");
    ok(frame.number == 2 && frame.link_type == LINK_ETHERNET && frame.time_us == 2,
       "the second section has its own interfaces");
    builder_clear(&first);
    builder_clear(&second);
}

static void build_two(struct capture_builder *builder, enum builder_format format)
{
    builder_begin(builder, format, true, LINK_RAW);
    if (format == BUILDER_PCAPNG) {
        builder_interface(builder, LINK_RAW, "arrived", 6);
    }
    builder_packet(builder, 0, 1, VIEW_OF(packet_bytes), "a comment");
    builder_packet(builder, 0, 2, VIEW_OF(packet_bytes), NULL);
}

static void survives_truncation_at_every_byte(void)
{
    static const enum builder_format formats[] = {BUILDER_PCAP_MICROSECONDS, BUILDER_PCAPNG};
    for (size_t i = 0; i < 2; i++) {
        struct capture_builder builder;
        bool good = true;
        size_t whole = 0;
        build_two(&builder, formats[i]);
        for (size_t size = 0; size < builder.size; size++) {
            struct capture_frame frame = {.name = "", .comment = ""};
            struct capture_fault fault = {0};
            enum capture_result result = CAPTURE_FRAME;
            // A copy of that size, so that the sanitizer sees a byte too much.
            uint8_t *copy = malloc(size + 1);
            memcpy(copy, builder.bytes, size);
            const struct byte_view part = {.data = copy, .size = size};
            const size_t count = read_all(part, &frame, &result, &fault);
            good = good && count <= 2 && (result == CAPTURE_END || fault.message[0] != '\0');
            whole += result == CAPTURE_END ? 1 : 0;
            free(copy);
        }
        ok(good, "format %zu: every truncation ends with packets, an end or a fault", i);
        ok(whole > 0 && whole < 6, "format %zu: only cuts between packets look like an end (%zu)",
           i, whole);
        builder_clear(&builder);
    }
}

static void names_frame_and_offset_of_a_fault(void)
{
    struct capture_builder builder;
    struct capture_frame frame;
    struct capture_fault fault = {0};
    enum capture_result result = CAPTURE_END;
    build_two(&builder, BUILDER_PCAP_MICROSECONDS);
    const struct byte_view part = {.data = builder.bytes, .size = builder.size - 2};
    ok(read_all(part, &frame, &result, &fault) == 1 && result == CAPTURE_FAULT,
       "one packet, then a fault");
    ok(fault.frame == 2 && fault.offset == 24 + 16 + sizeof(packet_bytes), "frame %u, offset %llu",
       fault.frame, (unsigned long long)fault.offset);
    ok(strcmp(fault.message, "the file ends inside a packet or block of 5 bytes") == 0, "%s",
       fault.message);
    builder_clear(&builder);
}

// Overwrites a 32-bit little-endian number and reads the file.
static void read_with(size_t position, uint32_t value, enum builder_format format,
                      const char *message)
{
    struct capture_builder builder;
    struct capture_frame frame;
    struct capture_fault fault = {0};
    enum capture_result result = CAPTURE_END;
    build_two(&builder, format);
    for (unsigned i = 0; i < 4; i++) {
        builder.bytes[position + i] = (uint8_t)(value >> (8 * i));
    }
    (void)read_all(built(&builder), &frame, &result, &fault);
    ok(result == CAPTURE_FAULT && strcmp(fault.message, message) == 0, "%zu := %u: %s", position,
       value, fault.message);
    builder_clear(&builder);
}

static void rejects_lengths_that_lie(void)
{
    const size_t interface = 28;
    const size_t packet = interface + 20 + 12 + 8 + 4; // name, resolution, end of options
    read_with(24 + 8, 0x7fffffff, BUILDER_PCAP_MICROSECONDS,
              "a packet of 2147483647 bytes; at most 1048576 can be right");
    read_with(interface + 4, 0, BUILDER_PCAPNG, "a block that claims 0 bytes");
    read_with(interface + 4, 8, BUILDER_PCAPNG, "a block that claims 8 bytes");
    read_with(interface + 4, 13, BUILDER_PCAPNG, "a block that claims 13 bytes");
    read_with(interface + 4, 0xfffffffcU, BUILDER_PCAPNG, "a block that claims 4294967292 bytes");
    read_with(interface + 4, 12, BUILDER_PCAPNG, "a block says 12 bytes in front and 101 behind");
    read_with(packet + 8, 1, BUILDER_PCAPNG, "a packet on interface 1 of 1");
    read_with(packet + 20, 0xffffffffU, BUILDER_PCAPNG,
              "a packet of 4294967295 bytes in a block that has room for 28");
    read_with(0, 0x12345678, BUILDER_PCAPNG, "neither pcap nor pcapng");
    read_with(8, 0x12345678, BUILDER_PCAPNG, "a section header without byte order");
}

static void skips_blocks_of_other_people(void)
{
    struct capture_builder builder;
    struct capture_frame frame = {.name = "", .comment = ""};
    struct capture_fault fault;
    enum capture_result result = CAPTURE_FAULT;
    builder_begin(&builder, BUILDER_PCAPNG, true, 0);
    builder_interface(&builder, LINK_RAW, "x", 6);
    const size_t interface = builder.size;
    builder_interface(&builder, LINK_RAW, "y", 6);
    builder.bytes[interface] = 0x0a; // decryption secrets
    builder_packet(&builder, 0, 1, VIEW_OF(packet_bytes), NULL);
    ok(read_all(built(&builder), &frame, &result, &fault) == 1 && result == CAPTURE_END,
       "an unknown block is skipped");
    builder_clear(&builder);
}

static void reports_files_that_are_not_there(void)
{
    struct capture_fault fault = {0};
    ok(capture_file_open("/nonexistent/file", &fault) == NULL && fault.message[0] != '\0', "%s",
       fault.message);
    ok(capture_file_over((struct byte_view){0}, &fault) == NULL, "an empty file is no capture");
}

int main(void)
{
    reads_pcap_in_every_byte_order_and_unit();
    reads_pcapng_in_both_byte_orders();
    understands_powers_of_two();
    starts_anew_in_every_section();
    survives_truncation_at_every_byte();
    names_frame_and_offset_of_a_fault();
    rejects_lengths_that_lie();
    skips_blocks_of_other_people();
    reports_files_that_are_not_there();
    return done_testing();
}
