#include "reports/text_buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct text_buffer *buffer, size_t size)
{
    if (buffer->failed) {
        return false;
    }
    if (buffer->text != NULL && buffer->capacity - buffer->size > size) {
        return true;
    }
    size_t capacity = buffer->capacity == 0 ? 4096 : buffer->capacity;
    while (capacity - buffer->size <= size) {
        capacity *= 2;
    }
    char *larger = realloc(buffer->text, capacity);
    if (larger == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->text = larger;
    buffer->capacity = capacity;
    return true;
}

void text_buffer_put(struct text_buffer *buffer, const char *text, size_t size)
{
    if (!make_room(buffer, size)) {
        return;
    }
    memcpy(buffer->text + buffer->size, text, size);
    buffer->size += size;
    buffer->text[buffer->size] = '\0';
}

void text_buffer_print(struct text_buffer *buffer, const char *format, ...)
{
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    text_buffer_put(buffer, line, (size_t)length);
    free(line);
}

void text_buffer_put_xml(struct text_buffer *buffer, const char *text)
{
    for (const char *next = text; *next != '\0'; next++) {
        const unsigned char character = (unsigned char)*next;
        if (character == '&') {
            text_buffer_put(buffer, "&amp;", 5);
        } else if (character == '<') {
            text_buffer_put(buffer, "&lt;", 4);
        } else if (character == '>') {
            text_buffer_put(buffer, "&gt;", 4);
        } else if (character == '"') {
            text_buffer_put(buffer, "&quot;", 6);
        } else if (character < ' ' && character != '\n' && character != '\t') {
            text_buffer_print(buffer, "\\x%02x", character); // not allowed in XML 1.0
        } else {
            text_buffer_put(buffer, next, 1);
        }
    }
}

void text_buffer_clear(struct text_buffer *buffer)
{
    free(buffer->text);
    *buffer = (struct text_buffer){0};
}
