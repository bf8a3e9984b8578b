#include "harness/judge/negotiated.h"

#include <stdio.h>
#include <string.h>

#include "pcap/payload_facts.h"

static void append(char *suite, const struct payload_facts *facts, const char *key)
{
    const char *word = payload_facts_get(facts, key);
    const size_t used = strlen(suite);
    if (word != NULL && strcmp(word, "none") != 0 && used < SUITE_SIZE) {
        (void)snprintf(suite + used, SUITE_SIZE - used, "%s%s", used > 0 ? "-" : "", word);
    }
}

static void read_suite(char *suite, const struct payload_facts *facts)
{
    static const char *const keys[] = {"encr", "integ", "prf", "dh", "addke"};
    suite[0] = '\0';
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        append(suite, facts, keys[i]);
    }
}

// The answer holds what was chosen. The first of each kind counts: later ones are rekeys.
static void read_answer(const struct ike_message *message, struct negotiated *out)
{
    struct payload_facts facts;
    const struct payload *association = ike_message_find(message, IKE_PAYLOAD_SA);
    if (association == NULL) {
        return;
    }
    payload_facts_read(association, true, &facts);
    if (message->header.exchange_type == IKE_EXCHANGE_SA_INIT && out->ike[0] == '\0') {
        read_suite(out->ike, &facts);
    } else if (payload_facts_has(&facts, "protocol", "ESP") && out->esp[0] == '\0') {
        read_suite(out->esp, &facts);
        out->has_esn = payload_facts_has(&facts, "sn", "esn");
    }
}

static bool announces_mobike(const struct ike_message *message)
{
    for (size_t i = 0; i < message->payload_count; i++) {
        struct payload_facts facts;
        payload_facts_read(&message->payloads[i], true, &facts);
        if (payload_facts_has(&facts, "type", "MOBIKE_SUPPORTED")) {
            return true;
        }
    }
    return false;
}

void negotiated_read(const struct capture_contents *capture, struct negotiated *out_negotiated)
{
    bool mobike_request = false;
    bool mobike_response = false;
    *out_negotiated = (struct negotiated){0};
    for (size_t i = 0; i < capture->ike_count; i++) {
        const struct ike_record *record = &capture->ike[i];
        const struct ike_message *message = &record->message;
        if (!message->has_header) {
            continue;
        }
        const bool is_response = ike_message_is_response(message);
        out_negotiated->has_fragments = out_negotiated->has_fragments ||
                                        message->fragment_count > 0 ||
                                        ike_message_find(message, IKE_PAYLOAD_SKF) != NULL;
        out_negotiated->has_nat_traversal =
            out_negotiated->has_nat_traversal || record->origin.is_udp_encapsulated;
        if (is_response) {
            read_answer(message, out_negotiated);
        }
        mobike_request = mobike_request || (!is_response && announces_mobike(message));
        mobike_response = mobike_response || (is_response && announces_mobike(message));
    }
    for (size_t i = 0; i < capture->esp_count && !out_negotiated->has_nat_traversal; i++) {
        out_negotiated->has_nat_traversal = capture->esp[i].origin.is_udp_encapsulated;
    }
    out_negotiated->has_mobike = mobike_request && mobike_response;
}
