#include "harness/relay/relay_report.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *by_side(const uint64_t counts[RELAY_SIDE_COUNT])
{
    return json_pack("{s:o, s:o}", "west", integer(counts[RELAY_WEST]), "east",
                     integer(counts[RELAY_EAST]));
}

static json_t *rule_object(const struct impairment_count *count)
{
    json_t *frames = json_array();
    for (size_t i = 0; i < count->frame_count; i++) {
        (void)json_array_append_new(frames, integer(count->frames[i]));
    }
    return json_pack("{s:i, s:s, s:i, s:o, s:o}", "line", (int)count->rule->line, "text",
                     count->rule->text, "must_hit", (int)count->rule->must_hit, "hits",
                     integer(count->hits), "frames", frames);
}

static json_t *rules_array(const struct impairment *impairment)
{
    json_t *rules = json_array();
    for (size_t i = 0; i < impairment_rule_count(impairment); i++) {
        const struct impairment_count count = impairment_count_at(impairment, i);
        (void)json_array_append_new(rules, rule_object(&count));
    }
    return rules;
}

static json_t *not_forwarded(const struct forwarder_counters *counters)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "unroutable", integer(counters->unroutable),
                     "expired", integer(counters->expired), "malformed",
                     integer(counters->malformed), "unresolved", integer(counters->unresolved),
                     "refused", integer(counters->refused));
}

bool relay_report_write(const struct relay_report *report, const char *path)
{
    char temporary[PATH_SIZE];
    const struct forwarder_counters *counters = report->counters;
    json_t *root =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "ikelab.relay/1",
                  "ready_us", integer(report->ready_us), "forwarded", by_side(counters->forwarded),
                  "dropped", by_side(counters->dropped), "overruns", integer(report->overruns),
                  "probe_dropped", by_side(counters->probe_dropped), "not_forwarded",
                  not_forwarded(counters), "rules", rules_array(report->impairment));
    const int length = snprintf(temporary, sizeof(temporary), "%s.new", path);
    const bool fits = length > 0 && (size_t)length < sizeof(temporary);
    errno = fits ? ENOMEM : ENAMETOOLONG;
    const bool written = root != NULL && fits &&
                         json_dump_file(root, temporary, JSON_INDENT(2)) == 0 &&
                         rename(temporary, path) == 0;
    json_decref(root);
    return written;
}
