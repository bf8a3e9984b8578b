// config_reader.h - what all parts of the configuration share: collecting faults, tables of
// the words that a block may hold, and numbers.
#ifndef REFGW_APP_CONFIG_READER_H
#define REFGW_APP_CONFIG_READER_H

#include "refgw/app/config.h"
#include "refgw/base/block.h"

// Goes through the whole reading; carries what every function needs.
struct config_reader {
    const char *folder; // relative paths start here
    struct config_faults *faults;
    void *target; // what the statements of the current block fill
};

// Notes a fault in the statement's line.
void config_fault(struct config_reader *reader, const struct block_statement *statement,
                  const char *format, ...) __attribute__((format(printf, 3, 4)));

enum config_need { WORD_OPTIONAL, WORD_REQUIRED };
enum config_repetition { WORD_ONCE, WORD_REPEATS };

// One word that a block may start a statement with.
struct config_word {
    const char *word;
    const char *usage; // "ike-port NUMBER"; stands in faults
    enum config_need need;
    enum config_repetition repetition;
    void (*read)(struct config_reader *reader, const struct block_statement *statement,
                 const struct config_word *self);
};

// Reads every statement of `block` through the table. `owner` is the statement the block
// belongs to, `what` says what the block is: "connection net".
struct config_block {
    const struct block_statement *owner;
    const struct block *block;
    const char *what;
    const struct config_word *words;
    size_t word_count;
};
void config_read_block(struct config_reader *reader, const struct config_block *block);

// Faults a statement that breaks its usage: "`log` ...: write: log text|json".
void config_fault_usage(struct config_reader *reader, const struct block_statement *statement,
                        const struct config_word *self);
// Whether the statement has exactly `count` words, the first included, and no block.
// Otherwise a fault was noted.
MUST_USE bool config_has_words(struct config_reader *reader,
                               const struct block_statement *statement,
                               const struct config_word *self, size_t count);
// The statement `WORD NAME { ... }`: its name, or NULL after a fault. Names are letters,
// digits, '.', '_' and '-', at most 63 of them.
MUST_USE const char *config_block_name(struct config_reader *reader,
                                       const struct block_statement *statement,
                                       const struct config_word *self);

// A number in words, with its bounds. False, and out_value unchanged, after a fault was noted.
struct config_number {
    const char *name; // "port"
    uint32_t least;
    uint32_t most;
};
bool config_read_number(struct config_reader *reader, const struct block_statement *statement,
                        size_t index, const struct config_number *number, uint32_t *out_value);
// "500ms" "30s" "5m" "1h", or "0". False after a fault was noted.
bool config_read_duration(struct config_reader *reader, const struct block_statement *statement,
                          size_t index, struct duration *out_duration);
// Copies a word; false after a fault when it does not fit.
bool config_read_text(struct config_reader *reader, const struct block_statement *statement,
                      size_t index, char *out, size_t size);

// --- The parts, one file each --------------------------------------------------------------

// `gateway { ... }`; reader->target is a struct config.
void config_read_gateway(struct config_reader *reader, const struct block_statement *statement,
                         const struct config_word *self);
// `connection NAME { ... }`; appends to the policy of the struct config in reader->target.
void config_read_connection(struct config_reader *reader, const struct block_statement *statement,
                            const struct config_word *self);
// `child NAME { ... }`; appends to the struct policy_connection in reader->target.
void config_read_child(struct config_reader *reader, const struct block_statement *statement,
                       const struct config_word *self);
// `auth ...` and `id ...`; reader->target is a struct policy_connection.
void config_read_auth(struct config_reader *reader, const struct block_statement *statement,
                      const struct config_word *self);
// `auth cert ...` and `auth remote cert ...`, behind their first words.
void config_read_own_certificate(struct config_reader *reader,
                                 const struct block_statement *statement);
void config_read_trust(struct config_reader *reader, const struct block_statement *statement);
// Whether the connection can prove its own identity and check the peer's; else a fault.
void config_check_authentication(struct config_reader *reader,
                                 const struct block_statement *statement,
                                 const struct policy_connection *connection);
void config_read_identity(struct config_reader *reader, const struct block_statement *statement,
                          const struct config_word *self);

// The proposals of an `ike` or `esp` statement, one per word.
struct config_proposals {
    bool is_ike;
    size_t *count;
    struct policy_proposal *items; // POLICY_MOST_PROPOSALS
};
void config_read_proposals(struct config_reader *reader, const struct block_statement *statement,
                           const struct config_proposals *out);
// One proposal from text that is known to be right: the defaults.
void config_default_proposal(const char *text, bool is_ike, struct policy_proposal *out);

#endif
