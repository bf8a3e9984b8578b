#include "harness/peer/template.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 64, MOST_OUTPUT = 1024 * 1024 };

enum tag_kind {
    TAG_VALUE,
    TAG_QUOTED,
    TAG_IF,
    TAG_UNLESS,
    TAG_EACH,
    TAG_ELSE,
    TAG_END, // name is if, unless or each
};

struct tag {
    enum tag_kind kind;
    char name[NAME_SIZE];
    unsigned line;
};

// Names are looked up from the last scope to the first.
struct scope {
    const json_t *value; // object, or the item that `this` means
    bool is_first;
    bool is_last;
    bool is_item;
};

struct renderer {
    const char *next;
    unsigned line;
    bool is_line_start; // nothing but blanks since the last line end of the template
    size_t depth;       // blocks inside each other
    size_t unchecked;   // inside bodies of empty lists, whose names nobody knows
    size_t scope_count;
    struct scope scopes[TEMPLATE_MOST_DEPTH + 1];
    char *out;
    size_t out_size;
    size_t out_capacity;
    struct block_fault *fault;
};

static bool render_until(struct renderer *in, bool is_shown, struct tag *out_end);

__attribute__((format(printf, 3, 4))) static bool reject(struct renderer *in, unsigned line,
                                                         const char *format, ...)
{
    va_list arguments;
    *in->fault = (struct block_fault){.line = line, .column = 1};
    va_start(arguments, format);
    (void)vsnprintf(in->fault->message, sizeof(in->fault->message), format, arguments);
    va_end(arguments);
    return false;
}

// --- Output -------------------------------------------------------------------------------

static bool put(struct renderer *in, const char *text, size_t size)
{
    if (in->out_size + size + 1 > in->out_capacity) {
        const size_t capacity = (in->out_size + size + 1) * 2;
        char *grown = capacity > MOST_OUTPUT ? NULL : realloc(in->out, capacity);
        if (grown == NULL) {
            return reject(in, in->line, "the rendered text is too large");
        }
        in->out = grown;
        in->out_capacity = capacity;
    }
    memcpy(in->out + in->out_size, text, size);
    in->out_size += size;
    in->out[in->out_size] = '\0';
    return true;
}

static bool put_quoted(struct renderer *in, const struct tag *tag, const char *text)
{
    bool is_put = put(in, "\"", 1);
    for (const char *next = text; is_put && *next != '\0'; next++) {
        if ((unsigned char)*next < ' ') {
            return reject(in, tag->line, "'%s' holds a control character, which quotes cannot",
                          tag->name);
        }
        if (*next == '"' || *next == '\\') {
            is_put = put(in, "\\", 1);
        }
        is_put = is_put && put(in, next, 1);
    }
    return is_put && put(in, "\"", 1);
}

// --- Names --------------------------------------------------------------------------------

static const json_t *bool_value(bool value)
{
    return value ? json_true() : json_false();
}

static const json_t *item_value(const struct scope *scope, const char *name)
{
    if (strcmp(name, "first") == 0) {
        return bool_value(scope->is_first);
    }
    if (strcmp(name, "last") == 0) {
        return bool_value(scope->is_last);
    }
    return strcmp(name, "this") == 0 ? scope->value : NULL;
}

static const json_t *look_up(struct renderer *in, const struct tag *tag)
{
    if (in->unchecked > 0) {
        return json_null();
    }
    for (size_t i = in->scope_count; i-- > 0;) {
        const struct scope *scope = &in->scopes[i];
        const json_t *value = scope->is_item ? item_value(scope, tag->name) : NULL;
        if (value == NULL) {
            value = json_object_get(scope->value, tag->name);
        }
        if (value != NULL) {
            return value;
        }
    }
    (void)reject(in, tag->line, "unknown name '%s'", tag->name);
    return NULL;
}

static bool is_true(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_INTEGER:
        return json_integer_value(value) != 0;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_OBJECT:
    case JSON_TRUE:
        return true;
    case JSON_REAL:
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    return false;
}

static bool put_value(struct renderer *in, const struct tag *tag)
{
    const json_t *value = look_up(in, tag);
    char number[32];
    const char *text = NULL;
    if (value == NULL) {
        return false;
    }
    if (json_is_string(value)) {
        text = json_string_value(value);
    } else if (json_is_integer(value)) {
        (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        text = number;
    } else {
        return reject(in, tag->line, "'%s' is no text and no number", tag->name);
    }
    return tag->kind == TAG_QUOTED ? put_quoted(in, tag, text) : put(in, text, strlen(text));
}

// --- Tags ---------------------------------------------------------------------------------

struct tag_word {
    const char *prefix;
    enum tag_kind kind;
};

static const struct tag_word tag_words[] = {
    {"#if ",     TAG_IF    },
    {"#unless ", TAG_UNLESS},
    {"#each ",   TAG_EACH  },
    {"quote ",   TAG_QUOTED},
    {"/",        TAG_END   },
};

static bool is_name(const char *name)
{
    return name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

// Reads "{{...}}" at in->next.
static bool take_tag(struct renderer *in, struct tag *out_tag)
{
    char text[NAME_SIZE];
    const char *start = in->next + 2;
    const char *end = strstr(start, "}}");
    if (end == NULL || memchr(start, '\n', (size_t)(end - start)) != NULL ||
        (size_t)(end - start) >= sizeof(text)) {
        return reject(in, in->line, "'{{' without '}}' in its line");
    }
    memcpy(text, start, (size_t)(end - start));
    text[end - start] = '\0';
    *out_tag = (struct tag){.kind = TAG_VALUE, .line = in->line};
    const char *name = text;
    for (size_t i = 0; i < sizeof(tag_words) / sizeof(tag_words[0]); i++) {
        const size_t size = strlen(tag_words[i].prefix);
        if (strncmp(text, tag_words[i].prefix, size) == 0) {
            out_tag->kind = tag_words[i].kind;
            name = text + size;
            break;
        }
    }
    out_tag->kind = strcmp(text, "else") == 0 ? TAG_ELSE : out_tag->kind;
    memcpy(out_tag->name, name, strlen(name) + 1);
    if (!is_name(out_tag->name)) {
        return reject(in, in->line, "unknown tag '{{%s}}'", text);
    }
    in->next = end + 2;
    return true;
}

static bool is_block_tag(const struct tag *tag)
{
    return tag->kind != TAG_VALUE && tag->kind != TAG_QUOTED;
}

// A block tag alone on its line leaves no line behind: drops the blanks before it, already
// written, and the line end after it.
static void swallow_line(struct renderer *in, bool is_shown)
{
    const size_t blanks = strspn(in->next, " \t");
    const char *end = in->next + blanks;
    if (!in->is_line_start || (*end != '\n' && *end != '\0')) {
        in->is_line_start = false;
        return;
    }
    while (is_shown && in->out_size > 0 &&
           (in->out[in->out_size - 1] == ' ' || in->out[in->out_size - 1] == '\t')) {
        in->out[--in->out_size] = '\0';
    }
    in->next = end;
    if (*end == '\n') {
        in->next++;
        in->line++;
    }
}

// --- Blocks -------------------------------------------------------------------------------

static bool ends_block(struct renderer *in, const struct tag *open, const struct tag *end)
{
    static const char *const names[] = {
        [TAG_IF] = "if", [TAG_UNLESS] = "unless", [TAG_EACH] = "each"};
    if (end->kind != TAG_END) {
        return reject(in, open->line, "'{{#%s %s}}' is not closed", names[open->kind], open->name);
    }
    if (strcmp(end->name, names[open->kind]) != 0) {
        return reject(in, end->line, "'{{/%s}}' closes '{{#%s %s}}' of line %u", end->name,
                      names[open->kind], open->name, open->line);
    }
    return true;
}

static bool render_condition(struct renderer *in, const struct tag *open, bool is_shown)
{
    struct tag end = {0};
    const json_t *value = look_up(in, open);
    if (value == NULL) {
        return false;
    }
    const bool is_met = is_true(value) == (open->kind == TAG_IF);
    if (!render_until(in, is_shown && is_met, &end)) {
        return false;
    }
    if (end.kind == TAG_ELSE && !render_until(in, is_shown && !is_met, &end)) {
        return false;
    }
    return ends_block(in, open, &end);
}

// One pass over the body. The body is read again from its start for every item.
static bool render_item(struct renderer *in, const struct tag *open, bool is_shown)
{
    struct tag end = {0};
    return render_until(in, is_shown, &end) && ends_block(in, open, &end);
}

static bool render_list(struct renderer *in, const struct tag *open, bool is_shown)
{
    const json_t *list = look_up(in, open);
    const struct renderer body = *in;
    if (list == NULL) {
        return false;
    }
    if (!json_is_array(list) && in->unchecked == 0) {
        return reject(in, open->line, "'%s' is no list", open->name);
    }
    const size_t count = json_array_size(list);
    if (count == 0) {
        in->unchecked++;
        const bool is_skipped = render_item(in, open, false);
        in->unchecked--;
        return is_skipped;
    }
    bool is_rendered = true;
    for (size_t i = 0; is_rendered && i < count; i++) {
        in->next = body.next;
        in->line = body.line;
        in->is_line_start = body.is_line_start;
        in->scopes[in->scope_count++] = (struct scope){.value = json_array_get(list, i),
                                                       .is_first = i == 0,
                                                       .is_last = i + 1 == count,
                                                       .is_item = true};
        is_rendered = render_item(in, open, is_shown);
        in->scope_count--;
    }
    return is_rendered;
}

static bool render_block(struct renderer *in, const struct tag *open, bool is_shown)
{
    if (in->depth == TEMPLATE_MOST_DEPTH) {
        return reject(in, open->line, "more than %d blocks inside each other", TEMPLATE_MOST_DEPTH);
    }
    in->depth++;
    const bool is_rendered = open->kind == TAG_EACH ? render_list(in, open, is_shown)
                                                    : render_condition(in, open, is_shown);
    in->depth--;
    return is_rendered;
}

// Text up to the next tag or the end of its line.
static bool render_text(struct renderer *in, bool is_shown)
{
    const char *end = in->next;
    while (*end != '\0' && *end != '\n' && strncmp(end, "{{", 2) != 0) {
        end++;
    }
    const bool is_line_end = *end == '\n';
    const size_t size = (size_t)(end - in->next) + (is_line_end ? 1 : 0);
    if (is_shown && !put(in, in->next, size)) {
        return false;
    }
    in->is_line_start =
        is_line_end || (in->is_line_start && strspn(in->next, " \t") == (size_t)(end - in->next));
    in->line += is_line_end ? 1 : 0;
    in->next += size;
    return true;
}

static bool render_value(struct renderer *in, const struct tag *tag, bool is_shown)
{
    in->is_line_start = false;
    return is_shown ? put_value(in, tag) : look_up(in, tag) != NULL;
}

// Renders until the `else` or end tag of the block around it, or the end of the text, which
// reads as a tag of kind TAG_VALUE.
static bool render_until(struct renderer *in, bool is_shown, struct tag *out_end)
{
    while (*in->next != '\0') {
        struct tag tag;
        if (strncmp(in->next, "{{", 2) != 0) {
            if (!render_text(in, is_shown)) {
                return false;
            }
            continue;
        }
        if (!take_tag(in, &tag)) {
            return false;
        }
        if (is_block_tag(&tag)) {
            swallow_line(in, is_shown);
        }
        if (tag.kind == TAG_ELSE || tag.kind == TAG_END) {
            *out_end = tag;
            return true;
        }
        if (!(is_block_tag(&tag) ? render_block(in, &tag, is_shown)
                                 : render_value(in, &tag, is_shown))) {
            return false;
        }
    }
    *out_end = (struct tag){.kind = TAG_VALUE};
    return true;
}

static bool render_all(struct renderer *in)
{
    struct tag end;
    if (!put(in, "", 0) || !render_until(in, true, &end)) {
        return false;
    }
    if (end.kind != TAG_VALUE) {
        return reject(in, end.line, "'{{%s%s}}' without a block that it belongs to",
                      end.kind == TAG_END ? "/" : "", end.name);
    }
    return true;
}

char *template_render(const char *text, const json_t *data, struct block_fault *out_fault)
{
    struct renderer renderer = {.next = text,
                                .line = 1,
                                .is_line_start = true,
                                .scope_count = 1,
                                .scopes = {{.value = data}},
                                .fault = out_fault};
    if (!render_all(&renderer)) {
        free(renderer.out);
        return NULL;
    }
    return renderer.out;
}
