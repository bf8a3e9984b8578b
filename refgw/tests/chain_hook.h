// chain_hook.h - a message hook that rewrites the payload chain of chosen messages, and keeps
// what the other messages said.
#ifndef REFGW_TESTS_CHAIN_HOOK_H
#define REFGW_TESTS_CHAIN_HOOK_H

#include "refgw/ike/message_hook.h"

enum { CHAIN_HOOK_MOST = 4096 };

enum chain_change {
    CHAIN_UNCHANGED,
    CHAIN_REVERSED,
    CHAIN_ADD,     // one more payload of `type`, critical or not
    CHAIN_REMOVE,  // all payloads of `type`
    CHAIN_REPEAT,  // the first payload of `type` twice
    CHAIN_REPLACE, // the whole chain by `size` bytes of `bytes`, starting with type `type`
    CHAIN_DROP,    // the message is lost
};

struct chain_hook {
    struct message_hook hook; // to be given to the engine
    // Which messages are changed.
    uint8_t exchange_type;
    bool is_response;
    enum chain_change change;
    uint8_t type;
    bool is_critical;
    const uint8_t *bytes;
    size_t size;
    uint8_t minor_version;     // not 0: all messages claim it
    uint8_t more_flags;        // set in all messages
    uint8_t new_exchange_type; // not 0: changed messages claim it
    unsigned hits;
    // Error or status of the first notify in the last message sent and received; 0: none.
    uint16_t last_sent_notify;
    uint16_t last_received_notify;
    // The SPI of the first Delete payload for ESP in the last message received; 0: none.
    uint32_t last_received_deleted_spi;
};

// Ready to be given to an engine; borrows `hook`.
void chain_hook_init(struct chain_hook *hook);

#endif
