// key_file.h - key logs: ours (docs/LAB.md, "Keys") and those of other tools, read, and turned
// into Wireshark's tables.
#ifndef PCAP_KEY_FILE_H
#define PCAP_KEY_FILE_H

#include "refgw/base/address.h"
#include "refgw/base/secret.h"
#include "refgw/crypto/provider.h"

#include <stdio.h>

enum { KEY_FILE_MOST_ENTRIES = 65536, KEY_FILE_MOST_LINE = 8192 };

// Keys of one IKE SA. `epoch` counts from 0 for keys that changed under the same SPIs; an
// epoch starts with these message IDs of the requests of the initiator and the responder.
struct ike_key_entry {
    uint64_t initiator_spi;
    uint64_t responder_spi;
    uint32_t epoch;
    uint32_t first_initiator_message_id;
    uint32_t first_responder_message_id;
    struct aead_choice aead;
    struct secret encryption_i, encryption_r; // salt included
    struct secret integrity_i, integrity_r;   // empty with a combined-mode cipher
};

// Keys of one direction of a CHILD_SA. Addresses are the daemon's own: a NAT may have changed
// what the capture shows.
struct esp_key_entry {
    struct ip_address source;
    struct ip_address destination;
    uint32_t spi;
    struct aead_choice aead;
    struct secret encryption;
    struct secret integrity;
    bool has_esn;
};

// Owns its entries; a zeroed struct is empty. Release with key_file_clear().
struct key_file {
    size_t ike_count;
    struct ike_key_entry *ike;
    size_t esp_count;
    struct esp_key_entry *esp;
};

struct key_fault {
    unsigned line; // 0: the file itself
    char message[160];
};

// Adds the keys of a file to what is there; repeated lines are kept once. The format is known by
// its looks: our key log, or one of those in key_formats.h. False with the
// line and the reason when the file cannot be read or a line is wrong; lines before it stay.
MUST_USE bool key_file_load(struct key_file *keys, const char *path, struct key_fault *out_fault);
// The same for text in memory.
MUST_USE bool key_file_parse(struct key_file *keys, struct byte_view text,
                             struct key_fault *out_fault);
void key_file_clear(struct key_file *keys); // wipes

// Writes the tables `ikev2_decryption_table` and `esp_sa` in the form that Wireshark keeps in
// its profile. Algorithms that it does not know become a comment line. IKE: the last epoch of
// each pair of SPIs only, as the table has no epochs.
MUST_USE bool key_file_write_ike_table(const struct key_file *keys, FILE *out);
MUST_USE bool key_file_write_esp_table(const struct key_file *keys, FILE *out);

#endif
