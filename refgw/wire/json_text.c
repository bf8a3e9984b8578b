#include "refgw/wire/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

void text_put(const struct text_sink *sink, const char *text)
{
    sink->put(sink->context, text, strlen(text));
}

void text_put_number(const struct text_sink *sink, uint64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    text_put(sink, text);
}

void text_put_hex(const struct text_sink *sink, struct byte_view bytes)
{
    char text[64];
    size_t used = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        text[used++] = hex_digits[bytes.data[i] >> 4];
        text[used++] = hex_digits[bytes.data[i] & 0x0fU];
        if (used == sizeof(text)) {
            sink->put(sink->context, text, used);
            used = 0;
        }
    }
    if (used > 0) {
        sink->put(sink->context, text, used);
    }
}

static void put_json_byte(const struct text_sink *sink, uint8_t byte)
{
    if (byte == '"' || byte == '\\') {
        const char escaped[] = {'\\', (char)byte};
        sink->put(sink->context, escaped, sizeof(escaped));
    } else if (byte < 0x20 || byte >= 0x7f) {
        const char escaped[] = {'\\', 'u', '0', '0', hex_digits[byte >> 4], hex_digits[byte & 15U]};
        sink->put(sink->context, escaped, sizeof(escaped));
    } else {
        const char plain = (char)byte;
        sink->put(sink->context, &plain, 1);
    }
}

void json_put_string(const struct text_sink *sink, struct byte_view bytes)
{
    text_put(sink, "\"");
    for (size_t i = 0; i < bytes.size; i++) {
        put_json_byte(sink, bytes.data[i]);
    }
    text_put(sink, "\"");
}

void json_put_text(const struct text_sink *sink, const char *text)
{
    json_put_string(sink, (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)});
}

void json_put_name(const struct text_sink *sink, const char *name, unsigned number)
{
    if (name != NULL) {
        json_put_text(sink, name);
    } else {
        text_put(sink, "\"");
        text_put_number(sink, number);
        text_put(sink, "\"");
    }
}

void json_put_hex(const struct text_sink *sink, struct byte_view bytes)
{
    text_put(sink, "\"");
    text_put_hex(sink, bytes);
    text_put(sink, "\"");
}

static void put_key(const struct text_sink *sink, const char *key)
{
    text_put(sink, ",");
    json_put_text(sink, key);
    text_put(sink, ":");
}

void json_member_text(const struct text_sink *sink, const char *key, const char *text)
{
    put_key(sink, key);
    json_put_text(sink, text);
}

void json_member_number(const struct text_sink *sink, const char *key, uint64_t number)
{
    put_key(sink, key);
    text_put_number(sink, number);
}

void json_member_hex(const struct text_sink *sink, const char *key, struct byte_view bytes)
{
    put_key(sink, key);
    json_put_hex(sink, bytes);
}

void json_member_name(const struct text_sink *sink, const char *key, const char *name,
                      unsigned number)
{
    put_key(sink, key);
    json_put_name(sink, name, number);
}

void json_member_true(const struct text_sink *sink, const char *key)
{
    put_key(sink, key);
    text_put(sink, "true");
}

void json_members_size_and_data(const struct text_sink *sink, struct byte_view data)
{
    json_member_number(sink, "size", data.size);
    json_member_hex(sink, "data", data);
}
