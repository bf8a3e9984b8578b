#include "refgw/app/config_reader.h"

#include <string.h>

enum {
    LEAST_TUN_MTU = 1280, // IPv6 needs it (RFC 8200, section 5)
    MOST_TUN_MTU = 65000,
    LEAST_FACTOR = 100,
    MOST_FACTOR = 1000,
    MOST_TRIES = 30,
    MOST_HALF_OPEN = 1000000,
};

static void read_path(struct config_reader *reader, const struct block_statement *statement,
                      const struct config_word *self, char out[CONFIG_PATH_SIZE])
{
    if (config_has_words(reader, statement, self, 2)) {
        (void)config_read_text(reader, statement, 1, out, CONFIG_PATH_SIZE);
    }
}

static void read_control(struct config_reader *reader, const struct block_statement *statement,
                         const struct config_word *self)
{
    struct config *config = reader->target;
    read_path(reader, statement, self, config->control_path);
}

static void read_key_log(struct config_reader *reader, const struct block_statement *statement,
                         const struct config_word *self)
{
    struct config *config = reader->target;
    read_path(reader, statement, self, config->key_log_path);
}

static void read_pid_file(struct config_reader *reader, const struct block_statement *statement,
                          const struct config_word *self)
{
    struct config *config = reader->target;
    read_path(reader, statement, self, config->pid_path);
}

static void read_log(struct config_reader *reader, const struct block_statement *statement,
                     const struct config_word *self)
{
    struct config *config = reader->target;
    if (!config_has_words(reader, statement, self, 2)) {
        return;
    }
    const char *format = statement_word(statement, 1);
    if (strcmp(format, "json") != 0 && strcmp(format, "text") != 0) {
        config_fault(reader, statement, "unknown log format \"%s\"; allowed: text, json", format);
        return;
    }
    config->log_format = strcmp(format, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
}

static void add_listen(struct config_reader *reader, const struct block_statement *statement,
                       const char *word)
{
    struct udp_setup *udp = &((struct config *)reader->target)->udp;
    struct ip_address address;
    if (!address_parse(word, &address)) {
        config_fault(reader, statement, "\"%s\" is no IPv4 or IPv6 address", word);
    } else if (udp->listen_count == UDP_MOST_LISTEN) {
        config_fault(reader, statement, "more than %d addresses to listen on", UDP_MOST_LISTEN);
    } else {
        udp->listen[udp->listen_count] = address;
        udp->listen_count++;
    }
}

static void read_listen(struct config_reader *reader, const struct block_statement *statement,
                        const struct config_word *self)
{
    if (statement->count < 2 || statement_leading_words(statement) != statement->count) {
        config_fault_usage(reader, statement, self);
        return;
    }
    for (size_t i = 1; i < statement->count; i++) {
        add_listen(reader, statement, statement_word(statement, i));
    }
}

static void read_port(struct config_reader *reader, const struct block_statement *statement,
                      const struct config_word *self, uint16_t *out_port)
{
    const struct config_number port = {.name = "port", .least = 1, .most = UINT16_MAX};
    uint32_t value = 0;
    if (config_has_words(reader, statement, self, 2) &&
        config_read_number(reader, statement, 1, &port, &value)) {
        *out_port = (uint16_t)value;
    }
}

static void read_ike_port(struct config_reader *reader, const struct block_statement *statement,
                          const struct config_word *self)
{
    read_port(reader, statement, self, &((struct config *)reader->target)->udp.ike_port);
}

static void read_nat_port(struct config_reader *reader, const struct block_statement *statement,
                          const struct config_word *self)
{
    read_port(reader, statement, self, &((struct config *)reader->target)->udp.nat_traversal_port);
}

static void read_tun(struct config_reader *reader, const struct block_statement *statement,
                     const struct config_word *self)
{
    const struct config_number mtu = {"MTU", LEAST_TUN_MTU, MOST_TUN_MTU};
    struct config *config = reader->target;
    const bool has_mtu = statement->count == 4 && statement_leading_words(statement) == 4 &&
                         strcmp(statement_word(statement, 2), "mtu") == 0;
    if (!has_mtu && !config_has_words(reader, statement, self, 2)) {
        return;
    }
    (void)config_read_text(reader, statement, 1, config->tun_name, sizeof(config->tun_name));
    if (has_mtu) {
        (void)config_read_number(reader, statement, 3, &mtu, &config->tun_mtu);
    }
}

// A statement of pairs: WORD KEY VALUE KEY VALUE...
struct pair {
    const char *key;
    bool (*read)(struct config_reader *reader, const struct block_statement *statement,
                 size_t index);
};

static void fault_pair(struct config_reader *reader, const struct block_statement *statement,
                       const char *key, const struct config_word *self)
{
    config_fault(reader, statement, "unknown word \"%s\" after `%s`; write: %s", key, self->word,
                 self->usage);
}

static void read_pairs(struct config_reader *reader, const struct block_statement *statement,
                       const struct config_word *self, const struct pair *pairs, size_t pair_count)
{
    if (statement->count < 3 || statement->count % 2 == 0 ||
        statement_leading_words(statement) != statement->count) {
        config_fault_usage(reader, statement, self);
        return;
    }
    for (size_t i = 1; i < statement->count; i += 2) {
        const char *key = statement_word(statement, i);
        size_t row = 0;
        while (row < pair_count && strcmp(pairs[row].key, key) != 0) {
            row++;
        }
        if (row == pair_count) {
            fault_pair(reader, statement, key, self);
            return;
        }
        if (!pairs[row].read(reader, statement, i + 1)) {
            return;
        }
    }
}

static struct ike_policy *policy_of(struct config_reader *reader)
{
    return &((struct config *)reader->target)->policy;
}

// A zero would repeat without end or expire at once.
static bool read_timeout(struct config_reader *reader, const struct block_statement *statement,
                         size_t index, struct duration *out_duration)
{
    struct duration duration;
    if (!config_read_duration(reader, statement, index, &duration)) {
        return false;
    }
    if (duration.nanoseconds == 0) {
        config_fault(reader, statement, "a timeout of `%s` must not be 0",
                     statement_word(statement, 0));
        return false;
    }
    *out_duration = duration;
    return true;
}

static bool read_first(struct config_reader *reader, const struct block_statement *statement,
                       size_t index)
{
    return read_timeout(reader, statement, index, &policy_of(reader)->retransmission.first_timeout);
}

static bool read_factor(struct config_reader *reader, const struct block_statement *statement,
                        size_t index)
{
    const struct config_number factor = {"factor in percent", LEAST_FACTOR, MOST_FACTOR};
    return config_read_number(reader, statement, index, &factor,
                              &policy_of(reader)->retransmission.factor_percent);
}

static bool read_tries(struct config_reader *reader, const struct block_statement *statement,
                       size_t index)
{
    const struct config_number tries = {"number of tries", 1, MOST_TRIES};
    return config_read_number(reader, statement, index, &tries,
                              &policy_of(reader)->retransmission.tries);
}

static void read_retransmit(struct config_reader *reader, const struct block_statement *statement,
                            const struct config_word *self)
{
    static const struct pair pairs[] = {
        {"first",  read_first },
        {"factor", read_factor},
        {"tries",  read_tries }
    };
    read_pairs(reader, statement, self, pairs, sizeof(pairs) / sizeof(pairs[0]));
}

static bool read_half_open_timeout(struct config_reader *reader,
                                   const struct block_statement *statement, size_t index)
{
    return read_timeout(reader, statement, index, &policy_of(reader)->half_open_timeout);
}

static bool read_half_open_most(struct config_reader *reader,
                                const struct block_statement *statement, size_t index)
{
    const struct config_number most = {"number of half-open SAs", 1, MOST_HALF_OPEN};
    return config_read_number(reader, statement, index, &most, &policy_of(reader)->most_half_open);
}

static bool read_half_open_per_address(struct config_reader *reader,
                                       const struct block_statement *statement, size_t index)
{
    const struct config_number most = {"number of half-open SAs of one address", 1, MOST_HALF_OPEN};
    return config_read_number(reader, statement, index, &most,
                              &policy_of(reader)->most_half_open_per_address);
}

// 0: everybody needs a cookie, always.
static bool read_cookie_threshold(struct config_reader *reader,
                                  const struct block_statement *statement, size_t index)
{
    const struct config_number threshold = {"cookie threshold", 0, MOST_HALF_OPEN};
    return config_read_number(reader, statement, index, &threshold,
                              &policy_of(reader)->cookie_threshold);
}

static void read_half_open(struct config_reader *reader, const struct block_statement *statement,
                           const struct config_word *self)
{
    static const struct pair pairs[] = {
        {"timeout",          read_half_open_timeout    },
        {"most",             read_half_open_most       },
        {"per-address",      read_half_open_per_address},
        {"cookie-threshold", read_cookie_threshold     }
    };
    read_pairs(reader, statement, self, pairs, sizeof(pairs) / sizeof(pairs[0]));
}

static bool read_fragment_size(struct config_reader *reader,
                               const struct block_statement *statement, size_t index,
                               uint16_t *out_size)
{
    // Every host takes 576 over IPv4 (RFC 791) and 1280 over IPv6 (RFC 8200); less is for tests.
    const struct config_number size = {"size of an IP datagram", 256, UINT16_MAX};
    uint32_t value = 0;
    if (!config_read_number(reader, statement, index, &size, &value)) {
        return false;
    }
    *out_size = (uint16_t)value;
    return true;
}

// fragmentation on|off [ipv4 BYTES] [ipv6 BYTES]
static void read_fragmentation(struct config_reader *reader,
                               const struct block_statement *statement,
                               const struct config_word *self)
{
    struct policy_fragmentation *policy = &policy_of(reader)->fragmentation;
    const size_t count = statement->count;
    if (count < 2 || count % 2 != 0 || statement_leading_words(statement) != count) {
        config_fault_usage(reader, statement, self);
        return;
    }
    const char *word = statement_word(statement, 1);
    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0) {
        config_fault(reader, statement, "fragmentation is on or off, not \"%s\"", word);
        return;
    }
    policy->is_off = strcmp(word, "off") == 0;
    for (size_t i = 2; i < count; i += 2) {
        const char *key = statement_word(statement, i);
        const bool is_ipv4 = strcmp(key, "ipv4") == 0;
        if (!is_ipv4 && strcmp(key, "ipv6") != 0) {
            fault_pair(reader, statement, key, self);
            return;
        }
        if (!read_fragment_size(reader, statement, i + 1,
                                is_ipv4 ? &policy->ipv4_size : &policy->ipv6_size)) {
            return;
        }
    }
}

static void read_keepalive(struct config_reader *reader, const struct block_statement *statement,
                           const struct config_word *self)
{
    if (config_has_words(reader, statement, self, 2)) {
        (void)config_read_duration(reader, statement, 1, &policy_of(reader)->keepalive_interval);
    }
}

static bool read_routing_table(struct config_reader *reader,
                               const struct block_statement *statement, size_t index)
{
    // 253 to 255 are the kernel's default, main and local tables.
    const struct config_number table = {"routing table", 256, INT32_MAX};
    return config_read_number(reader, statement, index, &table,
                              &((struct config *)reader->target)->routing_table);
}

static bool read_routing_priority(struct config_reader *reader,
                                  const struct block_statement *statement, size_t index)
{
    // Between the kernel's rules for the tables local (0) and main (32766).
    const struct config_number priority = {"rule priority", 1, 32765};
    return config_read_number(reader, statement, index, &priority,
                              &((struct config *)reader->target)->routing_priority);
}

static bool read_routing_mark(struct config_reader *reader, const struct block_statement *statement,
                              size_t index)
{
    const struct config_number mark = {"packet mark", 1, UINT32_MAX};
    return config_read_number(reader, statement, index, &mark,
                              &((struct config *)reader->target)->udp.mark);
}

static void read_routing(struct config_reader *reader, const struct block_statement *statement,
                         const struct config_word *self)
{
    static const struct pair pairs[] = {
        {"table",    read_routing_table   },
        {"priority", read_routing_priority},
        {"mark",     read_routing_mark    }
    };
    read_pairs(reader, statement, self, pairs, sizeof(pairs) / sizeof(pairs[0]));
}

static void read_lab(struct config_reader *reader, const struct block_statement *statement,
                     const struct config_word *self)
{
    if (!config_has_words(reader, statement, self, 2)) {
        return;
    }
    const char *word = statement_word(statement, 1);
    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0) {
        config_fault(reader, statement, "unknown value \"%s\" of `lab`; allowed: on, off", word);
        return;
    }
    ((struct config *)reader->target)->is_lab = strcmp(word, "on") == 0;
}

static const struct config_word GATEWAY_WORDS[] = {
    {"control",       "control PATH",                                                             WORD_OPTIONAL, WORD_ONCE,    read_control   },
    {"log",           "log text|json",                                                            WORD_OPTIONAL, WORD_ONCE,    read_log       },
    {"keylog",        "keylog FILE",                                                              WORD_OPTIONAL, WORD_ONCE,    read_key_log   },
    {"pidfile",       "pidfile FILE",                                                             WORD_OPTIONAL, WORD_ONCE,    read_pid_file  },
    {"listen",        "listen ADDRESS...",                                                        WORD_OPTIONAL, WORD_REPEATS, read_listen    },
    {"ike-port",      "ike-port NUMBER",                                                          WORD_OPTIONAL, WORD_ONCE,    read_ike_port  },
    {"nat-port",      "nat-port NUMBER",                                                          WORD_OPTIONAL, WORD_ONCE,    read_nat_port  },
    {"tun",           "tun NAME [mtu NUMBER]",                                                    WORD_OPTIONAL, WORD_ONCE,    read_tun       },
    {"routing",       "routing [table NUMBER] [priority NUMBER] [mark NUMBER]",                   WORD_OPTIONAL, WORD_ONCE,
     read_routing                                                                                                                             },
    {"retransmit",    "retransmit [first DURATION] [factor PERCENT] [tries NUMBER]",              WORD_OPTIONAL,
     WORD_ONCE,                                                                                                                read_retransmit},
    {"lab",           "lab on|off",                                                               WORD_OPTIONAL, WORD_ONCE,    read_lab       },
    {"half-open",
     "half-open [timeout DURATION] [most NUMBER] [per-address NUMBER] [cookie-threshold NUMBER]", WORD_OPTIONAL, WORD_ONCE,    read_half_open },
    {"fragmentation", "fragmentation on|off [ipv4 BYTES] [ipv6 BYTES]",                           WORD_OPTIONAL, WORD_ONCE,
     read_fragmentation                                                                                                                       },
    {"keepalive",     "keepalive DURATION",                                                       WORD_OPTIONAL, WORD_ONCE,    read_keepalive },
};

void config_read_gateway(struct config_reader *reader, const struct block_statement *statement,
                         const struct config_word *self)
{
    const struct block *block = statement_block(statement);
    if (block == NULL || statement->count != 2 || statement_leading_words(statement) != 1) {
        config_fault_usage(reader, statement, self);
        return;
    }
    const struct config_block gateway = {
        .owner = statement,
        .block = block,
        .what = "the gateway",
        .words = GATEWAY_WORDS,
        .word_count = sizeof(GATEWAY_WORDS) / sizeof(GATEWAY_WORDS[0]),
    };
    config_read_block(reader, &gateway);
    const struct udp_setup *udp = &((struct config *)reader->target)->udp;
    if (udp->ike_port == udp->nat_traversal_port) {
        config_fault(reader, statement, "ike-port and nat-port must differ, both are %u",
                     udp->ike_port);
    }
}
