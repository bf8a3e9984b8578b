// negotiated.h - what the peers agreed on, read from the decrypted messages.
#ifndef HARNESS_JUDGE_NEGOTIATED_H
#define HARNESS_JUDGE_NEGOTIATED_H

#include "pcap/capture_contents.h"

enum { SUITE_SIZE = 128 };

struct negotiated {
    char ike[SUITE_SIZE];   // "aes128gcm16-prfsha256-x25519"; "" when it could not be seen
    char esp[SUITE_SIZE];   // "aes128gcm16", "aes256-sha256-x25519"
    bool has_nat_traversal; // IKE_AUTH or ESP on port 4500
    bool has_fragments;     // SKF was used
    bool has_esn;
    bool has_mobike; // announced by both
};

void negotiated_read(const struct capture_contents *capture, struct negotiated *out_negotiated);

#endif
