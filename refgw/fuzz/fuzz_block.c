// Any text: parse it; what was accepted is written in plain form and must read as the same
// structure, what was rejected must name a place inside the text.
#include "refgw/base/block.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

struct written {
    char *text;
    size_t size;
    size_t capacity;
};

static void put(struct written *out, const char *text, size_t size)
{
    if (out->capacity - out->size < size) {
        out->capacity = 2 * (out->capacity + size);
        out->text = realloc(out->text, out->capacity);
    }
    if (out->text == NULL) {
        abort();
    }
    memcpy(out->text + out->size, text, size);
    out->size += size;
}

static void put_quoted(struct written *out, const char *text)
{
    put(out, "\"", 1);
    for (const char *next = text; *next != '\0'; next++) {
        if (*next == '"' || *next == '\\') {
            put(out, "\\", 1);
        }
        if (*next == '\n') {
            put(out, "\\n", 2);
        } else {
            put(out, next, 1);
        }
    }
    put(out, "\"", 1);
}

static void put_block(struct written *out, const struct block *block);

// NOLINTNEXTLINE(misc-no-recursion): bounded by the grammar
static void put_item(struct written *out, const struct block_item *item)
{
    must((item->text == NULL) != (item->block == NULL) && item->line > 0 && item->column > 0);
    if (item->block != NULL) {
        put(out, "{\n", 2);
        put_block(out, item->block);
        put(out, "}", 1);
    } else if (item->is_quoted) {
        put_quoted(out, item->text);
    } else {
        put(out, item->text, strlen(item->text));
    }
    put(out, " ", 1);
}

// Statement by statement on lines of their own.
// NOLINTNEXTLINE(misc-no-recursion): bounded by the grammar
static void put_block(struct written *out, const struct block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct block_statement *statement = &block->statements[i];
        must(statement->count > 0);
        for (size_t j = 0; j < statement->count; j++) {
            put_item(out, &statement->items[j]);
        }
        put(out, ";\n", 2);
    }
}

static struct written write_document(const struct block_document *document)
{
    struct written out = {0};
    put(&out, "\n", 1);
    put_block(&out, block_document_root(document));
    return out;
}

static void check_accepted(const struct block_document *document)
{
    struct block_fault fault;
    struct written once = write_document(document);
    struct block_document *again = block_document_parse(
        (struct byte_view){.data = (const uint8_t *)once.text, .size = once.size}, &fault);
    must(again != NULL);
    struct written twice = write_document(again);
    must(once.size == twice.size && memcmp(once.text, twice.text, once.size) == 0);
    free(twice.text);
    free(once.text);
    block_document_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct block_fault fault = {0};
    struct block_document *document =
        block_document_parse((struct byte_view){.data = data, .size = size}, &fault);
    if (document != NULL) {
        check_accepted(document);
        block_document_free(document);
    } else {
        must(fault.line > 0 && fault.line <= size + 1 && fault.column > 0 &&
             fault.column <= size + 1 && fault.message[0] != '\0');
    }
    return 0;
}
