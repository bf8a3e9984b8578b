// seal.h - one packet outbound: ESP header, IV, padding, trailer, encryption, ICV (RFC 4303,
// section 3.3). The plain version that faster ones are tested against.
#ifndef REFGW_ESP_SEAL_H
#define REFGW_ESP_SEAL_H

#include "refgw/crypto/provider.h"
#include "refgw/esp/packet_batch.h"
#include "refgw/esp/sequence.h"

// The sending half of an SA.
struct outbound_sa {
    const struct crypto_provider *crypto;
    struct aead *aead; // owned
    struct aead_sizes sizes;
    uint32_t spi;
    struct outbound_sequence sequence;
};

// False when the algorithms are not supported, a key has the wrong size, or memory runs out;
// the SA is unchanged then.
MUST_USE bool outbound_sa_init(struct outbound_sa *sa, const struct crypto_provider *crypto,
                               const struct aead_choice *choice, struct byte_view encryption_key,
                               struct byte_view integrity_key);
void outbound_sa_clear(struct outbound_sa *sa); // wipes the keys

// Turns the payload at packet->data into an ESP packet, in place: grows it to the front and to
// the back. PACKET_PASSED; PACKET_SEQUENCE_EXHAUSTED, or PACKET_MALFORMED when the buffer has no
// room, with packet and counter unchanged; PACKET_NOT_AUTHENTIC when the cipher itself failed,
// with the number used up.
MUST_USE enum packet_verdict esp_seal(struct outbound_sa *sa, uint8_t next_header,
                                      struct packet *packet);

// What ESP authenticates besides the packet's own text (RFC 4303, section 2.2.1): with a
// combined mode all of it is associated data, SPI | sequence number, where an extended number
// is 64 bits long; with a pair the high half of an extended number follows the ciphertext.
struct esp_authenticated {
    uint8_t associated[12];
    size_t associated_size;
    uint8_t trailer[4];
    size_t trailer_size;
};

void esp_authenticated_fields(uint32_t spi, uint64_t sequence, bool has_esn, bool is_pair,
                              struct esp_authenticated *out_fields);

#endif
