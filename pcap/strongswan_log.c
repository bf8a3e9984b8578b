// Charon logs by thread. One thread checks an IKE_SA out, derives keys (as responder only when
// IKE_AUTH arrives), and names the SPIs afterwards: of an IKE_SA when it checks it in, of a
// CHILD_SA when it installs it. Who started the exchange says to which direction the "initiator"
// key belongs.
#include "pcap/strongswan_log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refgw/base/secret.h"

enum {
    MOST_THREADS = 128,
    MOST_SAS = 256,
    HEX_SIZE = 2 * 128 + 1,
    PROPOSAL_SIZE = 160,
    WORD_SIZE = 32,
    MOST_PREFIX = 120, // in front of the thread number
    ADDRESS_WORD = 64,
};

enum key_slot {
    IKE_EI,
    IKE_ER,
    IKE_AI,
    IKE_AR,
    ESP_EI,
    ESP_ER,
    ESP_AI,
    ESP_AR,
    SLOT_COUNT,
    NO_SLOT
};

static const struct {
    const char *name;
    enum key_slot slot;
} dumps[] = {
    {"Sk_ei secret",             IKE_EI},
    {"Sk_er secret",             IKE_ER},
    {"Sk_ai secret",             IKE_AI},
    {"Sk_ar secret",             IKE_AR},
    {"encryption initiator key", ESP_EI},
    {"encryption responder key", ESP_ER},
    {"integrity initiator key",  ESP_AI},
    {"integrity responder key",  ESP_AR},
};

struct thread_state {
    enum key_slot slot; // the dump being read, or NO_SLOT
    char keys[SLOT_COUNT][HEX_SIZE];
    char ike_proposal[PROPOSAL_SIZE];
    char esp_proposal[PROPOSAL_SIZE];
    bool is_initiator; // of the exchange at hand
    bool is_outbound;  // the SA being installed
    bool has_ike_keys;
    unsigned sa; // to which IKE_SA the keys belong, as in <tunnel|3>
};

struct strongswan_log {
    struct thread_state threads[MOST_THREADS];
    char proposals[MOST_SAS][PROPOSAL_SIZE]; // by IKE_SA number, modulo
};

struct strongswan_log *strongswan_log_new(void)
{
    struct strongswan_log *log = calloc(1, sizeof(*log));
    for (size_t i = 0; log != NULL && i < MOST_THREADS; i++) {
        log->threads[i].slot = NO_SLOT;
    }
    return log;
}

void strongswan_log_free(struct strongswan_log *log)
{
    if (log != NULL) {
        secret_wipe(log, sizeof(*log));
        free(log);
    }
}

static bool is_thread_mark(const char *text)
{
    return isdigit((unsigned char)text[0]) != 0 && isdigit((unsigned char)text[1]) != 0 &&
           text[2] == '[' && isupper((unsigned char)text[3]) != 0 &&
           isupper((unsigned char)text[4]) != 0 && isupper((unsigned char)text[5]) != 0 &&
           text[6] == ']' && text[7] == ' ';
}

const char *strongswan_line_start(const char *text)
{
    for (size_t i = 0; i < MOST_PREFIX && text[i] != '\0'; i++) {
        if ((i == 0 || text[i - 1] == ' ') && is_thread_mark(text + i)) {
            return text + i;
        }
    }
    return NULL;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

// --- algorithms ---------------------------------------------------------------------------

// "AES_GCM_16_128" is aes128gcm16, "AES_CBC_256" aes256.
static void read_aes(const char *name, char *out_word)
{
    const char *mode = name + strlen("AES_");
    const char *last = strrchr(name, '_');
    const unsigned long bits = last != NULL ? strtoul(last + 1, NULL, 10) : 0;
    if (starts_with(mode, "CBC_")) {
        (void)snprintf(out_word, WORD_SIZE, "aes%lu", bits);
    } else if (starts_with(mode, "CTR_")) {
        (void)snprintf(out_word, WORD_SIZE, "aes%luctr", bits);
    } else if (starts_with(mode, "GCM_") || starts_with(mode, "CCM_")) {
        (void)snprintf(out_word, WORD_SIZE, "aes%lu%ccm%lu", bits, mode[0] == 'G' ? 'g' : 'c',
                       strtoul(mode + 4, NULL, 10));
    }
}

static void read_algorithm(const char *name, char *cipher, char *mac)
{
    static const struct {
        const char *prefix;
        const char *word;
        bool is_mac;
    } others[] = {
        {"CHACHA20_POLY1305", "chacha20poly1305", false},
        {"3DES_CBC",          "3des",             false},
        {"NULL",              "null",             false},
        {"HMAC_SHA2_256_128", "sha256",           true },
        {"HMAC_SHA2_384_192", "sha384",           true },
        {"HMAC_SHA2_512_256", "sha512",           true },
        {"HMAC_SHA1_96",      "sha1",             true },
        {"HMAC_MD5_96",       "md5",              true },
        {"AES_XCBC_96",       "aesxcbc",          true },
        {"AES_CMAC_96",       "aescmac",          true },
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (starts_with(name, others[i].prefix)) {
            (void)snprintf(others[i].is_mac ? mac : cipher, WORD_SIZE, "%s", others[i].word);
            return;
        }
    }
    if (starts_with(name, "AES_")) {
        read_aes(name, cipher);
    }
}

// "AES_GCM_16_128/PRF_HMAC_SHA2_256/CURVE_25519". False without a cipher that is known.
static bool read_proposal(const char *proposal, char *out_cipher, char *out_mac)
{
    char copy[PROPOSAL_SIZE];
    char *rest = copy;
    (void)snprintf(copy, sizeof(copy), "%s", proposal);
    out_cipher[0] = '\0';
    (void)snprintf(out_mac, WORD_SIZE, "-");
    while (rest != NULL) {
        read_algorithm(strsep(&rest, "/"), out_cipher, out_mac);
    }
    return out_cipher[0] != '\0';
}

static const char *or_dash(const char *text)
{
    return *text == '\0' ? "-" : text;
}

static enum key_translation ready(int written, size_t size)
{
    return written > 0 && (size_t)written < size ? KEY_LINE_READY : KEY_LINE_NO_ROOM;
}

// --- lines --------------------------------------------------------------------------------

// Keys whose SPIs are known now. While an IKE_SA is rekeyed its new one is checked in first.
static enum key_translation finish_ike(struct strongswan_log *log, struct thread_state *state,
                                       const char *spis, char *out_line, size_t size)
{
    char initiator[24];
    char responder[24];
    char cipher[WORD_SIZE];
    char mac[WORD_SIZE];
    if (sscanf(spis, "%16[0-9a-f]_i %16[0-9a-f]_r", initiator, responder) != 2 || // NOLINT
        strspn(responder, "0") == strlen(responder) || !state->has_ike_keys) {
        return KEY_LINE_NONE;
    }
    const char *proposal =
        state->ike_proposal[0] != '\0' ? state->ike_proposal : log->proposals[state->sa % MOST_SAS];
    if (!read_proposal(proposal, cipher, mac)) {
        return KEY_LINE_NONE;
    }
    state->has_ike_keys = false;
    return ready(snprintf(out_line, size, "IKE %s %s 0 0 0 %s %s %s %s %s %s", initiator, responder,
                          cipher, or_dash(state->keys[IKE_EI]), or_dash(state->keys[IKE_ER]), mac,
                          or_dash(state->keys[IKE_AI]), or_dash(state->keys[IKE_AR])),
                 size);
}

// One direction of a CHILD_SA: "SPI 0xc0ffee01, src 192.0.2.1 dst 198.51.100.1".
static enum key_translation finish_esp(const struct thread_state *state, const char *text,
                                       char *out_line, size_t size)
{
    unsigned spi = 0;
    char source[ADDRESS_WORD];
    char destination[ADDRESS_WORD];
    char cipher[WORD_SIZE];
    char mac[WORD_SIZE];
    const bool is_from_initiator = state->is_outbound == state->is_initiator;
    if (sscanf(text, "SPI 0x%x, src %63s dst %63s", &spi, source, destination) != 3 || // NOLINT
        !read_proposal(state->esp_proposal, cipher, mac) || state->keys[ESP_EI][0] == '\0') {
        return KEY_LINE_NONE;
    }
    return ready(snprintf(out_line, size, "ESP %s %s %08x %s %s %s %s %d", source, destination, spi,
                          cipher, or_dash(state->keys[is_from_initiator ? ESP_EI : ESP_ER]), mac,
                          or_dash(state->keys[is_from_initiator ? ESP_AI : ESP_AR]),
                          strstr(state->esp_proposal, "EXT_SEQ") != NULL &&
                                  strstr(state->esp_proposal, "NO_EXT_SEQ") == NULL
                              ? 1
                              : 0),
                 size);
}

// "   0: 0A 1B 2C ...  ....": up to 16 bytes.
static bool read_dump_line(struct thread_state *state, const char *text)
{
    const char *at = text + strspn(text, " ");
    const size_t digits = strspn(at, "0123456789");
    if (digits == 0 || at[digits] != ':' || at[digits + 1] != ' ') {
        return false;
    }
    if (state->slot == NO_SLOT) {
        return true;
    }
    char *key = state->keys[state->slot];
    size_t used = strlen(key);
    at += digits + 2;
    while (isxdigit((unsigned char)at[0]) != 0 && isxdigit((unsigned char)at[1]) != 0 &&
           (at[2] == ' ' || at[2] == '\0' || at[2] == '\n') && used + 3 < HEX_SIZE) {
        key[used++] = (char)tolower((unsigned char)at[0]);
        key[used++] = (char)tolower((unsigned char)at[1]);
        key[used] = '\0';
        at += at[2] == ' ' ? 3 : 2;
    }
    return true;
}

// Keys of another CHILD_SA start.
static void forget_esp_keys(struct thread_state *state)
{
    for (unsigned slot = ESP_EI; slot <= ESP_AR; slot++) {
        state->keys[slot][0] = '\0';
    }
}

static void begin_dump(struct thread_state *state, const char *text, unsigned sa)
{
    for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++) {
        const size_t length = strlen(dumps[i].name);
        if (strncmp(text, dumps[i].name, length) != 0 || !starts_with(text + length, " => ")) {
            continue;
        }
        if (dumps[i].slot == ESP_EI) {
            forget_esp_keys(state);
        }
        state->slot = dumps[i].slot;
        state->keys[state->slot][0] = '\0';
        if (state->slot <= IKE_AR) {
            state->has_ike_keys = true;
            state->sa = sa;
        }
    }
}

static void copy_word(char *out_text, size_t size, const char *text)
{
    const size_t length = strcspn(text, " \r\n");
    (void)snprintf(out_text, size, "%.*s", (int)(length < size ? length : size - 1), text);
}

static void note_proposal(struct strongswan_log *log, struct thread_state *state, unsigned sa,
                          const char *text)
{
    if (starts_with(text, "IKE:")) {
        copy_word(state->ike_proposal, sizeof(state->ike_proposal), text + 4);
        copy_word(log->proposals[sa % MOST_SAS], PROPOSAL_SIZE, text + 4);
    } else if (starts_with(text, "ESP:")) {
        copy_word(state->esp_proposal, sizeof(state->esp_proposal), text + 4);
    }
}

static enum key_translation read_text(struct strongswan_log *log, struct thread_state *state,
                                      unsigned sa, const char *text, char *out_line, size_t size)
{
    static const char selected[] = "selected proposal: ";
    static const char checkin[] = "checkin IKEv2 SA ";
    const char *spis = strstr(text, " with SPIs ");
    if (read_dump_line(state, text)) {
        return KEY_LINE_NONE;
    }
    state->slot = NO_SLOT;
    if (starts_with(text, "checkout IKEv2 SA")) {
        secret_wipe(state, sizeof(*state));
        state->slot = NO_SLOT;
    } else if (starts_with(text, "parsed ")) {
        state->is_initiator = strstr(text, " response ") != NULL;
    } else if (starts_with(text, selected)) {
        note_proposal(log, state, sa, text + sizeof(selected) - 1);
    } else if (starts_with(text, checkin) && spis != NULL) {
        return finish_ike(log, state, spis + strlen(" with SPIs "), out_line, size);
    } else if (starts_with(text, "adding inbound ESP SA")) {
        state->is_outbound = false;
    } else if (starts_with(text, "adding outbound ESP SA") ||
               starts_with(text, "registering outbound ESP SA")) {
        state->is_outbound = true;
    } else if (starts_with(text + strspn(text, " "), "SPI 0x")) {
        return finish_esp(state, text + strspn(text, " "), out_line, size);
    } else {
        begin_dump(state, text, sa);
    }
    return KEY_LINE_NONE;
}

// "07[IKE] <tunnel|1> text"; before the connection is known "07[IKE] <1> text".
enum key_translation strongswan_log_read(struct strongswan_log *log, const char *text,
                                         char *out_line, size_t size)
{
    const char *start = strongswan_line_start(text);
    unsigned sa = 0;
    if (start == NULL) {
        return KEY_LINE_NONE;
    }
    const unsigned thread = (unsigned)(start[0] - '0') * 10 + (unsigned)(start[1] - '0');
    const char *rest = start + 8;
    const char *end = rest[0] == '<' ? strstr(rest, "> ") : NULL;
    if (end != NULL) {
        const char *bar = memrchr(rest, '|', (size_t)(end - rest));
        sa = (unsigned)strtoul(bar != NULL ? bar + 1 : rest + 1, NULL, 10);
        rest = end + 2;
    }
    return read_text(log, &log->threads[thread % MOST_THREADS], sa, rest, out_line, size);
}
