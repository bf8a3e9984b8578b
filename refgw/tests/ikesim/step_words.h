// step_words.h - the words of step scripts, both ways.
#ifndef REFGW_TESTS_IKESIM_STEP_WORDS_H
#define REFGW_TESTS_IKESIM_STEP_WORDS_H

#include "refgw/ike/engine.h"

#define NANOSECONDS_PER_SECOND UINT64_C(1000000000)

enum { DURATION_TEXT_SIZE = 40 };

// "1.5s"; exact to the nanosecond.
void duration_format(struct duration duration, char out_text[DURATION_TEXT_SIZE]);
// "30s", "10ms", "2m", "1.000000001s".
MUST_USE bool duration_parse(const char *text, struct duration *out_duration);

// "up", "down", "liveness", "rekey-ike", "rekey-child".
const char *command_word(enum ike_command_kind kind);
MUST_USE bool command_from_word(const char *word, enum ike_command_kind *out_kind);
// "west", "east".
MUST_USE bool host_from_word(const char *word, unsigned *out_host);
// "west->east": who sends.
MUST_USE bool direction_from_word(const char *word, unsigned *out_sender);
// A number from 1.
MUST_USE bool number_from_word(const char *word, uint64_t *out_number);

#endif
