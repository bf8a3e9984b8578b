// handshake_sample.h - a lab capture made by hand: two gateways set up a tunnel, send ESP both
// ways and take it down, under keys that are known. With planted faults on demand.
#ifndef PCAP_TESTS_HANDSHAKE_SAMPLE_H
#define PCAP_TESTS_HANDSHAKE_SAMPLE_H

#include "pcap/tests/capture_builder.h"

// What goes wrong; all false is a clean run.
struct sample_faults {
    bool auth_response_lost;    // arrives at the relay, never leaves; so does its repetition
    bool auth_response_missing; // east never answers IKE_AUTH
    bool auth_refused;          // east answers N(AUTHENTICATION_FAILED) alone
    bool request_changed;       // west repeats IKE_AUTH with other bytes
    bool request_repeated;      // west repeats IKE_AUTH as it was
    bool wrong_cipher;          // east's answer chooses aes256gcm16 for ESP
    bool clear_text;            // one probe crosses the WAN outside of ESP
    bool sequence_repeated;     // west sends one ESP sequence number twice
    bool esp_damaged;           // west's second ESP packet has a wrong ICV
    bool delete_missing;        // nobody deletes
    bool malformed;             // west sends half a message at the end
    bool encapsulated;          // port 4500 from IKE_AUTH on
};

enum {
    SAMPLE_START_S = 1700000000, // time of the first packet, seconds
    SAMPLE_ESP_PACKETS = 5,      // in each direction
};

// Builds the capture: interface 0 "arrived", 1 "left", raw IP.
void sample_build(const struct sample_faults *faults, struct capture_builder *out_builder);
// The key log that opens it, in the form of docs/LAB.md. Constant.
const char *sample_ike_keys(void);
const char *sample_esp_keys(void);

#endif
