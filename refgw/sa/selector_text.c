// Selectors as words: addresses first, then protocol, then ports or ICMP type and code.
//   192.0.2.0/24                     192.0.2.1 - 192.0.2.9
//   192.0.2.0/24 tcp 443             192.0.2.0/24 udp 1000-2000
//   2001:db8::/32 icmpv6 128         192.0.2.0/24 icmp 3/4      2001:db8::/32 udp opaque
#include <stdio.h>
#include <string.h>

#include "refgw/iana/ikev2_numbers.h"
#include "refgw/sa/selector_set.h"

enum { MOST_WORDS = 6, WORD_SIZE = 64, LAST_PORT = 65535, IP_PROTOCOL_SCTP = 132 };

struct words {
    size_t count;
    size_t next;
    char items[MOST_WORDS][WORD_SIZE];
};

struct protocol_word {
    const char *word;
    uint8_t number;
};

static const struct protocol_word protocol_words[] = {
    {"icmp",   IP_PROTOCOL_ICMP  },
    {"ipv4",   IP_PROTOCOL_IPV4  },
    {"tcp",    IP_PROTOCOL_TCP   },
    {"udp",    IP_PROTOCOL_UDP   },
    {"icmpv6", IP_PROTOCOL_ICMPV6},
    {"sctp",   IP_PROTOCOL_SCTP  },
};
enum { PROTOCOL_WORD_COUNT = sizeof(protocol_words) / sizeof(protocol_words[0]) };

static bool split_words(const char *text, struct words *out_words)
{
    *out_words = (struct words){0};
    for (;;) {
        text += strspn(text, " \t");
        const size_t size = strcspn(text, " \t");
        if (size == 0) {
            return true;
        }
        if (out_words->count == MOST_WORDS || size >= WORD_SIZE) {
            return false;
        }
        memcpy(out_words->items[out_words->count], text, size);
        out_words->count++;
        text += size;
    }
}

static const char *peek_word(const struct words *words)
{
    return words->next < words->count ? words->items[words->next] : "";
}

// Reads a decimal number that ends before `end`; at least one digit.
static bool parse_number(const char *text, const char *end, unsigned most, unsigned *out_number)
{
    unsigned number = 0;
    if (text == end || end - text > 5) {
        return false;
    }
    for (; text < end; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        number = number * 10 + (unsigned)(*text - '0');
    }
    *out_number = number;
    return number <= most;
}

// "192.0.2.0/24", or "192.0.2.1 - 192.0.2.9", or the same without blanks.
static bool parse_addresses(struct words *words, struct selector *selector)
{
    char text[WORD_SIZE];

    (void)snprintf(text, sizeof(text), "%s", peek_word(words));
    words->next++;
    char *dash = strchr(text, '-');
    if (dash == NULL && strcmp(peek_word(words), "-") != 0) {
        return prefix_parse(text, &selector->start_address, &selector->end_address);
    }
    const char *last = NULL;
    if (dash != NULL) {
        *dash = '\0';
        last = dash + 1;
    } else {
        words->next++;
        last = peek_word(words);
        words->next++;
    }
    return address_parse(text, &selector->start_address) &&
           address_parse(last, &selector->end_address) &&
           selector->start_address.family == selector->end_address.family &&
           address_compare(&selector->start_address, &selector->end_address) <= 0;
}

static bool parse_protocol(const char *word, uint8_t *out_protocol)
{
    unsigned number;
    for (size_t i = 0; i < PROTOCOL_WORD_COUNT; i++) {
        if (strcmp(word, protocol_words[i].word) == 0) {
            *out_protocol = protocol_words[i].number;
            return true;
        }
    }
    if (!parse_number(word, word + strlen(word), 255, &number)) {
        return false;
    }
    *out_protocol = (uint8_t)number;
    return true;
}

static bool has_icmp_types(uint8_t ip_protocol)
{
    return ip_protocol == IP_PROTOCOL_ICMP || ip_protocol == IP_PROTOCOL_ICMPV6;
}

// One end of a range: a port, or "type" or "type/code". A type alone means all its codes.
static bool parse_end(const char *text, const char *end, uint8_t ip_protocol, unsigned code,
                      unsigned *out_port)
{
    const char *slash = memchr(text, '/', (size_t)(end - text));
    unsigned type;
    if (!has_icmp_types(ip_protocol)) {
        return parse_number(text, end, LAST_PORT, out_port);
    }
    if (!parse_number(text, slash == NULL ? end : slash, 255, &type) ||
        (slash != NULL && !parse_number(slash + 1, end, 255, &code))) {
        return false;
    }
    *out_port = type * 256 + code;
    return true;
}

static bool parse_ports(const char *word, struct selector *selector)
{
    const char *end = word + strlen(word);
    const char *dash = strchr(word, '-');
    unsigned start_port;
    unsigned end_port;

    if (strcmp(word, "any") == 0) {
        return true;
    }
    if (strcmp(word, "opaque") == 0) {
        selector->start_port = LAST_PORT;
        selector->end_port = 0;
        return true;
    }
    if (!parse_end(word, dash == NULL ? end : dash, selector->ip_protocol, 0, &start_port) ||
        !parse_end(dash == NULL ? word : dash + 1, end, selector->ip_protocol, 255, &end_port) ||
        start_port > end_port) {
        return false;
    }
    selector->start_port = (uint16_t)start_port;
    selector->end_port = (uint16_t)end_port;
    return true;
}

bool selector_parse(const char *text, struct selector *out_selector)
{
    struct selector selector = {.end_port = LAST_PORT};
    struct words words;

    if (!split_words(text, &words) || words.count == 0 || !parse_addresses(&words, &selector)) {
        return false;
    }
    if (words.next < words.count) {
        if (!parse_protocol(peek_word(&words), &selector.ip_protocol)) {
            return false;
        }
        words.next++;
    }
    if (words.next < words.count) {
        // Without a protocol there are no ports to speak of.
        if (selector.ip_protocol == 0 || !parse_ports(peek_word(&words), &selector)) {
            return false;
        }
        words.next++;
    }
    if (words.next < words.count) {
        return false;
    }
    *out_selector = selector;
    return true;
}

// The length of the prefix that is exactly first..last; false when there is none.
static bool find_prefix_length(const struct selector *selector, unsigned *out_length)
{
    const uint8_t *first = selector->start_address.bytes;
    const uint8_t *last = selector->end_address.bytes;
    const unsigned bits = (unsigned)(8 * address_size(selector->start_address.family));
    unsigned length = 0;
    while (length < bits &&
           (((first[length / 8] ^ last[length / 8]) << (length % 8)) & 0x80) == 0) {
        length++;
    }
    for (unsigned bit = length; bit < bits; bit++) {
        const unsigned mask = 0x80U >> (bit % 8);
        if ((first[bit / 8] & mask) != 0 || (last[bit / 8] & mask) == 0) {
            return false;
        }
    }
    *out_length = length;
    return true;
}

static void put_text(char *out_text, const char *more)
{
    const size_t used = strlen(out_text);
    (void)snprintf(out_text + used, SELECTOR_TEXT_SIZE - used, "%s", more);
}

static void format_addresses(const struct selector *selector, char *out_text)
{
    char first[ADDRESS_TEXT_SIZE];
    char last[ADDRESS_TEXT_SIZE];
    unsigned length;

    address_format(&selector->start_address, first);
    address_format(&selector->end_address, last);
    if (find_prefix_length(selector, &length)) {
        (void)snprintf(out_text, SELECTOR_TEXT_SIZE, "%s/%u", first, length);
    } else {
        (void)snprintf(out_text, SELECTOR_TEXT_SIZE, "%s - %s", first, last);
    }
}

static void format_protocol(uint8_t ip_protocol, char *out_text)
{
    char number[8];
    for (size_t i = 0; i < PROTOCOL_WORD_COUNT; i++) {
        if (protocol_words[i].number == ip_protocol) {
            put_text(out_text, " ");
            put_text(out_text, protocol_words[i].word);
            return;
        }
    }
    (void)snprintf(number, sizeof(number), " %u", ip_protocol);
    put_text(out_text, number);
}

static void format_icmp(unsigned start, unsigned end, char text[32])
{
    if (start % 256 == 0 && end == start + 255) {
        (void)snprintf(text, 32, " %u", start / 256);
    } else if (start == end) {
        (void)snprintf(text, 32, " %u/%u", start / 256, start % 256);
    } else {
        (void)snprintf(text, 32, " %u/%u-%u/%u", start / 256, start % 256, end / 256, end % 256);
    }
}

static void format_ports(const struct selector *selector, char *out_text)
{
    const unsigned start = selector->start_port;
    const unsigned end = selector->end_port;
    char text[32];
    if (start == 0 && end == LAST_PORT) {
        return;
    }
    if (start == LAST_PORT && end == 0) {
        (void)snprintf(text, sizeof(text), " opaque");
    } else if (has_icmp_types(selector->ip_protocol)) {
        format_icmp(start, end, text);
    } else if (start == end) {
        (void)snprintf(text, sizeof(text), " %u", start);
    } else {
        (void)snprintf(text, sizeof(text), " %u-%u", start, end);
    }
    put_text(out_text, text);
}

void selector_format(const struct selector *selector, char out_text[SELECTOR_TEXT_SIZE])
{
    format_addresses(selector, out_text);
    if (selector->ip_protocol != 0) {
        format_protocol(selector->ip_protocol, out_text);
        format_ports(selector, out_text);
    }
}
