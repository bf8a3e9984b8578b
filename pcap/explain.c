#include "pcap/explain.h"

#include <string.h>

void explain(const struct evidence *evidence, struct finding_list *out_list)
{
    *out_list = (struct finding_list){0};
    if (evidence->summary.cut_count > 0) {
        (void)finding_add(out_list, FINDING_CAPTURE_CUT, "%u of %u packets are cut",
                          evidence->summary.cut_count, evidence->summary.frame_count);
    }
    explain_negotiation(evidence, out_list);
    explain_path(evidence, out_list);
    explain_esp(evidence, out_list);
    finding_list_sort(out_list);
}

// --- text ---------------------------------------------------------------------------------

static uint64_t count_esp(const struct evidence *evidence)
{
    uint64_t count = evidence->esp.dropped_count;
    for (size_t i = 0; i < (size_t)2 * ESP_MOST_FLOWS; i++) {
        count += evidence->esp.table[i].packet_count;
    }
    return count;
}

static size_t count_hidden(const struct evidence *evidence)
{
    size_t count = 0;
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        count += evidence->ike.ike[i].message.opening == IKE_NO_KEYS ? 1 : 0;
    }
    return count;
}

// Breaks at blanks, so that no line is longer than a terminal is wide.
static void print_wrapped(const char *label, const char *text, FILE *out)
{
    enum { WIDTH = 98, INDENT = 10 };
    size_t column = INDENT;
    (void)fprintf(out, "  %-*s", INDENT - 2, label);
    while (*text != '\0') {
        const size_t length = strcspn(text, " ");
        if (column + length > WIDTH && column > INDENT) {
            (void)fprintf(out, "\n%*s", INDENT, "");
            column = INDENT;
        }
        (void)fprintf(out, "%.*s", (int)length, text);
        column += length;
        text += length;
        if (*text == ' ') {
            (void)fputc(' ', out);
            column++;
            text++;
        }
    }
    (void)fputc('\n', out);
}

static void print_finding(const struct finding *finding, FILE *out)
{
    const struct finding_words *words = finding_words_of(finding->kind);
    (void)fprintf(out, "\n%s%s: %s  [%s]\n", finding_severity_name(finding->severity),
                  finding->is_inferred ? " (likely)" : "", words->title, words->name);
    print_wrapped("seen", finding->what, out);
    if (finding->frame_count > 0) {
        (void)fprintf(out, "  %-8s", finding->frame_count == 1 ? "frame" : "frames");
        for (size_t i = 0; i < finding->frame_count; i++) {
            (void)fprintf(out, "%s%u", i == 0 ? "" : ", ", finding->frames[i]);
        }
        (void)fputc('\n', out);
    }
    print_wrapped("cause", words->cause, out);
    print_wrapped("change", words->change, out);
    (void)fprintf(out, "  clause  %s\n", words->clause);
}

void findings_print(const struct evidence *evidence, const struct finding_list *list, FILE *out)
{
    const struct walk_summary *summary = &evidence->summary;
    const size_t hidden = count_hidden(evidence);
    const uint64_t duration = summary->last_time_us > summary->first_time_us
                                  ? summary->last_time_us - summary->first_time_us
                                  : 0;
    (void)fprintf(out, "%u frames in %.3f s: %zu IKE messages, %llu ESP packets\n",
                  summary->frame_count, (double)duration / 1000000.0, evidence->ike.ike_count,
                  (unsigned long long)count_esp(evidence));
    if (hidden > 0) {
        (void)fprintf(out,
                      "%zu IKE messages are encrypted and there are no keys for them; with "
                      "--keys more can be told\n",
                      hidden);
    }
    for (size_t i = 0; i < list->count; i++) {
        print_finding(&list->items[i], out);
    }
    if (list->dropped > 0) {
        (void)fprintf(out, "\nand %zu more findings\n", list->dropped);
    }
    if (list->count == 0) {
        (void)fprintf(out, "\nNothing wrong was found.\n");
    }
}

// --- JSON ---------------------------------------------------------------------------------

static void set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

static json_t *finding_to_json(const struct finding *finding)
{
    const struct finding_words *words = finding_words_of(finding->kind);
    json_t *object = json_object();
    json_t *frames = json_array();
    for (size_t i = 0; i < finding->frame_count; i++) {
        (void)json_array_append_new(frames, json_integer(finding->frames[i]));
    }
    set(object, "kind", json_string(words->name));
    set(object, "severity", json_string(finding_severity_name(finding->severity)));
    set(object, "inferred", json_boolean(finding->is_inferred));
    set(object, "title", json_string(words->title));
    set(object, "seen", json_string(finding->what));
    set(object, "frames", frames);
    set(object, "clause", json_string(words->clause));
    set(object, "cause", json_string(words->cause));
    set(object, "change", json_string(words->change));
    return object;
}

json_t *findings_to_json(const struct evidence *evidence, const struct finding_list *list)
{
    json_t *root = json_object();
    json_t *capture = json_object();
    json_t *findings = json_array();
    set(capture, "frames", json_integer(evidence->summary.frame_count));
    set(capture, "ike_messages", json_integer((json_int_t)evidence->ike.ike_count));
    set(capture, "esp_packets", json_integer((json_int_t)count_esp(evidence)));
    set(capture, "without_keys", json_integer((json_int_t)count_hidden(evidence)));
    set(capture, "complete", json_boolean(evidence->summary.is_complete));
    for (size_t i = 0; i < list->count; i++) {
        (void)json_array_append_new(findings, finding_to_json(&list->items[i]));
    }
    set(root, "schema", json_string("ikelab.findings/1"));
    set(root, "capture", capture);
    set(root, "findings", findings);
    return root;
}
