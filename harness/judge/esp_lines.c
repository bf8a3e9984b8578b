#include "harness/judge/esp_lines.h"

#include <stdio.h>
#include <string.h>

enum { MICROSECONDS_PER_MILLISECOND = 1000 };

// --- parsing --------------------------------------------------------------------------------

static const char ALLOWED[] =
    "both-ways decrypted >= N, both-ways seen >= N, seq starts 1 increasing, udp-encap 4500 only, "
    "no-udp-encap, no-esp, no-cleartext, $name ...";

// The words of a fixed phrase, one after the other.
static bool take_phrase(struct line_words *words, const char *const *phrase)
{
    for (; *phrase != NULL; phrase++) {
        if (!line_words_accept(words, *phrase)) {
            return line_words_take(words, *phrase) &&
                   line_words_reject(words, "\"%.40s\" where \"%s\" is expected", words->word,
                                     *phrase);
        }
    }
    return true;
}

static bool parse_both_ways(struct line_words *words, struct esp_line *line)
{
    if (!line_words_take(words, "decrypted or seen")) {
        return false;
    }
    if (strcmp(words->word, "decrypted") == 0) {
        line->kind = ESP_BOTH_WAYS_DECRYPTED;
    } else if (strcmp(words->word, "seen") == 0) {
        line->kind = ESP_BOTH_WAYS_SEEN;
    } else {
        return line_words_reject(words, "\"%.40s\" is not decrypted or seen", words->word);
    }
    return take_comparison(words, &line->comparison) && take_number(words, &line->number);
}

static bool take_limit(struct line_words *words, char sign, uint64_t *out_us)
{
    uint64_t milliseconds = 0;
    if (!line_words_take(words, "a duration like <3s")) {
        return false;
    }
    if (words->word[0] != sign || !scenario_duration(words->word + 1, &milliseconds)) {
        return line_words_reject(words, "\"%.40s\" is not a duration like %c3s", words->word, sign);
    }
    *out_us = milliseconds * MICROSECONDS_PER_MILLISECOND;
    return true;
}

static bool take_reference(struct line_words *words, struct esp_line *line)
{
    if (!line_words_accept(words, "after") || !line_words_take(words, "req or rsp")) {
        return line_words_reject(words, "\"after rsp $name\" is expected here");
    }
    const bool is_response = strcmp(words->word, "rsp") == 0;
    if (!is_response && strcmp(words->word, "req") != 0) {
        return line_words_reject(words, "\"%.40s\" is not req or rsp", words->word);
    }
    line->after_kind = is_response ? WIRE_RESPONSE : WIRE_REQUEST;
    if (!line_words_take(words, "$name")) {
        return false;
    }
    if (words->word[0] != '$' || strlen(words->word) >= sizeof(line->after)) {
        return line_words_reject(words, "\"%.40s\" is not a $name", words->word);
    }
    (void)snprintf(line->after, sizeof(line->after), "%.*s", WIRE_NAME_SIZE - 1, words->word);
    return true;
}

static bool parse_bound(struct line_words *words, struct esp_line *line)
{
    static const char *const first[] = {"first", NULL};
    if (strlen(words->word) >= sizeof(line->binding)) {
        return line_words_reject(words, "a name that is too long");
    }
    (void)snprintf(line->binding, sizeof(line->binding), "%.*s", WIRE_NAME_SIZE - 1, words->word);
    if (line_words_accept(words, "never")) {
        line->kind = ESP_NEVER_AFTER;
        return take_limit(words, '>', &line->limit_us) && take_reference(words, line);
    }
    line->kind = ESP_FIRST_AFTER;
    if (!line_words_accept(words, "both-ways")) {
        return line_words_reject(words, "both-ways or never is expected behind a $name");
    }
    return take_phrase(words, first) && take_limit(words, '<', &line->limit_us) &&
           take_reference(words, line);
}

static bool parse_what(struct line_words *words, struct esp_line *line)
{
    static const char *const sequence[] = {"starts", "1", "increasing", NULL};
    static const char *const encapsulated[] = {"4500", "only", NULL};
    static const struct {
        const char *word;
        enum esp_line_kind kind;
        const char *const *phrase;
    } simple[] = {
        {"seq",          ESP_SEQUENCE,          sequence    },
        {"udp-encap",    ESP_ENCAPSULATED_ONLY, encapsulated},
        {"no-udp-encap", ESP_NOT_ENCAPSULATED,  NULL        },
        {"no-esp",       ESP_NONE,              NULL        },
        {"no-cleartext", ESP_NO_CLEARTEXT,      NULL        },
    };
    if (!line_words_take(words, ALLOWED)) {
        return false;
    }
    if (words->word[0] == '$') {
        return parse_bound(words, line);
    }
    if (strcmp(words->word, "both-ways") == 0) {
        return parse_both_ways(words, line);
    }
    for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
        if (strcmp(words->word, simple[i].word) == 0) {
            line->kind = simple[i].kind;
            return simple[i].phrase == NULL || take_phrase(words, simple[i].phrase);
        }
    }
    return line_words_reject(words, "\"%.30s\"; allowed: %s", words->word, ALLOWED);
}

bool esp_line_parse(const struct judged_scenario *judged, const struct block_statement *statement,
                    struct esp_line *out_line, struct block_fault *out_fault)
{
    struct line_words words = line_words_over(judged, statement, out_fault);
    *out_line = (struct esp_line){.line = statement->line};
    return take_severity(&words, &out_line->severity) && parse_what(&words, out_line) &&
           line_words_finish(&words, "if");
}
