#include "reports/render.h"

#include <string.h>

// JUnit knows four outcomes. An error is the lab's or the machine's, a failure a peer's.
static const char *outcome_element(const char *verdict)
{
    if (strcmp(verdict, "harness-error") == 0 || strcmp(verdict, "env-error") == 0) {
        return "error";
    }
    if (strcmp(verdict, "crash") == 0 || strcmp(verdict, "fail") == 0) {
        return "failure";
    }
    if (strcmp(verdict, "pass") == 0 || strcmp(verdict, "nonstrict") == 0) {
        return NULL;
    }
    return "skipped";
}

static size_t count_outcome(const json_t *result, const char *element)
{
    size_t count = 0;
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(result, "results"), index, one)
    {
        const char *outcome = outcome_element(result_text(one, "verdict"));
        count += outcome != NULL && strcmp(outcome, element) == 0;
    }
    return count;
}

static double seconds_of(const json_t *one)
{
    const json_t *timing = json_object_get(one, "timing");
    return (double)json_integer_value(json_object_get(timing, "run_us")) / 1e6;
}

static void put_attribute(struct text_buffer *out, const char *name, const char *value)
{
    text_buffer_print(out, " %s=\"", name);
    text_buffer_put_xml(out, value);
    text_buffer_print(out, "\"");
}

static void put_properties(const json_t *one, struct text_buffer *out)
{
    const json_t *negotiated = json_object_get(one, "negotiated");
    text_buffer_print(out, "      <properties>\n");
    const char *const names[] = {"ike", "esp"};
    for (size_t i = 0; i < 2; i++) {
        text_buffer_print(out, "        <property");
        put_attribute(out, "name", names[i]);
        put_attribute(out, "value", result_text(negotiated, names[i]));
        text_buffer_print(out, "/>\n");
    }
    text_buffer_print(out, "        <property name=\"verdict\"");
    put_attribute(out, "value", result_text(one, "verdict"));
    text_buffer_print(out, "/>\n      </properties>\n");
}

static void put_outcome(const json_t *one, struct text_buffer *out)
{
    const char *element = outcome_element(result_text(one, "verdict"));
    const json_t *reason = json_object_get(one, "reason");
    if (element == NULL) {
        return;
    }
    text_buffer_print(out, "      <%s", element);
    put_attribute(out, "message", result_text(reason, "text"));
    if (strcmp(element, "skipped") != 0) {
        put_attribute(out, "type", result_text(reason, "code"));
        text_buffer_print(out, ">");
        text_buffer_put_xml(out, result_text(reason, "text"));
        text_buffer_print(out, "\nRepeat with: ");
        text_buffer_put_xml(out, result_text(one, "repro"));
        text_buffer_print(out, "</%s>\n", element);
    } else {
        text_buffer_print(out, "/>\n");
    }
}

static void put_case(const json_t *one, struct text_buffer *out)
{
    const char *scenario = result_text(one, "scenario");
    const json_t *reason = json_object_get(one, "reason");
    const json_int_t line = json_integer_value(json_object_get(reason, "line"));
    const char *id = result_text(one, "id");
    const char *pair = id + (strlen(id) > strlen(scenario) ? strlen(scenario) : 0);

    text_buffer_print(out, "    <testcase");
    put_attribute(out, "classname", scenario);
    put_attribute(out, "name", pair[0] == ':' ? pair + 1 : pair);
    text_buffer_print(out, " file=\"scenarios/");
    text_buffer_put_xml(out, scenario);
    text_buffer_print(out, ".scn\" line=\"%lld\" time=\"%.3f\">\n",
                      (long long)(line > 0 ? line : 1), seconds_of(one));
    put_properties(one, out);
    put_outcome(one, out);
    text_buffer_print(out, "    </testcase>\n");
}

void render_junit(const json_t *result, struct text_buffer *out)
{
    const json_t *results = json_object_get(result, "results");
    double seconds = 0;
    size_t index;
    json_t *one;
    json_array_foreach(results, index, one)
    {
        seconds += seconds_of(one);
    }
    text_buffer_print(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    text_buffer_print(out,
                      "  <testsuite name=\"ikelab\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
                      "skipped=\"%zu\" time=\"%.3f\"",
                      json_array_size(results), count_outcome(result, "failure"),
                      count_outcome(result, "error"), count_outcome(result, "skipped"), seconds);
    put_attribute(out, "timestamp", result_text(json_object_get(result, "run"), "started"));
    text_buffer_print(out, ">\n");
    json_array_foreach(results, index, one)
    {
        put_case(one, out);
    }
    text_buffer_print(out, "  </testsuite>\n</testsuites>\n");
}
