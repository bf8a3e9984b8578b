#include "pcap/tests/capture_builder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_byte(struct capture_builder *builder, unsigned value)
{
    assert(builder->size < BUILDER_SIZE);
    builder->bytes[builder->size++] = (uint8_t)value;
}

static void put_number(struct capture_builder *builder, uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const size_t shift = builder->is_little_endian ? i : size - 1 - i;
        put_byte(builder, value >> (8 * shift) & 0xffU);
    }
}

static void put_bytes(struct capture_builder *builder, struct byte_view bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        put_byte(builder, bytes.data[i]);
    }
}

static void put_padding(struct capture_builder *builder)
{
    while (builder->size % 4 != 0) {
        put_byte(builder, 0);
    }
}

// Writes type and a place for the length; gives where the block starts.
static size_t begin_block(struct capture_builder *builder, uint32_t type)
{
    const size_t start = builder->size;
    put_number(builder, type, 4);
    put_number(builder, 0, 4);
    return start;
}

static void end_block(struct capture_builder *builder, size_t start)
{
    const uint32_t length = (uint32_t)(builder->size + 4 - start);
    const size_t end = builder->size;
    builder->size = start + 4;
    put_number(builder, length, 4);
    builder->size = end;
    put_number(builder, length, 4);
}

static void put_option(struct capture_builder *builder, uint32_t code, struct byte_view value)
{
    put_number(builder, code, 2);
    put_number(builder, (uint32_t)value.size, 2);
    put_bytes(builder, value);
    put_padding(builder);
}

static struct byte_view text_view(const char *text)
{
    return (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)};
}

void builder_begin(struct capture_builder *builder, enum builder_format format,
                   bool is_little_endian, unsigned link_type)
{
    *builder = (struct capture_builder){
        .bytes = malloc(BUILDER_SIZE), .format = format, .is_little_endian = is_little_endian};
    assert(builder->bytes != NULL);
    if (format == BUILDER_PCAPNG) {
        const size_t start = begin_block(builder, 0x0a0d0d0aU);
        put_number(builder, 0x1a2b3c4dU, 4);
        put_number(builder, 1, 2);
        put_number(builder, 0, 2);
        put_number(builder, UINT32_MAX, 4);
        put_number(builder, UINT32_MAX, 4);
        end_block(builder, start);
        return;
    }
    put_number(builder, format == BUILDER_PCAP_NANOSECONDS ? 0xa1b23c4dU : 0xa1b2c3d4U, 4);
    put_number(builder, 2, 2);
    put_number(builder, 4, 2);
    put_number(builder, 0, 4);
    put_number(builder, 0, 4);
    put_number(builder, 65535, 4);
    put_number(builder, link_type, 4);
}

void builder_interface(struct capture_builder *builder, unsigned link_type, const char *name,
                       unsigned resolution)
{
    const uint8_t value[] = {(uint8_t)resolution};
    const size_t start = begin_block(builder, 1);
    put_number(builder, link_type, 2);
    put_number(builder, 0, 2);
    put_number(builder, 0, 4);
    put_option(builder, 2, text_view(name));
    if (resolution != 0xff) {
        put_option(builder, 9, VIEW_OF(value));
    }
    put_number(builder, 0, 4);
    end_block(builder, start);
}

void builder_packet(struct capture_builder *builder, unsigned interface, uint64_t time,
                    struct byte_view packet, const char *comment)
{
    if (builder->format != BUILDER_PCAPNG) {
        const uint64_t unit = builder->format == BUILDER_PCAP_NANOSECONDS ? 1000000000U : 1000000U;
        put_number(builder, (uint32_t)(time / unit), 4);
        put_number(builder, (uint32_t)(time % unit), 4);
        put_number(builder, (uint32_t)packet.size, 4);
        put_number(builder, (uint32_t)packet.size, 4);
        put_bytes(builder, packet);
        return;
    }
    const size_t start = begin_block(builder, 6);
    put_number(builder, interface, 4);
    put_number(builder, (uint32_t)(time >> 32), 4);
    put_number(builder, (uint32_t)time, 4);
    put_number(builder, (uint32_t)packet.size, 4);
    put_number(builder, (uint32_t)packet.size, 4);
    put_bytes(builder, packet);
    put_padding(builder);
    if (comment != NULL) {
        put_option(builder, 1, text_view(comment));
        put_number(builder, 0, 4);
    }
    end_block(builder, start);
}

void builder_clear(struct capture_builder *builder)
{
    free(builder->bytes);
    *builder = (struct capture_builder){0};
}

bool builder_save(const struct capture_builder *builder, const char *path)
{
    FILE *out = fopen(path, "wbe");
    if (out == NULL) {
        return false;
    }
    const bool is_written = fwrite(builder->bytes, 1, builder->size, out) == builder->size;
    return fclose(out) == 0 && is_written;
}

size_t build_ip(uint8_t *out, const char *source, const char *destination, uint8_t protocol,
                struct byte_view payload)
{
    struct ip_address from = {0};
    struct ip_address to = {0};
    struct byte_writer writer = writer_into(out, payload.size + 80);
    const bool good = address_parse(source, &from) && address_parse(destination, &to);
    assert(good && from.family == to.family);
    if (from.family == ADDRESS_IPV4) {
        writer_put_u16(&writer, 0x4500);
        writer_put_u16(&writer, (uint16_t)(20 + payload.size));
        writer_put_u32(&writer, 0);
        writer_put_u8(&writer, 64);
        writer_put_u8(&writer, protocol);
        writer_put_u16(&writer, 0);
    } else {
        writer_put_u32(&writer, 0x60000000U);
        writer_put_u16(&writer, (uint16_t)payload.size);
        writer_put_u8(&writer, protocol);
        writer_put_u8(&writer, 64);
    }
    writer_put_bytes(&writer, address_view(&from));
    writer_put_bytes(&writer, address_view(&to));
    writer_put_bytes(&writer, payload);
    return good ? writer.used : 0;
}

size_t build_udp(uint8_t *out, const char *source, uint16_t source_port, const char *destination,
                 uint16_t destination_port, struct byte_view payload)
{
    uint8_t *datagram = malloc(payload.size + 8);
    assert(datagram != NULL);
    struct byte_writer writer = writer_into(datagram, payload.size + 8);
    writer_put_u16(&writer, source_port);
    writer_put_u16(&writer, destination_port);
    writer_put_u16(&writer, (uint16_t)(8 + payload.size));
    writer_put_u16(&writer, 0);
    writer_put_bytes(&writer, payload);
    const size_t size = build_ip(out, source, destination, 17,
                                 (struct byte_view){.data = datagram, .size = writer.used});
    free(datagram);
    return size;
}
