#include "refgw/tests/ikesim/step_words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refgw/tests/simulated_network.h"

void duration_format(struct duration duration, char out_text[DURATION_TEXT_SIZE])
{
    (void)snprintf(out_text, DURATION_TEXT_SIZE, "%" PRIu64 ".%09" PRIu64,
                   duration.nanoseconds / NANOSECONDS_PER_SECOND,
                   duration.nanoseconds % NANOSECONDS_PER_SECOND);
    size_t size = strlen(out_text);
    while (out_text[size - 1] == '0') {
        size--;
    }
    size -= out_text[size - 1] == '.' ? 1 : 0;
    out_text[size] = 's';
    out_text[size + 1] = '\0';
}

static bool unit_from_word(const char *word, uint64_t *out_nanoseconds)
{
    static const struct {
        const char *word;
        uint64_t nanoseconds;
    } UNITS[] = {
        {"ms", NANOSECONDS_PER_SECOND / 1000},
        {"s",  NANOSECONDS_PER_SECOND       },
        {"m",  NANOSECONDS_PER_SECOND * 60  },
    };
    for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
        if (strcmp(word, UNITS[i].word) == 0) {
            *out_nanoseconds = UNITS[i].nanoseconds;
            return true;
        }
    }
    return false;
}

static bool take_digits(const char **text, uint64_t *out_number)
{
    char *end = NULL;
    if (**text < '0' || **text > '9') {
        return false;
    }
    errno = 0;
    *out_number = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

bool duration_parse(const char *text, struct duration *out_duration)
{
    uint64_t whole = 0;
    uint64_t unit = 0;
    uint64_t part = 0;
    uint64_t scale = 1;

    if (!take_digits(&text, &whole)) {
        return false;
    }
    if (*text == '.') {
        text++;
        for (; *text >= '0' && *text <= '9' && scale < NANOSECONDS_PER_SECOND; text++) {
            part = 10 * part + (uint64_t)(*text - '0');
            scale *= 10;
        }
    }
    if (!unit_from_word(text, &unit) || whole > UINT64_MAX / unit / 2) {
        return false;
    }
    out_duration->nanoseconds = whole * unit + part * unit / scale;
    return true;
}

static const struct {
    const char *word;
    enum ike_command_kind kind;
} COMMANDS[] = {
    {"up",          IKE_COMMAND_UP         },
    {"down",        IKE_COMMAND_DOWN       },
    {"liveness",    IKE_COMMAND_LIVENESS   },
    {"rekey-ike",   IKE_COMMAND_REKEY_IKE  },
    {"rekey-child", IKE_COMMAND_REKEY_CHILD},
};

const char *command_word(enum ike_command_kind kind)
{
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        if (COMMANDS[i].kind == kind) {
            return COMMANDS[i].word;
        }
    }
    return "?";
}

bool command_from_word(const char *word, enum ike_command_kind *out_kind)
{
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        if (strcmp(word, COMMANDS[i].word) == 0) {
            *out_kind = COMMANDS[i].kind;
            return true;
        }
    }
    return false;
}

bool host_from_word(const char *word, unsigned *out_host)
{
    const bool is_west = strcmp(word, "west") == 0;
    if (!is_west && strcmp(word, "east") != 0) {
        return false;
    }
    *out_host = is_west ? WEST : EAST;
    return true;
}

bool direction_from_word(const char *word, unsigned *out_sender)
{
    const bool is_from_west = strcmp(word, "west->east") == 0;
    if (!is_from_west && strcmp(word, "east->west") != 0) {
        return false;
    }
    *out_sender = is_from_west ? WEST : EAST;
    return true;
}

bool number_from_word(const char *word, uint64_t *out_number)
{
    uint64_t number = 0;
    if (!take_digits(&word, &number) || *word != '\0' || number == 0) {
        return false;
    }
    *out_number = number;
    return true;
}
