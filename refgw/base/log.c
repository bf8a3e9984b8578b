#include "refgw/base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// A line under construction; what does not fit is left out, room for the end is kept.
struct line {
    char *text;
    size_t used;
    size_t most;
};

static void put_character(struct line *out, char character)
{
    if (out->used < out->most) {
        out->text[out->used] = character;
        out->used++;
    }
}

static void put_text(struct line *out, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        put_character(out, text[i]);
    }
}

static void put_hex(struct line *out, unsigned value, unsigned digits)
{
    for (unsigned i = digits; i > 0; i--) {
        put_character(out, "0123456789abcdef"[(value >> (4 * (i - 1))) & 0xfU]);
    }
}

static bool is_plain(unsigned char character)
{
    return character > ' ' && character < 0x7f && character != '"' && character != '\\';
}

static bool needs_quotes(const char *value)
{
    for (size_t i = 0; value[i] != '\0'; i++) {
        if (!is_plain((unsigned char)value[i]) || value[i] == '=') {
            return true;
        }
    }
    return value[0] == '\0';
}

// Bytes that are not printable ASCII become \x0a in text and \u000a in JSON: a log line is
// no place for a peer's choice of bytes.
static void put_quoted(struct line *out, const char *value, const char *escape, unsigned digits)
{
    put_character(out, '"');
    for (size_t i = 0; value[i] != '\0'; i++) {
        const unsigned char character = (unsigned char)value[i];
        if (character == '"' || character == '\\') {
            put_character(out, '\\');
            put_character(out, value[i]);
        } else if (is_plain(character) || character == ' ') {
            put_character(out, value[i]);
        } else {
            put_text(out, escape);
            put_hex(out, character, digits);
        }
    }
    put_character(out, '"');
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_ERROR:
        return "error";
    }
    return "unknown";
}

static void put_timestamp(struct line *out, uint64_t time_us)
{
    const time_t seconds = (time_t)(time_us / 1000000U);
    struct tm utc;
    char text[64];
    if (gmtime_r(&seconds, &utc) == NULL) {
        return;
    }
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ ", utc.tm_year + 1900,
                   utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                   (unsigned)(time_us % 1000000U));
    put_text(out, text);
}

static void write_text(const struct log_event *event, struct line *out)
{
    put_timestamp(out, event->time_us);
    if (event->level != LOG_LEVEL_INFO) {
        put_text(out, level_name(event->level));
        put_character(out, ' ');
    }
    put_text(out, event->name);
    for (size_t i = 0; i < event->field_count; i++) {
        const struct log_field *field = &event->fields[i];
        put_character(out, ' ');
        put_text(out, field->name);
        put_character(out, '=');
        if (needs_quotes(field->value)) {
            put_quoted(out, field->value, "\\x", 2);
        } else {
            put_text(out, field->value);
        }
    }
}

static void put_json_name(struct line *out, const char *name)
{
    put_text(out, ",\"");
    put_text(out, name);
    put_text(out, "\":");
}

// Whether field and closing brace fit for certain; half a field would not be JSON.
static bool json_field_fits(const struct line *out, const struct log_field *field)
{
    const size_t most = strlen(field->name) + 6 * strlen(field->value) + 8;
    return most <= out->most - out->used;
}

static void write_json(const struct log_event *event, struct line *out)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "{\"time_us\":%" PRIu64 ",\"level\":\"%s\"", event->time_us,
                   level_name(event->level));
    put_text(out, text);
    put_json_name(out, "event");
    put_quoted(out, event->name, "\\u", 4);
    for (size_t i = 0; i < event->field_count; i++) {
        const struct log_field *field = &event->fields[i];
        if (!json_field_fits(out, field)) {
            continue;
        }
        put_json_name(out, field->name);
        if (field->is_number) {
            put_text(out, field->value);
        } else {
            put_quoted(out, field->value, "\\u", 4);
        }
    }
    put_character(out, '}');
}

void log_event_begin(struct log_event *event, enum log_level level, const char *name,
                     uint64_t time_us)
{
    event->time_us = time_us;
    event->level = level;
    event->name = name;
    event->field_count = 0;
}

static struct log_field *add_field(struct log_event *event, const char *name)
{
    if (event->field_count == LOG_MOST_FIELDS) {
        return NULL;
    }
    struct log_field *field = &event->fields[event->field_count];
    event->field_count++;
    field->name = name;
    field->is_number = false;
    return field;
}

void log_event_text(struct log_event *event, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        log_event_format(event, name, "%s", value);
    }
}

void log_event_number(struct log_event *event, const char *name, uint64_t value)
{
    struct log_field *field = add_field(event, name);
    if (field != NULL) {
        field->is_number = true;
        (void)snprintf(field->value, sizeof(field->value), "%" PRIu64, value);
    }
}

void log_event_hex(struct log_event *event, const char *name, uint64_t value, int digits)
{
    if (value != 0) {
        log_event_format(event, name, "%0*" PRIx64, digits, value);
    }
}

void log_event_format(struct log_event *event, const char *name, const char *format, ...)
{
    struct log_field *field = add_field(event, name);
    va_list arguments;
    if (field == NULL) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(field->value, sizeof(field->value), format, arguments);
    va_end(arguments);
}

size_t log_event_write(const struct log_event *event, enum log_format format,
                       char out_line[LOG_LINE_SIZE])
{
    // Two characters are kept for the line end and the zero, one for JSON's closing brace.
    struct line line = {.text = out_line, .most = LOG_LINE_SIZE - 3};
    if (format == LOG_FORMAT_JSON) {
        write_json(event, &line);
    } else {
        write_text(event, &line);
    }
    line.text[line.used] = '\n';
    line.text[line.used + 1] = '\0';
    return line.used + 1;
}
