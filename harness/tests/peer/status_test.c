#include "harness/peer/status.h"

#include <string.h>

#include "harness/tap/tap.h"

#define CHILD                                                                                  \
    "{\"child\":\"net\",\"spi_in\":\"c0ffee01\",\"spi_out\":\"deadbe02\",\"mode\":\"tunnel\"," \
    "\"ts_l\":[\"203.0.113.0/26\"],\"ts_r\":[\"203.0.113.64/26\"]}"
#define IKE_HEAD                                                                               \
    "\"connection\":\"tunnel\",\"spi_i\":\"c1a2b3c4d5e6f708\",\"spi_r\":\"0011223344556677\"," \
    "\"role\":\"initiator\""

static void accepts(const char *text, size_t ike, size_t children, const char *claim)
{
    char reason[STATUS_REASON_SIZE] = "";
    json_t *status = status_parse(text, strlen(text), reason);
    struct status_counts counts = {0};
    if (status != NULL) {
        counts = status_count(status);
    }
    if (!ok(status != NULL && counts.ike == ike && counts.children == children, "%s", claim)) {
        note("%zu %zu %s", counts.ike, counts.children, reason);
    }
    json_decref(status);
}

static void rejects(const char *text, const char *wanted)
{
    char reason[STATUS_REASON_SIZE] = "";
    json_t *status = status_parse(text, strlen(text), reason);
    if (!ok(status == NULL && strcmp(reason, wanted) == 0, "%s", wanted)) {
        note("%s", reason);
    }
    json_decref(status);
}

static void takes_the_documented_example(void)
{
    accepts("{ \"ike\": [ { \"connection\": \"tunnel\", \"spi_i\": \"c1a2b3c4d5e6f708\", "
            "\"spi_r\": \"0011223344556677\", \"state\": \"established\", \"role\": \"initiator\", "
            "\"nat_local\": false, \"nat_remote\": false, "
            "\"suite\": \"aes128gcm16-prfsha256-x25519\", \"local\": \"192.0.2.1:500\", "
            "\"remote\": \"[2001:db8:b::1]:500\", \"local_id\": \"west.example.test\", "
            "\"remote_id\": \"east.example.test\", \"generation\": 0, \"established_s\": 3, "
            "\"children\": [ { \"child\": \"net\", \"spi_in\": \"c0ffee01\", "
            "\"spi_out\": \"deadbe02\", \"mode\": \"tunnel\", \"encap\": false, "
            "\"ts_l\": [\"203.0.113.0/26\"], \"ts_r\": [\"203.0.113.64/26\"], "
            "\"suite\": \"aes128gcm16\", \"esn\": false, \"packets_in\": 10, \"bytes_in\": 840, "
            "\"packets_out\": 10, \"bytes_out\": 840, \"replayed\": 0, \"generation\": 0 } ] } ] }",
            1, 1, "the example of docs/LAB.md");
    accepts("{\"ike\":[]}", 0, 0, "nothing there");
}

static void counts_what_is_up(void)
{
    accepts("{\"ike\":[{" IKE_HEAD ",\"state\":\"connecting\",\"children\":[]}]}", 0, 0,
            "half open does not count");
    accepts("{\"ike\":[{" IKE_HEAD ",\"state\":\"rekeying\",\"children\":[" CHILD "," CHILD "]}]}",
            1, 2, "rekeying counts, with its children");
    accepts("{\"ike\":[{" IKE_HEAD ",\"state\":\"deleting\",\"children\":[" CHILD "]}]}", 0, 0,
            "deleting does not");
}

static void names_the_place(void)
{
    rejects("[]", "not an object");
    rejects("{}", "'ike' is missing");
    rejects("{\"ike\":[],\"esp\":[]}", "unknown member 'esp'");
    rejects("{\"ike\":[{}]}", "ike[0]: 'connection' is missing");
    rejects("{\"ike\":[{" IKE_HEAD ",\"state\":\"up\",\"children\":[]}]}",
            "ike[0]: 'state' is not connecting, established, rekeying or deleting");
    rejects("{\"ike\":[{\"spi_i\":\"C1A2B3C4D5E6F708\"}]}",
            "ike[0]: 'spi_i' is not 16 lower-case hexadecimal digits");
    rejects("{\"ike\":[{\"local\":\"192.0.2.1\"}]}",
            "ike[0]: 'local' is not an endpoint such as 192.0.2.1:500");
    rejects("{\"ike\":[{\"established_s\":-1}]}", "ike[0]: 'established_s' is not a number from 0");
    rejects("{\"ike\":[{\"uptime\":1}]}", "ike[0]: unknown member 'uptime'");
    rejects("{\"ike\":[{" IKE_HEAD ",\"state\":\"established\",\"children\":[" CHILD
            ",{\"spi_in\":\"0xc0ffee\"}]}]}",
            "ike[0].children[1]: 'spi_in' is not 8 lower-case hexadecimal digits");
    rejects("{\"ike\":[{" IKE_HEAD ",\"state\":\"established\",\"children\":[{\"ts_l\":[]}]}]}",
            "ike[0].children[0]: 'ts_l' is not a list of prefixes");
    rejects("{\"ike\":[{" IKE_HEAD
            ",\"state\":\"established\",\"children\":[{\"ts_r\":[\"dynamic\"]}]}]}",
            "ike[0].children[0]: 'ts_r' is not a list of prefixes");
    rejects("{\"ike\":[], \"ike\":[]}", "line 1: duplicate object key near '\"ike\"'");
}

int main(void)
{
    takes_the_documented_example();
    counts_what_is_up();
    names_the_place();
    return done_testing();
}
