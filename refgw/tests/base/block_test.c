#include "refgw/base/block.h"
#include "harness/tap/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DUMP_SIZE = 4096 };

static struct byte_view text_view(const char *text)
{
    return (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)};
}

struct dump {
    char text[DUMP_SIZE];
    size_t used;
};

static void put(struct dump *dump, const char *text)
{
    const size_t size = strlen(text);
    if (size < sizeof(dump->text) - dump->used) {
        memcpy(dump->text + dump->used, text, size + 1);
        dump->used += size;
    }
}

static void dump_block(struct dump *dump, const struct block *block);

// NOLINTNEXTLINE(misc-no-recursion): bounded by the grammar
static void dump_item(struct dump *dump, const struct block_item *item)
{
    if (item->block != NULL) {
        put(dump, "{");
        dump_block(dump, item->block);
        put(dump, "}");
    } else {
        put(dump, item->is_quoted ? "<\"" : "<");
        put(dump, item->text);
        put(dump, ">");
    }
}

// Writes a block as <word><word>{...} with one ';' behind each statement: white space is gone,
// so equal dumps mean equal structure.
// NOLINTNEXTLINE(misc-no-recursion): bounded by the grammar
static void dump_block(struct dump *dump, const struct block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct block_statement *statement = &block->statements[i];
        for (size_t j = 0; j < statement->count; j++) {
            dump_item(dump, &statement->items[j]);
        }
        put(dump, ";");
    }
}

static void reads_as(const char *text, const char *wanted, const char *what)
{
    static struct dump dump;
    struct block_fault fault = {0};
    struct block_document *document = block_document_parse(text_view(text), &fault);

    dump = (struct dump){.used = 0};
    if (document != NULL) {
        dump_block(&dump, block_document_root(document));
    }
    if (!ok(document != NULL && strcmp(dump.text, wanted) == 0, "%s", what)) {
        note("got: %s; line %u: %s", dump.text, fault.line, fault.message);
    }
    block_document_free(document);
}

static void statements_end_with_line_semicolon_or_brace(void)
{
    reads_as("", "", "an empty text");
    reads_as(" \t\r\n\n ;;\n", "", "blank lines and empty statements");
    reads_as("a b\nc", "<a><b>;<c>;", "a line end ends a statement");
    reads_as("a b\r\nc\r\n", "<a><b>;<c>;", "so does one with a carriage return");
    reads_as("a; b ;c", "<a>;<b>;<c>;", "so does a semicolon");
    reads_as("a { b }\nc", "<a>{<b>;};<c>;", "so does a closing brace");
    reads_as("a{b;c}d", "<a>{<b>;<c>;}<d>;", "braces need no white space");
    reads_as("a \\\n b\nc", "<a><b>;<c>;", "a backslash at the line end joins lines");
}

static void blocks_stand_where_words_stand(void)
{
    reads_as("a {\n  b\n  c d\n}\n", "<a>{<b>;<c><d>;};", "over several lines");
    reads_as("a {}", "<a>{};", "empty");
    reads_as("{ a }", "{<a>;};", "without a word in front");
    reads_as("a { b } c { d } e", "<a>{<b>;}<c>{<d>;}<e>;", "words and blocks behind a block");
    reads_as("a { b { c { d } } }", "<a>{<b>{<c>{<d>;};};};", "nested");
    reads_as("a { b } { c }", "<a>{<b>;}{<c>;};", "two in a row");
}

static void a_brace_on_the_next_line_goes_on(void)
{
    reads_as("a b\n{\n c\n}\nd", "<a><b>{<c>;};<d>;", "right below");
    reads_as("a\n\n  # comment\n\n  { b }", "<a>{<b>;};", "below blank lines and comments");
    reads_as("a { b }\n{ c }", "<a>{<b>;};{<c>;};", "but not behind a block");
    reads_as("a;\n{ c }", "<a>;{<c>;};", "nor behind a semicolon");
    reads_as("x { a\n{ b } }", "<x>{<a>{<b>;};};", "also inside a block");
}

static void comments_end_with_the_line(void)
{
    reads_as("# all\na # rest\n#\nb", "<a>;<b>;", "in front, behind and alone");
    reads_as("#40 x", "<#40><x>;", "#40 is a word");
    reads_as("a #40+<5s #x", "<a><#40+<5s>;", "also in the middle");
    reads_as("a#b c", "<a#b><c>;", "a '#' inside a word is part of it");
    reads_as("a # { } \" (\nb", "<a>;<b>;", "nothing counts inside a comment");
    reads_as("a # \xc3\xa4", "<a>;", "the last line may end without line end");
}

static void words_keep_parentheses_together(void)
{
    reads_as("N(a, b c) d", "<N(a, b c)><d>;", "spaces inside parentheses");
    reads_as("SA(ESP, n (1 2) x)y z", "<SA(ESP, n (1 2) x)y><z>;", "nested ones");
    reads_as("N(a;b{c}#d\"e)", "<N(a;b{c}#d\"e)>;", "and any other character");
    reads_as("a) b", "<a)><b>;", "a ')' alone is a character");
    reads_as("(a b)", "<(a b)>;", "in front of the word");
    reads_as("a=b:c/d.e,f-g+h*", "<a=b:c/d.e,f-g+h*>;", "marks are characters");
    reads_as("\xc3\xa4\xff", "<\xc3\xa4\xff>;", "so are bytes over 127");
}

static void quotes_hold_any_text(void)
{
    reads_as("a \"b c\" d", "<a><\"b c><d>;", "spaces");
    reads_as("\"\"", "<\">;", "nothing");
    reads_as("\"a\\\"b\\\\c\\nd\\te\"", "<\"a\"b\\c\nd\te>;", "the four escapes");
    reads_as("\"{};#()\"", "<\"{};#()>;", "marks of the grammar");
    reads_as("a\"b\"c", "<a><\"b><c>;", "a quote ends a word and begins one");
}

static void is_rejected(const char *text, unsigned line, unsigned column, const char *reason)
{
    struct block_fault fault = {0};
    struct block_document *document = block_document_parse(text_view(text), &fault);
    if (!ok(document == NULL && fault.line == line && fault.column == column &&
                strstr(fault.message, reason) != NULL,
            "line %u column %u: %s", line, column, reason)) {
        note("got: line %u column %u: %s", fault.line, fault.column, fault.message);
    }
    block_document_free(document);
}

static void faults_name_line_and_column(void)
{
    is_rejected("a \"b", 1, 5, "the text in quotes has no end on this line");
    is_rejected("a\n \"b\nc\"", 2, 4, "the text in quotes has no end on this line");
    is_rejected("\"a\\x\"", 1, 3, "unknown escape");
    is_rejected("\"a\\", 1, 3, "unknown escape");
    is_rejected("a\nN(b c\n)", 2, 6, "a '(' is not closed on this line");
    is_rejected("a (b (c)", 1, 9, "a '(' is not closed on this line");
    is_rejected("a \x01", 1, 3, "control character 0x01");
    is_rejected("a b\x1f", 1, 4, "control character 0x1f");
    is_rejected("a {\n b\n", 3, 1, "the block opened in line 1 is not closed");
    is_rejected("a {\n b {\n }\n", 4, 1, "the block opened in line 1 is not closed");
    is_rejected("a\n b }", 2, 4, "a '}' closes no block");
    is_rejected("}", 1, 1, "a '}' closes no block");
}

static void rejects_zero_bytes(void)
{
    static const uint8_t text[] = {'a', 0, 'b'};
    struct block_fault fault = {0};
    ok(block_document_parse(VIEW_OF(text), &fault) == NULL &&
           strstr(fault.message, "zero byte") != NULL,
       "a zero byte is no text");
}

static void nests_32_deep_and_no_deeper(void)
{
    enum { DEPTH = 33 };
    char text[2 * DEPTH + 1] = {0};
    struct block_fault fault = {0};

    memset(text, '{', DEPTH);
    memset(text + DEPTH, '}', DEPTH);
    is_rejected(text, 1, 34, "nested deeper than 32");
    struct block_document *document = block_document_parse(
        (struct byte_view){.data = (const uint8_t *)text + 1, .size = 2 * DEPTH - 2}, &fault);
    ok(document != NULL, "32 are enough for everybody");
    block_document_free(document);
}

static void items_know_their_place(void)
{
    struct block_fault fault;
    struct block_document *document =
        block_document_parse(text_view("a\n  b \"c\" {\n}\n"), &fault);
    const struct block *root = block_document_root(document);
    const struct block_statement *second = &root->statements[1];

    ok(root->count == 2 && root->statements[0].line == 1 && second->line == 2, "statements");
    ok(second->items[0].line == 2 && second->items[0].column == 3, "a word");
    ok(second->items[1].line == 2 && second->items[1].column == 5, "a text in quotes");
    ok(second->items[2].line == 2 && second->items[2].column == 9, "a block");
    block_document_free(document);
}

static void statements_can_be_asked(void)
{
    struct block_fault fault = {0};
    struct block_document *document =
        block_document_parse(text_view("one a { x } b\ntwo\n{ y }\none c"), &fault);
    const struct block *root = block_document_root(document);
    const struct block_statement *one = block_find(root, "one");
    const struct block_statement *two = block_find(root, "two");

    ok(one == &root->statements[0] && two == &root->statements[1], "the first of a keyword");
    ok(block_find(root, "three") == NULL && block_find(NULL, "one") == NULL, "or none");
    ok(statement_is(one, "one") && !statement_is(one, "on") && !statement_is(one, "a"), "is");
    ok(strcmp(statement_word(one, 1), "a") == 0, "a word by position");
    ok(statement_word(one, 2) == NULL && statement_word(one, 4) == NULL,
       "no word where a block stands or the statement ended");
    ok(strcmp(statement_word(one, 3), "b") == 0, "a word behind the block");
    ok(statement_leading_words(one) == 2 && statement_leading_words(two) == 1 &&
           statement_leading_words(&root->statements[2]) == 2,
       "words in front of the block");
    ok(statement_block(one)->count == 1 && statement_block(&root->statements[2]) == NULL,
       "the first block, or none");
    block_fault_at(&fault, two, "no %s here", "bread");
    ok(fault.line == 2 && fault.column == 1 && strcmp(fault.message, "no bread here") == 0,
       "a fault of a statement has its place");
    block_document_free(document);
    block_document_free(NULL);
}

// `piece` repeated `count` times must give that many statements; the first one has `words`.
static void long_text_has(const char *piece, size_t count, size_t statements, size_t words)
{
    const size_t size = strlen(piece);
    uint8_t *text = malloc(count * size);
    struct block_fault fault = {0};

    for (size_t i = 0; text != NULL && i < count * size; i++) {
        text[i] = (uint8_t)piece[i % size];
    }
    struct block_document *document =
        block_document_parse((struct byte_view){.data = text, .size = count * size}, &fault);
    const struct block *root = document == NULL ? NULL : block_document_root(document);
    ok(root != NULL && root->count == statements && root->statements[0].count == words,
       "%zu times '%.2s': %zu statements, %zu words in the first", count, piece, statements, words);
    block_document_free(document);
    free(text);
}

static void long_texts_are_read(void)
{
    long_text_has("a ", 10000, 1, 10000);
    long_text_has("a;", 10000, 10000, 1);
    long_text_has("\"b\"\n", 100000, 100000, 1);
    long_text_has("w", 200000, 1, 1);
    long_text_has("{}", 10000, 1, 10000);
}

static void loads_files(void)
{
    char path[] = "/tmp/block_test.XXXXXX";
    struct block_fault fault = {0};
    const int file = mkstemp(path);
    static const char text[] = "word { inside }\n";

    ok(file >= 0 && write(file, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1, "a file");
    struct block_document *document = block_document_load(path, &fault);
    ok(document != NULL && block_document_root(document)->count == 1, "is read");
    block_document_free(document);
    ok(file >= 0 && ftruncate(file, 0) == 0, "an empty file");
    document = block_document_load(path, &fault);
    ok(document != NULL && block_document_root(document)->count == 0, "is an empty document");
    block_document_free(document);
    (void)close(file);
    (void)unlink(path);
    fault = (struct block_fault){.line = 77};
    ok(block_document_load(path, &fault) == NULL && fault.line == 0 &&
           strstr(fault.message, "No such file") != NULL,
       "a missing file is a fault in line 0");
    ok(block_document_load("/tmp", &fault) == NULL && fault.line == 0 &&
           strstr(fault.message, "directory") != NULL,
       "so is a folder");
}

int main(void)
{
    statements_end_with_line_semicolon_or_brace();
    blocks_stand_where_words_stand();
    a_brace_on_the_next_line_goes_on();
    comments_end_with_the_line();
    words_keep_parentheses_together();
    quotes_hold_any_text();
    faults_name_line_and_column();
    rejects_zero_bytes();
    nests_32_deep_and_no_deeper();
    items_know_their_place();
    statements_can_be_asked();
    long_texts_are_read();
    loads_files();
    return done_testing();
}
