#include "refgw/base/block.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DEPTH = 32, MOST_TEXT = 16 * 1024 * 1024, PIECE_SIZE = 64 * 1024 };

// Memory in pieces that are released together.
struct piece {
    struct piece *next;
    size_t used;
    size_t capacity;
    _Alignas(max_align_t) uint8_t bytes[];
};

struct block_document {
    struct piece *pieces;
    struct block root;
};

struct parser {
    struct block_document *document;
    struct block_fault *fault;
    const char *text;
    size_t size;
    size_t position;
    unsigned line;
    size_t line_start;
};

static void *document_allocate(struct block_document *document, size_t size)
{
    const size_t alignment = _Alignof(max_align_t);
    size = (size + alignment - 1) / alignment * alignment;
    struct piece *piece = document->pieces;
    if (piece == NULL || piece->capacity - piece->used < size) {
        const size_t capacity = size > PIECE_SIZE ? size : PIECE_SIZE;
        piece = malloc(sizeof(*piece) + capacity);
        if (piece == NULL) {
            return NULL;
        }
        *piece = (struct piece){.next = document->pieces, .capacity = capacity};
        document->pieces = piece;
    }
    void *memory = piece->bytes + piece->used;
    piece->used += size;
    return memory;
}

__attribute__((format(printf, 2, 3))) static bool fail(struct parser *in, const char *format, ...)
{
    va_list arguments;
    in->fault->line = in->line;
    in->fault->column = (unsigned)(in->position - in->line_start) + 1;
    va_start(arguments, format);
    (void)vsnprintf(in->fault->message, sizeof(in->fault->message), format, arguments);
    va_end(arguments);
    return false;
}

static bool at_end(const struct parser *in)
{
    return in->position >= in->size;
}

// The character `ahead` places further on, or zero after the end.
static char peek(const struct parser *in, size_t ahead)
{
    if (ahead >= in->size - in->position) {
        return '\0';
    }
    return in->text[in->position + ahead];
}

static void advance(struct parser *in)
{
    if (in->text[in->position] == '\n') {
        in->line++;
        in->line_start = in->position + 1;
    }
    in->position++;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static bool starts_comment(const struct parser *in)
{
    return peek(in, 0) == '#' && !is_digit(peek(in, 1));
}

static void skip_to_line_end(struct parser *in)
{
    while (!at_end(in) && peek(in, 0) != '\n') {
        advance(in);
    }
}

static void skip_blanks(struct parser *in)
{
    while (!at_end(in)) {
        const char next = peek(in, 0);
        if (starts_comment(in)) {
            skip_to_line_end(in);
        } else if (next == ' ' || next == '\t' || next == '\r') {
            advance(in);
        } else if (next == '\\' && peek(in, 1) == '\n') {
            advance(in);
            advance(in);
        } else {
            return;
        }
    }
}

static void skip_lines(struct parser *in)
{
    skip_blanks(in);
    while (peek(in, 0) == '\n' || peek(in, 0) == ';') {
        advance(in);
        skip_blanks(in);
    }
}

// Whether the first thing on a following line is a '{': then the statement goes on there.
static bool goes_on_below(const struct parser *in)
{
    struct parser ahead = *in;
    while (peek(&ahead, 0) == '\n') {
        advance(&ahead);
        skip_blanks(&ahead);
    }
    return peek(&ahead, 0) == '{';
}

static bool put_escape(struct parser *in, char *out)
{
    switch (peek(in, 1)) {
    case '"':
    case '\\':
        *out = peek(in, 1);
        break;
    case 'n':
        *out = '\n';
        break;
    case 't':
        *out = '\t';
        break;
    default:
        return fail(in, "unknown escape in quotes; allowed are \\\" \\\\ \\n \\t");
    }
    advance(in);
    advance(in);
    return true;
}

// Room for the text in quotes that starts here, with its final zero. Measured first, so that
// many short texts in a long file do not each take the rest of the file.
static size_t quoted_room(const struct parser *in)
{
    size_t ahead = 1;
    while (ahead < in->size - in->position && peek(in, ahead) != '"' && peek(in, ahead) != '\n') {
        ahead += peek(in, ahead) == '\\' ? 2 : 1;
    }
    return ahead + 1;
}

static bool take_quoted_character(struct parser *in, char *out)
{
    if (at_end(in) || peek(in, 0) == '\n') {
        return fail(in, "the text in quotes has no end on this line; close it with \"");
    }
    if (peek(in, 0) == '\\') {
        return put_escape(in, out);
    }
    *out = peek(in, 0);
    advance(in);
    return true;
}

static bool take_quoted(struct parser *in, struct block_item *item)
{
    char *text = document_allocate(in->document, quoted_room(in));
    size_t used = 0;
    if (text == NULL) {
        return fail(in, "out of memory");
    }
    advance(in);
    while (peek(in, 0) != '"') {
        if (!take_quoted_character(in, &text[used])) {
            return false;
        }
        used++;
    }
    advance(in);
    text[used] = '\0';
    item->text = text;
    item->is_quoted = true;
    return true;
}

static bool ends_word(const struct parser *in, unsigned depth)
{
    const char next = peek(in, 0);
    if (at_end(in) || next == '\n') {
        return true;
    }
    return depth == 0 && strchr(" \t\r;{}\"", next) != NULL;
}

static bool take_word(struct parser *in, struct block_item *item)
{
    const size_t start = in->position;
    unsigned depth = 0;
    while (!ends_word(in, depth)) {
        const unsigned char next = (unsigned char)peek(in, 0);
        if (next < ' ' && next != '\t') {
            return fail(in, "control character 0x%02x; only text is allowed", next);
        }
        depth += next == '(';
        depth -= next == ')' && depth > 0;
        advance(in);
    }
    if (depth != 0) {
        return fail(in, "a '(' is not closed on this line; close it with ')'");
    }
    const size_t size = in->position - start;
    char *text = document_allocate(in->document, size + 1);
    if (text == NULL) {
        return fail(in, "out of memory");
    }
    memcpy(text, in->text + start, size);
    text[size] = '\0';
    item->text = text;
    return true;
}

// A list that grows inside the document; what it outgrows is released with the document.
struct growing {
    void *items;
    size_t count;
    size_t capacity;
};

// Where the next item goes; the caller counts it once it is complete. NULL without memory.
static void *next_slot(struct parser *in, struct growing *list, size_t item_size)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 8 : 2 * list->capacity;
        void *items = document_allocate(in->document, capacity * item_size);
        if (items == NULL) {
            (void)fail(in, "out of memory");
            return NULL;
        }
        if (list->items != NULL) {
            memcpy(items, list->items, list->count * item_size);
        }
        list->items = items;
        list->capacity = capacity;
    }
    return (uint8_t *)list->items + list->count * item_size;
}

// Blocks contain statements contain blocks: the recursion ends at MOST_DEPTH.
static bool take_block(struct parser *in, unsigned depth, struct block *out_block);

// NOLINTNEXTLINE(misc-no-recursion): bounded by MOST_DEPTH
static bool take_item(struct parser *in, unsigned depth, struct block_item *out_item)
{
    struct block_item item = {.line = in->line,
                              .column = (unsigned)(in->position - in->line_start) + 1};
    if (peek(in, 0) == '"') {
        if (!take_quoted(in, &item)) {
            return false;
        }
    } else if (peek(in, 0) != '{') {
        if (!take_word(in, &item)) {
            return false;
        }
    } else {
        struct block *block = document_allocate(in->document, sizeof(*block));
        if (block == NULL) {
            return fail(in, "out of memory");
        }
        advance(in);
        if (!take_block(in, depth + 1, block)) {
            return false;
        }
        item.block = block;
    }
    *out_item = item;
    return true;
}

static bool ends_statement(const struct parser *in)
{
    const char next = peek(in, 0);
    return at_end(in) || next == ';' || next == '}' || (next == '\n' && !goes_on_below(in));
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by MOST_DEPTH
static bool take_statement(struct parser *in, unsigned depth, struct block_statement *out)
{
    struct growing items = {0};
    const unsigned line = in->line;
    while (!ends_statement(in)) {
        if (peek(in, 0) == '\n') {
            skip_lines(in);
        }
        struct block_item *item = next_slot(in, &items, sizeof(*item));
        if (item == NULL || !take_item(in, depth, item)) {
            return false;
        }
        items.count++;
        skip_blanks(in);
        if (peek(in, 0) == '\n' && item->block != NULL) {
            break;
        }
    }
    *out = (struct block_statement){.items = items.items, .count = items.count, .line = line};
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by MOST_DEPTH
static bool take_block(struct parser *in, unsigned depth, struct block *out_block)
{
    struct growing statements = {0};
    const unsigned opened = in->line;
    if (depth > MOST_DEPTH) {
        return fail(in, "blocks are nested deeper than %d", MOST_DEPTH);
    }
    for (;;) {
        skip_lines(in);
        if (at_end(in) || peek(in, 0) == '}') {
            break;
        }
        struct block_statement *statement = next_slot(in, &statements, sizeof(*statement));
        if (statement == NULL || !take_statement(in, depth, statement)) {
            return false;
        }
        statements.count++;
    }
    if (depth > 0 && at_end(in)) {
        return fail(in, "the block opened in line %u is not closed; add '}'", opened);
    }
    if (depth == 0 && !at_end(in)) {
        return fail(in, "a '}' closes no block");
    }
    if (depth > 0) {
        advance(in);
    }
    *out_block = (struct block){.statements = statements.items, .count = statements.count};
    return true;
}

struct block_document *block_document_parse(struct byte_view text, struct block_fault *out_fault)
{
    struct block_fault fault = {0};
    struct block_document *document = calloc(1, sizeof(*document));
    struct parser in = {.document = document,
                        .fault = &fault,
                        .text = (const char *)text.data,
                        .size = text.size,
                        .line = 1};

    if (document == NULL) {
        (void)fail(&in, "out of memory");
    } else if (text.size > MOST_TEXT) {
        (void)fail(&in, "the text is larger than %d bytes", MOST_TEXT);
    } else if (text.size > 0 && memchr(text.data, 0, text.size) != NULL) {
        (void)fail(&in, "the text contains a zero byte; only text is allowed");
    } else if (take_block(&in, 0, &document->root)) {
        return document;
    }
    *out_fault = fault;
    block_document_free(document);
    return NULL;
}

// Like realloc(), but wipes what is left behind, as configurations hold pre-shared keys, and
// releases `text` also when there is no memory.
static char *enlarge(char *text, size_t size, size_t capacity)
{
    char *larger = malloc(capacity);
    if (larger != NULL) {
        memcpy(larger, text, size);
    }
    explicit_bzero(text, size);
    free(text);
    return larger;
}

static char *read_stream(FILE *file, size_t *out_size)
{
    size_t capacity = PIECE_SIZE;
    char *text = malloc(capacity);
    size_t size = 0;
    while (text != NULL && size <= MOST_TEXT) {
        // size is below capacity here: a full buffer was enlarged.
        // cppcheck-suppress pointerOutOfBoundsCond
        const size_t got = fread(text + size, 1, capacity - size, file);
        if (got == 0) {
            break;
        }
        size += got;
        if (size == capacity) {
            capacity *= 2;
            text = enlarge(text, size, capacity);
        }
    }
    if (text != NULL && ferror(file) != 0) {
        explicit_bzero(text, size);
        free(text);
        return NULL;
    }
    *out_size = size;
    return text;
}

// Reads a whole file into memory that the caller wipes and releases. NULL with errno set on
// failure.
static char *read_file(const char *path, size_t *out_size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return NULL;
    }
    char *text = read_stream(file, out_size);
    const int reason = errno;
    (void)fclose(file);
    errno = reason;
    return text;
}

struct block_document *block_document_load(const char *path, struct block_fault *out_fault)
{
    size_t size = 0;
    char *text = read_file(path, &size);
    if (text == NULL) {
        *out_fault = (struct block_fault){0};
        (void)snprintf(out_fault->message, sizeof(out_fault->message), "cannot read the file: %s",
                       strerror(errno));
        return NULL;
    }
    const struct byte_view view = {.data = (const uint8_t *)text, .size = size};
    struct block_document *document = block_document_parse(view, out_fault);
    explicit_bzero(text, size);
    free(text);
    return document;
}

void block_document_free(struct block_document *document)
{
    if (document == NULL) {
        return;
    }
    struct piece *piece = document->pieces;
    while (piece != NULL) {
        struct piece *next = piece->next;
        // Configurations hold pre-shared keys.
        explicit_bzero(piece->bytes, piece->used);
        free(piece);
        piece = next;
    }
    free(document);
}

const struct block *block_document_root(const struct block_document *document)
{
    return &document->root;
}

const char *statement_word(const struct block_statement *statement, size_t index)
{
    return index < statement->count ? statement->items[index].text : NULL;
}

bool statement_is(const struct block_statement *statement, const char *keyword)
{
    const char *word = statement_word(statement, 0);
    return word != NULL && strcmp(word, keyword) == 0;
}

const struct block *statement_block(const struct block_statement *statement)
{
    for (size_t i = 0; i < statement->count; i++) {
        if (statement->items[i].block != NULL) {
            return statement->items[i].block;
        }
    }
    return NULL;
}

size_t statement_leading_words(const struct block_statement *statement)
{
    size_t count = 0;
    while (count < statement->count && statement->items[count].block == NULL) {
        count++;
    }
    return count;
}

const struct block_statement *block_find(const struct block *block, const char *keyword)
{
    for (size_t i = 0; block != NULL && i < block->count; i++) {
        if (statement_is(&block->statements[i], keyword)) {
            return &block->statements[i];
        }
    }
    return NULL;
}

void block_fault_at(struct block_fault *out_fault, const struct block_statement *statement,
                    const char *format, ...)
{
    va_list arguments;
    out_fault->line = statement->line;
    out_fault->column = statement->count > 0 ? statement->items[0].column : 1;
    va_start(arguments, format);
    (void)vsnprintf(out_fault->message, sizeof(out_fault->message), format, arguments);
    va_end(arguments);
}
