// text_buffer.h - a growing text. Once memory has run out it stays failed and takes no more.
#ifndef REPORTS_TEXT_BUFFER_H
#define REPORTS_TEXT_BUFFER_H

#include "refgw/base/bytes.h"

struct text_buffer {
    char *text; // zero-terminated, owned; NULL while empty
    size_t size;
    size_t capacity;
    bool failed;
};

void text_buffer_put(struct text_buffer *buffer, const char *text, size_t size);
void text_buffer_print(struct text_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// The text with & < > " and control characters escaped for XML and HTML.
void text_buffer_put_xml(struct text_buffer *buffer, const char *text);
void text_buffer_clear(struct text_buffer *buffer);

#endif
