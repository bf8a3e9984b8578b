#include "harness/peer/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/peer/capability.h"
#include "harness/scenario/scenario.h"

enum {
    DEFAULT_START_MS = 5000,
    DEFAULT_READY_MS = 10000,
    DEFAULT_OPERATION_MS = 10000,
    MOST_FACTOR_PERCENT = 1000,
    MOST_TRIES = 100,
};

typedef bool statement_reader(const struct block_statement *statement,
                              struct peer_manifest *manifest, struct block_fault *fault);

struct keyword {
    const char *word;
    statement_reader *read;
};

static bool needs_one_word(const struct block_statement *statement, const char **out_word,
                           struct block_fault *fault)
{
    if (statement->count != 2 || statement_word(statement, 1) == NULL) {
        block_fault_at(fault, statement, "'%s' takes one word", statement_word(statement, 0));
        return false;
    }
    *out_word = statement_word(statement, 1);
    return true;
}

static bool needs_block(const struct block_statement *statement, const struct block **out_block,
                        struct block_fault *fault)
{
    *out_block = statement_block(statement);
    if (*out_block == NULL || statement->count != 2) {
        block_fault_at(fault, statement, "'%s' takes a block: %s { ... }",
                       statement_word(statement, 0), statement_word(statement, 0));
        return false;
    }
    return true;
}

static bool reads_words_only(const struct block_statement *statement, struct block_fault *fault)
{
    if (statement_word(statement, 0) == NULL || statement_block(statement) != NULL) {
        block_fault_at(fault, statement, "words only here, no block");
        return false;
    }
    return true;
}

// --- Single statements --------------------------------------------------------------------

static bool read_name(const struct block_statement *statement, struct peer_manifest *manifest,
                      struct block_fault *fault)
{
    if (!needs_one_word(statement, &manifest->name, fault)) {
        return false;
    }
    const char *folder = strrchr(manifest->folder, '/');
    folder = folder == NULL ? manifest->folder : folder + 1;
    if (strcmp(folder, manifest->name) != 0) {
        block_fault_at(fault, statement, "peer '%s' in a folder called '%s': they must be equal",
                       manifest->name, folder);
        return false;
    }
    return true;
}

static bool read_vendor(const struct block_statement *statement, struct peer_manifest *manifest,
                        struct block_fault *fault)
{
    return needs_one_word(statement, &manifest->vendor, fault);
}

static bool read_homepage(const struct block_statement *statement, struct peer_manifest *manifest,
                          struct block_fault *fault)
{
    return needs_one_word(statement, &manifest->homepage, fault);
}

static bool read_kind(const struct block_statement *statement, struct peer_manifest *manifest,
                      struct block_fault *fault)
{
    static const char *const names[] = {"netns", "uml", "remote", "manual"};
    static const enum peer_kind kinds[] = {PEER_KIND_NETNS, PEER_KIND_UML, PEER_KIND_REMOTE,
                                           PEER_KIND_MANUAL};
    const char *word = NULL;
    if (!needs_one_word(statement, &word, fault)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(names[i], word) == 0) {
            manifest->kind = kinds[i];
            return true;
        }
    }
    block_fault_at(fault, statement, "unknown kind '%s'; allowed are netns, uml, remote, manual",
                   word);
    return false;
}

static bool read_roles(const struct block_statement *statement, struct peer_manifest *manifest,
                       struct block_fault *fault)
{
    if (!reads_words_only(statement, fault)) {
        return false;
    }
    for (size_t i = 1; i < statement->count; i++) {
        const char *word = statement_word(statement, i);
        if (strcmp(word, "initiator") == 0) {
            manifest->can_initiate = true;
        } else if (strcmp(word, "responder") == 0) {
            manifest->can_respond = true;
        } else {
            block_fault_at(fault, statement, "unknown role '%s'; allowed are initiator, responder",
                           word);
            return false;
        }
    }
    return true;
}

// --- keys { } -----------------------------------------------------------------------------

static bool read_key_export(const struct block_statement *statement,
                            struct peer_key_export *out_export, struct block_fault *fault)
{
    const char *answer = statement_word(statement, 1);
    const char *via = statement_word(statement, 3);
    if (answer != NULL && strcmp(answer, "no") == 0 && statement->count == 2) {
        *out_export = (struct peer_key_export){0};
        return true;
    }
    if (answer != NULL && strcmp(answer, "yes") == 0 && statement->count == 4 && via != NULL &&
        strcmp(statement_word(statement, 2), "via") == 0) {
        *out_export = (struct peer_key_export){.is_exported = true, .via = via};
        return true;
    }
    block_fault_at(fault, statement, "keys are '%s no' or '%s yes via \"WHAT\"'",
                   statement_word(statement, 0), statement_word(statement, 0));
    return false;
}

static bool read_keys(const struct block_statement *statement, struct peer_manifest *manifest,
                      struct block_fault *fault)
{
    const struct block *block = NULL;
    if (!needs_block(statement, &block, fault)) {
        return false;
    }
    for (size_t i = 0; i < block->count; i++) {
        const struct block_statement *line = &block->statements[i];
        if (!reads_words_only(line, fault)) {
            return false;
        }
        struct peer_key_export *export = NULL;
        if (statement_is(line, "ike")) {
            export = &manifest->ike_keys;
        } else if (statement_is(line, "esp")) {
            export = &manifest->esp_keys;
        } else {
            block_fault_at(fault, line, "unknown keys '%s'; allowed are ike, esp",
                           statement_word(line, 0));
            return false;
        }
        if (!read_key_export(line, export, fault)) {
            return false;
        }
    }
    return true;
}

// --- timers { } ---------------------------------------------------------------------------

static bool read_duration(const struct block_statement *statement, size_t index,
                          uint64_t *out_milliseconds, struct block_fault *fault)
{
    const char *word = statement_word(statement, index);
    if (word == NULL || !scenario_duration(word, out_milliseconds) || *out_milliseconds == 0) {
        block_fault_at(fault, statement, "'%s' is not a duration such as 500ms, 4s, 1m",
                       word == NULL ? "" : word);
        return false;
    }
    return true;
}

static bool read_number(const struct block_statement *statement, size_t index, unsigned most,
                        unsigned *out_value, struct block_fault *fault)
{
    const char *word = statement_word(statement, index);
    char *end = NULL;
    const unsigned long value = word == NULL ? 0 : strtoul(word, &end, 10);
    if (end == NULL || end == word || *end != '\0' || *word == '-' || value > most) {
        block_fault_at(fault, statement, "'%s' is not a number up to %u", word == NULL ? "" : word,
                       most);
        return false;
    }
    *out_value = (unsigned)value;
    return true;
}

static bool read_retransmit(const struct block_statement *statement, struct peer_timers *timers,
                            struct block_fault *fault)
{
    if (statement->count != 7 || strcmp(statement_word(statement, 1), "first") != 0 ||
        strcmp(statement_word(statement, 3), "factor") != 0 ||
        strcmp(statement_word(statement, 5), "tries") != 0) {
        block_fault_at(fault, statement,
                       "retransmission is 'retransmit first 500ms factor 180 tries 6'");
        return false;
    }
    return read_duration(statement, 2, &timers->retransmit_first_ms, fault) &&
           read_number(statement, 4, MOST_FACTOR_PERCENT, &timers->retransmit_factor_percent,
                       fault) &&
           read_number(statement, 6, MOST_TRIES, &timers->retransmit_tries, fault);
}

static bool read_timer(const struct block_statement *line, struct peer_timers *timers,
                       struct block_fault *fault)
{
    if (!reads_words_only(line, fault)) {
        return false;
    }
    if (statement_is(line, "retransmit")) {
        return read_retransmit(line, timers, fault);
    }
    uint64_t *timer = NULL;
    if (statement_is(line, "start")) {
        timer = &timers->start_ms;
    } else if (statement_is(line, "ready")) {
        timer = &timers->ready_ms;
    } else if (statement_is(line, "operation")) {
        timer = &timers->operation_ms;
    } else {
        block_fault_at(fault, line,
                       "unknown timer '%s'; allowed are start, ready, operation, retransmit",
                       statement_word(line, 0));
        return false;
    }
    if (line->count != 2) {
        block_fault_at(fault, line, "'%s' takes one duration", statement_word(line, 0));
        return false;
    }
    return read_duration(line, 1, timer, fault);
}

static bool read_timers(const struct block_statement *statement, struct peer_manifest *manifest,
                        struct block_fault *fault)
{
    const struct block *block = NULL;
    if (!needs_block(statement, &block, fault)) {
        return false;
    }
    for (size_t i = 0; i < block->count; i++) {
        if (!read_timer(&block->statements[i], &manifest->timers, fault)) {
            return false;
        }
    }
    return true;
}

// --- capabilities { } and map { } ---------------------------------------------------------

static bool read_answer(const struct block_statement *line, enum peer_answer *out_answer,
                        struct block_fault *fault)
{
    static const enum peer_answer answers[] = {PEER_YES, PEER_NO, PEER_UNKNOWN};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (statement_is(line, peer_answer_name(answers[i]))) {
            *out_answer = answers[i];
            return true;
        }
    }
    block_fault_at(fault, line, "a line of capabilities starts with yes, no or unknown, not '%s'",
                   statement_word(line, 0));
    return false;
}

static const struct peer_capability *find_capability(const struct peer_manifest *manifest,
                                                     const char *name)
{
    for (size_t i = 0; i < manifest->capability_count; i++) {
        if (strcmp(manifest->capabilities[i].name, name) == 0) {
            return &manifest->capabilities[i];
        }
    }
    return NULL;
}

static bool add_capability(struct peer_manifest *manifest, const struct block_statement *line,
                           const char *name, enum peer_answer answer, struct block_fault *fault)
{
    const struct peer_capability *earlier = find_capability(manifest, name);
    if (!capability_is_known(name)) {
        block_fault_at(fault, line, "unknown capability '%s'", name);
        return false;
    }
    if (earlier != NULL) {
        block_fault_at(fault, line, "'%s' was answered in line %u already", name, earlier->line);
        return false;
    }
    if (manifest->capability_count == MANIFEST_MOST_CAPABILITIES) {
        block_fault_at(fault, line, "more than %d capabilities", MANIFEST_MOST_CAPABILITIES);
        return false;
    }
    manifest->capabilities[manifest->capability_count++] =
        (struct peer_capability){.name = name, .answer = answer, .line = line->line};
    return true;
}

static bool read_capability_line(const struct block_statement *line, struct peer_manifest *manifest,
                                 struct block_fault *fault)
{
    enum peer_answer answer = PEER_UNKNOWN;
    if (!reads_words_only(line, fault) || !read_answer(line, &answer, fault)) {
        return false;
    }
    for (size_t i = 1; i < line->count; i++) {
        if (!add_capability(manifest, line, statement_word(line, i), answer, fault)) {
            return false;
        }
    }
    return true;
}

static bool read_capabilities(const struct block_statement *statement,
                              struct peer_manifest *manifest, struct block_fault *fault)
{
    const struct block *block = NULL;
    if (!needs_block(statement, &block, fault)) {
        return false;
    }
    for (size_t i = 0; i < block->count; i++) {
        if (!read_capability_line(&block->statements[i], manifest, fault)) {
            return false;
        }
    }
    return true;
}

static bool add_spelling(struct peer_manifest *manifest, const struct block_statement *line,
                         struct block_fault *fault)
{
    if (!reads_words_only(line, fault)) {
        return false;
    }
    const char *word = statement_word(line, 0);
    if (line->count != 2) {
        block_fault_at(fault, line, "a line of map is one word of ours and one of the peer's");
        return false;
    }
    if (algorithm_kind_of(word) == ALGORITHM_UNKNOWN) {
        block_fault_at(fault, line, "unknown algorithm '%s'", word);
        return false;
    }
    if (manifest_spelling(manifest, word) != NULL) {
        block_fault_at(fault, line, "'%s' is mapped twice", word);
        return false;
    }
    if (manifest->spelling_count == MANIFEST_MOST_SPELLINGS) {
        block_fault_at(fault, line, "more than %d lines in map", MANIFEST_MOST_SPELLINGS);
        return false;
    }
    manifest->spellings[manifest->spelling_count++] = (struct peer_spelling){
        .word = word, .spelling = statement_word(line, 1), .line = line->line};
    return true;
}

static bool read_map(const struct block_statement *statement, struct peer_manifest *manifest,
                     struct block_fault *fault)
{
    const struct block *block = NULL;
    if (!needs_block(statement, &block, fault)) {
        return false;
    }
    for (size_t i = 0; i < block->count; i++) {
        if (!add_spelling(manifest, &block->statements[i], fault)) {
            return false;
        }
    }
    return true;
}

// --- The whole file -----------------------------------------------------------------------

static const struct keyword keywords[] = {
    {"peer",         read_name        },
    {"vendor",       read_vendor      },
    {"homepage",     read_homepage    },
    {"kind",         read_kind        },
    {"roles",        read_roles       },
    {"keys",         read_keys        },
    {"timers",       read_timers      },
    {"capabilities", read_capabilities},
    {"map",          read_map         },
};

static bool read_statement(const struct block_statement *statement, struct peer_manifest *manifest,
                           struct block_fault *fault)
{
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (statement_is(statement, keywords[i].word)) {
            return keywords[i].read(statement, manifest, fault);
        }
    }
    const char *word = statement_word(statement, 0);
    block_fault_at(fault, statement,
                   "unknown word '%s'; allowed are peer, vendor, homepage, kind, roles, keys, "
                   "timers, capabilities, map",
                   word == NULL ? "{" : word);
    return false;
}

static bool read_document(struct peer_manifest *manifest, struct block_fault *fault)
{
    const struct block *root = block_document_root(manifest->document);
    for (size_t i = 0; i < root->count; i++) {
        if (!read_statement(&root->statements[i], manifest, fault)) {
            return false;
        }
    }
    if (manifest->name == NULL || (!manifest->can_initiate && !manifest->can_respond)) {
        *fault = (struct block_fault){.line = 1, .column = 1};
        (void)snprintf(fault->message, sizeof(fault->message), "'%s' is missing",
                       manifest->name == NULL ? "peer NAME" : "roles");
        return false;
    }
    return true;
}

bool manifest_load(const char *folder, struct peer_manifest *out_manifest,
                   struct block_fault *out_fault)
{
    char path[MANIFEST_PATH_SIZE + sizeof("/peer.conf")];
    struct peer_manifest *manifest = calloc(1, sizeof(*manifest));
    bool is_read = false;
    *out_fault = (struct block_fault){0};
    if (manifest == NULL || strlen(folder) >= sizeof(manifest->folder)) {
        (void)snprintf(out_fault->message, sizeof(out_fault->message), "the path is too long");
        goto out;
    }
    (void)snprintf(manifest->folder, sizeof(manifest->folder), "%s", folder);
    (void)snprintf(path, sizeof(path), "%s/peer.conf", folder);
    manifest->vendor = "";
    manifest->homepage = "";
    manifest->timers = (struct peer_timers){.start_ms = DEFAULT_START_MS,
                                            .ready_ms = DEFAULT_READY_MS,
                                            .operation_ms = DEFAULT_OPERATION_MS};
    manifest->document = block_document_load(path, out_fault);
    if (manifest->document == NULL || !read_document(manifest, out_fault)) {
        manifest_clear(manifest);
        goto out;
    }
    *out_manifest = *manifest;
    is_read = true;
out:
    free(manifest);
    return is_read;
}

void manifest_clear(struct peer_manifest *manifest)
{
    block_document_free(manifest->document);
    *manifest = (struct peer_manifest){0};
}

enum peer_answer manifest_capability(const struct peer_manifest *manifest, const char *capability)
{
    const struct peer_capability *found = find_capability(manifest, capability);
    return found == NULL ? PEER_UNKNOWN : found->answer;
}

const char *peer_answer_name(enum peer_answer answer)
{
    switch (answer) {
    case PEER_YES:
        return "yes";
    case PEER_NO:
        return "no";
    case PEER_UNKNOWN:
        break;
    }
    return "unknown";
}

const char *manifest_spelling(const struct peer_manifest *manifest, const char *word)
{
    for (size_t i = 0; i < manifest->spelling_count; i++) {
        if (strcmp(manifest->spellings[i].word, word) == 0) {
            return manifest->spellings[i].spelling;
        }
    }
    return NULL;
}
