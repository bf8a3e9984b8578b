#include "harness/relay/pcapng_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 1024 * 1024,
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_HARDWARE = 2,
    OPTION_OPERATING_SYSTEM = 3,
    OPTION_APPLICATION = 4,
    OPTION_INTERFACE_NAME = 2,
    OPTION_INTERFACE_DESCRIPTION = 3,
    OPTION_TIME_RESOLUTION = 9,
    LINK_TYPE_RAW = 101,
    NANOSECONDS = 9, // as a power of ten
    MOST_TEXT = 1024,
    // Everything of one block besides packet and comment, generously.
    MOST_OVERHEAD = 4096,
};

struct pcapng_writer {
    int descriptor;
    int error; // the first one; nothing is written any more
    uint64_t packets;
    size_t used;
    uint8_t buffer[BUFFER_SIZE];
};

static void put(struct pcapng_writer *writer, const void *bytes, size_t size)
{
    if (size > 0) {
        memcpy(writer->buffer + writer->used, bytes, size);
        writer->used += size;
    }
}

static void put_u16(struct pcapng_writer *writer, uint16_t value)
{
    put(writer, &value, sizeof(value));
}

static void put_u32(struct pcapng_writer *writer, uint32_t value)
{
    put(writer, &value, sizeof(value));
}

static void put_padded(struct pcapng_writer *writer, const void *bytes, size_t size)
{
    static const uint8_t zeros[4];
    put(writer, bytes, size);
    put(writer, zeros, (4 - size % 4) % 4);
}

static void put_option(struct pcapng_writer *writer, uint16_t code, const void *bytes, size_t size)
{
    put_u16(writer, code);
    put_u16(writer, (uint16_t)size);
    put_padded(writer, bytes, size);
}

static void put_text(struct pcapng_writer *writer, uint16_t code, const char *text)
{
    const size_t size = text != NULL ? strnlen(text, MOST_TEXT) : 0;
    if (size > 0) {
        put_option(writer, code, text, size);
    }
}

// A block's length stands at both of its ends and is known only when it is complete.
static size_t block_begin(struct pcapng_writer *writer, uint32_t type)
{
    const size_t start = writer->used;
    put_u32(writer, type);
    put_u32(writer, 0);
    return start;
}

static void block_end(struct pcapng_writer *writer, size_t start)
{
    const uint32_t size = (uint32_t)(writer->used - start + sizeof(size));
    put_u32(writer, size);
    memcpy(writer->buffer + start + sizeof(uint32_t), &size, sizeof(size));
}

static void put_section(struct pcapng_writer *writer, const struct pcapng_section *section)
{
    const uint64_t length_unknown = UINT64_MAX;
    const size_t start = block_begin(writer, BLOCK_SECTION);
    put_u32(writer, BYTE_ORDER_MAGIC);
    put_u16(writer, 1); // version 1.0
    put_u16(writer, 0);
    put(writer, &length_unknown, sizeof(length_unknown));
    put_text(writer, OPTION_HARDWARE, section->hardware);
    put_text(writer, OPTION_OPERATING_SYSTEM, section->operating_system);
    put_text(writer, OPTION_APPLICATION, section->application);
    put_option(writer, OPTION_END, NULL, 0);
    block_end(writer, start);
}

static void put_interface(struct pcapng_writer *writer, const struct pcapng_interface *interface)
{
    const uint8_t resolution = NANOSECONDS;
    const size_t start = block_begin(writer, BLOCK_INTERFACE);
    put_u16(writer, LINK_TYPE_RAW);
    put_u16(writer, 0);
    put_u32(writer, 0); // nothing is cut
    put_text(writer, OPTION_INTERFACE_NAME, interface->name);
    put_text(writer, OPTION_INTERFACE_DESCRIPTION, interface->description);
    put_option(writer, OPTION_TIME_RESOLUTION, &resolution, sizeof(resolution));
    put_option(writer, OPTION_END, NULL, 0);
    block_end(writer, start);
}

struct pcapng_writer *pcapng_writer_open(const char *path, const struct pcapng_section *section)
{
    struct pcapng_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL) {
        return NULL;
    }
    writer->descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (writer->descriptor < 0) {
        free(writer);
        return NULL;
    }
    put_section(writer, section);
    for (size_t i = 0; i < section->interface_count; i++) {
        put_interface(writer, &section->interfaces[i]);
    }
    if (!pcapng_writer_flush(writer)) {
        const int error = writer->error;
        (void)pcapng_writer_close(writer);
        errno = error;
        return NULL;
    }
    return writer;
}

bool pcapng_writer_flush(struct pcapng_writer *writer)
{
    size_t done = 0;
    while (writer->error == 0 && done < writer->used) {
        const ssize_t wrote = write(writer->descriptor, writer->buffer + done, writer->used - done);
        if (wrote > 0) {
            done += (size_t)wrote;
        } else if (errno != EINTR) {
            writer->error = errno;
        }
    }
    writer->used = 0;
    errno = writer->error;
    return writer->error == 0;
}

bool pcapng_writer_is_dirty(const struct pcapng_writer *writer)
{
    return writer->used > 0;
}

uint64_t pcapng_writer_packet_count(const struct pcapng_writer *writer)
{
    return writer->packets;
}

uint64_t pcapng_writer_packet(struct pcapng_writer *writer, uint32_t interface, uint64_t time_ns,
                              struct byte_view packet, const char *comment)
{
    const size_t captured = packet.size < PCAPNG_MOST_PACKET ? packet.size : PCAPNG_MOST_PACKET;
    const size_t comment_size = comment != NULL ? strnlen(comment, PCAPNG_MOST_COMMENT) : 0;
    if (sizeof(writer->buffer) - writer->used < captured + comment_size + MOST_OVERHEAD) {
        (void)pcapng_writer_flush(writer);
    }
    writer->packets++;
    const size_t start = block_begin(writer, BLOCK_PACKET);
    put_u32(writer, interface);
    put_u32(writer, (uint32_t)(time_ns >> 32));
    put_u32(writer, (uint32_t)time_ns);
    put_u32(writer, (uint32_t)captured);
    put_u32(writer, (uint32_t)packet.size);
    put_padded(writer, packet.data, captured);
    if (comment_size > 0) {
        put_option(writer, OPTION_COMMENT, comment, comment_size);
        put_option(writer, OPTION_END, NULL, 0);
    }
    block_end(writer, start);
    return writer->packets;
}

bool pcapng_writer_close(struct pcapng_writer *writer)
{
    if (writer == NULL) {
        return true;
    }
    (void)pcapng_writer_flush(writer);
    if (close(writer->descriptor) != 0 && writer->error == 0) {
        writer->error = errno;
    }
    const int error = writer->error;
    free(writer);
    errno = error;
    return error == 0;
}
