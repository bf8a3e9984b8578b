#include "harness/judge/wire_bindings.h"

#include <stdio.h>
#include <string.h>

const char *bindings_value(const struct wire_bindings *bindings, const char *value)
{
    if (value[0] != '$') {
        return value;
    }
    for (size_t i = 0; i < bindings->value_count; i++) {
        if (strcmp(bindings->values[i].name, value) == 0) {
            return bindings->values[i].value;
        }
    }
    return NULL;
}

void bindings_set_value(struct wire_bindings *bindings, const char *name, const char *value)
{
    if (bindings->value_count < BINDINGS_MOST) {
        struct value_binding *added = &bindings->values[bindings->value_count++];
        (void)snprintf(added->name, sizeof(added->name), "%s", name);
        (void)snprintf(added->value, sizeof(added->value), "%s", value);
    }
}

bool bindings_message(const struct wire_bindings *bindings, const char *name, size_t *out_record)
{
    for (size_t i = 0; i < bindings->message_count; i++) {
        if (strcmp(bindings->messages[i].name, name) == 0) {
            *out_record = bindings->messages[i].record;
            return true;
        }
    }
    return false;
}

void bindings_set_message(struct wire_bindings *bindings, const char *name, size_t record)
{
    if (bindings->message_count < BINDINGS_MOST) {
        struct message_binding *added = &bindings->messages[bindings->message_count++];
        (void)snprintf(added->name, sizeof(added->name), "%s", name);
        added->record = record;
    }
}

void bindings_explain(const struct wire_bindings *bindings, const char *text, char *out_text,
                      size_t size)
{
    size_t used = 0;
    out_text[0] = '\0';
    while (*text != '\0' && used + 1 < size) {
        size_t length = *text == '$' ? strcspn(text, " ,)") : 1;
        char name[WIRE_NAME_SIZE];
        (void)snprintf(name, sizeof(name), "%.*s", (int)length, text);
        const char *value = *text == '$' ? bindings_value(bindings, name) : NULL;
        const int added = snprintf(out_text + used, size - used, "%.*s%s%s", (int)length, text,
                                   value != NULL ? "=" : "", value != NULL ? value : "");
        used += added > 0 ? (size_t)added : 0;
        text += length;
    }
}
