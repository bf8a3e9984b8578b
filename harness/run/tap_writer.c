#include "harness/run/tap_writer.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

void tap_write_plan(FILE *out, size_t count)
{
    (void)fprintf(out, "TAP version 13\n1..%zu\n", count);
    (void)fflush(out);
}

// A '#' in a description would start a directive, a line break would end the line.
static void write_one_line(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const bool breaks = *text == '\n' || *text == '\r' || *text == '#';
        (void)fputc(breaks ? ' ' : *text, out);
    }
}

// A literal block: every line of the text indented, so that nothing in it can end the block. The
// first line sets the indentation and so must not have more of its own. (prove reads `|`, and takes
// `|-` for a plain word.)
static void write_yaml_text(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, "  %s: |\n", name);
    text += strspn(text, " \t\n");
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");
        (void)fprintf(out, "    %.*s\n", (int)length, text);
        text += length + (text[length] == '\n' ? 1 : 0);
    }
}

static void write_yaml_word(FILE *out, const char *name, const char *word)
{
    if (word[0] == '\0') {
        return;
    }
    (void)fprintf(out, "  %s: \"", name);
    for (; *word != '\0'; word++) {
        if (*word == '"' || *word == '\\') {
            (void)fputc('\\', out);
        }
        (void)fputc(*word == '\n' ? ' ' : *word, out);
    }
    (void)fprintf(out, "\"\n");
}

static void write_yaml(FILE *out, const struct run_result *result)
{
    const json_t *entry = result->entry;
    const json_t *reason = json_object_get(entry, "reason");
    const json_int_t line = json_integer_value(json_object_get(reason, "line"));
    (void)fprintf(out, "  ---\n  verdict: %s\n", verdict_name(result->verdict));
    if (text_of(reason, "text")[0] != '\0') {
        write_yaml_text(out, "message", text_of(reason, "text"));
    }
    write_yaml_word(out, "code", text_of(reason, "code"));
    write_yaml_word(out, "check", text_of(reason, "check"));
    if (line > 0) {
        (void)fprintf(out, "  at: \"scenarios/%s.scn:%d\"\n", text_of(entry, "scenario"),
                      (int)line);
    }
    write_yaml_word(out, "requirement", text_of(reason, "req"));
    write_yaml_word(out, "attribution", text_of(json_object_get(entry, "attribution"), "who"));
    write_yaml_word(out, "evidence", text_of(json_object_get(entry, "artifacts"), "folder"));
    write_yaml_word(out, "repro", text_of(entry, "repro"));
    (void)fprintf(out, "  ...\n");
}

void tap_write_result(FILE *out, unsigned number, const struct run_result *result)
{
    const bool is_good = verdict_is_success(result->verdict);
    const bool is_skip = result->verdict == VERDICT_UNSUPPORTED ||
                         result->verdict == VERDICT_SKIPPED ||
                         result->verdict == VERDICT_INCONCLUSIVE;
    (void)fprintf(out, "%s %u - ", is_good || is_skip ? "ok" : "not ok", number);
    write_one_line(out, text_of(result->entry, "id"));
    if (is_skip) {
        (void)fprintf(out, " # SKIP %s: ", verdict_name(result->verdict));
        write_one_line(out, text_of(json_object_get(result->entry, "reason"), "text"));
        (void)fputc('\n', out);
    } else {
        (void)fprintf(out, " # time=%.2fs\n", (double)result->took_us / 1e6);
        if (result->verdict != VERDICT_PASS) {
            write_yaml(out, result);
        }
    }
    (void)fflush(out);
}

void tap_write_bail_out(FILE *out, const char *why)
{
    (void)fprintf(out, "Bail out! %s\n", why);
    (void)fflush(out);
}
