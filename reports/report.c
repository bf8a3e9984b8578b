#include "reports/report.h"

#include "reports/render.h"
#include "reports/text_file.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

const char *result_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

bool result_verdict_is_fine(const char *verdict)
{
    static const char *const bad[] = {"harness-error", "env-error", "crash", "fail"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (strcmp(verdict, bad[i]) == 0) {
            return false;
        }
    }
    return true;
}

size_t result_count(const json_t *result, const char *verdict)
{
    size_t count = 0;
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(result, "results"), index, one)
    {
        count += strcmp(result_text(one, "verdict"), verdict) == 0;
    }
    return count;
}

static bool write_page(const char *folder, const char *name, struct text_buffer *page,
                       char *out_problem, size_t problem_size)
{
    char path[PATH_SIZE];
    const bool written = path_join(path, sizeof(path), folder, name) && !page->failed &&
                         page->text != NULL && text_file_write(path, page->text, page->size);
    if (!written) {
        (void)snprintf(out_problem, problem_size, "%s cannot be written; is the disk full?", path);
    }
    text_buffer_clear(page);
    return written;
}

bool report_render(const char *out_folder, char *out_problem, size_t problem_size)
{
    char path[PATH_SIZE];
    json_error_t error;
    if (!path_join(path, sizeof(path), out_folder, "result.json")) {
        (void)snprintf(out_problem, problem_size, "the path of the folder is too long");
        return false;
    }
    json_t *result = json_load_file(path, 0, &error);
    if (result == NULL) {
        (void)snprintf(out_problem, problem_size,
                       "%s:%d: %s; a folder written by `ikelab run --out` is needed", path,
                       error.line, error.text);
        return false;
    }
    if (strcmp(result_text(result, "schema"), "ikelab.result/1") != 0) {
        (void)snprintf(out_problem, problem_size, "%s: its schema is \"%s\", not ikelab.result/1",
                       path, result_text(result, "schema"));
        json_decref(result);
        return false;
    }
    struct text_buffer html = {0};
    struct text_buffer junit = {0};
    struct text_buffer summary = {0};
    render_html(result, out_folder, &html);
    render_junit(result, &junit);
    render_summary(result, &summary);
    json_decref(result);
    const bool wrote_html = write_page(out_folder, "index.html", &html, out_problem, problem_size);
    const bool wrote_junit = write_page(out_folder, "junit.xml", &junit, out_problem, problem_size);
    const bool wrote_summary =
        write_page(out_folder, "summary.md", &summary, out_problem, problem_size);
    return wrote_html && wrote_junit && wrote_summary;
}
