#include "pcap/key_formats.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/strongswan_log.h"
#include "refgw/base/address.h"

enum { MOST_FIELDS = 10, WORD_SIZE = 32, SPI_DIGITS = 16 };

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static size_t hex_length(const char *text)
{
    return strspn(text, "0123456789abcdefABCDEF");
}

// "0xdeadbeef@192.0.2.1 algorithm:key" has its sign before the first blank.
static bool is_tcpdump_esp(const char *text)
{
    const size_t word = strcspn(text, " \t");
    const char *sign = memchr(text, '@', word);
    return sign != NULL && isdigit((unsigned char)text[0]) != 0;
}

enum key_format key_line_format(const char *text)
{
    text += strspn(text, " \t\r\n");
    if (*text == '\0' || *text == '#') {
        return KEY_FORMAT_UNKNOWN;
    }
    if (starts_with(text, "IKE ") || starts_with(text, "ESP ")) {
        return KEY_FORMAT_IKELAB;
    }
    if (hex_length(text) == SPI_DIGITS && text[SPI_DIGITS] == ',') {
        return KEY_FORMAT_WIRESHARK_IKE;
    }
    if (starts_with(text, "\"IPv") || starts_with(text, "\"Any\"")) {
        return KEY_FORMAT_WIRESHARK_ESP;
    }
    if (starts_with(text, "ikev2 ") || starts_with(text, "ikev2\t") || is_tcpdump_esp(text)) {
        return KEY_FORMAT_TCPDUMP;
    }
    return strongswan_line_start(text) != NULL ? KEY_FORMAT_STRONGSWAN : KEY_FORMAT_UNKNOWN;
}

const char *key_format_name(enum key_format format)
{
    static const char *const names[] = {
        [KEY_FORMAT_UNKNOWN] = "unknown",
        [KEY_FORMAT_IKELAB] = "key log",
        [KEY_FORMAT_WIRESHARK_IKE] = "ikev2_decryption_table",
        [KEY_FORMAT_WIRESHARK_ESP] = "esp_sa",
        [KEY_FORMAT_TCPDUMP] = "tcpdump secrets",
        [KEY_FORMAT_STRONGSWAN] = "strongSwan log",
    };
    return names[format];
}

// --- names of algorithms ------------------------------------------------------------------

static bool has(const char *name, const char *part)
{
    return strcasestr(name, part) != NULL;
}

// "with 16 octet ICV"; the old name without it means 16.
static unsigned tag_octets(const char *name)
{
    return has(name, "with 8 octet") ? 8 : has(name, "with 12 octet") ? 12 : 16;
}

// Wireshark's and tcpdump's names, both of them by their parts. `digits` is the length of the
// key in hexadecimal, salt included.
static bool cipher_word(const char *name, size_t digits, char out_word[WORD_SIZE])
{
    const bool is_gcm = has(name, "GCM");
    const bool is_ccm = has(name, "CCM");
    const bool is_counter = has(name, "CTR");
    const size_t salt = is_gcm || is_counter ? 4 : is_ccm ? 3 : 0;
    const size_t bits = digits / 2 > salt ? (digits / 2 - salt) * 8 : 0;
    int written = -1;
    if (has(name, "ChaCha20")) {
        written = snprintf(out_word, WORD_SIZE, "chacha20poly1305");
    } else if (has(name, "3DES") || has(name, "TripleDES")) {
        written = snprintf(out_word, WORD_SIZE, "3des");
    } else if (has(name, "AES") && (is_gcm || is_ccm)) {
        written = snprintf(out_word, WORD_SIZE, "aes%zu%s%u", bits, is_gcm ? "gcm" : "ccm",
                           tag_octets(name));
    } else if (has(name, "AES")) {
        written = snprintf(out_word, WORD_SIZE, "aes%zu%s", bits, is_counter ? "ctr" : "");
    } else if (strcasecmp(name, "NULL") == 0 || strcasecmp(name, "none") == 0) {
        written = snprintf(out_word, WORD_SIZE, "null");
    }
    return written > 0 && written < WORD_SIZE;
}

// "ANY 96 bit authentication [no checking]": the ICV is there, its key is not.
static bool mac_word(const char *name, char out_word[WORD_SIZE])
{
    static const struct {
        const char *part;
        const char *word;
    } parts[] = {
        {"SHA2_256", "sha256" },
        {"SHA-256",  "sha256" },
        {"SHA2_384", "sha384" },
        {"SHA-384",  "sha384" },
        {"SHA2_512", "sha512" },
        {"SHA-512",  "sha512" },
        {"SHA1",     "sha1"   },
        {"SHA-1-96", "sha1"   },
        {"MD5",      "md5"    },
        {"XCBC",     "aesxcbc"},
        {"CMAC",     "aescmac"},
        {"NONE",     "-"      },
        {"NULL",     "-"      },
    };
    int written = -1;
    if (starts_with(name, "ANY ")) {
        const unsigned long bits = strtoul(name + 4, NULL, 10);
        written = snprintf(out_word, WORD_SIZE, "unchecked%lu", bits / 8);
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && written < 0; i++) {
        if (has(name, parts[i].part)) {
            written = snprintf(out_word, WORD_SIZE, "%s", parts[i].word);
        }
    }
    return written > 0 && written < WORD_SIZE;
}

static enum key_translation ready(int written, size_t size)
{
    return written > 0 && (size_t)written < size ? KEY_LINE_READY : KEY_LINE_NO_ROOM;
}

static const char *without_0x(const char *text)
{
    return starts_with(text, "0x") || starts_with(text, "0X") ? text + 2 : text;
}

static const char *or_dash(const char *text)
{
    return *text == '\0' ? "-" : text;
}

// --- Wireshark ----------------------------------------------------------------------------

// Splits at commas in place; quotes around fields go away.
static size_t split_fields(char *text, char *fields[MOST_FIELDS])
{
    size_t count = 0;
    char *rest = text;
    rest[strcspn(rest, "\r\n")] = '\0';
    while (rest != NULL && count < MOST_FIELDS) {
        if (*rest != '"') {
            fields[count++] = strsep(&rest, ",");
            continue;
        }
        fields[count++] = ++rest;
        rest = strchr(rest, '"');
        if (rest != NULL) {
            *rest++ = '\0';
            rest = *rest == ',' ? rest + 1 : NULL;
        }
    }
    return count;
}

static enum key_translation read_wireshark_ike(char *text, char *out_line, size_t size)
{
    char *field[MOST_FIELDS];
    char cipher[WORD_SIZE];
    char mac[WORD_SIZE];
    if (split_fields(text, field) != 8 || !cipher_word(field[4], strlen(field[2]), cipher) ||
        !mac_word(field[7], mac)) {
        return KEY_LINE_WRONG;
    }
    const bool has_mac = strcmp(mac, "-") != 0 && !starts_with(mac, "unchecked");
    return ready(snprintf(out_line, size, "IKE %s %s 0 0 0 %s %s %s %s %s %s", field[0], field[1],
                          cipher, or_dash(field[2]), or_dash(field[3]), mac,
                          has_mac ? or_dash(field[5]) : "-", has_mac ? or_dash(field[6]) : "-"),
                 size);
}

// "*" and patterns with it mean any address.
static const char *address_or_any(const char *text, const char *any)
{
    struct ip_address address;
    return address_parse(text, &address) ? text : any;
}

static enum key_translation read_wireshark_esp(char *text, char *out_line, size_t size)
{
    char *field[MOST_FIELDS];
    char cipher[WORD_SIZE];
    char mac[WORD_SIZE];
    const size_t count = split_fields(text, field);
    if (count < 8 || !cipher_word(field[4], strlen(without_0x(field[5])), cipher) ||
        !mac_word(field[6], mac)) {
        return KEY_LINE_WRONG;
    }
    const char *any = strcmp(field[0], "IPv6") == 0 ? "::" : "0.0.0.0";
    const bool has_mac = strcmp(mac, "-") != 0 && !starts_with(mac, "unchecked");
    return ready(snprintf(out_line, size, "ESP %s %s %s %s %s %s %s %d",
                          address_or_any(field[1], any), address_or_any(field[2], any),
                          without_0x(field[3]), cipher, or_dash(without_0x(field[5])), mac,
                          has_mac ? or_dash(without_0x(field[7])) : "-",
                          count > 8 && has(field[8], "64") ? 1 : 0),
                 size);
}

// --- tcpdump ------------------------------------------------------------------------------

struct tcpdump_secret {
    char name[WORD_SIZE];
    char hex[2 * 128 + 1];
};

// "algorithm:0xkey", or "algorithm:key" with the key as characters.
static bool read_secret(const char *text, struct tcpdump_secret *out_secret)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof(out_secret->name)) {
        return false;
    }
    const size_t name_size = (size_t)(colon - text);
    memcpy(out_secret->name, text, name_size);
    out_secret->name[name_size] = '\0';
    const char *key = colon + 1;
    const size_t length = strlen(key);
    if (without_0x(key) != key) {
        return snprintf(out_secret->hex, sizeof(out_secret->hex), "%s", key + 2) <
               (int)sizeof(out_secret->hex);
    }
    if (length * 2 >= sizeof(out_secret->hex)) {
        return false;
    }
    out_secret->hex[0] = '\0';
    for (size_t i = 0; i < length; i++) {
        (void)snprintf(out_secret->hex + 2 * i, 3, "%02x", (unsigned char)key[i]);
    }
    return true;
}

//     ikev2 I 0x<SPIi> 0x<SPIr> sha1:0x<SK_a> 3des:0x<SK_e>
static enum key_translation read_tcpdump_ike(char *const *word, char *out_line, size_t size)
{
    struct tcpdump_secret mac_key;
    struct tcpdump_secret cipher_key;
    char cipher[WORD_SIZE];
    char mac[WORD_SIZE];
    const bool is_initiator = word[1][0] == 'I';
    if (!read_secret(word[4], &mac_key) || !read_secret(word[5], &cipher_key) ||
        !cipher_word(cipher_key.name, strlen(cipher_key.hex), cipher) ||
        !mac_word(mac_key.name, mac)) {
        return KEY_LINE_WRONG;
    }
    const char *encryption = or_dash(cipher_key.hex);
    const char *integrity = strcmp(mac, "-") == 0 ? "-" : or_dash(mac_key.hex);
    const enum key_translation result =
        ready(snprintf(out_line, size, "IKE %s %s 0 0 0 %s %s %s %s %s %s", without_0x(word[2]),
                       without_0x(word[3]), cipher, is_initiator ? encryption : "-",
                       is_initiator ? "-" : encryption, mac, is_initiator ? integrity : "-",
                       is_initiator ? "-" : integrity),
              size);
    explicit_bzero(&mac_key, sizeof(mac_key));
    explicit_bzero(&cipher_key, sizeof(cipher_key));
    return result;
}

//     0x<SPI>@<address> 3des-cbc-hmac96:0x<key>
static enum key_translation read_tcpdump_esp(char *const *word, char *out_line, size_t size)
{
    struct tcpdump_secret key;
    char cipher[WORD_SIZE];
    char *sign = strchr(word[0], '@');
    struct ip_address address;
    if (sign == NULL) {
        return KEY_LINE_WRONG;
    }
    *sign = '\0';
    const bool is_hex = without_0x(word[0]) != word[0];
    const unsigned long spi = strtoul(word[0], NULL, is_hex ? 16 : 10);
    if (!address_parse(sign + 1, &address) || !read_secret(word[1], &key) ||
        !cipher_word(key.name, strlen(key.hex), cipher) || spi > UINT32_MAX) {
        return KEY_LINE_WRONG;
    }
    const enum key_translation result =
        ready(snprintf(out_line, size, "ESP %s %s %08lx %s %s %s - 0",
                       address.family == ADDRESS_IPV6 ? "::" : "0.0.0.0", sign + 1, spi, cipher,
                       or_dash(key.hex), has(key.name, "-hmac96") ? "unchecked12" : "unchecked0"),
              size);
    explicit_bzero(&key, sizeof(key));
    return result;
}

static enum key_translation read_tcpdump(char *text, char *out_line, size_t size)
{
    char *word[MOST_FIELDS];
    size_t count = 0;
    char *rest = text;
    while (rest != NULL && count < MOST_FIELDS) {
        char *next = strsep(&rest, " \t\r\n");
        if (*next != '\0') {
            word[count++] = next;
        }
    }
    if (count >= 6 && strcmp(word[0], "ikev2") == 0 &&
        (strcmp(word[1], "I") == 0 || strcmp(word[1], "R") == 0)) {
        return read_tcpdump_ike(word, out_line, size);
    }
    return count == 2 ? read_tcpdump_esp(word, out_line, size) : KEY_LINE_WRONG;
}

// --- all of them --------------------------------------------------------------------------

enum key_translation key_line_translate(struct key_translator *translator, enum key_format format,
                                        char *text, char *out_line, size_t size)
{
    switch (format) {
    case KEY_FORMAT_WIRESHARK_IKE:
        return read_wireshark_ike(text, out_line, size);
    case KEY_FORMAT_WIRESHARK_ESP:
        return read_wireshark_esp(text, out_line, size);
    case KEY_FORMAT_TCPDUMP:
        return read_tcpdump(text, out_line, size);
    case KEY_FORMAT_STRONGSWAN:
        if (translator->log == NULL && (translator->log = strongswan_log_new()) == NULL) {
            return KEY_LINE_NO_ROOM;
        }
        return strongswan_log_read(translator->log, text, out_line, size);
    case KEY_FORMAT_UNKNOWN:
    case KEY_FORMAT_IKELAB:
        break;
    }
    return KEY_LINE_WRONG;
}

void key_translator_clear(struct key_translator *translator)
{
    strongswan_log_free(translator->log);
    *translator = (struct key_translator){0};
}
