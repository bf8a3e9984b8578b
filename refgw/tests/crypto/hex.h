// hex.h - published test vectors as they are printed.
#ifndef REFGW_TESTS_CRYPTO_HEX_H
#define REFGW_TESTS_CRYPTO_HEX_H

#include "refgw/base/bytes.h"

#include <stdlib.h>

enum { HEX_MOST = 1300 };

struct hex_bytes {
    size_t size;
    uint8_t bytes[HEX_MOST];
};

static inline unsigned hex_digit(char character)
{
    if (character >= '0' && character <= '9') {
        return (unsigned)(character - '0');
    }
    if (character >= 'a' && character <= 'f') {
        return (unsigned)(character - 'a') + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return (unsigned)(character - 'A') + 10;
    }
    abort();
}

// Blanks between bytes are skipped; anything else that is not hexadecimal is a broken test.
static inline struct hex_bytes hex(const char *text)
{
    struct hex_bytes out = {0};
    while (*text != '\0') {
        if (*text == ' ' || *text == '\n') {
            text++;
            continue;
        }
        if (out.size == HEX_MOST) {
            abort();
        }
        out.bytes[out.size] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
        out.size++;
        text += 2;
    }
    return out;
}

static inline struct byte_view hex_view(const struct hex_bytes *hex)
{
    return (struct byte_view){.data = hex->bytes, .size = hex->size};
}

static inline struct byte_view text_view(const char *text, size_t size)
{
    return (struct byte_view){.data = (const uint8_t *)text, .size = size};
}

#define TEXT_VIEW(literal) text_view((literal), sizeof(literal) - 1)

#endif
