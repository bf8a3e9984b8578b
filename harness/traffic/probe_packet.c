#include "harness/traffic/probe_packet.h"

#include <assert.h>
#include <string.h>

static const uint8_t tag[PROBE_TAG_SIZE] = "ikelab-probe/1";

void probe_packet_write(const struct probe_packet *packet, uint8_t *bytes, size_t size)
{
    struct byte_writer out = writer_into(bytes, size);
    assert(size >= PROBE_SMALLEST);
    writer_put_bytes(&out, VIEW_OF(tag));
    writer_put_u32(&out, packet->stream);
    writer_put_u32(&out, packet->burst);
    writer_put_u64(&out, packet->sequence);
    writer_put_u64(&out, packet->sent_ns);
    // Something that differs from byte to byte, so that a shift or a cut would be seen.
    for (size_t i = PROBE_SMALLEST; i < size; i++) {
        bytes[i] = (uint8_t)i;
    }
}

bool probe_packet_read(struct byte_view bytes, struct probe_packet *out_packet)
{
    struct byte_reader in = reader_over(bytes);
    struct byte_view start;
    struct probe_packet packet;
    if (!reader_take_bytes(&in, PROBE_TAG_SIZE, &start) || !view_equals(start, VIEW_OF(tag)) ||
        !reader_take_u32(&in, &packet.stream) || !reader_take_u32(&in, &packet.burst) ||
        !reader_take_u64(&in, &packet.sequence) || !reader_take_u64(&in, &packet.sent_ns)) {
        return false;
    }
    *out_packet = packet;
    return true;
}

uint32_t probe_stream(const char *name, const char *host)
{
    const char *const parts[] = {name, "/", host};
    uint32_t value = 0x811c9dc5U; // FNV-1a
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        for (const char *character = parts[i]; *character != '\0'; character++) {
            value = (value ^ (uint8_t)*character) * 0x01000193U;
        }
    }
    return value;
}
