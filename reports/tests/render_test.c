#include "reports/render.h"
#include "harness/tap/tap.h"
#include "reports/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char fixture[] = "reports/tests/fixtures/every_verdict";

static json_t *load_fixture(void)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/result.json", fixture);
    return json_load_file(path, 0, NULL);
}

static size_t count_of(const char *text, const char *wanted)
{
    size_t count = 0;
    for (const char *at = strstr(text, wanted); at != NULL; at = strstr(at + 1, wanted)) {
        count++;
    }
    return count;
}

static void junit_counts_each_outcome(void)
{
    json_t *result = load_fixture();
    struct text_buffer page = {0};
    render_junit(result, &page);
    ok(strstr(page.text, "tests=\"9\" failures=\"2\" errors=\"2\" skipped=\"3\"") != NULL,
       "fail and crash are failures, env-error and harness-error errors, three are skipped");
    ok(count_of(page.text, "<testcase classname=\"basic/") == 9, "every cell is a test case");
    ok(strstr(page.text, "name=\"west=refgw@0.1.0,east=strongswan@5.9.8\"") != NULL,
       "a test case is named after its pair");
    ok(strstr(page.text, "file=\"scenarios/basic/fail.scn\" line=\"12\"") != NULL,
       "and points at the scenario line that failed");
    ok(strstr(page.text, "about fail &lt;&amp;&gt; &quot;quoted&quot;") != NULL,
       "markup in a reason is escaped");
    text_buffer_clear(&page);
    json_decref(result);
}

static void summary_shows_what_did_not_pass_first(void)
{
    json_t *result = load_fixture();
    struct text_buffer page = {0};
    render_summary(result, &page);
    const char *row = strstr(page.text, "| fail | basic/fail:west=");
    const char *matrix = strstr(page.text, "| west \\ east |");
    ok(row != NULL && matrix != NULL && row < matrix, "exceptions stand before the matrix");
    ok(strstr(page.text, "| pass | ") == NULL, "a plain pass needs no row");
    ok(strstr(page.text, "bar second line") != NULL && strstr(page.text, "\\| bar") != NULL,
       "line ends and bars do not break the table");
    ok(strstr(page.text, "| refgw@0.1.0 | 1 of 5 pass | 0 of 4 pass |") != NULL,
       "the matrix counts per pair");
    text_buffer_clear(&page);
    json_decref(result);
}

static void page_inlines_the_evidence_of_a_cell(void)
{
    json_t *result = load_fixture();
    struct text_buffer page = {0};
    render_html(result, fixture, &page);
    ok(!page.failed && strstr(page.text, "@DATA@") == NULL, "the data took the mark's place");
    ok(strstr(page.text, "start east ; start west") != NULL, "steps are in the page");
    ok(strstr(page.text, "a log line") != NULL, "logs are in the page");
    ok(count_of(page.text, "</script>") == 2, "text from a configuration cannot end the data");
    ok(strstr(page.text, "http://") == NULL && strstr(page.text, "https://") == NULL,
       "the page names no address on the network");
    text_buffer_clear(&page);
    json_decref(result);
}

static void broken_results_are_explained(void)
{
    char folder[] = "/tmp/ikelab-report-XXXXXX";
    char problem[300] = "";
    char path[300];
    if (mkdtemp(folder) == NULL) {
        ok(false, "a temporary folder");
        return;
    }
    ok(!report_render(folder, problem, sizeof(problem)) && strstr(problem, "result.json") != NULL,
       "a folder without result.json is refused by name: %s", problem);
    (void)snprintf(path, sizeof(path), "%s/result.json", folder);
    FILE *file = fopen(path, "we");
    if (file != NULL) {
        (void)fputs("{\"schema\": \"something/9\"}", file);
        (void)fclose(file);
    }
    ok(!report_render(folder, problem, sizeof(problem)) && strstr(problem, "something/9") != NULL,
       "another schema is refused by name: %s", problem);
    (void)unlink(path);
    (void)rmdir(folder);
}

int main(void)
{
    junit_counts_each_outcome();
    summary_shows_what_did_not_pass_first();
    page_inlines_the_evidence_of_a_cell();
    broken_results_are_explained();
    return done_testing();
}
