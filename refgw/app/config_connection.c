#include "refgw/app/config_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char DEFAULT_IKE_PROPOSAL[] =
    "aes256gcm16-aes128gcm16-prfsha256-prfsha384-x25519-ecp256-ecp384-modp3072-modp2048";

static void read_address(struct config_reader *reader, const struct block_statement *statement,
                         struct ip_address *out_address)
{
    const char *word = statement_word(statement, 1);
    struct ip_address address = {0};
    if (strcmp(word, "any") != 0 && !address_parse(word, &address)) {
        config_fault(reader, statement,
                     "\"%s\" is no address; write an IPv4 or IPv6 address, or any", word);
        return;
    }
    *out_address = address;
}

static void read_local(struct config_reader *reader, const struct block_statement *statement,
                       const struct config_word *self)
{
    struct policy_connection *connection = reader->target;
    if (config_has_words(reader, statement, self, 2)) {
        read_address(reader, statement, &connection->local_address);
    }
}

static void read_remote(struct config_reader *reader, const struct block_statement *statement,
                        const struct config_word *self)
{
    const struct config_number number = {.name = "port", .least = 1, .most = UINT16_MAX};
    struct policy_connection *connection = reader->target;
    uint32_t port = IKE_PORT;
    const bool has_port = statement->count == 4 && statement_leading_words(statement) == 4 &&
                          strcmp(statement_word(statement, 2), "port") == 0;
    if (!has_port && !config_has_words(reader, statement, self, 2)) {
        return;
    }
    read_address(reader, statement, &connection->remote_address);
    if (has_port && config_read_number(reader, statement, 3, &number, &port)) {
        connection->remote_port = (uint16_t)port;
    }
}

static void read_ike(struct config_reader *reader, const struct block_statement *statement,
                     const struct config_word *self)
{
    struct policy_connection *connection = reader->target;
    const struct config_proposals proposals = {
        .is_ike = true, .count = &connection->proposal_count, .items = connection->proposals};
    (void)self;
    config_read_proposals(reader, statement, &proposals);
}

static void read_encapsulation(struct config_reader *reader,
                               const struct block_statement *statement,
                               const struct config_word *self)
{
    struct policy_connection *connection = reader->target;
    if (!config_has_words(reader, statement, self, 2)) {
        return;
    }
    const char *word = statement_word(statement, 1);
    if (strcmp(word, "force") != 0 && strcmp(word, "auto") != 0) {
        config_fault(reader, statement, "unknown encapsulation \"%s\"; allowed: auto, force", word);
        return;
    }
    connection->forces_encapsulation = strcmp(word, "force") == 0;
}

static void read_liveness(struct config_reader *reader, const struct block_statement *statement,
                          const struct config_word *self)
{
    struct policy_connection *connection = reader->target;
    if (config_has_words(reader, statement, self, 2)) {
        (void)config_read_duration(reader, statement, 1, &connection->liveness_delay);
    }
}

static bool read_choice(struct config_reader *reader, const struct block_statement *statement,
                        const struct config_word *self, const char *yes, const char *no)
{
    if (!config_has_words(reader, statement, self, 2)) {
        return false;
    }
    const char *word = statement_word(statement, 1);
    if (strcmp(word, yes) != 0 && strcmp(word, no) != 0) {
        config_fault_usage(reader, statement, self);
    }
    return strcmp(word, yes) == 0;
}

static void read_mobike(struct config_reader *reader, const struct block_statement *statement,
                        const struct config_word *self)
{
    struct policy_connection *connection = reader->target;
    connection->uses_mobike = read_choice(reader, statement, self, "on", "off");
}

static void read_nat(struct config_reader *reader, const struct block_statement *statement,
                     const struct config_word *self)
{
    struct policy_connection *connection = reader->target;
    connection->forbids_nat = read_choice(reader, statement, self, "forbid", "allow");
}

// Where the peer may move to.
static void read_roaming(struct config_reader *reader, const struct block_statement *statement,
                         const struct config_word *self)
{
    struct policy_connection *connection = reader->target;
    struct selector_set *ranges = &connection->roaming_ranges;
    if (statement->count < 2 || statement->count - 1 > SELECTOR_SET_MOST ||
        statement_leading_words(statement) != statement->count) {
        config_fault_usage(reader, statement, self);
        return;
    }
    for (size_t i = 1; i < statement->count; i++) {
        const char *word = statement_word(statement, i);
        if (!selector_parse(word, &ranges->items[ranges->count])) {
            config_fault(reader, statement, "\"%s\" is no prefix of addresses", word);
            return;
        }
        ranges->count++;
    }
}

#define ID_USAGE "id local|remote fqdn|ipv4|ipv6|email|keyid|dn VALUE, or id remote any"
#define AUTH_USAGE                                                                            \
    "auth psk \"TEXT\" | auth psk-hex DIGITS | auth psk-file PATH | auth cert FILE key FILE " \
    "[chain FILE] [rsa pss|pkcs1] | auth remote cert ca FILE [crl FILE] "                     \
    "[revocation strict|ifuri|relaxed] [eku check|ignore] [method-1 accept|refuse]"

static const struct config_word CONNECTION_WORDS[] = {
    {"local",         "local ADDRESS|any",                         WORD_OPTIONAL, WORD_ONCE,    read_local          },
    {"remote",        "remote ADDRESS [port NUMBER] | remote any", WORD_REQUIRED, WORD_ONCE,    read_remote         },
    {"id",            ID_USAGE,                                    WORD_REQUIRED, WORD_REPEATS, config_read_identity},
    {"auth",          AUTH_USAGE,                                  WORD_REQUIRED, WORD_REPEATS, config_read_auth    },
    {"ike",           "ike PROPOSAL...",                           WORD_OPTIONAL, WORD_ONCE,    read_ike            },
    {"encapsulation", "encapsulation auto|force",                  WORD_OPTIONAL, WORD_ONCE,    read_encapsulation  },
    {"liveness",      "liveness DURATION",                         WORD_OPTIONAL, WORD_ONCE,    read_liveness       },
    {"mobike",        "mobike on|off",                             WORD_OPTIONAL, WORD_ONCE,    read_mobike         },
    {"nat",           "nat allow|forbid",                          WORD_OPTIONAL, WORD_ONCE,    read_nat            },
    {"roaming",       "roaming PREFIX...",                         WORD_OPTIONAL, WORD_ONCE,    read_roaming        },
    {"child",         "child NAME { ... }",                        WORD_REQUIRED, WORD_REPEATS, config_read_child   },
};

static bool name_is_taken(const struct ike_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->connection_count; i++) {
        if (strcmp(policy->connections[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

// A new connection at the end of the policy, or NULL when memory runs out.
static struct policy_connection *add_connection(struct ike_policy *policy, const char *name)
{
    const size_t size = (policy->connection_count + 1) * sizeof(*policy->connections);
    struct policy_connection *connections = realloc(policy->connections, size);
    if (connections == NULL) {
        return NULL;
    }
    policy->connections = connections;
    struct policy_connection *connection = &connections[policy->connection_count];
    *connection = (struct policy_connection){.remote_port = IKE_PORT};
    (void)snprintf(connection->name, sizeof(connection->name), "%s", name);
    policy->connection_count++;
    return connection;
}

static bool starts_by_itself(const struct policy_connection *connection)
{
    for (size_t i = 0; i < connection->child_count; i++) {
        if (connection->children[i].starts_by_itself) {
            return true;
        }
    }
    return false;
}

static bool has_identity(const struct block *block, const char *side)
{
    for (size_t i = 0; i < block->count; i++) {
        const char *word = statement_word(&block->statements[i], 1);
        if (statement_is(&block->statements[i], "id") && word != NULL && strcmp(word, side) == 0) {
            return true;
        }
    }
    return false;
}

// The table only knows that there is some `id`.
static void check_identities(struct config_reader *reader, const struct block_statement *statement,
                             const char *name)
{
    const struct block *block = statement_block(statement);
    if (block_find(block, "id") == NULL) {
        return;
    }
    if (!has_identity(block, "local")) {
        config_fault(reader, statement, "connection %s has no `id local`; add: id local fqdn NAME",
                     name);
    }
    if (!has_identity(block, "remote")) {
        config_fault(reader, statement,
                     "connection %s has no `id remote`; add: id remote fqdn NAME, or id remote any",
                     name);
    }
}

static void check_connection(struct config_reader *reader, const struct block_statement *statement,
                             struct policy_connection *connection)
{
    const enum address_family local = connection->local_address.family;
    const enum address_family remote = connection->remote_address.family;
    if (local != ADDRESS_NONE && remote != ADDRESS_NONE && local != remote) {
        config_fault(reader, statement,
                     "connection %s: `local` is IPv%d and `remote` is IPv%d; they must be of one "
                     "family",
                     connection->name, (int)local, (int)remote);
    }
    if (remote == ADDRESS_NONE && starts_by_itself(connection)) {
        config_fault(reader, statement,
                     "connection %s: `start auto` needs an address to start to, but `remote` is "
                     "any; write: start manual",
                     connection->name);
    }
}

void config_read_connection(struct config_reader *reader, const struct block_statement *statement,
                            const struct config_word *self)
{
    struct ike_policy *policy = &((struct config *)reader->target)->policy;
    const char *name = config_block_name(reader, statement, self);
    char what[SA_NAME_SIZE + 16];
    if (name == NULL) {
        return;
    }
    if (name_is_taken(policy, name)) {
        config_fault(reader, statement, "there is a connection %s already; choose another name",
                     name);
        return;
    }
    struct policy_connection *connection = add_connection(policy, name);
    if (connection == NULL) {
        config_fault(reader, statement, "out of memory");
        return;
    }
    (void)snprintf(what, sizeof(what), "connection %s", name);
    const struct config_block block = {
        .owner = statement,
        .block = statement_block(statement),
        .what = what,
        .words = CONNECTION_WORDS,
        .word_count = sizeof(CONNECTION_WORDS) / sizeof(CONNECTION_WORDS[0]),
    };
    reader->target = connection;
    config_read_block(reader, &block);
    if (block_find(block.block, "ike") == NULL) {
        config_default_proposal(DEFAULT_IKE_PROPOSAL, true, &connection->proposals[0]);
        connection->proposal_count = 1;
    }
    check_connection(reader, statement, connection);
    check_identities(reader, statement, name);
    config_check_authentication(reader, statement, connection);
}
