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

// A block that is open. Names are looked up from the innermost list item outwards.
struct frame {
    struct tag open;
    bool is_shown;
    bool is_shown_outside;
    bool has_else;
    // Of `each`: the list, the item at hand, and where its body starts.
    const json_t *list;
    size_t index;
    const char *body;
    unsigned body_line;
    bool body_is_line_start;
};

struct renderer {
    const json_t *data;
    const char *next;
    unsigned line;
    bool is_line_start; // nothing but blanks since the last line end of the template
    size_t depth;
    struct frame frames[TEMPLATE_MOST_DEPTH];
    char *out;
    size_t out_size;
    size_t out_capacity;
    struct block_fault *fault;
};

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

static const json_t *item_value(const struct frame *frame, const char *name)
{
    const json_t *item = json_array_get(frame->list, frame->index);
    if (strcmp(name, "first") == 0) {
        return bool_value(frame->index == 0);
    }
    if (strcmp(name, "last") == 0) {
        return bool_value(frame->index + 1 == json_array_size(frame->list));
    }
    return strcmp(name, "this") == 0 ? item : json_object_get(item, name);
}

static const json_t *look_up(struct renderer *in, const struct tag *tag)
{
    for (size_t i = in->depth; i-- > 0;) {
        const struct frame *frame = &in->frames[i];
        if (frame->open.kind != TAG_EACH) {
            continue;
        }
        if (json_array_size(frame->list) == 0) {
            return json_null(); // nobody knows the names of an item that is not there
        }
        const json_t *value = item_value(frame, tag->name);
        if (value != NULL) {
            return value;
        }
    }
    const json_t *value = json_object_get(in->data, tag->name);
    if (value == NULL) {
        (void)reject(in, tag->line, "unknown name '%s'", tag->name);
    }
    return value;
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

// A block tag alone on its line leaves no line behind: drops the blanks before it, already
// written, and the line end after it.
static void swallow_line(struct renderer *in, bool was_shown)
{
    const size_t blanks = strspn(in->next, " \t");
    const char *end = in->next + blanks;
    if (!in->is_line_start || (*end != '\n' && *end != '\0')) {
        in->is_line_start = false;
        return;
    }
    while (was_shown && in->out_size > 0 &&
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

static bool is_shown(const struct renderer *in)
{
    return in->depth == 0 || in->frames[in->depth - 1].is_shown;
}

static const char *block_name(const struct tag *open)
{
    if (open->kind == TAG_EACH) {
        return "each";
    }
    return open->kind == TAG_IF ? "if" : "unless";
}

static bool open_block(struct renderer *in, const struct tag *open)
{
    const json_t *value = look_up(in, open);
    if (value == NULL) {
        return false;
    }
    if (in->depth == TEMPLATE_MOST_DEPTH) {
        return reject(in, open->line, "more than %d blocks inside each other", TEMPLATE_MOST_DEPTH);
    }
    if (open->kind == TAG_EACH && !json_is_array(value) && !json_is_null(value)) {
        return reject(in, open->line, "'%s' is no list", open->name);
    }
    const bool is_met = open->kind == TAG_EACH ? json_array_size(value) > 0
                                               : is_true(value) == (open->kind == TAG_IF);
    in->frames[in->depth] = (struct frame){.open = *open,
                                           .is_shown_outside = is_shown(in),
                                           .is_shown = is_shown(in) && is_met,
                                           .list = value,
                                           .body = in->next,
                                           .body_line = in->line,
                                           .body_is_line_start = in->is_line_start};
    in->depth++;
    return true;
}

static bool switch_block(struct renderer *in, const struct tag *tag)
{
    struct frame *frame = in->depth == 0 ? NULL : &in->frames[in->depth - 1];
    if (frame == NULL || frame->open.kind == TAG_EACH || frame->has_else) {
        return reject(in, tag->line, "'{{else}}' without a block that it belongs to");
    }
    frame->has_else = true;
    frame->is_shown = frame->is_shown_outside && !frame->is_shown;
    return true;
}

// Leaves the block, or goes back to its body for the next item of the list.
static bool close_block(struct renderer *in, const struct tag *tag)
{
    struct frame *frame = in->depth == 0 ? NULL : &in->frames[in->depth - 1];
    if (frame == NULL) {
        return reject(in, tag->line, "'{{/%s}}' without a block that it belongs to", tag->name);
    }
    if (strcmp(tag->name, block_name(&frame->open)) != 0) {
        return reject(in, tag->line, "'{{/%s}}' closes '{{#%s %s}}' of line %u", tag->name,
                      block_name(&frame->open), frame->open.name, frame->open.line);
    }
    if (frame->open.kind == TAG_EACH && frame->index + 1 < json_array_size(frame->list)) {
        frame->index++;
        in->next = frame->body;
        in->line = frame->body_line;
        in->is_line_start = frame->body_is_line_start;
    } else {
        in->depth--;
    }
    return true;
}

// --- The whole text -----------------------------------------------------------------------

// Text up to the next tag or the end of its line.
static bool render_text(struct renderer *in)
{
    const char *end = in->next;
    while (*end != '\0' && *end != '\n' && strncmp(end, "{{", 2) != 0) {
        end++;
    }
    const bool is_line_end = *end == '\n';
    const size_t size = (size_t)(end - in->next) + (is_line_end ? 1 : 0);
    if (is_shown(in) && !put(in, in->next, size)) {
        return false;
    }
    in->is_line_start =
        is_line_end || (in->is_line_start && strspn(in->next, " \t") == (size_t)(end - in->next));
    in->line += is_line_end ? 1 : 0;
    in->next += size;
    return true;
}

static bool render_tag(struct renderer *in)
{
    struct tag tag = {0};
    if (!take_tag(in, &tag)) {
        return false;
    }
    if (tag.kind == TAG_VALUE || tag.kind == TAG_QUOTED) {
        in->is_line_start = false;
        return is_shown(in) ? put_value(in, &tag) : look_up(in, &tag) != NULL;
    }
    swallow_line(in, is_shown(in));
    if (tag.kind == TAG_ELSE) {
        return switch_block(in, &tag);
    }
    return tag.kind == TAG_END ? close_block(in, &tag) : open_block(in, &tag);
}

static bool render_all(struct renderer *in)
{
    bool is_rendered = put(in, "", 0);
    while (is_rendered && *in->next != '\0') {
        is_rendered = strncmp(in->next, "{{", 2) == 0 ? render_tag(in) : render_text(in);
    }
    if (is_rendered && in->depth > 0) {
        const struct tag *open = &in->frames[in->depth - 1].open;
        return reject(in, open->line, "'{{#%s %s}}' is not closed", block_name(open), open->name);
    }
    return is_rendered;
}

char *template_render(const char *text, const json_t *data, struct block_fault *out_fault)
{
    struct renderer renderer = {
        .data = data, .next = text, .line = 1, .is_line_start = true, .fault = out_fault};
    if (!render_all(&renderer)) {
        free(renderer.out);
        return NULL;
    }
    return renderer.out;
}
