// esp_decoder.h - ESP packets of a capture: opened where there are keys (RFC 4303).
#ifndef PCAP_ESP_DECODER_H
#define PCAP_ESP_DECODER_H

#include "pcap/frames.h"
#include "pcap/key_file.h"

enum esp_opening {
    ESP_OPENED,        // ICV right, padding right
    ESP_NO_KEYS,       // nobody logged keys for its SPI
    ESP_NOT_AUTHENTIC, // there are keys for the SPI, and the ICV is wrong under all of them
    ESP_MALFORMED,     // too short for its header, IV and ICV
    ESP_BAD_PADDING,   // ICV right, but padding or lengths inside break section 2.4
};

struct esp_packet {
    uint32_t spi;
    uint64_t sequence; // 64 bits when opened with extended sequence numbers; else the wire's 32
    size_t size;       // from SPI to ICV
    enum esp_opening opening;
    uint8_t next_header;
    bool has_inner; // an IP packet was inside; its source, destination, protocol:
    struct ip_endpoint inner_source;
    struct ip_endpoint inner_destination;
    uint8_t inner_protocol;
    struct byte_view plain; // what was inside, in the decoder's buffer until the next call
};

struct esp_decoder;

// Like ike_decoder_new().
MUST_USE struct esp_decoder *esp_decoder_new(const struct crypto_provider *crypto,
                                             const struct key_file *keys);
void esp_decoder_free(struct esp_decoder *decoder); // accepts NULL

// Decodes one packet. The high half of extended sequence numbers is guessed from what was
// seen before (RFC 4303, appendix A). `destination` decides between keys of the same SPI when
// it is one of theirs.
void esp_decoder_read(struct esp_decoder *decoder, const struct ip_address *destination,
                      struct byte_view content, struct esp_packet *out_packet);
MUST_USE const char *esp_opening_name(enum esp_opening opening);

#endif
