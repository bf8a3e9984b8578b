// wire_bindings.h - what the $names of wire lines stand for.
#ifndef HARNESS_JUDGE_WIRE_BINDINGS_H
#define HARNESS_JUDGE_WIRE_BINDINGS_H

#include "harness/judge/wire_line.h"

enum { BINDINGS_MOST = 24 };

struct value_binding {
    char name[WIRE_NAME_SIZE]; // "$old.in@west"
    char value[WIRE_VALUE_SIZE];
};

struct message_binding {
    char name[WIRE_NAME_SIZE]; // "$r"
    size_t record;             // index of the message that bound it
};

struct wire_bindings {
    size_t value_count;
    struct value_binding values[BINDINGS_MOST];
    size_t message_count;
    struct message_binding messages[BINDINGS_MOST];
};

// The value of a field: itself, or what its binding stands for; NULL when that is not bound yet.
MUST_USE const char *bindings_value(const struct wire_bindings *bindings, const char *value);
// Binds; a name too many is dropped (lint counts them).
void bindings_set_value(struct wire_bindings *bindings, const char *name, const char *value);
// The record bound to a message name. False when it is not bound.
MUST_USE bool bindings_message(const struct wire_bindings *bindings, const char *name,
                               size_t *out_record);
void bindings_set_message(struct wire_bindings *bindings, const char *name, size_t record);
// Copies text with every bound $name followed by its value: "spi $old.in@west=c0ffee01".
void bindings_explain(const struct wire_bindings *bindings, const char *text, char *out_text,
                      size_t size);

#endif
