// The key log: what is read, what is refused, and Wireshark's tables.
#include "pcap/key_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/tap/tap.h"
#include "pcap/tests/handshake_sample.h"

static struct byte_view view_of(const char *text)
{
    return (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)};
}

static void reads_both_kinds_of_lines(void)
{
    struct key_file keys = {0};
    struct key_fault fault;
    ok(key_file_parse(&keys, view_of(sample_ike_keys()), &fault) &&
           key_file_parse(&keys, view_of(sample_esp_keys()), &fault),
       "the sample's keys");
    ok(keys.ike_count == 1 && keys.esp_count == 2, "one IKE SA, two directions of ESP");
    ok(keys.ike[0].initiator_spi == 0xc1a2b3c4d5e6f708U &&
           keys.ike[0].responder_spi == 0x0011223344556677U &&
           keys.ike[0].first_initiator_message_id == 1,
       "SPIs and message IDs");
    ok(keys.ike[0].aead.encryption == ENCR_AES_GCM_16 && keys.ike[0].aead.key_bits == 128 &&
           keys.ike[0].aead.integrity == AUTH_NONE,
       "the algorithm");
    ok(keys.ike[0].encryption_i.size == 20 && keys.ike[0].integrity_i.size == 0, "key sizes");
    ok(keys.esp[0].spi == 0xdeadbe02U && !keys.esp[0].has_esn, "an ESP line");
    ok(key_file_parse(&keys, view_of(sample_esp_keys()), &fault) && keys.esp_count == 2,
       "repeated lines are kept once");
    key_file_clear(&keys);
    ok(keys.ike_count == 0 && keys.esp == NULL, "cleared");
}

static void refuses_wrong_lines_with_their_place(void)
{
    static const struct {
        const char *text;
        const char *message;
        unsigned line;
    } cases[] = {
        {"# comment\n\nAH 1 2\n",                                    "a line starts with IKE or ESP, not \"AH\"",   3},
        {"IKE 1 2 3\n",                                              "an IKE line has 12 words, this one 4",        1},
        {"IKE x 2 0 1 0 aes128gcm16 00 00 - - -\n",                  "SPIs of an IKE SA are 16 hexadecimal digits",
         1                                                                                                           },
        {"IKE 1 2 -1 1 0 aes128gcm16 00 00 - - -\n",                 "epoch and message IDs are decimal numbers",
         1                                                                                                           },
        {"IKE 1 2 0 1 0 rot13 00 00 - - -\n",                        "unknown algorithms \"rot13\" \"-\"",          1},
        {"IKE 1 2 0 1 0 sha256 00 00 - - -\n",                       "unknown algorithms \"sha256\" \"-\"",         1},
        {"IKE 1 2 0 1 0 aes128 000 00 sha256 00 00\n",
         "keys are hexadecimal, at most 256 bytes, or \"-\"",                                                       1},
        {"ESP 192.0.2.1 here 1 aes128gcm16 00 - - 0\n",
         "\"192.0.2.1\" \"here\" are not two addresses",                                                            1},
        {"ESP 192.0.2.1 192.0.2.2 1ffffffff aes128gcm16 00 - - 0\n",
         "an ESP SPI is 8 hexadecimal digits",                                                                      1},
        {"ESP 192.0.2.1 192.0.2.2 1 aes128gcm16 00 - - 2\n",         "extended sequence numbers are 0 or 1",
         1                                                                                                           },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct key_file keys = {0};
        struct key_fault fault = {0};
        ok(!key_file_parse(&keys, view_of(cases[i].text), &fault) && fault.line == cases[i].line &&
               strcmp(fault.message, cases[i].message) == 0,
           "line %u: %s", fault.line, fault.message);
        key_file_clear(&keys);
    }
}

static void survives_every_truncation(void)
{
    bool good = true;
    for (size_t size = 0; size < strlen(sample_ike_keys()); size++) {
        struct key_file keys = {0};
        struct key_fault fault = {0};
        const struct byte_view part = {.data = (const uint8_t *)sample_ike_keys(), .size = size};
        good = good && (key_file_parse(&keys, part, &fault) || fault.message[0] != '\0');
        key_file_clear(&keys);
    }
    ok(good, "read or refused with a reason");
}

static void is_table(const struct key_file *keys, bool is_esp, const char *wanted,
                     const char *description)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const bool good = out != NULL && (is_esp ? key_file_write_esp_table(keys, out)
                                             : key_file_write_ike_table(keys, out));
    ok(good && fclose(out) == 0 && strcmp(text, wanted) == 0, "%s", description);
    free(text);
}

static void writes_the_tables_of_wireshark(void)
{
    struct key_file keys = {0};
    struct key_fault fault;
    const char *more = "IKE 0000000000000001 0000000000000002 0 0 0 aes256 11 22 sha256 33 44\n"
                       "IKE 0000000000000001 0000000000000002 1 2 0 aes256 55 66 sha256 77 88\n"
                       "IKE 0000000000000003 0000000000000004 0 0 0 chacha20poly1305 55 66 - - -\n"
                       "ESP 2001:db8:a::1 2001:db8:b::1 00000007 aes128 99 sha384 aa 1\n";
    ok(key_file_parse(&keys, view_of(sample_ike_keys()), &fault) &&
           key_file_parse(&keys, view_of(sample_esp_keys()), &fault) &&
           key_file_parse(&keys, view_of(more), &fault),
       "keys of several kinds");
    is_table(&keys, false,
             "c1a2b3c4d5e6f708,0011223344556677,010102030405060708090a0b0c0d0e0f10111213,"
             "020102030405060708090a0b0c0d0e0f10111213,\"AES-GCM-128 with 16 octet ICV "
             "[RFC5282]\",,,\"NONE [RFC4306]\"\n"
             "0000000000000001,0000000000000002,55,66,\"AES-CBC-256 [RFC3602]\",77,88,"
             "\"HMAC_SHA2_256_128 [RFC4868]\"\n"
             "# no name in Wireshark for the algorithms of IKE SPI 0x3\n",
             "ikev2_decryption_table: the last epoch only");
    is_table(&keys, true,
             "\"IPv4\",\"*\",\"*\",\"0xdeadbe02\",\"AES-GCM with 16 octet ICV [RFC4106]\","
             "\"0x030102030405060708090a0b0c0d0e0f10111213\",\"NULL\",\"\"\n"
             "\"IPv4\",\"*\",\"*\",\"0xc0ffee01\",\"AES-GCM with 16 octet ICV [RFC4106]\","
             "\"0x040102030405060708090a0b0c0d0e0f10111213\",\"NULL\",\"\"\n"
             "\"IPv6\",\"*\",\"*\",\"0x00000007\",\"AES-CBC [RFC3602]\",\"0x99\","
             "\"HMAC-SHA-384-192 [RFC4868]\",\"0xaa\"\n",
             "esp_sa");
    key_file_clear(&keys);
}

int main(void)
{
    reads_both_kinds_of_lines();
    refuses_wrong_lines_with_their_place();
    survives_every_truncation();
    writes_the_tables_of_wireshark();
    return done_testing();
}
