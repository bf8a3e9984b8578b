#include "pcap/capture_writer.h"

#include <string.h>

// Little-endian throughout; the section header says so.
static bool put32(FILE *out, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                              (uint8_t)(value >> 24)};
    return fwrite(bytes, 1, sizeof(bytes), out) == sizeof(bytes);
}

static bool put_padded(FILE *out, const void *bytes, size_t size)
{
    static const uint8_t zeros[4] = {0};
    const size_t padding = (4 - size % 4) % 4;
    return (size == 0 || fwrite(bytes, 1, size, out) == size) &&
           (padding == 0 || fwrite(zeros, 1, padding, out) == padding);
}

static uint32_t padded(size_t size)
{
    return (uint32_t)((size + 3) / 4 * 4);
}

static bool put_option(FILE *out, uint32_t code, const char *text)
{
    const size_t size = strlen(text);
    return put32(out, code | (uint32_t)size << 16) && put_padded(out, text, size) && put32(out, 0);
}

static uint32_t option_size(const char *text)
{
    return 4 + padded(strlen(text)) + 4;
}

bool capture_write_start(FILE *out)
{
    return put32(out, 0x0a0d0d0aU) && put32(out, 28) && put32(out, 0x1a2b3c4dU) && put32(out, 1) &&
           put32(out, UINT32_MAX) && put32(out, UINT32_MAX) && put32(out, 28);
}

bool capture_write_interface(FILE *out, unsigned link_type, const char *name)
{
    const uint32_t length = 20 + (name[0] != '\0' ? option_size(name) : 0);
    return put32(out, 1) && put32(out, length) && put32(out, link_type & 0xffffU) &&
           put32(out, 0) && (name[0] == '\0' || put_option(out, 2, name)) && put32(out, length);
}

bool capture_write_packet(FILE *out, unsigned interface, const struct capture_frame *frame)
{
    const bool has_comment = frame->comment[0] != '\0';
    const uint32_t length =
        32 + padded(frame->bytes.size) + (has_comment ? option_size(frame->comment) : 0);
    return put32(out, 6) && put32(out, length) && put32(out, interface) &&
           put32(out, (uint32_t)(frame->time_us >> 32)) && put32(out, (uint32_t)frame->time_us) &&
           put32(out, (uint32_t)frame->bytes.size) && put32(out, frame->original_size) &&
           put_padded(out, frame->bytes.data, frame->bytes.size) &&
           (!has_comment || put_option(out, 1, frame->comment)) && put32(out, length);
}
