// log.h - one event, one line: `event key=value` for people, JSON for programs. Writes nowhere
// itself and reads no clock.
#ifndef REFGW_BASE_LOG_H
#define REFGW_BASE_LOG_H

#include "refgw/base/bytes.h"

enum {
    LOG_MOST_FIELDS = 24,
    LOG_VALUE_SIZE = 256,
    LOG_LINE_SIZE = 8192, // room for a line, with its line end and the final zero
};

enum log_level {
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_ERROR,
};

enum log_format {
    LOG_FORMAT_TEXT,
    LOG_FORMAT_JSON,
};

struct log_field {
    const char *name; // a constant
    bool is_number;
    char value[LOG_VALUE_SIZE]; // longer values are cut
};

// Fields keep their order; more than LOG_MOST_FIELDS are left out.
struct log_event {
    uint64_t time_us; // CLOCK_REALTIME
    enum log_level level;
    const char *name; // a constant word: "ike-sa-established"
    size_t field_count;
    struct log_field fields[LOG_MOST_FIELDS];
};

void log_event_begin(struct log_event *event, enum log_level level, const char *name,
                     uint64_t time_us);
// An empty or NULL value is left out: the field does not apply.
void log_event_text(struct log_event *event, const char *name, const char *value);
void log_event_number(struct log_event *event, const char *name, uint64_t value);
// `digits` hexadecimal digits; zero is left out.
void log_event_hex(struct log_event *event, const char *name, uint64_t value, int digits);
void log_event_format(struct log_event *event, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// The whole line with its line end. Whatever a peer sent stays on this line: control
// characters are escaped, a text value with blanks stands in quotes. A line that is too long
// is cut. Returns the size without the final zero.
size_t log_event_write(const struct log_event *event, enum log_format format,
                       char out_line[LOG_LINE_SIZE]);

#endif
