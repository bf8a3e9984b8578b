// log_test.c - one event, one line, whatever a peer puts into it.
#include "refgw/base/log.h"

#include "harness/tap/tap.h"

#include <stdio.h>
#include <string.h>

static char line[LOG_LINE_SIZE];

static void is_line(const struct log_event *event, enum log_format format, const char *wanted)
{
    const size_t size = log_event_write(event, format, line);
    ok(size == strlen(line) && strcmp(line, wanted) == 0, "%s", wanted);
    if (strcmp(line, wanted) != 0) {
        note("got: %s", line);
    }
}

static void an_event_is_a_line_of_text_or_json(void)
{
    struct log_event event;
    log_event_begin(&event, LOG_LEVEL_INFO, "ike-sa-established", 1700000000123456U);
    log_event_text(&event, "connection", "tunnel");
    log_event_number(&event, "message_id", 3);
    log_event_hex(&event, "spi_in", 0xc0ffee, 8);
    log_event_text(&event, "empty", "");
    log_event_text(&event, "null", NULL);
    log_event_hex(&event, "zero", 0, 8);
    is_line(&event, LOG_FORMAT_TEXT,
            "2023-11-14T22:13:20.123456Z ike-sa-established connection=tunnel message_id=3 "
            "spi_in=00c0ffee\n");
    is_line(&event, LOG_FORMAT_JSON,
            "{\"time_us\":1700000000123456,\"level\":\"info\",\"event\":\"ike-sa-established\","
            "\"connection\":\"tunnel\",\"message_id\":3,\"spi_in\":\"00c0ffee\"}\n");
}

static void a_peer_cannot_break_the_line(void)
{
    struct log_event event;
    log_event_begin(&event, LOG_LEVEL_WARNING, "rejected", 0);
    log_event_text(&event, "text", "a\nb=\"c\" \x01\xff\\");
    is_line(&event, LOG_FORMAT_TEXT,
            "1970-01-01T00:00:00.000000Z warning rejected "
            "text=\"a\\x0ab=\\\"c\\\" \\x01\\xff\\\\\"\n");
    is_line(&event, LOG_FORMAT_JSON,
            "{\"time_us\":0,\"level\":\"warning\",\"event\":\"rejected\","
            "\"text\":\"a\\u000ab=\\\"c\\\" \\u0001\\u00ff\\\\\"}\n");
}

static void too_much_is_cut_and_stays_one_line(void)
{
    struct log_event event;
    char value[2 * LOG_VALUE_SIZE];
    memset(value, 1, sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    log_event_begin(&event, LOG_LEVEL_ERROR, "flood", 0);
    for (int i = 0; i < LOG_MOST_FIELDS + 5; i++) {
        log_event_text(&event, "value", value);
    }
    ok(event.field_count == LOG_MOST_FIELDS, "no more than %d fields", LOG_MOST_FIELDS);
    size_t size = log_event_write(&event, LOG_FORMAT_TEXT, line);
    ok(size < LOG_LINE_SIZE && line[size - 1] == '\n' && strchr(line, '\n') == &line[size - 1],
       "text is cut to one line");
    size = log_event_write(&event, LOG_FORMAT_JSON, line);
    ok(size < LOG_LINE_SIZE && strcmp(&line[size - 3], "\"}\n") == 0,
       "JSON leaves whole fields out and stays JSON");
}

int main(void)
{
    an_event_is_a_line_of_text_or_json();
    a_peer_cannot_break_the_line();
    too_much_is_cut_and_stays_one_line();
    return done_testing();
}
