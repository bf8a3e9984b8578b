// A whole handshake: decrypted, related, described; with keys, without, with wrong ones.
#include "pcap/capture_contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/tap/tap.h"
#include "pcap/message_json.h"
#include "pcap/payload_facts.h"
#include "pcap/tests/handshake_sample.h"

static const uint8_t tag[] = "ikelab-probe/1";

static void load(const struct sample_faults *faults, const char *ike_keys, const char *esp_keys,
                 struct capture_contents *out_contents)
{
    struct capture_builder builder;
    struct capture_fault fault = {0};
    struct key_fault key_fault = {0};
    struct key_file keys = {0};
    const struct capture_options options = {.keys = &keys, .tag = VIEW_OF(tag)};
    sample_build(faults, &builder);
    *out_contents = (struct capture_contents){0};
    const struct byte_view ike_text = {.data = (const uint8_t *)ike_keys, .size = strlen(ike_keys)};
    const struct byte_view esp_text = {.data = (const uint8_t *)esp_keys, .size = strlen(esp_keys)};
    struct capture_file *file =
        capture_file_over((struct byte_view){.data = builder.bytes, .size = builder.size}, &fault);
    const bool good = key_file_parse(&keys, ike_text, &key_fault) &&
                      key_file_parse(&keys, esp_text, &key_fault) && file != NULL &&
                      capture_contents_read(file, &options, out_contents, &fault);
    ok(good && out_contents->is_complete, "the capture is read%s%s", good ? "" : ": ",
       fault.message);
    capture_file_close(file);
    key_file_clear(&keys);
    builder_clear(&builder);
}

// The record, or the end of the test: the checks below cannot go on without it.
static const struct ike_record *ike_at(const struct capture_contents *contents, size_t index)
{
    if (contents->ike == NULL || index >= contents->ike_count) {
        abort();
    }
    return &contents->ike[index];
}

static const struct esp_record *esp_at(const struct capture_contents *contents, size_t index)
{
    if (contents->esp == NULL || index >= contents->esp_count) {
        abort();
    }
    return &contents->esp[index];
}

static void is_line(const struct capture_contents *contents, size_t index, const char *wanted)
{
    char line[MESSAGE_LINE_SIZE] = "";
    if (index < contents->ike_count) {
        message_line(ike_at(contents, index), line);
    }
    ok(strcmp(line, wanted) == 0, "%s", line);
}

static void opens_every_message(void)
{
    static const struct sample_faults clean = {0};
    struct capture_contents contents;
    load(&clean, sample_ike_keys(), sample_esp_keys(), &contents);
    ok(contents.ike_count == 12 && contents.has_two_points, "six messages, each twice");
    is_line(&contents, 0,
            "west > east  192.0.2.1:500 > 198.51.100.1:500  IKE_SA_INIT req 0 { SA KE Ni "
            "N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP) }");
    is_line(&contents, 3,
            "east > west  198.51.100.1:500 > 192.0.2.1:500  IKE_SA_INIT rsp 0 { SA KE Nr "
            "N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP) }");
    is_line(&contents, 4,
            "west > east  192.0.2.1:500 > 198.51.100.1:500  IKE_AUTH req 1 { IDi AUTH SA TSi TSr "
            "N(INITIAL_CONTACT) }");
    is_line(
        &contents, 7,
        "east > west  198.51.100.1:500 > 192.0.2.1:500  IKE_AUTH rsp 1 { IDr AUTH SA TSi TSr }");
    is_line(&contents, 8,
            "west > east  192.0.2.1:500 > 198.51.100.1:500  INFORMATIONAL req 2 { D(IKE) }");
    is_line(&contents, 11,
            "east > west  198.51.100.1:500 > 192.0.2.1:500  INFORMATIONAL rsp 2 { }");
    ok(ike_at(&contents, 5)->counterpart == 4 && ike_at(&contents, 4)->counterpart == 5,
       "what left arrived");
    ok(ike_at(&contents, 4)->answer == 6 && ike_at(&contents, 6)->answers == 4,
       "request and response");
    ok(ike_at(&contents, 0)->answer == 2 && ike_at(&contents, 3)->answers == 1,
       "request and response of IKE_SA_INIT, whose responder SPI changes");
    capture_contents_clear(&contents);
}

static void opens_every_esp_packet(void)
{
    static const struct sample_faults clean = {0};
    struct capture_contents contents;
    size_t opened = 0;
    size_t tagged = 0;
    load(&clean, sample_ike_keys(), sample_esp_keys(), &contents);
    for (size_t i = 0; i < contents.esp_count; i++) {
        opened += esp_at(&contents, i)->packet.opening == ESP_OPENED ? 1 : 0;
        tagged += esp_at(&contents, i)->carries_tag && !esp_at(&contents, i)->shows_tag ? 1 : 0;
    }
    ok(contents.esp_count == (size_t)4 * SAMPLE_ESP_PACKETS && opened == contents.esp_count,
       "%zu of %zu ESP packets opened", opened, contents.esp_count);
    ok(tagged == contents.esp_count, "the tag is inside and cannot be seen outside");
    ok(esp_at(&contents, 0)->packet.spi == 0xdeadbe02U &&
           esp_at(&contents, 0)->packet.sequence == 1 &&
           esp_at(&contents, 0)->packet.next_header == 4 &&
           esp_at(&contents, 0)->packet.has_inner &&
           esp_at(&contents, 0)->packet.inner_source.port == 7000,
       "SPI, sequence number and what is inside");
    capture_contents_clear(&contents);
}

static void says_what_is_hidden(void)
{
    static const struct sample_faults clean = {0};
    struct capture_contents contents;
    load(&clean, "", "", &contents);
    is_line(&contents, 4,
            "west > east  192.0.2.1:500 > 198.51.100.1:500  IKE_AUTH req 1 { SK: no keys }");
    ok(esp_at(&contents, 0)->packet.opening == ESP_NO_KEYS, "ESP without keys");
    capture_contents_clear(&contents);
    load(&clean,
         "IKE c1a2b3c4d5e6f708 0011223344556677 0 1 0 aes128gcm16 "
         "ff0102030405060708090a0b0c0d0e0f10111213 ff0102030405060708090a0b0c0d0e0f10111213 - - -",
         "ESP 192.0.2.1 198.51.100.1 deadbe02 aes128gcm16 "
         "ff0102030405060708090a0b0c0d0e0f10111213 - - 0",
         &contents);
    is_line(&contents, 4,
            "west > east  192.0.2.1:500 > 198.51.100.1:500  IKE_AUTH req 1 { SK: wrong ICV }");
    ok(esp_at(&contents, 0)->packet.opening == ESP_NOT_AUTHENTIC, "ESP under a wrong key");
    capture_contents_clear(&contents);
}

static void collapses_repetitions(void)
{
    static const struct sample_faults repeated = {.request_repeated = true};
    struct capture_contents contents;
    load(&repeated, sample_ike_keys(), sample_esp_keys(), &contents);
    ok(contents.ike_count == 14, "one message more, twice");
    ok(ike_at(&contents, 6)->retransmit_of == 4 && ike_at(&contents, 7)->retransmit_of == 5,
       "repetitions know their originals, per capture point");
    ok(ike_at(&contents, 8)->answers == 4, "the response belongs to the original");
    capture_contents_clear(&contents);
}

static void tells_what_never_left(void)
{
    static const struct sample_faults lost = {.auth_response_lost = true};
    struct capture_contents contents;
    load(&lost, sample_ike_keys(), sample_esp_keys(), &contents);
    ok(ike_at(&contents, 6)->origin.point == POINT_ARRIVED &&
           ike_at(&contents, 6)->counterpart == RECORD_NONE,
       "the response arrived and did not leave");
    ok(ike_at(&contents, 6)->origin.comment != NULL &&
           strcmp(ike_at(&contents, 6)->origin.comment, "rule 22: drop") == 0,
       "the rule is named");
    ok(ike_at(&contents, 5)->answer == RECORD_NONE, "so the request that left has no answer");
    capture_contents_clear(&contents);
}

static void reports_malformed_messages(void)
{
    static const struct sample_faults malformed = {.malformed = true};
    struct capture_contents contents;
    load(&malformed, sample_ike_keys(), sample_esp_keys(), &contents);
    const struct ike_record *last = ike_at(&contents, contents.ike_count - 1);
    ok(last->message.opening == IKE_MALFORMED && last->message.fault.kind != WIRE_OK &&
           last->message.has_header,
       "half a message: %s, %s", wire_fault_name(last->message.fault.kind),
       last->message.fault.section);
    capture_contents_clear(&contents);
}

static void understands_port_4500(void)
{
    static const struct sample_faults encapsulated = {.encapsulated = true};
    struct capture_contents contents;
    load(&encapsulated, sample_ike_keys(), sample_esp_keys(), &contents);
    ok(ike_at(&contents, 4)->origin.is_udp_encapsulated &&
           ike_at(&contents, 4)->message.opening == IKE_OPENED,
       "IKE behind the non-ESP marker");
    ok(esp_at(&contents, 0)->origin.is_udp_encapsulated &&
           esp_at(&contents, 0)->packet.opening == ESP_OPENED,
       "ESP in UDP");
    capture_contents_clear(&contents);
}

static void is_facts(const struct capture_contents *contents, size_t index, uint8_t type,
                     const char *wanted)
{
    struct payload_facts facts;
    char text[FACTS_TEXT_SIZE] = "";
    const struct payload *payload = ike_message_find(&ike_at(contents, index)->message, type);
    if (payload != NULL) {
        payload_facts_read(payload, ike_message_is_response(&ike_at(contents, index)->message),
                           &facts);
        payload_facts_format(&facts, text, sizeof(text));
    }
    ok(strcmp(text, wanted) == 0, "%s", text);
}

static void states_the_facts_of_payloads(void)
{
    static const struct sample_faults clean = {0};
    struct capture_contents contents;
    load(&clean, sample_ike_keys(), sample_esp_keys(), &contents);
    is_facts(&contents, 0, IKE_PAYLOAD_SA,
             "SA(IKE, encr aes128gcm16, prf prfsha256, dh x25519, n 1)");
    is_facts(&contents, 0, IKE_PAYLOAD_KE, "KE(group 31, dh x25519, len 32)");
    is_facts(&contents, 0, IKE_PAYLOAD_NOTIFY, "N(NAT_DETECTION_SOURCE_IP)");
    is_facts(&contents, 4, IKE_PAYLOAD_SA,
             "SA(ESP, spi c0ffee01, encr aes128gcm16, sn noesn, n 1)");
    is_facts(&contents, 4, IKE_PAYLOAD_IDI, "IDi(ID_FQDN, value west.example.test)");
    is_facts(&contents, 4, IKE_PAYLOAD_TSI, "TSi(203.0.113.0/26)");
    is_facts(&contents, 8, IKE_PAYLOAD_DELETE, "D(IKE)");
    capture_contents_clear(&contents);
}

static void becomes_json(void)
{
    static const struct sample_faults repeated = {.request_repeated = true};
    struct capture_contents contents;
    load(&repeated, sample_ike_keys(), sample_esp_keys(), &contents);
    json_t *root = messages_to_json(&contents);
    const json_t *messages = json_object_get(root, "messages");
    const json_t *message = json_array_get(messages, 6);
    ok(json_array_size(messages) == contents.ike_count, "one object per message");
    ok(json_integer_value(json_object_get(message, "retransmit_of")) ==
           ike_at(&contents, 4)->origin.frame,
       "a repetition names its original");
    ok(json_is_true(json_object_get(message, "decrypted")) &&
           json_is_false(json_object_get(message, "response")) &&
           strcmp(json_string_value(json_object_get(message, "exchange")), "IKE_AUTH") == 0 &&
           strcmp(json_string_value(json_object_get(message, "source")), "192.0.2.1:500") == 0,
       "header and addresses");
    const json_t *payloads = json_object_get(message, "payloads");
    const json_t *details = json_object_get(message, "details");
    ok(json_array_size(payloads) == 6 && json_array_size(details) == 6 &&
           strcmp(json_string_value(json_array_get(payloads, 5)), "N(INITIAL_CONTACT)") == 0,
       "payloads");
    const json_t *association = json_array_get(details, 2);
    const json_t *proposal = json_array_get(json_object_get(association, "proposals"), 0);
    ok(json_is_string(json_object_get(proposal, "spi")) &&
           strcmp(json_string_value(json_object_get(proposal, "spi")), "c0ffee01") == 0,
       "details down to the SPI");
    json_decref(root);
    capture_contents_clear(&contents);
}

int main(void)
{
    opens_every_message();
    opens_every_esp_packet();
    says_what_is_hidden();
    collapses_repetitions();
    tells_what_never_left();
    reports_malformed_messages();
    understands_port_4500();
    states_the_facts_of_payloads();
    becomes_json();
    return done_testing();
}
