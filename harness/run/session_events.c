#include "harness/run/session.h"

#include <stdarg.h>

void session_path(const struct session *session, const char *name, char out_path[SESSION_PATH_SIZE])
{
    const int written = snprintf(out_path, SESSION_PATH_SIZE, "%s/%s", session->folder, name);
    if (written < 0 || written >= SESSION_PATH_SIZE) {
        out_path[0] = '\0';
    }
}

void session_event(struct session *session, json_t *event)
{
    if (event == NULL) {
        return;
    }
    (void)json_object_set_new(event, "at_us", json_integer((json_int_t)lab_time_us()));
    if (session->events != NULL) {
        (void)json_dumpf(event, session->events, JSON_COMPACT);
        (void)fputc('\n', session->events);
        // A killed run keeps its evidence.
        (void)fflush(session->events);
    }
    json_decref(event);
}

static const char *problem_name(enum session_problem problem)
{
    switch (problem) {
    case PROBLEM_NONE:
        break;
    case PROBLEM_ENVIRONMENT:
        return "environment";
    case PROBLEM_HARNESS:
        return "harness";
    case PROBLEM_SKIPPED:
        return "skipped";
    }
    return "none";
}

void session_fail(struct session *session, enum session_problem problem, const char *format, ...)
{
    char text[SESSION_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    session_event(session, json_pack("{s:s, s:s, s:s}", "event", "problem", "kind",
                                     problem_name(problem), "text", text));
    if (session->problem == PROBLEM_NONE) {
        session->problem = problem;
        (void)snprintf(session->problem_text, sizeof(session->problem_text), "%s", text);
    }
}
