// bytes.h - bounded reading and writing of byte strings.
// Knows no protocol, allocates nothing, keeps no state of its own.
#ifndef REFGW_BASE_BYTES_H
#define REFGW_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))

// Bytes that somebody else owns. Valid only as long as the owner keeps them.
struct byte_view {
    const uint8_t *data;
    size_t size;
};

// A view over an array that is in scope.
#define VIEW_OF(array) ((struct byte_view){.data = (array), .size = sizeof(array)})

// Equal in size and content. Not for secrets: see secret_equals().
MUST_USE bool view_equals(struct byte_view left, struct byte_view right);
// Octet by octet, like memcmp; of two that begin alike the shorter one is less. Not for secrets.
MUST_USE int view_compare(struct byte_view left, struct byte_view right);

// A cursor over borrowed bytes. A take either succeeds completely, or returns
// false and changes neither the reader nor the output. Integers are big-endian.
struct byte_reader {
    const uint8_t *next;
    size_t left;
};

struct byte_reader reader_over(struct byte_view bytes);
MUST_USE bool reader_take_u8(struct byte_reader *in, uint8_t *out_value);
MUST_USE bool reader_take_u16(struct byte_reader *in, uint16_t *out_value);
MUST_USE bool reader_take_u32(struct byte_reader *in, uint32_t *out_value);
MUST_USE bool reader_take_u64(struct byte_reader *in, uint64_t *out_value);
MUST_USE bool reader_take_bytes(struct byte_reader *in, size_t size, struct byte_view *out_bytes);
MUST_USE bool reader_take_part(struct byte_reader *in, size_t size, struct byte_reader *out_part);
// Takes everything that is left; cannot fail.
struct byte_view reader_take_rest(struct byte_reader *in);

// Fills a buffer that the caller owns. The first put that does not fit marks the
// writer as overflowed; later puts do nothing, and writer_finish() reports it.
struct byte_writer {
    uint8_t *start;
    size_t capacity;
    size_t used;
    bool overflowed;
};

struct byte_writer writer_into(uint8_t *buffer, size_t capacity);
void writer_put_u8(struct byte_writer *out, uint8_t value);
void writer_put_u16(struct byte_writer *out, uint16_t value);
void writer_put_u32(struct byte_writer *out, uint32_t value);
void writer_put_u64(struct byte_writer *out, uint64_t value);
void writer_put_bytes(struct byte_writer *out, struct byte_view bytes);
void writer_put_zeros(struct byte_writer *out, size_t size);

// For a length that is known only later: remember `out->used` before putting a
// placeholder, and fill it in afterwards. Does nothing once overflowed.
void writer_fill_u8(struct byte_writer *out, size_t position, uint8_t value);
void writer_fill_u16(struct byte_writer *out, size_t position, uint16_t value);
void writer_fill_u32(struct byte_writer *out, size_t position, uint32_t value);

// What was written, borrowed from the caller's buffer. False after an overflow.
MUST_USE bool writer_finish(const struct byte_writer *out, struct byte_view *out_bytes);

#endif
