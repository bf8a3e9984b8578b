#include "pcap/key_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/key_formats.h"
#include "pcap/reading_provider.h"

enum { MOST_WORDS = 12, MOST_KEY_BYTES = 256, IKE_WORDS = 12, ESP_WORDS = 9 };

struct line {
    unsigned number;
    size_t word_count;
    char *words[MOST_WORDS + 1];
};

__attribute__((format(printf, 3, 4))) static bool
reject(struct key_fault *out_fault, const struct line *line, const char *format, ...)
{
    va_list arguments;
    out_fault->line = line->number;
    va_start(arguments, format);
    (void)vsnprintf(out_fault->message, sizeof(out_fault->message), format, arguments);
    va_end(arguments);
    return false;
}

static bool hex_digit(char character, uint8_t *out_value)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = character == '\0' ? NULL : strchr(digits, character | 0x20);
    if (found == NULL) {
        return false;
    }
    *out_value = (uint8_t)(found - digits);
    return true;
}

// A key in hexadecimal, or "-" for none.
static bool take_key(const char *word, struct secret *out_key)
{
    uint8_t bytes[MOST_KEY_BYTES];
    const size_t length = strlen(word);
    if (strcmp(word, "-") == 0) {
        secret_clear(out_key);
        return true;
    }
    if (length == 0 || length % 2 != 0 || length / 2 > sizeof(bytes)) {
        return false;
    }
    bool good = true;
    for (size_t i = 0; i < length / 2 && good; i++) {
        uint8_t high = 0;
        uint8_t low = 0;
        good = hex_digit(word[2 * i], &high) && hex_digit(word[2 * i + 1], &low);
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    good = good && secret_set(out_key, (struct byte_view){.data = bytes, .size = length / 2});
    secret_wipe(bytes, sizeof(bytes));
    return good;
}

static bool take_number(const char *word, int base, uint64_t most, uint64_t *out_value)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(word, &end, base);
    if (errno != 0 || end == word || *end != '\0' || word[0] == '-' || value > most) {
        return false;
    }
    *out_value = value;
    return true;
}

static bool take_number32(const char *word, int base, uint32_t *out_value)
{
    uint64_t value = 0;
    if (!take_number(word, base, UINT32_MAX, &value)) {
        return false;
    }
    *out_value = (uint32_t)value;
    return true;
}

static void clear_ike(struct ike_key_entry *entry)
{
    secret_clear(&entry->encryption_i);
    secret_clear(&entry->encryption_r);
    secret_clear(&entry->integrity_i);
    secret_clear(&entry->integrity_r);
}

static void clear_esp(struct esp_key_entry *entry)
{
    secret_clear(&entry->encryption);
    secret_clear(&entry->integrity);
}

// Makes room for one more entry. The struct of a secret may be moved as a whole.
static bool grow(void **entries, size_t count, size_t size)
{
    if (count >= KEY_FILE_MOST_ENTRIES) {
        return false;
    }
    if ((count & (count - 1)) != 0) {
        return true; // room was made when the count was a power of two
    }
    void *grown = realloc(*entries, (count == 0 ? 1 : count * 2) * size);
    if (grown == NULL) {
        return false;
    }
    *entries = grown;
    return true;
}

static bool same_secret(const struct secret *left, const struct secret *right)
{
    return secret_equals(secret_view(left), secret_view(right));
}

static bool has_ike(const struct key_file *keys, const struct ike_key_entry *entry)
{
    for (size_t i = 0; i < keys->ike_count; i++) {
        const struct ike_key_entry *old = &keys->ike[i];
        if (old->initiator_spi == entry->initiator_spi &&
            old->responder_spi == entry->responder_spi && old->epoch == entry->epoch &&
            same_secret(&old->encryption_i, &entry->encryption_i) &&
            same_secret(&old->encryption_r, &entry->encryption_r)) {
            return true;
        }
    }
    return false;
}

static bool has_esp(const struct key_file *keys, const struct esp_key_entry *entry)
{
    for (size_t i = 0; i < keys->esp_count; i++) {
        const struct esp_key_entry *old = &keys->esp[i];
        if (old->spi == entry->spi && address_equals(&old->destination, &entry->destination) &&
            same_secret(&old->encryption, &entry->encryption)) {
            return true;
        }
    }
    return false;
}

// --- one line -------------------------------------------------------------------------------

static bool read_ike_words(const struct line *line, struct ike_key_entry *entry,
                           struct key_fault *out_fault)
{
    char *const *word = line->words;
    if (!take_number(word[1], 16, UINT64_MAX, &entry->initiator_spi) ||
        !take_number(word[2], 16, UINT64_MAX, &entry->responder_spi)) {
        return reject(out_fault, line, "SPIs of an IKE SA are 16 hexadecimal digits");
    }
    if (!take_number32(word[3], 10, &entry->epoch) ||
        !take_number32(word[4], 10, &entry->first_initiator_message_id) ||
        !take_number32(word[5], 10, &entry->first_responder_message_id)) {
        return reject(out_fault, line, "epoch and message IDs are decimal numbers");
    }
    if (!reading_choice(word[6], word[9], &entry->aead)) {
        return reject(out_fault, line, "unknown algorithms \"%.32s\" \"%.32s\"", word[6], word[9]);
    }
    if (!take_key(word[7], &entry->encryption_i) || !take_key(word[8], &entry->encryption_r) ||
        !take_key(word[10], &entry->integrity_i) || !take_key(word[11], &entry->integrity_r)) {
        return reject(out_fault, line, "keys are hexadecimal, at most %d bytes, or \"-\"",
                      MOST_KEY_BYTES);
    }
    return true;
}

static bool read_ike(struct key_file *keys, const struct line *line, struct key_fault *out_fault)
{
    struct ike_key_entry entry = {0};
    if (line->word_count != IKE_WORDS) {
        return reject(out_fault, line, "an IKE line has %d words, this one %zu", IKE_WORDS,
                      line->word_count);
    }
    bool good = read_ike_words(line, &entry, out_fault);
    if (good && !has_ike(keys, &entry)) {
        void *entries = keys->ike;
        if (grow(&entries, keys->ike_count, sizeof(entry))) {
            keys->ike = entries;
            keys->ike[keys->ike_count++] = entry;
            return true; // the secrets live in the table now
        }
        good = reject(out_fault, line, "too many keys");
    }
    clear_ike(&entry);
    return good;
}

static bool read_esp_words(const struct line *line, struct esp_key_entry *entry,
                           struct key_fault *out_fault)
{
    char *const *word = line->words;
    uint32_t esn = 0;
    if (!address_parse(word[1], &entry->source) || !address_parse(word[2], &entry->destination)) {
        return reject(out_fault, line, "\"%.40s\" \"%.40s\" are not two addresses", word[1],
                      word[2]);
    }
    if (!take_number32(word[3], 16, &entry->spi)) {
        return reject(out_fault, line, "an ESP SPI is 8 hexadecimal digits");
    }
    if (!reading_choice(word[4], word[6], &entry->aead)) {
        return reject(out_fault, line, "unknown algorithms \"%.32s\" \"%.32s\"", word[4], word[6]);
    }
    if (!take_key(word[5], &entry->encryption) || !take_key(word[7], &entry->integrity)) {
        return reject(out_fault, line, "keys are hexadecimal, at most %d bytes, or \"-\"",
                      MOST_KEY_BYTES);
    }
    if (!take_number32(word[8], 10, &esn) || esn > 1) {
        return reject(out_fault, line, "extended sequence numbers are 0 or 1");
    }
    entry->has_esn = esn == 1;
    return true;
}

static bool read_esp(struct key_file *keys, const struct line *line, struct key_fault *out_fault)
{
    struct esp_key_entry entry = {0};
    if (line->word_count != ESP_WORDS) {
        return reject(out_fault, line, "an ESP line has %d words, this one %zu", ESP_WORDS,
                      line->word_count);
    }
    bool good = read_esp_words(line, &entry, out_fault);
    if (good && !has_esp(keys, &entry)) {
        void *entries = keys->esp;
        if (grow(&entries, keys->esp_count, sizeof(entry))) {
            keys->esp = entries;
            keys->esp[keys->esp_count++] = entry;
            return true;
        }
        good = reject(out_fault, line, "too many keys");
    }
    clear_esp(&entry);
    return good;
}

// Splits in place at blanks; words behind '#' are a comment.
static void split(char *text, struct line *line)
{
    char *rest = text;
    line->word_count = 0;
    while (line->word_count <= MOST_WORDS) {
        rest += strspn(rest, " \t\r\n");
        if (*rest == '\0' || *rest == '#') {
            return;
        }
        line->words[line->word_count++] = rest;
        rest += strcspn(rest, " \t\r\n");
        if (*rest != '\0') {
            *rest++ = '\0';
        }
    }
}

static bool read_own_line(struct key_file *keys, char *text, unsigned number,
                          struct key_fault *out_fault)
{
    struct line line = {.number = number};
    split(text, &line);
    if (line.word_count == 0) {
        return true;
    }
    if (strcmp(line.words[0], "IKE") == 0) {
        return read_ike(keys, &line, out_fault);
    }
    if (strcmp(line.words[0], "ESP") == 0) {
        return read_esp(keys, &line, out_fault);
    }
    return reject(out_fault, &line, "a line starts with IKE or ESP, not \"%.32s\"", line.words[0]);
}

// --- whole files ----------------------------------------------------------------------------

// State of one reading.
struct reading {
    struct key_file *keys;
    bool is_log; // a daemon's: most lines say nothing about keys
    unsigned number;
    struct key_translator translator;
    struct key_fault *fault;
};

static bool read_foreign_line(struct reading *reading, enum key_format format, char *text)
{
    char own[KEY_FILE_MOST_LINE];
    const struct line line = {.number = reading->number};
    bool good = true;
    switch (key_line_translate(&reading->translator, format, text, own, sizeof(own))) {
    case KEY_LINE_READY:
        good = read_own_line(reading->keys, own, reading->number, reading->fault);
        break;
    case KEY_LINE_NONE:
        break;
    case KEY_LINE_WRONG:
        good = reject(reading->fault, &line, "not a line of a %s: fields or algorithms unknown",
                      key_format_name(format));
        break;
    case KEY_LINE_NO_ROOM:
        good = reject(reading->fault, &line, "out of memory, or keys too long");
        break;
    }
    secret_wipe(own, sizeof(own));
    return good;
}

static bool read_line(struct reading *reading, char *text)
{
    const enum key_format format = key_line_format(text);
    if (format == KEY_FORMAT_STRONGSWAN) {
        reading->is_log = true;
    } else if (reading->is_log || strncmp(text, "-- ", 3) == 0) { // journalctl's own lines
        return true;
    }
    return format == KEY_FORMAT_IKELAB || format == KEY_FORMAT_UNKNOWN
               ? read_own_line(reading->keys, text, reading->number, reading->fault)
               : read_foreign_line(reading, format, text);
}

// Takes what is left of a line that is too long. Logs have such lines, without keys.
static void skip_line(FILE *stream)
{
    int character = 0;
    do {
        character = fgetc(stream);
    } while (character != EOF && character != '\n');
}

static bool read_stream(struct key_file *keys, FILE *stream, struct key_fault *out_fault)
{
    char text[KEY_FILE_MOST_LINE];
    struct reading reading = {.keys = keys, .fault = out_fault};
    bool good = true;
    while (good && fgets(text, sizeof(text), stream) != NULL) {
        reading.number++;
        if (strlen(text) + 1 < sizeof(text)) {
            good = read_line(&reading, text);
        } else if (reading.is_log) {
            skip_line(stream);
        } else {
            const struct line line = {.number = reading.number};
            good = reject(out_fault, &line, "a line of more than %d characters",
                          KEY_FILE_MOST_LINE - 2);
        }
    }
    secret_wipe(text, sizeof(text));
    key_translator_clear(&reading.translator);
    return good;
}

bool key_file_load(struct key_file *keys, const char *path, struct key_fault *out_fault)
{
    FILE *stream = fopen(path, "re");
    if (stream == NULL) {
        const struct line nowhere = {0};
        return reject(out_fault, &nowhere, "cannot open %.100s: %s", path,
                      strerror(errno)); // NOLINT(concurrency-mt-unsafe)
    }
    const bool good = read_stream(keys, stream, out_fault);
    (void)fclose(stream);
    return good;
}

bool key_file_parse(struct key_file *keys, struct byte_view text, struct key_fault *out_fault)
{
    if (text.size == 0) {
        return true;
    }
    // fmemopen() writes in write modes only.
    FILE *stream = fmemopen((void *)(uintptr_t)text.data, text.size, "r");
    if (stream == NULL) {
        const struct line nowhere = {0};
        return reject(out_fault, &nowhere, "out of memory");
    }
    const bool good = read_stream(keys, stream, out_fault);
    (void)fclose(stream);
    return good;
}

void key_file_clear(struct key_file *keys)
{
    for (size_t i = 0; i < keys->ike_count; i++) {
        clear_ike(&keys->ike[i]);
    }
    for (size_t i = 0; i < keys->esp_count; i++) {
        clear_esp(&keys->esp[i]);
    }
    free(keys->ike);
    free(keys->esp);
    *keys = (struct key_file){0};
}
