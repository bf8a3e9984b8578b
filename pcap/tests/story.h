// story.h - captures of tunnels that go wrong, told message by message: west and east, raw IP,
// time in milliseconds, IKE sealed under the keys of handshake_sample.h.
#ifndef PCAP_TESTS_STORY_H
#define PCAP_TESTS_STORY_H

#include "pcap/tests/capture_builder.h"
#include "refgw/wire/message.h"

enum { STORY_MESSAGE_SIZE = 4096 };

struct story {
    struct capture_builder capture;
    uint64_t time_us;
    uint64_t initiator_spi;
    uint16_t port;
    uint64_t iv_counter;
    bool has_true_hashes; // NAT_DETECTION fits the addresses
    uint8_t message[STORY_MESSAGE_SIZE];
    size_t size;
    // The chain being written.
    uint8_t bytes[STORY_MESSAGE_SIZE];
    struct byte_writer out;
    struct message_draft draft;
    uint8_t first_type;
};

void story_begin(struct story *story);
void story_wait(struct story *story, unsigned milliseconds);

// A message in the making: begin, payloads, then clear or sealed, then sent any number of times.
void story_message(struct story *story);
// Words of transform_keyword, or "3des" "sha1" "modp1024" ...; `spi` 0 for IKE.
void story_sa(struct story *story, uint32_t spi, const char *const *words, size_t count);
void story_ke(struct story *story);
void story_notify(struct story *story, uint16_t type, struct byte_view data);
void story_selectors(struct story *story, const char *initiator, const char *responder);
void story_payload(struct story *story, uint8_t type, size_t size); // filled with something
void story_rekey(struct story *story, uint32_t spi);
void story_clear(struct story *story, uint8_t exchange, bool is_response, uint32_t message_id);
void story_seal(struct story *story, uint8_t exchange, uint8_t flags, uint32_t message_id);
// An SKF part nobody has keys for.
void story_part(struct story *story, uint8_t exchange, uint8_t flags, uint16_t number,
                uint16_t count);
void story_send(struct story *story, bool is_from_west);

void story_esp(struct story *story, bool is_from_west, uint32_t spi, uint32_t sequence,
               size_t size);
// Any IP packet.
void story_packet(struct story *story, struct byte_view packet);

// A whole handshake: IKE_SA_INIT, then IKE_AUTH with one CHILD_SA, SPIs 0xc0ffee01 and 0xdeadbe02.
void story_init(struct story *story);
void story_auth(struct story *story);
// The key log that opens sealed messages.
const char *story_keys(void);

#endif
