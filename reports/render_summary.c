#include "reports/render.h"

#include <string.h>

enum { MOST_ROWS = 100 };

// Markdown tables break at '|' and at line ends.
static void put_cell_text(struct text_buffer *out, const char *text)
{
    for (const char *next = text; *next != '\0'; next++) {
        if (*next == '|') {
            text_buffer_put(out, "\\|", 2);
        } else {
            text_buffer_put(out, *next == '\n' ? " " : next, 1);
        }
    }
}

static void put_counts(const json_t *result, struct text_buffer *out)
{
    static const char *const verdicts[] = {"pass",        "nonstrict",    "fail",
                                           "crash",       "env-error",    "harness-error",
                                           "unsupported", "inconclusive", "skipped"};
    bool is_first = true;
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        const size_t count = result_count(result, verdicts[i]);
        if (count > 0) {
            text_buffer_print(out, "%s**%zu** %s", is_first ? "" : ", ", count, verdicts[i]);
            is_first = false;
        }
    }
    text_buffer_print(out, "\n\n");
}

static bool is_plain_pass(const json_t *one)
{
    return strcmp(result_text(one, "verdict"), "pass") == 0;
}

static void put_exceptions(const json_t *result, struct text_buffer *out)
{
    size_t index;
    json_t *one;
    size_t rows = 0;
    json_array_foreach(json_object_get(result, "results"), index, one)
    {
        if (is_plain_pass(one)) {
            continue;
        }
        rows++;
        if (rows == 1) {
            text_buffer_print(out, "| verdict | cell | why | whose |\n|---|---|---|---|\n");
        }
        if (rows > MOST_ROWS) {
            continue;
        }
        text_buffer_print(out, "| %s | ", result_text(one, "verdict"));
        put_cell_text(out, result_text(one, "id"));
        text_buffer_print(out, " | ");
        put_cell_text(out, result_text(json_object_get(one, "reason"), "text"));
        text_buffer_print(out, " | %s |\n",
                          result_text(json_object_get(one, "attribution"), "who"));
    }
    if (rows > MOST_ROWS) {
        text_buffer_print(out, "\n... and %zu more.\n", rows - MOST_ROWS);
    }
    if (rows > 0) {
        text_buffer_print(out, "\n");
    }
}

// The distinct values of one side, in the order of the results.
static json_t *peers_of_side(const json_t *result, const char *side)
{
    json_t *names = json_object();
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(result, "results"), index, one)
    {
        (void)json_object_set_new(names, result_text(one, side), json_true());
    }
    return names;
}

static void put_matrix_cell(const json_t *result, const char *west, const char *east,
                            struct text_buffer *out)
{
    size_t total = 0;
    size_t passed = 0;
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(result, "results"), index, one)
    {
        if (strcmp(result_text(one, "west"), west) == 0 &&
            strcmp(result_text(one, "east"), east) == 0) {
            total++;
            passed += is_plain_pass(one);
        }
    }
    if (total == 0) {
        text_buffer_print(out, " - |");
    } else {
        text_buffer_print(out, " %zu of %zu pass |", passed, total);
    }
}

static void put_matrix(const json_t *result, struct text_buffer *out)
{
    json_t *wests = peers_of_side(result, "west");
    json_t *easts = peers_of_side(result, "east");
    const char *west;
    const char *east;
    json_t *unused;
    text_buffer_print(out, "| west \\ east |");
    json_object_foreach(easts, east, unused)
    {
        text_buffer_print(out, " %s |", east);
    }
    text_buffer_print(out, "\n|---|");
    for (size_t i = 0; i < json_object_size(easts); i++) {
        text_buffer_print(out, "---|");
    }
    text_buffer_print(out, "\n");
    json_object_foreach(wests, west, unused)
    {
        text_buffer_print(out, "| %s |", west);
        json_object_foreach(easts, east, unused)
        {
            put_matrix_cell(result, west, east, out);
        }
        text_buffer_print(out, "\n");
    }
    json_decref(wests);
    json_decref(easts);
}

void render_summary(const json_t *result, struct text_buffer *out)
{
    text_buffer_print(out, "# Interop matrix\n\n");
    put_counts(result, out);
    put_exceptions(result, out);
    put_matrix(result, out);
}
