#include "harness/judge/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const severities[] = {
    [SEVERITY_MUST] = "must", [SEVERITY_SHOULD] = "should", [SEVERITY_MAY] = "may",
    [SEVERITY_INFO] = "info", [SEVERITY_NEVER] = "never",
};

struct check *check_list_add(struct check_list *list, enum check_severity severity,
                             const char *id_format, ...)
{
    static struct check stand_in;
    struct check *check = &stand_in;
    va_list arguments;
    struct check *grown = realloc(list->items, (list->count + 1) * sizeof(*grown));
    if (grown == NULL) {
        list->has_failed = true;
    } else {
        list->items = grown;
        check = &list->items[list->count++];
    }
    *check = (struct check){.severity = severity, .state = CHECK_PASS};
    va_start(arguments, id_format);
    (void)vsnprintf(check->id, sizeof(check->id), id_format, arguments);
    va_end(arguments);
    return check;
}

void check_list_clear(struct check_list *list)
{
    free(list->items);
    *list = (struct check_list){0};
}

__attribute__((format(printf, 2, 0))) static void append(struct check *check, const char *format,
                                                         va_list arguments)
{
    const size_t used = strlen(check->text);
    (void)vsnprintf(check->text + used, sizeof(check->text) - used, format, arguments);
}

void check_fail(struct check *check, const char *code, const char *format, ...)
{
    va_list arguments;
    check->state = CHECK_FAIL;
    (void)snprintf(check->code, sizeof(check->code), "%s", code);
    check->text[0] = '\0';
    va_start(arguments, format);
    append(check, format, arguments);
    va_end(arguments);
}

void check_set(struct check *check, enum check_state state, const char *format, ...)
{
    va_list arguments;
    check->state = state;
    check->text[0] = '\0';
    va_start(arguments, format);
    append(check, format, arguments);
    va_end(arguments);
}

void check_append(struct check *check, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append(check, format, arguments);
    va_end(arguments);
}

void check_frame(struct check *check, unsigned frame)
{
    if (frame != 0 && check->frame_count < CHECK_MOST_FRAMES) {
        check->frames[check->frame_count++] = frame;
    }
}

void check_blame(struct check *check, const char *who, const char *why, const char *confidence)
{
    (void)snprintf(check->who, sizeof(check->who), "%s", who);
    (void)snprintf(check->why, sizeof(check->why), "%s", why);
    (void)snprintf(check->confidence, sizeof(check->confidence), "%s", confidence);
}

bool check_is_binding(const struct check *check)
{
    return check->severity == SEVERITY_MUST || check->severity == SEVERITY_NEVER;
}

const char *check_severity_name(enum check_severity severity)
{
    return severities[severity];
}

bool check_severity_from_name(const char *name, enum check_severity *out_severity)
{
    for (unsigned i = 0; i < sizeof(severities) / sizeof(severities[0]); i++) {
        if (strcmp(severities[i], name) == 0) {
            *out_severity = (enum check_severity)i;
            return true;
        }
    }
    return false;
}

const char *check_state_name(enum check_state state)
{
    static const char *const names[] = {
        [CHECK_PASS] = "pass",
        [CHECK_FAIL] = "fail",
        [CHECK_BLIND] = "blind",
        [CHECK_NOT_REACHED] = "not-reached",
    };
    return names[state];
}
