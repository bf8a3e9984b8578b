#include "refgw/base/bytes.h"

#include <string.h>

bool view_equals(struct byte_view left, struct byte_view right)
{
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

int view_compare(struct byte_view left, struct byte_view right)
{
    const size_t common = left.size < right.size ? left.size : right.size;
    const int order = common == 0 ? 0 : memcmp(left.data, right.data, common);
    if (order != 0 || left.size == right.size) {
        return order;
    }
    return left.size < right.size ? -1 : 1;
}

struct byte_reader reader_over(struct byte_view bytes)
{
    return (struct byte_reader){.next = bytes.data, .left = bytes.size};
}

bool reader_take_bytes(struct byte_reader *in, size_t size, struct byte_view *out_bytes)
{
    if (in->left < size) {
        return false;
    }
    *out_bytes = (struct byte_view){.data = in->next, .size = size};
    if (size > 0) {
        in->next += size;
    }
    in->left -= size;
    return true;
}

static bool take_big_endian(struct byte_reader *in, size_t size, uint64_t *out_value)
{
    struct byte_view bytes;
    if (!reader_take_bytes(in, size, &bytes)) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes.data[i];
    }
    *out_value = value;
    return true;
}

bool reader_take_u8(struct byte_reader *in, uint8_t *out_value)
{
    uint64_t value;
    if (!take_big_endian(in, sizeof(*out_value), &value)) {
        return false;
    }
    *out_value = (uint8_t)value;
    return true;
}

bool reader_take_u16(struct byte_reader *in, uint16_t *out_value)
{
    uint64_t value;
    if (!take_big_endian(in, sizeof(*out_value), &value)) {
        return false;
    }
    *out_value = (uint16_t)value;
    return true;
}

bool reader_take_u32(struct byte_reader *in, uint32_t *out_value)
{
    uint64_t value;
    if (!take_big_endian(in, sizeof(*out_value), &value)) {
        return false;
    }
    *out_value = (uint32_t)value;
    return true;
}

bool reader_take_u64(struct byte_reader *in, uint64_t *out_value)
{
    return take_big_endian(in, sizeof(*out_value), out_value);
}

bool reader_take_part(struct byte_reader *in, size_t size, struct byte_reader *out_part)
{
    struct byte_view bytes;
    if (!reader_take_bytes(in, size, &bytes)) {
        return false;
    }
    *out_part = reader_over(bytes);
    return true;
}

struct byte_view reader_take_rest(struct byte_reader *in)
{
    const struct byte_view rest = {.data = in->next, .size = in->left};
    if (in->left > 0) {
        in->next += in->left;
    }
    in->left = 0;
    return rest;
}

struct byte_writer writer_into(uint8_t *buffer, size_t capacity)
{
    return (struct byte_writer){.start = buffer, .capacity = capacity};
}

void writer_put_bytes(struct byte_writer *out, struct byte_view bytes)
{
    if (out->overflowed || out->capacity - out->used < bytes.size) {
        out->overflowed = true;
        return;
    }
    if (bytes.size > 0) {
        memcpy(out->start + out->used, bytes.data, bytes.size);
    }
    out->used += bytes.size;
}

void writer_put_zeros(struct byte_writer *out, size_t size)
{
    if (out->overflowed || out->capacity - out->used < size) {
        out->overflowed = true;
        return;
    }
    if (size > 0) {
        memset(out->start + out->used, 0, size);
    }
    out->used += size;
}

static void put_big_endian(struct byte_writer *out, size_t size, uint64_t value)
{
    uint8_t bytes[sizeof(value)];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
    writer_put_bytes(out, (struct byte_view){.data = bytes, .size = size});
}

void writer_put_u8(struct byte_writer *out, uint8_t value)
{
    put_big_endian(out, sizeof(value), value);
}

void writer_put_u16(struct byte_writer *out, uint16_t value)
{
    put_big_endian(out, sizeof(value), value);
}

void writer_put_u32(struct byte_writer *out, uint32_t value)
{
    put_big_endian(out, sizeof(value), value);
}

void writer_put_u64(struct byte_writer *out, uint64_t value)
{
    put_big_endian(out, sizeof(value), value);
}

// Writes over bytes that were put before, through a second writer on just those bytes.
static void fill_big_endian(struct byte_writer *out, size_t position, size_t size, uint64_t value)
{
    if (out->overflowed || position > out->used || out->used - position < size) {
        out->overflowed = true;
        return;
    }
    struct byte_writer inside = writer_into(out->start + position, size);
    put_big_endian(&inside, size, value);
}

void writer_fill_u8(struct byte_writer *out, size_t position, uint8_t value)
{
    fill_big_endian(out, position, sizeof(value), value);
}

void writer_fill_u16(struct byte_writer *out, size_t position, uint16_t value)
{
    fill_big_endian(out, position, sizeof(value), value);
}

void writer_fill_u32(struct byte_writer *out, size_t position, uint32_t value)
{
    fill_big_endian(out, position, sizeof(value), value);
}

bool writer_finish(const struct byte_writer *out, struct byte_view *out_bytes)
{
    if (out->overflowed) {
        return false;
    }
    *out_bytes = (struct byte_view){.data = out->start, .size = out->used};
    return true;
}
