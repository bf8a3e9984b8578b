#include "refgw/app/config_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_REPLAY_WINDOW = 64, MOST_REPLAY_WINDOW = 65536 };

static const char DEFAULT_ESP_PROPOSAL[] = "aes256gcm16-aes128gcm16";

static void read_esp(struct config_reader *reader, const struct block_statement *statement,
                     const struct config_word *self)
{
    struct policy_child *child = reader->target;
    const struct config_proposals proposals = {.count = &child->proposal_count,
                                               .items = child->proposals};
    (void)self;
    config_read_proposals(reader, statement, &proposals);
}

static void add_selector(struct config_reader *reader, const struct block_statement *statement,
                         const char *text, struct selector_set *set)
{
    struct selector selector;
    if (!selector_parse(text, &selector)) {
        config_fault(reader, statement,
                     "\"%s\" is no traffic selector; write PREFIX [PROTOCOL [PORT]] or FIRST - "
                     "LAST: 192.0.2.0/24, 2001:db8::/32 tcp 443 (no address bits to the right of "
                     "the prefix length)",
                     text);
    } else if (set->count == SELECTOR_SET_MOST) {
        config_fault(reader, statement, "more than %d traffic selectors", SELECTOR_SET_MOST);
    } else {
        set->items[set->count] = selector;
        set->count++;
    }
}

// Whether a word of a statement starts another selector: an address or a prefix that does
// not end a range.
static bool starts_selector(const struct block_statement *statement, size_t index)
{
    const char *word = statement_word(statement, index);
    const bool ends_range = index > 1 && strcmp(statement_word(statement, index - 1), "-") == 0;
    return !ends_range && (strchr(word, '.') != NULL || strchr(word, ':') != NULL);
}

// One or more selectors in a statement; each may consist of several words.
static void read_selectors(struct config_reader *reader, const struct block_statement *statement,
                           const struct config_word *self, struct selector_set *set)
{
    char text[SELECTOR_TEXT_SIZE] = "";
    size_t used = 0;
    if (statement->count < 2 || statement_leading_words(statement) != statement->count) {
        config_fault_usage(reader, statement, self);
        return;
    }
    for (size_t i = 1; i < statement->count; i++) {
        if (i > 1 && starts_selector(statement, i)) {
            add_selector(reader, statement, text, set);
            used = 0;
        }
        const int size = snprintf(text + used, sizeof(text) - used, "%s%s", used == 0 ? "" : " ",
                                  statement_word(statement, i));
        if (size < 0 || (size_t)size >= sizeof(text) - used) {
            config_fault(reader, statement, "a traffic selector has at most %d characters",
                         SELECTOR_TEXT_SIZE - 1);
            return;
        }
        used += (size_t)size;
    }
    add_selector(reader, statement, text, set);
}

static void read_local(struct config_reader *reader, const struct block_statement *statement,
                       const struct config_word *self)
{
    struct policy_child *child = reader->target;
    read_selectors(reader, statement, self, &child->local_selectors);
}

static void read_remote(struct config_reader *reader, const struct block_statement *statement,
                        const struct config_word *self)
{
    struct policy_child *child = reader->target;
    read_selectors(reader, statement, self, &child->remote_selectors);
}

static void read_replay_window(struct config_reader *reader,
                               const struct block_statement *statement,
                               const struct config_word *self)
{
    const struct config_number window = {"replay window", 0, MOST_REPLAY_WINDOW};
    struct policy_child *child = reader->target;
    if (config_has_words(reader, statement, self, 2)) {
        (void)config_read_number(reader, statement, 1, &window, &child->replay_window);
    }
}

static void read_start(struct config_reader *reader, const struct block_statement *statement,
                       const struct config_word *self)
{
    struct policy_child *child = reader->target;
    if (!config_has_words(reader, statement, self, 2)) {
        return;
    }
    const char *word = statement_word(statement, 1);
    if (strcmp(word, "auto") != 0 && strcmp(word, "manual") != 0) {
        config_fault(reader, statement, "unknown start \"%s\"; allowed: auto, manual", word);
        return;
    }
    child->starts_by_itself = strcmp(word, "auto") == 0;
}

static const struct config_word CHILD_WORDS[] = {
    {"esp",           "esp PROPOSAL...",       WORD_OPTIONAL, WORD_ONCE,    read_esp          },
    {"local",         "local SELECTOR...",     WORD_REQUIRED, WORD_REPEATS, read_local        },
    {"remote",        "remote SELECTOR...",    WORD_REQUIRED, WORD_REPEATS, read_remote       },
    {"replay-window", "replay-window PACKETS", WORD_OPTIONAL, WORD_ONCE,    read_replay_window},
    {"start",         "start auto|manual",     WORD_OPTIONAL, WORD_ONCE,    read_start        },
};

static bool name_is_taken(const struct policy_connection *connection, const char *name)
{
    for (size_t i = 0; i < connection->child_count; i++) {
        if (strcmp(connection->children[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static struct policy_child *add_child(struct policy_connection *connection, const char *name)
{
    const size_t size = (connection->child_count + 1) * sizeof(*connection->children);
    struct policy_child *children = realloc(connection->children, size);
    if (children == NULL) {
        return NULL;
    }
    connection->children = children;
    struct policy_child *child = &children[connection->child_count];
    *child = (struct policy_child){.mode = CHILD_SA_TUNNEL, .replay_window = DEFAULT_REPLAY_WINDOW};
    (void)snprintf(child->name, sizeof(child->name), "%s", name);
    connection->child_count++;
    return child;
}

static bool has_family(const struct selector_set *set, enum address_family family)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i].start_address.family == family) {
            return true;
        }
    }
    return false;
}

static void check_families(struct config_reader *reader, const struct block_statement *statement,
                           const struct policy_child *child)
{
    const enum address_family families[] = {ADDRESS_IPV4, ADDRESS_IPV6};
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        const bool local = has_family(&child->local_selectors, families[i]);
        const bool remote = has_family(&child->remote_selectors, families[i]);
        if (local != remote && child->local_selectors.count > 0 &&
            child->remote_selectors.count > 0) {
            config_fault(reader, statement,
                         "child %s: only `%s` has IPv%d selectors, so no IPv%d packet can match; "
                         "add some to `%s` or take them out",
                         child->name, local ? "local" : "remote", (int)families[i],
                         (int)families[i], local ? "remote" : "local");
        }
    }
}

static struct policy_child *begin_child(struct config_reader *reader,
                                        const struct block_statement *statement, const char *name)
{
    struct policy_connection *connection = reader->target;
    struct policy_child *child = NULL;
    if (name_is_taken(connection, name)) {
        config_fault(reader, statement, "connection %s has a child %s already; choose another name",
                     connection->name, name);
    } else if (connection->child_count == POLICY_MOST_CHILDREN) {
        config_fault(reader, statement, "connection %s has more than %d children", connection->name,
                     POLICY_MOST_CHILDREN);
    } else {
        child = add_child(connection, name);
        if (child == NULL) {
            config_fault(reader, statement, "out of memory");
        }
    }
    return child;
}

void config_read_child(struct config_reader *reader, const struct block_statement *statement,
                       const struct config_word *self)
{
    const char *name = config_block_name(reader, statement, self);
    struct policy_child *child = name == NULL ? NULL : begin_child(reader, statement, name);
    char what[SA_NAME_SIZE + 16];
    if (child == NULL) {
        return;
    }
    (void)snprintf(what, sizeof(what), "child %s", name);
    const struct config_block block = {
        .owner = statement,
        .block = statement_block(statement),
        .what = what,
        .words = CHILD_WORDS,
        .word_count = sizeof(CHILD_WORDS) / sizeof(CHILD_WORDS[0]),
    };
    reader->target = child;
    config_read_block(reader, &block);
    if (block_find(block.block, "esp") == NULL) {
        config_default_proposal(DEFAULT_ESP_PROPOSAL, false, &child->proposals[0]);
        child->proposal_count = 1;
    }
    check_families(reader, statement, child);
}
