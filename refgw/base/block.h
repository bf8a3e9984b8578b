// block.h - the block grammar: the one syntax of configuration, scenarios and peer manifests.
//
//   file      := statement*
//   statement := (word | block)+  ended by a line end, ';' or the '}' around it
//   block     := '{' statement* '}'
//
// A word is a run of characters without white space, or "text in quotes" with \" \\ \n \t.
// Parentheses inside a word keep their spaces, so N(REKEY_SA, spi $old) is one word.
// '#' starts a comment unless a digit follows it ("#40" is a word). A '{' at the start of
// the next line still belongs to the statement before it.
#ifndef REFGW_BASE_BLOCK_H
#define REFGW_BASE_BLOCK_H

#include "refgw/base/bytes.h"

struct block {
    struct block_statement *statements;
    size_t count;
};

struct block_item {
    const char *text;          // the word, unquoted; NULL for a block
    bool is_quoted;            // was written in quotes
    const struct block *block; // NULL for a word
    unsigned line;             // from 1
    unsigned column;           // from 1
};

// At least one item. `line` is the line of the first one.
struct block_statement {
    struct block_item *items;
    size_t count;
    unsigned line;
};

// Where and why a text was rejected. `message` says what was found and what is allowed.
struct block_fault {
    unsigned line;
    unsigned column;
    char message[200];
};

struct block_document; // owns every string and statement of one text

// Reads a whole text. NULL with the reason in `out_fault` when it breaks the grammar or
// memory runs out. The text may be released afterwards.
MUST_USE struct block_document *block_document_parse(struct byte_view text,
                                                     struct block_fault *out_fault);
// The same for a file. A file that cannot be read is a fault in line 0.
MUST_USE struct block_document *block_document_load(const char *path,
                                                    struct block_fault *out_fault);
void block_document_free(struct block_document *document); // accepts NULL
const struct block *block_document_root(const struct block_document *document);

// The word at position `index`, or NULL when there is none or a block stands there.
MUST_USE const char *statement_word(const struct block_statement *statement, size_t index);
// Whether the first word is `keyword`.
MUST_USE bool statement_is(const struct block_statement *statement, const char *keyword);
// The statement's first block, or NULL.
MUST_USE const struct block *statement_block(const struct block_statement *statement);
// How many words stand before the first block (all of them when there is no block).
MUST_USE size_t statement_leading_words(const struct block_statement *statement);
// The first statement of the block that starts with `keyword`, or NULL. `block` may be NULL.
MUST_USE const struct block_statement *block_find(const struct block *block, const char *keyword);

// Writes the fault of a statement: place from the statement, text from the format.
void block_fault_at(struct block_fault *out_fault, const struct block_statement *statement,
                    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
