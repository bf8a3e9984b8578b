#include "refgw/app/config.h"

#include "refgw/app/config_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_TUN_MTU = 1390, // ESP with AES-CBC and SHA-512 in UDP over IPv6 stays within 1500
    DEFAULT_ROUTING_TABLE = 5050,
    DEFAULT_ROUTING_PRIORITY = 5050,
    DEFAULT_ROUTING_MARK = 0x5050,
    RETRANSMIT_FIRST_MS = 500,
    RETRANSMIT_FACTOR = 180,
    RETRANSMIT_TRIES = 6,
};

static const struct config_word FILE_WORDS[] = {
    {"gateway",    "gateway { ... }",         WORD_OPTIONAL, WORD_ONCE,    config_read_gateway   },
    {"connection", "connection NAME { ... }", WORD_REQUIRED, WORD_REPEATS, config_read_connection},
};

static void set_defaults(struct config *config)
{
    *config = (struct config){
        .log_format = LOG_FORMAT_TEXT,
        .udp = {.ike_port = IKE_PORT,
                .nat_traversal_port = IKE_NAT_TRAVERSAL_PORT,
                .mark = DEFAULT_ROUTING_MARK},
        .tun_mtu = DEFAULT_TUN_MTU,
        .routing_table = DEFAULT_ROUTING_TABLE,
        .routing_priority = DEFAULT_ROUTING_PRIORITY,
    };
    (void)snprintf(config->control_path, sizeof(config->control_path), "/run/refgw/control.sock");
    (void)snprintf(config->tun_name, sizeof(config->tun_name), "ipsec0");
    ike_policy_init(&config->policy);
    config->policy.retransmission = (struct policy_retransmission){
        .first_timeout = duration_milliseconds(RETRANSMIT_FIRST_MS),
        .factor_percent = RETRANSMIT_FACTOR,
        .tries = RETRANSMIT_TRIES,
    };
}

static void fault_in_file(struct config_faults *faults, unsigned line, const char *message)
{
    faults->count = 1;
    faults->items[0].line = line;
    (void)snprintf(faults->items[0].message, sizeof(faults->items[0].message), "%s", message);
}

// A lab's keys follow from its seed: whoever trusts them trusts everybody.
static void check_lab(const struct config *config, struct config_faults *faults)
{
    for (size_t i = 0; !config->is_lab && i < config->policy.connection_count; i++) {
        const struct policy_connection *connection = &config->policy.connections[i];
        if (connection->certificates.is_of_lab && faults->count < CONFIG_MOST_FAULTS) {
            struct config_fault *fault = &faults->items[faults->count++];
            fault->line = 0;
            (void)snprintf(fault->message, sizeof(fault->message),
                           "connection %s uses keys or certificates of a lab, which everybody can "
                           "make; use others, or in a lab write: gateway { lab on }",
                           connection->name);
        }
    }
}

static bool read_document(const struct block *root, const char *folder, struct config *out_config,
                          struct config_faults *out_faults)
{
    struct config config;
    struct config_reader reader = {.folder = folder, .faults = out_faults, .target = &config};
    const struct config_block file = {
        .block = root,
        .what = "the file",
        .words = FILE_WORDS,
        .word_count = sizeof(FILE_WORDS) / sizeof(FILE_WORDS[0]),
    };
    out_faults->count = 0;
    set_defaults(&config);
    config_read_block(&reader, &file);
    check_lab(&config, out_faults);
    if (out_faults->count > 0) {
        config_clear(&config);
        return false;
    }
    *out_config = config;
    return true;
}

// Takes the document over.
static bool read_and_free(struct block_document *document, const struct block_fault *fault,
                          const char *folder, struct config *out_config,
                          struct config_faults *out_faults)
{
    if (document == NULL) {
        fault_in_file(out_faults, fault->line, fault->message);
        return false;
    }
    const bool read = read_document(block_document_root(document), folder, out_config, out_faults);
    block_document_free(document);
    return read;
}

bool config_parse(struct byte_view text, const char *folder, struct config *out_config,
                  struct config_faults *out_faults)
{
    struct block_fault fault = {0};
    struct block_document *document = block_document_parse(text, &fault);
    return read_and_free(document, &fault, folder, out_config, out_faults);
}

bool config_load(const char *path, struct config *out_config, struct config_faults *out_faults)
{
    struct block_fault fault = {0};
    struct block_document *document = block_document_load(path, &fault);
    const char *slash = strrchr(path, '/');
    char folder[CONFIG_PATH_SIZE] = ".";
    if (slash != NULL) {
        const int size = slash == path ? 1 : (int)(slash - path);
        (void)snprintf(folder, sizeof(folder), "%.*s", size, path);
    }
    return read_and_free(document, &fault, folder, out_config, out_faults);
}

void config_clear(struct config *config)
{
    ike_policy_clear(&config->policy);
}
