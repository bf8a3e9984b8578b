// Keys as other tools keep them, and the algorithms that only old captures have.
#include "pcap/key_formats.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "harness/tap/tap.h"
#include "pcap/esp_decoder.h"
#include "pcap/key_file.h"
#include "pcap/reading_provider.h"
#include "refgw/iana/ikev2_names.h"

static bool parse(struct key_file *keys, const char *text)
{
    struct key_fault fault = {0};
    *keys = (struct key_file){0};
    const bool good = key_file_parse(
        keys, (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)}, &fault);
    if (!good) {
        note("line %u: %s", fault.line, fault.message);
    }
    return good;
}

static void reads_wireshark_ike_table(void)
{
    struct key_file keys;
    ok(parse(&keys,
             "# comment\n"
             "c1a2b3c4d5e6f708,0011223344556677,000102030405060708090a0b0c0d0e0f10111213,"
             "100102030405060708090a0b0c0d0e0f10111213,\"AES-GCM-128 with 16 octet ICV "
             "[RFC5282]\",,,\"NONE [RFC4306]\"\n"
             "c1a2b3c4d5e6f709,0011223344556677,000102030405060708090a0b0c0d0e0f1011121314151617,"
             "100102030405060708090a0b0c0d0e0f1011121314151617,\"3DES [RFC2451]\","
             "000102030405060708090a0b0c0d0e0f10111213,000102030405060708090a0b0c0d0e0f10111214,"
             "\"HMAC_SHA1_96 [RFC2404]\"\n"),
       "the table is read");
    ok(keys.ike_count == 2 && keys.ike[0].initiator_spi == 0xc1a2b3c4d5e6f708U, "two SAs");
    ok(keys.ike_count == 2 && keys.ike[0].aead.encryption == ENCR_AES_GCM_16 &&
           keys.ike[0].aead.key_bits == 128 && keys.ike[0].aead.integrity == AUTH_NONE,
       "aes128gcm16");
    ok(keys.ike_count == 2 && keys.ike[1].aead.encryption == ENCR_3DES &&
           keys.ike[1].aead.integrity == AUTH_HMAC_SHA1_96 && keys.ike[1].integrity_r.size == 20,
       "3des with sha1");
    key_file_clear(&keys);
}

static void reads_wireshark_esp_table(void)
{
    struct key_file keys;
    ok(parse(&keys, "\"IPv4\",\"*\",\"198.51.100.1\",\"0xdeadbe02\",\"AES-CBC [RFC3602]\","
                    "\"0x000102030405060708090a0b0c0d0e0f\",\"HMAC-SHA-256-128 [RFC4868]\","
                    "\"0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"\n"
                    "\"IPv6\",\"*\",\"*\",\"0x00000101\",\"AES-GCM [RFC4106]\","
                    "\"0x000102030405060708090a0b0c0d0e0f10111213\",\"NULL\",\"\",\"64-bit\"\n"
                    "\"IPv4\",\"*\",\"*\",\"0x00000102\",\"NULL\",\"\","
                    "\"ANY 96 bit authentication [no checking]\",\"\"\n"),
       "the table is read");
    ok(keys.esp_count == 3 && keys.esp[0].spi == 0xdeadbe02U &&
           keys.esp[0].aead.integrity == AUTH_HMAC_SHA2_256_128 && !keys.esp[0].has_esn,
       "aes128 with sha256");
    ok(keys.esp_count == 3 && keys.esp[1].aead.encryption == ENCR_AES_GCM_16 && keys.esp[1].has_esn,
       "aes128gcm16 with 64 bit sequence numbers");
    ok(keys.esp_count == 3 && (unsigned)keys.esp[2].aead.integrity == INTEGRITY_UNCHECKED + 12U,
       "an ICV that is not checked");
    key_file_clear(&keys);
}

static void reads_what_our_own_tables_say(void)
{
    static const char own[] =
        "IKE c1a2b3c4d5e6f708 0011223344556677 0 0 0 aes256gcm12 "
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223 "
        "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223 - - -\n"
        "ESP 192.0.2.1 198.51.100.1 deadbe02 aes128ctr "
        "000102030405060708090a0b0c0d0e0f10111213 sha512 "
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 0\n";
    struct key_file keys;
    struct key_file again;
    char text[4096] = "";
    FILE *out = fmemopen(text, sizeof(text), "w");
    ok(parse(&keys, own) && out != NULL && key_file_write_ike_table(&keys, out) &&
           key_file_write_esp_table(&keys, out),
       "tables are written");
    (void)fclose(out);
    ok(parse(&again, text) && again.ike_count == 1 && again.esp_count == 1, "and read again");
    ok(again.ike_count == 1 && again.ike[0].aead.encryption == ENCR_AES_GCM_12 &&
           again.ike[0].aead.key_bits == 256 && again.esp_count == 1 &&
           again.esp[0].aead.encryption == ENCR_AES_CTR && again.esp[0].aead.key_bits == 128,
       "with the same algorithms");
    key_file_clear(&keys);
    key_file_clear(&again);
}

static void reads_tcpdump_secrets(void)
{
    struct key_file keys;
    ok(parse(&keys,
             "0xdeadbe02@198.51.100.1 3des-cbc-hmac96:0x4043434545464649494a4a4c4c4f4f515152525"
             "454575758\n"
             "257@2001:db8:b::1 aes128-cbc:aSecretOf16Bytes\n"
             "ikev2 I 0xc1a2b3c4d5e6f708 0x0011223344556677 "
             "sha1:0x000102030405060708090a0b0c0d0e0f10111213 "
             "3des:0x000102030405060708090a0b0c0d0e0f1011121314151617\n"),
       "the file is read");
    ok(keys.esp_count == 2 && keys.esp[0].spi == 0xdeadbe02U &&
           keys.esp[0].aead.encryption == ENCR_3DES && keys.esp[0].encryption.size == 24,
       "an ESP secret in hexadecimal");
    ok(keys.esp_count == 2 && keys.esp[1].spi == 257 && keys.esp[1].encryption.size == 16 &&
           keys.esp[1].encryption.data[0] == 'a',
       "and one in characters, decimal SPI");
    ok(keys.ike_count == 1 && keys.ike[0].encryption_i.size == 24 &&
           keys.ike[0].encryption_r.size == 0 && keys.ike[0].integrity_i.size == 20,
       "the initiator's half of an IKE SA");
    key_file_clear(&keys);
}

static const char strongswan_log_text[] =
    "-- Journal begins at Mon 2026-11-23 --\n"
    "Nov 23 19:00:00 gw charon[77]: 00[DMN] Starting IKE charon daemon\n"
    "07[MGR] checkout IKEv2 SA by message with SPIs c1a2b3c4d5e6f708_i 0011223344556677_r\n"
    "07[ENC] <1> parsed IKE_SA_INIT response 0 [ SA KE No ]\n"
    "07[CFG] <tunnel|1> selected proposal: IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/"
    "CURVE_25519\n"
    "07[IKE] <tunnel|1> Sk_ai secret => 32 bytes @ 0x7f0000\n"
    "07[IKE] <tunnel|1>    0: 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n"
    "08[NET] <tunnel|1> another thread says something\n"
    "07[IKE] <tunnel|1>   16: 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F 20  ................\n"
    "07[IKE] <tunnel|1> Sk_ar secret => 32 bytes @ 0x7f0000\n"
    "07[IKE] <tunnel|1>    0: 21 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n"
    "07[IKE] <tunnel|1>   16: 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F 20  ................\n"
    "07[IKE] <tunnel|1> Sk_ei secret => 16 bytes @ 0x7f0000\n"
    "07[IKE] <tunnel|1>    0: 31 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n"
    "07[IKE] <tunnel|1> Sk_er secret => 16 bytes @ 0x7f0000\n"
    "07[IKE] <tunnel|1>    0: 41 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n"
    "07[MGR] <tunnel|1> checkin IKEv2 SA tunnel[1] with SPIs c1a2b3c4d5e6f708_i "
    "0011223344556677_r\n"
    "07[MGR] checkout IKEv2 SA by message with SPIs c1a2b3c4d5e6f708_i 0011223344556677_r\n"
    "07[ENC] <tunnel|1> parsed IKE_AUTH response 1 [ IDr AUTH SA TSi TSr ]\n"
    "07[CFG] <tunnel|1> selected proposal: ESP:AES_GCM_16_128/NO_EXT_SEQ\n"
    "07[CHD] <tunnel|1> encryption initiator key => 20 bytes @ 0x7f0000\n"
    "07[CHD] <tunnel|1>    0: 51 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n"
    "07[CHD] <tunnel|1>   16: 11 12 13 14                                      ....\n"
    "07[CHD] <tunnel|1> encryption responder key => 20 bytes @ 0x7f0000\n"
    "07[CHD] <tunnel|1>    0: 61 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n"
    "07[CHD] <tunnel|1>   16: 11 12 13 14                                      ....\n"
    "07[CHD] <tunnel|1> adding inbound ESP SA\n"
    "07[CHD] <tunnel|1>   SPI 0xc0ffee01, src 198.51.100.1 dst 192.0.2.1\n"
    "07[CHD] <tunnel|1> adding outbound ESP SA\n"
    "07[CHD] <tunnel|1>   SPI 0xdeadbe02, src 192.0.2.1 dst 198.51.100.1\n";

static void reads_a_strongswan_log(void)
{
    struct key_file keys;
    ok(parse(&keys, strongswan_log_text), "the log is read");
    ok(keys.ike_count == 1 && keys.ike[0].responder_spi == 0x0011223344556677U &&
           keys.ike[0].encryption_i.size == 16 && keys.ike[0].encryption_i.data[0] == 0x31 &&
           keys.ike[0].integrity_r.size == 32 && keys.ike[0].integrity_r.data[0] == 0x21,
       "keys of the IKE SA");
    ok(keys.esp_count == 2 && keys.esp[0].spi == 0xc0ffee01U &&
           keys.esp[0].encryption.data[0] == 0x61 && keys.esp[1].spi == 0xdeadbe02U &&
           keys.esp[1].encryption.data[0] == 0x51 && keys.esp[1].encryption.size == 20,
       "keys of the CHILD_SA, each for its direction");
    key_file_clear(&keys);
}

static void refuses_what_it_does_not_know(void)
{
    static const char *const bad[] = {
        "hello\n",
        "c1a2b3c4d5e6f708,0011223344556677,00,00,\"ROT13\",,,\"NONE [RFC4306]\"\n",
        "\"IPv4\",\"*\",\"*\",\"0x1\"\n",
        "ikev2 X 0x1 0x2 sha1:0x00 3des:0x00\n",
        "0x1@nowhere 3des-cbc:0x00\n",
        "0x1@192.0.2.1 rot13:0x00\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct key_file keys;
        ok(!parse(&keys, bad[i]), "wrong file %zu", i);
        key_file_clear(&keys);
    }
}

// --- old algorithms -------------------------------------------------------------------------

// An ESP packet in 3DES with HMAC-SHA1-96, made with OpenSSL alone: an IPv4 header inside.
static size_t make_old_packet(uint8_t *out, const uint8_t *key, const uint8_t *mac_key)
{
    uint8_t text[32] = {0x45, 0, 0,   28, 0, 0, 0, 0, 64, 253, 0, 0, 203, 0, 113, 2,
                        203,  0, 113, 66, 1, 2, 3, 4, 5,  6,   7, 8, 1,   2, 2,   4};
    uint8_t mac[20];
    unsigned mac_size = 0;
    int size = 0;
    static const uint8_t head[16] = {0xde, 0xad, 0xbe, 0x02, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9};
    memcpy(out, head, sizeof(head));
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const bool good = EVP_EncryptInit_ex(context, EVP_des_ede3_cbc(), NULL, key, head + 8) == 1 &&
                      EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
                      EVP_EncryptUpdate(context, out + 16, &size, text, sizeof(text)) == 1;
    EVP_CIPHER_CTX_free(context);
    ok(good && size == (int)sizeof(text), "a packet is made");
    (void)HMAC(EVP_sha1(), mac_key, 20, out, 48, mac, &mac_size);
    memcpy(out + 48, mac, 12);
    return 60;
}

static enum esp_opening open_with(const char *key_text, struct byte_view packet)
{
    struct key_file keys;
    struct esp_packet opened = {.opening = ESP_NO_KEYS};
    struct ip_address destination = {0};
    ok(parse(&keys, key_text) && address_parse("198.51.100.1", &destination), "keys");
    struct esp_decoder *decoder = esp_decoder_new(reading_provider(), &keys);
    if (decoder != NULL) {
        esp_decoder_read(decoder, &destination, packet, &opened);
    }
    esp_decoder_free(decoder);
    key_file_clear(&keys);
    return opened.opening;
}

static void opens_3des_with_sha1(void)
{
    uint8_t packet[64];
    uint8_t key[24];
    uint8_t mac_key[20];
    for (uint8_t i = 0; i < 24; i++) {
        key[i] = (uint8_t)(i * 7 + 1);
        mac_key[i % 20] = (uint8_t)(i % 20);
    }
    struct byte_view view = {.data = packet, .size = make_old_packet(packet, key, mac_key)};
    static const char own[] = "ESP 192.0.2.1 198.51.100.1 deadbe02 3des "
                              "01080f161d242b323940474e555c636a71787f868d949ba2 sha1 "
                              "000102030405060708090a0b0c0d0e0f10111213 0\n";
    static const char unchecked[] =
        "0xdeadbe02@198.51.100.1 "
        "3des-cbc-hmac96:0x01080f161d242b323940474e555c636a71787f868d949ba2\n";
    ok(open_with(own, view) == ESP_OPENED, "opened");
    ok(open_with(unchecked, view) == ESP_OPENED, "opened without integrity key");
    packet[59] ^= 1;
    ok(open_with(own, view) == ESP_NOT_AUTHENTIC, "a wrong ICV is seen");
    ok(open_with(unchecked, view) == ESP_OPENED, "unless nobody can check it");
}

static void never_offers_old_algorithms(void)
{
    ok(transform_keyword_find("3des") == NULL && transform_keyword_find("sha1") == NULL &&
           transform_keyword_find("modp1024") == NULL,
       "the words of configurations do not have them");
    ok(strcmp(reading_word(IKE_TRANSFORM_ENCR, ENCR_3DES, 0), "3des") == 0 &&
           strcmp(reading_word(IKE_TRANSFORM_KE, KE_MODP_1536, 0), "modp1536") == 0,
       "captures have names for them");
}

int main(void)
{
    reads_wireshark_ike_table();
    reads_wireshark_esp_table();
    reads_what_our_own_tables_say();
    reads_tcpdump_secrets();
    reads_a_strongswan_log();
    refuses_what_it_does_not_know();
    opens_3des_with_sha1();
    never_offers_old_algorithms();
    return done_testing();
}
