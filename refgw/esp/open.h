// open.h - one packet inbound: replay check, ICV, decryption, padding, next header (RFC 4303,
// section 3.4). The plain version that faster ones are tested against.
#ifndef REFGW_ESP_OPEN_H
#define REFGW_ESP_OPEN_H

#include "refgw/crypto/provider.h"
#include "refgw/esp/packet_batch.h"
#include "refgw/esp/replay_window.h"

// The receiving half of an SA.
struct inbound_sa {
    const struct crypto_provider *crypto;
    struct aead *aead; // owned
    struct aead_sizes sizes;
    uint32_t spi;
    struct replay_window window;
};

struct inbound_parameters {
    uint32_t replay_window; // packets; 0 switches the check off
    bool has_esn;
};

// False when the algorithms are not supported, a key has the wrong size, the window is too
// large, or memory runs out; the SA is unchanged then.
MUST_USE bool inbound_sa_init(struct inbound_sa *sa, const struct crypto_provider *crypto,
                              const struct aead_choice *choice, struct byte_view encryption_key,
                              struct byte_view integrity_key,
                              const struct inbound_parameters *parameters);
void inbound_sa_clear(struct inbound_sa *sa); // wipes the keys

// Turns the ESP packet at packet->data into its payload, in place, TFC padding included.
// PACKET_PASSED, PACKET_DUMMY, PACKET_MALFORMED, PACKET_REPLAYED or PACKET_NOT_AUTHENTIC; data
// and size change only when it passed, the window only when the ICV was right. With a wrong
// ICV the buffer holds no plaintext.
MUST_USE enum packet_verdict esp_open(struct inbound_sa *sa, struct packet *packet,
                                      uint8_t *out_next_header);

#endif
