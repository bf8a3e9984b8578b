#include "refgw/app/config_reader.h"
#include "refgw/crypto/openssl/openssl_provider.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PSK_MOST_SIZE = 4096 };

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return character - 'A' + 10;
    }
    return -1;
}

// An even number of hexadecimal digits, at least two. False also when they do not fit.
static bool parse_hex(const char *text, uint8_t *out, size_t capacity, size_t *out_size)
{
    const size_t digits = strlen(text);
    if (digits == 0 || digits % 2 != 0 || digits / 2 > capacity) {
        return false;
    }
    for (size_t i = 0; i < digits; i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i / 2] = (uint8_t)(high * 16 + low);
    }
    *out_size = digits / 2;
    return true;
}

static void set_psk(struct config_reader *reader, const struct block_statement *statement,
                    struct byte_view bytes)
{
    struct policy_connection *connection = reader->target;
    if (bytes.size == 0) {
        config_fault(reader, statement, "the pre-shared key is empty");
    } else if (!secret_set(&connection->psk, bytes)) {
        config_fault(reader, statement, "out of memory");
    }
}

static void read_psk_hex(struct config_reader *reader, const struct block_statement *statement,
                         const char *text)
{
    uint8_t bytes[PSK_MOST_SIZE];
    size_t size = 0;
    if (parse_hex(text, bytes, sizeof(bytes), &size)) {
        set_psk(reader, statement, (struct byte_view){.data = bytes, .size = size});
    } else {
        config_fault(reader, statement,
                     "`auth psk-hex` takes an even number of hexadecimal digits, at most %d",
                     2 * PSK_MOST_SIZE);
    }
    secret_wipe(bytes, sizeof(bytes));
}

static void read_psk_descriptor(struct config_reader *reader,
                                const struct block_statement *statement, int descriptor,
                                const char *path)
{
    uint8_t bytes[PSK_MOST_SIZE + 1];
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        config_fault(reader, statement, "%s is no regular file", path);
        return;
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        config_fault(reader, statement, "others may read or change %s; run: chmod 600 %s", path,
                     path);
        return;
    }
    const ssize_t got = read(descriptor, bytes, sizeof(bytes));
    if (got < 0 || got > PSK_MOST_SIZE) {
        config_fault(reader, statement, "%s cannot be read or has more than %d bytes", path,
                     PSK_MOST_SIZE);
    } else {
        // Editors end the last line; that is not part of the key.
        size_t size = (size_t)got;
        size -= size > 0 && bytes[size - 1] == '\n';
        size -= size > 0 && bytes[size - 1] == '\r';
        set_psk(reader, statement, (struct byte_view){.data = bytes, .size = size});
    }
    secret_wipe(bytes, sizeof(bytes));
}

static void read_psk_file(struct config_reader *reader, const struct block_statement *statement,
                          const char *name)
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
        return;
    }
    read_psk_descriptor(reader, statement, descriptor, path);
    (void)close(descriptor);
}

void config_read_auth(struct config_reader *reader, const struct block_statement *statement,
                      const struct config_word *self)
{
    const struct policy_connection *connection = reader->target;
    const char *kind = statement_word(statement, 1);
    if (kind != NULL && strcmp(kind, "cert") == 0) {
        config_read_own_certificate(reader, statement);
        return;
    }
    if (kind != NULL && strcmp(kind, "remote") == 0) {
        config_read_trust(reader, statement);
        return;
    }
    if (!config_has_words(reader, statement, self, 3) || kind == NULL) {
        return;
    }
    if (connection->psk.size > 0) {
        config_fault(reader, statement, "there is a pre-shared key already; keep one");
        return;
    }
    const char *value = statement_word(statement, 2);
    if (strcmp(kind, "psk") == 0) {
        set_psk(reader, statement,
                (struct byte_view){.data = (const uint8_t *)value, .size = strlen(value)});
    } else if (strcmp(kind, "psk-hex") == 0) {
        read_psk_hex(reader, statement, value);
    } else if (strcmp(kind, "psk-file") == 0) {
        read_psk_file(reader, statement, value);
    } else {
        config_fault(reader, statement,
                     "unknown authentication \"%s\"; allowed: psk, psk-hex, psk-file, cert, remote",
                     kind);
    }
}

static bool set_identity(struct config_reader *reader, const struct block_statement *statement,
                         enum identification_type type, struct byte_view data,
                         struct policy_identity *out)
{
    if (data.size == 0 || data.size > sizeof(out->data)) {
        config_fault(reader, statement, "an identity has 1 to %d bytes", POLICY_ID_SIZE);
        return false;
    }
    *out = (struct policy_identity){.type = type, .size = data.size};
    memcpy(out->data, data.data, data.size);
    return true;
}

static bool read_address_identity(struct config_reader *reader,
                                  const struct block_statement *statement,
                                  enum address_family family, struct policy_identity *out)
{
    const char *text = statement_word(statement, 3);
    struct ip_address address;
    if (!address_parse(text, &address) || address.family != family) {
        config_fault(reader, statement, "\"%s\" is no IPv%d address", text, (int)family);
        return false;
    }
    return set_identity(reader, statement, family == ADDRESS_IPV6 ? ID_IPV6_ADDR : ID_IPV4_ADDR,
                        address_view(&address), out);
}

static bool read_key_id(struct config_reader *reader, const struct block_statement *statement,
                        struct policy_identity *out)
{
    const char *text = statement_word(statement, 3);
    uint8_t bytes[POLICY_ID_SIZE];
    size_t size = 0;
    if (strncmp(text, "0x", 2) != 0) {
        return set_identity(reader, statement, ID_KEY_ID,
                            (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)},
                            out);
    }
    if (!parse_hex(text + 2, bytes, sizeof(bytes), &size)) {
        config_fault(reader, statement,
                     "\"%.80s\" is no key id; write text, or 0x and an even number of hexadecimal "
                     "digits",
                     text);
        return false;
    }
    return set_identity(reader, statement, ID_KEY_ID,
                        (struct byte_view){.data = bytes, .size = size}, out);
}

static bool read_text_identity(struct config_reader *reader,
                               const struct block_statement *statement,
                               enum identification_type type, struct policy_identity *out)
{
    const char *text = statement_word(statement, 3);
    const bool has_at = strchr(text, '@') != NULL;
    if (has_at != (type == ID_RFC822_ADDR)) {
        config_fault(reader, statement, "\"%.80s\" is no %s", text,
                     type == ID_RFC822_ADDR ? "mail address; write name@host"
                                            : "host name; for name@host write: email");
        return false;
    }
    return set_identity(reader, statement, type,
                        (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)},
                        out);
}

static bool read_name_identity(struct config_reader *reader,
                               const struct block_statement *statement, struct policy_identity *out)
{
    const char *text = statement_word(statement, 3);
    uint8_t der[POLICY_ID_SIZE];
    struct byte_writer writer = writer_into(der, sizeof(der));
    struct byte_view name;
    if (!openssl_provider()->certificates->name_from_text(text, &writer) ||
        !writer_finish(&writer, &name)) {
        config_fault(reader, statement,
                     "\"%.80s\" is no distinguished name of at most %d bytes; write: \"C=CH, "
                     "O=Example, CN=west\"",
                     text, POLICY_ID_SIZE);
        return false;
    }
    return set_identity(reader, statement, ID_DER_ASN1_DN, name, out);
}

static bool read_typed_identity(struct config_reader *reader,
                                const struct block_statement *statement,
                                struct policy_identity *out)
{
    const char *type = statement_word(statement, 2);
    if (strcmp(type, "fqdn") == 0) {
        return read_text_identity(reader, statement, ID_FQDN, out);
    }
    if (strcmp(type, "email") == 0) {
        return read_text_identity(reader, statement, ID_RFC822_ADDR, out);
    }
    if (strcmp(type, "ipv4") == 0) {
        return read_address_identity(reader, statement, ADDRESS_IPV4, out);
    }
    if (strcmp(type, "ipv6") == 0) {
        return read_address_identity(reader, statement, ADDRESS_IPV6, out);
    }
    if (strcmp(type, "keyid") == 0) {
        return read_key_id(reader, statement, out);
    }
    if (strcmp(type, "dn") == 0) {
        return read_name_identity(reader, statement, out);
    }
    config_fault(reader, statement,
                 "unknown identity type \"%s\"; allowed: fqdn, ipv4, ipv6, email, keyid, dn", type);
    return false;
}

// Which of the two identities a statement is about: 0 local, 1 remote, -1 neither.
static int identity_side(const struct block_statement *statement)
{
    const char *side = statement_word(statement, 1);
    if (side == NULL) {
        return -1;
    }
    return strcmp(side, "local") == 0 ? 0 : strcmp(side, "remote") == 0 ? 1 : -1;
}

void config_read_identity(struct config_reader *reader, const struct block_statement *statement,
                          const struct config_word *self)
{
    struct policy_connection *connection = reader->target;
    const int side = identity_side(statement);
    const char *type = statement_word(statement, 2);
    const bool is_any = side == 1 && type != NULL && strcmp(type, "any") == 0;
    struct policy_identity *identity =
        side == 1 ? &connection->remote_identity : &connection->local_identity;
    if (side < 0 || !config_has_words(reader, statement, self, is_any ? 3 : 4)) {
        if (side < 0) {
            config_fault_usage(reader, statement, self);
        }
        return;
    }
    if (identity->size != 0) {
        config_fault(reader, statement, "`id %s` stands there twice; keep one",
                     side == 1 ? "remote" : "local");
    } else if (!is_any) {
        (void)read_typed_identity(reader, statement, identity);
    }
}
