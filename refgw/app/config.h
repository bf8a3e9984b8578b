// config.h - the configuration file of `refgw`, in the block grammar of base/block.h.
// Every word is explained in refgw.conf.example.
#ifndef REFGW_APP_CONFIG_H
#define REFGW_APP_CONFIG_H

#include "refgw/base/log.h"
#include "refgw/ike/policy.h"
#include "refgw/io/netlink_route.h"
#include "refgw/io/tun.h"
#include "refgw/io/udp.h"

enum {
    CONFIG_PATH_SIZE = 1024,
    CONFIG_MOST_FAULTS = 20,
    CONFIG_FAULT_SIZE = 800,
};

struct config {
    char control_path[CONFIG_PATH_SIZE];
    enum log_format log_format;
    char key_log_path[CONFIG_PATH_SIZE]; // empty: keys are not logged
    char pid_path[CONFIG_PATH_SIZE];     // empty: none
    struct udp_setup udp;
    char tun_name[TUN_NAME_SIZE];
    uint32_t tun_mtu; // bytes
    uint32_t routing_table;
    uint32_t routing_priority;
    bool is_lab;              // keys of a lab are good enough
    struct ike_policy policy; // owned
};

// What is wrong and what is allowed instead; line 0 means the file as a whole.
struct config_fault {
    unsigned line;
    char message[CONFIG_FAULT_SIZE];
};

// All faults of a file in the order they were found, up to the limit.
struct config_faults {
    size_t count;
    struct config_fault items[CONFIG_MOST_FAULTS];
};

// Reads a file. False when there is a fault; out_config is unchanged then. Relative paths of
// `auth psk-file` start at the file's folder. The caller releases with config_clear().
MUST_USE bool config_load(const char *path, struct config *out_config,
                          struct config_faults *out_faults);
// The same for a text; relative paths start at `folder`.
MUST_USE bool config_parse(struct byte_view text, const char *folder, struct config *out_config,
                           struct config_faults *out_faults);
void config_clear(struct config *config); // wipes secrets

#endif
