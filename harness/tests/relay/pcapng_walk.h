// pcapng_walk.h - reads what pcapng_writer wrote, block by block, for tests.
#ifndef HARNESS_TESTS_RELAY_PCAPNG_WALK_H
#define HARNESS_TESTS_RELAY_PCAPNG_WALK_H

#include "refgw/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walked_packet {
    uint32_t interface;
    uint64_t time_ns;
    struct byte_view bytes;
    char comment[128];
};

struct walked_file {
    uint8_t *bytes;
    size_t size;
    bool is_whole; // ends exactly at the end of a block
    size_t interface_count;
    size_t packet_count;
    struct walked_packet *packets;
};

static inline uint32_t walk_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline void walk_packet(const uint8_t *block, uint32_t size, struct walked_packet *out)
{
    const uint32_t captured = walk_u32(block + 20);
    const size_t options = 28 + (captured + 3U) / 4 * 4;
    memset(out, 0, sizeof(*out));
    out->interface = walk_u32(block + 8);
    out->time_ns = (uint64_t)walk_u32(block + 12) << 32 | walk_u32(block + 16);
    out->bytes = (struct byte_view){.data = block + 28, .size = captured};
    if (options + 8 < size && block[options] == 1) { // opt_comment
        const size_t length = block[options + 2] | (size_t)block[options + 3] << 8;
        const size_t most = sizeof(out->comment) - 1;
        memcpy(out->comment, block + options + 4, length < most ? length : most);
    }
}

// Reads a whole file; release with walk_clear().
static inline struct walked_file walk_file(const char *path)
{
    struct walked_file file = {0};
    FILE *in = fopen(path, "re");
    const size_t room = 256U << 20;
    file.bytes = malloc(room);
    file.packets = calloc(1U << 20, sizeof(*file.packets));
    if (in == NULL || file.bytes == NULL || file.packets == NULL) {
        return file;
    }
    file.size = fread(file.bytes, 1, room, in);
    (void)fclose(in);
    size_t place = 0;
    while (file.size - place >= 12) {
        const uint8_t *block = file.bytes + place;
        const uint32_t type = walk_u32(block);
        const uint32_t size = walk_u32(block + 4);
        if (size < 12 || size % 4 != 0 || size > file.size - place ||
            walk_u32(block + size - 4) != size) {
            return file;
        }
        file.interface_count += type == 1;
        if (type == 6) {
            walk_packet(block, size, &file.packets[file.packet_count++]);
        }
        place += size;
    }
    file.is_whole = place == file.size && file.size > 0;
    return file;
}

static inline size_t walk_count(const struct walked_file *file, uint32_t interface)
{
    size_t count = 0;
    for (size_t i = 0; i < file->packet_count; i++) {
        count += file->packets[i].interface == interface;
    }
    return count;
}

static inline void walk_clear(struct walked_file *file)
{
    free(file->bytes);
    free(file->packets);
    memset(file, 0, sizeof(*file));
}

#endif
