#include "refgw/app/config_reader.h"

#include "refgw/crypto/openssl/openssl_provider.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST_SIZE = 4 * 1024 * 1024, KEY_MOST_SIZE = 64 * 1024 };

static const char LAB_MARK[] = "ikelab lab key";

// --- Files --------------------------------------------------------------------------------

// Reads until the end; `out` has the file's size.
static bool read_all(int descriptor, struct secret *out)
{
    size_t used = 0;
    while (used < out->size) {
        const ssize_t got = read(descriptor, out->data + used, out->size - used);
        if (got <= 0) {
            return false;
        }
        used += (size_t)got;
    }
    return true;
}

static bool read_descriptor(struct config_reader *reader, const struct block_statement *statement,
                            const char *path, int descriptor, bool is_private, struct secret *out)
{
    const off_t most = is_private ? KEY_MOST_SIZE : FILE_MOST_SIZE;
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        config_fault(reader, statement, "%s is no regular file", path);
        return false;
    }
    if (is_private && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        config_fault(reader, statement, "others may read or change %s; run: chmod 600 %s", path,
                     path);
        return false;
    }
    if (status.st_size == 0 || status.st_size > most ||
        !secret_allocate(out, (size_t)status.st_size) || !read_all(descriptor, out)) {
        config_fault(reader, statement, "%s cannot be read, is empty or has more than %ld bytes",
                     path, (long)most);
        return false;
    }
    return true;
}

static bool read_file(struct config_reader *reader, const struct block_statement *statement,
                      const char *name, bool is_private, struct secret *out)
{
    char path[2 * CONFIG_PATH_SIZE];
    const bool is_absolute = name[0] == '/';
    (void)snprintf(path, sizeof(path), "%s%s%s", is_absolute ? "" : reader->folder,
                   is_absolute ? "" : "/", name);
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        char reason[96];
        config_fault(reader, statement, "cannot read %.200s: %s", path,
                     strerror_r(errno, reason, sizeof(reason)));
        return false;
    }
    const bool is_read = read_descriptor(reader, statement, path, descriptor, is_private, out);
    (void)close(descriptor);
    return is_read;
}

// --- Our own ------------------------------------------------------------------------------

static bool take_certificate(void *context, struct byte_view der)
{
    struct policy_certificates *certificates = context;
    if (certificates->chain_count == CERTIFICATE_MOST ||
        !octets_set(&certificates->chain[certificates->chain_count], der)) {
        return false;
    }
    certificates->is_of_lab =
        certificates->is_of_lab || openssl_provider()->certificates->is_of_lab(der);
    certificates->chain_count++;
    return true;
}

static void read_chain(struct config_reader *reader, const struct block_statement *statement,
                       const char *name)
{
    struct policy_connection *connection = reader->target;
    struct secret text = {.data = NULL};
    if (read_file(reader, statement, name, false, &text) &&
        !openssl_provider()->certificates->each_of_pem(secret_view(&text), take_certificate,
                                                       &connection->certificates)) {
        config_fault(reader, statement, "%.200s must hold 1 to %d certificates in PEM", name,
                     CERTIFICATE_MOST);
    }
    secret_clear(&text);
}

static void read_key(struct config_reader *reader, const struct block_statement *statement,
                     const char *name)
{
    struct policy_certificates *certificates =
        &((struct policy_connection *)reader->target)->certificates;
    struct secret text = {.data = NULL};
    if (read_file(reader, statement, name, true, &text)) {
        certificates->key = openssl_provider()->signatures->private_key_read(secret_view(&text));
        certificates->is_of_lab = certificates->is_of_lab || memmem(text.data, text.size, LAB_MARK,
                                                                    sizeof(LAB_MARK) - 1) != NULL;
        if (certificates->key == NULL) {
            config_fault(reader, statement,
                         "%.200s holds no private key that can be used: PEM without pass phrase; "
                         "RSA from 2048 bits, P-256, P-384, P-521, Ed25519, Ed448",
                         name);
        }
    }
    secret_clear(&text);
}

static void check_pair(struct config_reader *reader, const struct block_statement *statement)
{
    const struct policy_certificates *certificates =
        &((const struct policy_connection *)reader->target)->certificates;
    if (certificates->key == NULL || certificates->chain_count == 0) {
        return;
    }
    struct public_key *key =
        openssl_provider()->certificates->public_key(octets_view(&certificates->chain[0]));
    if (key == NULL || !key->methods->belongs_to(key, certificates->key)) {
        config_fault(reader, statement,
                     "the first certificate of %.200s and the key of %.200s do not belong together",
                     statement_word(statement, 2), statement_word(statement, 4));
    }
    public_key_free(key);
}

#define OWN_USAGE "auth cert FILE key FILE [chain FILE] [rsa pss|pkcs1]"

static bool read_padding(struct config_reader *reader, const struct block_statement *statement,
                         const char *value)
{
    struct policy_connection *connection = reader->target;
    if (strcmp(value, "pss") != 0 && strcmp(value, "pkcs1") != 0) {
        config_fault(reader, statement, "unknown kind of RSA signature \"%s\"; allowed: pss, pkcs1",
                     value);
        return false;
    }
    connection->certificates.prefers_pkcs1 = strcmp(value, "pkcs1") == 0;
    return true;
}

void config_read_own_certificate(struct config_reader *reader,
                                 const struct block_statement *statement)
{
    const struct policy_connection *connection = reader->target;
    const size_t count = statement->count;
    if (count < 5 || count % 2 == 0 || statement_leading_words(statement) != count ||
        strcmp(statement_word(statement, 3), "key") != 0) {
        config_fault(reader, statement, "write: %s", OWN_USAGE);
        return;
    }
    if (connection->certificates.key != NULL || connection->certificates.chain_count > 0) {
        config_fault(reader, statement, "there is an `auth cert` already; keep one");
        return;
    }
    read_chain(reader, statement, statement_word(statement, 2));
    read_key(reader, statement, statement_word(statement, 4));
    for (size_t i = 5; i < count; i += 2) {
        const char *word = statement_word(statement, i);
        const char *value = statement_word(statement, i + 1);
        if (strcmp(word, "chain") == 0) {
            read_chain(reader, statement, value);
        } else if (strcmp(word, "rsa") != 0) {
            config_fault(reader, statement, "unknown word \"%s\"; write: %s", word, OWN_USAGE);
        } else if (!read_padding(reader, statement, value)) {
            return;
        }
    }
    check_pair(reader, statement);
}

// --- The peer's -----------------------------------------------------------------------------

#define TRUST_USAGE                                                                             \
    "auth remote cert ca FILE [crl FILE] [revocation strict|ifuri|relaxed] [eku check|ignore] " \
    "[method-1 accept|refuse]"

typedef bool (*trust_reader)(struct trust_store *store, struct byte_view bytes,
                             const char **out_problem);

static void read_trust_file(struct config_reader *reader, const struct block_statement *statement,
                            const char *name, trust_reader add)
{
    struct policy_connection *connection = reader->target;
    struct secret text = {.data = NULL};
    const char *problem = "";
    if (read_file(reader, statement, name, false, &text) &&
        !add(connection->certificates.trust, secret_view(&text), &problem)) {
        config_fault(reader, statement, "%.200s %s", name, problem);
    }
    secret_clear(&text);
}

// One of two words. False after a fault.
static bool read_choice(struct config_reader *reader, const struct block_statement *statement,
                        size_t index, const char *const words[2], bool *out_is_second)
{
    const char *value = statement_word(statement, index);
    if (strcmp(value, words[0]) != 0 && strcmp(value, words[1]) != 0) {
        config_fault(reader, statement, "unknown value \"%s\" of `%s`; allowed: %s, %s", value,
                     statement_word(statement, index - 1), words[0], words[1]);
        return false;
    }
    *out_is_second = strcmp(value, words[1]) == 0;
    return true;
}

static bool read_revocation(struct config_reader *reader, const struct block_statement *statement,
                            const char *value)
{
    static const char *const words[] = {"relaxed", "ifuri", "strict"};
    static const enum certificate_revocation values[] = {REVOCATION_RELAXED, REVOCATION_IF_URI,
                                                         REVOCATION_STRICT};
    struct policy_connection *connection = reader->target;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(value, words[i]) == 0) {
            connection->certificates.revocation = values[i];
            return true;
        }
    }
    config_fault(reader, statement, "unknown revocation \"%s\"; allowed: strict, ifuri, relaxed",
                 value);
    return false;
}

// The pair at `index`; false when a fault was noted that makes the rest meaningless.
static bool read_trust_pair(struct config_reader *reader, const struct block_statement *statement,
                            size_t index)
{
    static const char *const eku_words[] = {"check", "ignore"};
    static const char *const method_words[] = {"refuse", "accept"};
    const struct certificate_provider *provider = openssl_provider()->certificates;
    struct policy_certificates *certificates =
        &((struct policy_connection *)reader->target)->certificates;
    const char *word = statement_word(statement, index);
    const char *value = statement_word(statement, index + 1);
    if (strcmp(word, "ca") == 0) {
        read_trust_file(reader, statement, value, provider->add_anchors);
        return true;
    }
    if (strcmp(word, "crl") == 0) {
        read_trust_file(reader, statement, value, provider->add_crls);
        return true;
    }
    if (strcmp(word, "revocation") == 0) {
        return read_revocation(reader, statement, value);
    }
    if (strcmp(word, "eku") == 0) {
        return read_choice(reader, statement, index + 1, eku_words,
                           &certificates->ignores_extended_key_usage);
    }
    if (strcmp(word, "method-1") == 0) {
        return read_choice(reader, statement, index + 1, method_words,
                           &certificates->accepts_method_1);
    }
    config_fault(reader, statement, "unknown word \"%s\"; write: %s", word, TRUST_USAGE);
    return false;
}

void config_read_trust(struct config_reader *reader, const struct block_statement *statement)
{
    struct policy_certificates *certificates =
        &((struct policy_connection *)reader->target)->certificates;
    const size_t count = statement->count;
    if (count < 5 || count % 2 == 0 || statement_leading_words(statement) != count ||
        strcmp(statement_word(statement, 2), "cert") != 0 ||
        strcmp(statement_word(statement, 3), "ca") != 0) {
        config_fault(reader, statement, "write: %s", TRUST_USAGE);
        return;
    }
    if (certificates->trust != NULL) {
        config_fault(reader, statement, "there is an `auth remote cert` already; keep one");
        return;
    }
    certificates->provider = openssl_provider()->certificates;
    certificates->trust = certificates->provider->trust_store_new();
    if (certificates->trust == NULL) {
        config_fault(reader, statement, "out of memory");
        return;
    }
    for (size_t i = 3; i < count && read_trust_pair(reader, statement, i); i += 2) {
    }
    certificates->is_of_lab =
        certificates->is_of_lab || certificates->provider->trusts_lab(certificates->trust);
}

// --- Both together --------------------------------------------------------------------------

static bool has_auth(const struct block *block, const char *kind)
{
    for (size_t i = 0; block != NULL && i < block->count; i++) {
        const char *word = statement_word(&block->statements[i], 1);
        if (statement_is(&block->statements[i], "auth") && word != NULL &&
            strncmp(word, kind, strlen(kind)) == 0) {
            return true;
        }
    }
    return false;
}

void config_check_authentication(struct config_reader *reader,
                                 const struct block_statement *statement,
                                 const struct policy_connection *connection)
{
    const struct block *block = statement_block(statement);
    const bool has_psk = has_auth(block, "psk");
    const bool has_cert = has_auth(block, "cert");
    const bool has_remote = has_auth(block, "remote");
    if (has_psk && has_cert && has_remote) {
        config_fault(reader, statement,
                     "connection %s: certificates are used both ways; leave `auth psk` out",
                     connection->name);
    } else if (has_cert && !has_remote && !has_psk) {
        config_fault(reader, statement,
                     "connection %s cannot check its peer; add: auth remote cert ca FILE, or "
                     "auth psk \"TEXT\"",
                     connection->name);
    } else if (has_remote && !has_cert && !has_psk) {
        config_fault(reader, statement,
                     "connection %s cannot prove who it is; add: auth cert FILE key FILE, or "
                     "auth psk \"TEXT\"",
                     connection->name);
    }
}
