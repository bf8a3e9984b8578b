// json_text.h - puts pieces of text and JSON into a sink.
#ifndef REFGW_WIRE_JSON_TEXT_H
#define REFGW_WIRE_JSON_TEXT_H

#include "refgw/wire/describe.h"

void text_put(const struct text_sink *sink, const char *text);
void text_put_number(const struct text_sink *sink, uint64_t number);
void text_put_hex(const struct text_sink *sink, struct byte_view bytes);

// A JSON string with its quotes. Bytes from 0x7f on become \u007f..\u00ff, so that any bytes
// give valid JSON.
void json_put_string(const struct text_sink *sink, struct byte_view bytes);
void json_put_text(const struct text_sink *sink, const char *text);
// `name`, or the number as text when there is no name.
void json_put_name(const struct text_sink *sink, const char *name, unsigned number);
void json_put_hex(const struct text_sink *sink, struct byte_view bytes);

// Members of an object, each with a comma in front: an object starts with another member.
void json_member_text(const struct text_sink *sink, const char *key, const char *text);
void json_member_number(const struct text_sink *sink, const char *key, uint64_t number);
void json_member_hex(const struct text_sink *sink, const char *key, struct byte_view bytes);
void json_member_name(const struct text_sink *sink, const char *key, const char *name,
                      unsigned number);
void json_member_true(const struct text_sink *sink, const char *key);
void json_members_size_and_data(const struct text_sink *sink, struct byte_view data);

#endif
