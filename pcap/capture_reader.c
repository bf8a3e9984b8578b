#include "pcap/capture_reader.h"

#include <stdarg.h>
#include <stdlib.h>

enum { BLOCK_STEP = 4096 };

bool capture_fail(struct capture_file *file, uint64_t offset, const char *format, ...)
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

uint16_t capture_value16(const struct capture_file *file, const uint8_t *bytes)
{
    const unsigned first = file->is_little_endian ? bytes[1] : bytes[0];
    const unsigned second = file->is_little_endian ? bytes[0] : bytes[1];
    return (uint16_t)(first << 8 | second);
}

uint32_t capture_value32(const struct capture_file *file, const uint8_t *bytes)
{
    const uint32_t first = capture_value16(file, file->is_little_endian ? bytes + 2 : bytes);
    const uint32_t second = capture_value16(file, file->is_little_endian ? bytes : bytes + 2);
    return first << 16 | second;
}

uint64_t capture_value64(const struct capture_file *file, const uint8_t *bytes)
{
    const uint64_t first = capture_value32(file, file->is_little_endian ? bytes + 4 : bytes);
    const uint64_t second = capture_value32(file, file->is_little_endian ? bytes : bytes + 4);
    return first << 32 | second;
}

size_t capture_take(struct capture_file *file, uint8_t *bytes, size_t size)
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

bool capture_take_block(struct capture_file *file, uint64_t start, size_t size)
{
    for (size_t taken = 0; taken < size;) {
        const size_t step = size - taken < BLOCK_STEP ? size - taken : BLOCK_STEP;
        if (!grow_block(file, taken + step)) {
            return capture_fail(file, start, "out of memory");
        }
        if (capture_take(file, file->block + taken, step) != step) {
            return capture_fail(file, start, "the file ends inside a packet or block of %zu bytes",
                                size);
        }
        taken += step;
    }
    return true;
}
