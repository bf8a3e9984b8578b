// engine_state.h - the inside of an engine, for the files of this folder only.
#ifndef REFGW_IKE_ENGINE_STATE_H
#define REFGW_IKE_ENGINE_STATE_H

#include "refgw/ike/cookie_guard.h"
#include "refgw/ike/engine.h"
#include "refgw/ike/ike_sa_table.h"

enum {
    ENGINE_MESSAGE_CAPACITY = UINT16_MAX, // the most a UDP datagram carries
    ENGINE_CHAIN_CAPACITY = 32768,        // plain payloads of one message of ours
};

struct ike_engine {
    struct ike_engine_setup setup;
    struct instant now; // of the input that is being handled
    struct ike_sa_table table;
    struct action_queue actions;
    uint32_t last_child_sa_id;
    struct address_list local_addresses; // empty: nobody has told
    // Answers outside any SA, counted per second (RFC 7296, section 2.21.4).
    struct instant unprotected_since;
    unsigned unprotected_count;
    struct cookie_guard cookies;
    // One message at a time is opened, written and sealed; each has its place.
    uint8_t opened[ENGINE_MESSAGE_CAPACITY];
    uint8_t chain[ENGINE_CHAIN_CAPACITY];
    uint8_t datagram[ENGINE_MESSAGE_CAPACITY];
};

#endif
