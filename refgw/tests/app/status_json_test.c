// status_json_test.c - the status has exactly the members that docs/LAB.md promises.
#include "refgw/app/status_json.h"

#include "harness/tap/tap.h"

#include <stdio.h>
#include <string.h>

static bool counters_of_one(void *context, uint32_t child_sa_id, struct esp_sa_counters *out)
{
    (void)context;
    *out = (struct esp_sa_counters){.packets_in = 10,
                                    .bytes_in = 840,
                                    .packets_out = 11,
                                    .bytes_out = 924,
                                    .replayed = 2,
                                    .not_authentic = 5};
    return child_sa_id == 7;
}

static uint32_t generation_three(void *context, uint32_t child_sa_id)
{
    (void)context;
    return child_sa_id == 7 ? 3 : 0;
}

static const struct status_sources SOURCES = {
    .now = {.nanoseconds = 5900000000U},
    .counters = counters_of_one,
    .generation = generation_three,
};

static struct ip_endpoint endpoint(const char *address, uint16_t port)
{
    struct ip_endpoint result = {.port = port};
    if (!address_parse(address, &result.address)) {
        note("%s is no address", address);
    }
    return result;
}

static struct selector_set selectors(const char *text)
{
    struct selector_set set = {.count = 1};
    if (!selector_parse(text, &set.items[0])) {
        note("%s is no selector", text);
    }
    return set;
}

static struct policy_identity identity(enum identification_type type, const void *data, size_t size)
{
    struct policy_identity result = {.type = type, .size = size};
    memcpy(result.data, data, size);
    return result;
}

static struct child_sa example_child(void)
{
    return (struct child_sa){
        .connection = "tunnel",
        .child = "net",
        .id = 7,
        .inbound_spi = 0xc0ffee01U,
        .outbound_spi = 0x000000ffU,
        .aead = {.encryption = ENCR_AES_GCM_16, .key_bits = 128},
        .local_selectors = selectors("203.0.113.0/26"),
        .remote_selectors = selectors("203.0.113.64/26"),
    };
}

static const struct ike_suite SUITE = {
    .aead = {.encryption = ENCR_AES_CBC, .key_bits = 256, .integrity = AUTH_HMAC_SHA2_256_128},
    .prf = PRF_HMAC_SHA2_256,
    .key_exchange = KE_CURVE25519,
};

static struct ike_sa_status example_status(void)
{
    return (struct ike_sa_status){
        .connection = "tunnel",
        .state = "established",
        .initiator_spi = 0xc1a2b3c4d5e6f708U,
        .responder_spi = 0x0011223344556677U,
        .is_initiator = true,
        .suite = &SUITE,
        .path = {.local = endpoint("192.0.2.1",      500), .remote = endpoint("198.51.100.1", 4500)},
        .established = {.nanoseconds = 2000000000U},
        .generation = 1,
    };
}

static bool has_text(const json_t *object, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, key));
    return ok(text != NULL && strcmp(text, wanted) == 0, "%s is \"%s\"", key, wanted);
}

static bool has_number(const json_t *object, const char *key, json_int_t wanted)
{
    const json_t *number = json_object_get(object, key);
    return ok(json_is_integer(number) && json_integer_value(number) == wanted, "%s is %lld", key,
              (long long)wanted);
}

static bool has_boolean(const json_t *object, const char *key, bool wanted)
{
    const json_t *value = json_object_get(object, key);
    return ok(json_is_boolean(value) && json_is_true(value) == wanted, "%s is %s", key,
              wanted ? "true" : "false");
}

static void an_established_ike_sa_has_every_member(void)
{
    struct ike_sa_status status = example_status();
    const struct policy_identity local = identity(ID_FQDN, "west.example.test", 17);
    const struct policy_identity remote = identity(ID_FQDN, "east.example.test", 17);
    status.local_identity = &local;
    status.remote_identity = &remote;
    json_t *object = status_ike_sa(&status, &SOURCES);
    has_text(object, "connection", "tunnel");
    has_text(object, "spi_i", "c1a2b3c4d5e6f708");
    has_text(object, "spi_r", "0011223344556677");
    has_text(object, "state", "established");
    has_text(object, "role", "initiator");
    has_boolean(object, "nat_local", false);
    has_boolean(object, "nat_remote", false);
    has_text(object, "suite", "aes256-sha256-prfsha256-x25519");
    has_text(object, "local", "192.0.2.1:500");
    has_text(object, "remote", "198.51.100.1:4500");
    has_text(object, "local_id", "west.example.test");
    has_text(object, "remote_id", "east.example.test");
    has_number(object, "generation", 1);
    has_number(object, "established_s", 3);
    ok(json_is_array(json_object_get(object, "children")), "children is an array");
    ok(json_object_size(object) == 15, "and nothing else");
    json_decref(object);
}

static void a_child_has_every_member(void)
{
    struct ike_sa_status status = example_status();
    const struct policy_identity none = {0};
    const struct child_sa sa = example_child();
    const struct child_sa *const children[] = {&sa};
    status.local_identity = &none;
    status.remote_identity = &none;
    status.children = children;
    status.child_count = 1;
    json_t *object = status_ike_sa(&status, &SOURCES);
    const json_t *child = json_array_get(json_object_get(object, "children"), 0);
    has_text(child, "child", "net");
    has_text(child, "spi_in", "c0ffee01");
    has_text(child, "spi_out", "000000ff");
    has_text(child, "mode", "tunnel");
    has_boolean(child, "encap", false);
    has_text(child, "suite", "aes128gcm16");
    has_boolean(child, "esn", false);
    has_number(child, "packets_in", 10);
    has_number(child, "bytes_in", 840);
    has_number(child, "packets_out", 11);
    has_number(child, "bytes_out", 924);
    has_number(child, "replayed", 2);
    has_number(child, "generation", 3);
    const json_t *local = json_array_get(json_object_get(child, "ts_l"), 0);
    const json_t *remote = json_array_get(json_object_get(child, "ts_r"), 0);
    ok(local != NULL && strcmp(json_string_value(local), "203.0.113.0/26") == 0, "ts_l");
    ok(remote != NULL && strcmp(json_string_value(remote), "203.0.113.64/26") == 0, "ts_r");
    ok(json_object_size(child) == 15, "and nothing else");
    json_decref(object);
}

static void what_is_not_known_is_left_out(void)
{
    const struct policy_identity local = identity(ID_FQDN, "w", 1);
    const struct policy_identity nobody = {0};
    const struct ike_sa_status status = {
        .connection = "tunnel",
        .state = "connecting",
        .initiator_spi = 1,
        .path = {.remote = endpoint("2001:db8::1", 500)},
        .local_identity = &local,
        .remote_identity = &nobody,
    };
    json_t *object = status_ike_sa(&status, &SOURCES);
    has_text(object, "state", "connecting");
    has_text(object, "role", "responder");
    has_text(object, "spi_r", "0000000000000000");
    has_text(object, "remote", "[2001:db8::1]:500");
    ok(json_object_get(object, "suite") == NULL, "no suite");
    ok(json_object_get(object, "local") == NULL, "no local address");
    ok(json_object_get(object, "remote_id") == NULL, "no identity before authentication");
    ok(json_object_get(object, "established_s") == NULL, "no age");
    json_decref(object);
}

static void counters_of_a_child_that_is_not_installed_are_left_out(void)
{
    struct ike_sa_status status = example_status();
    const struct policy_identity none = {0};
    struct child_sa sa = example_child();
    const struct child_sa *const children[] = {&sa};
    sa.id = 8;
    sa.key_exchange = KE_ECP_256;
    sa.is_udp_encapsulated = true;
    sa.has_esn = true;
    status.local_identity = &none;
    status.remote_identity = &none;
    status.children = children;
    status.child_count = 1;
    json_t *object = status_ike_sa(&status, &SOURCES);
    const json_t *child = json_array_get(json_object_get(object, "children"), 0);
    ok(json_object_get(child, "packets_in") == NULL, "no counters");
    has_text(child, "suite", "aes128gcm16-ecp256");
    has_boolean(child, "encap", true);
    has_boolean(child, "esn", true);
    has_number(child, "generation", 0);
    json_decref(object);
}

static void identities_are_readable_whatever_they_hold(void)
{
    static const uint8_t ipv4[] = {192, 0, 2, 1};
    static const uint8_t bytes[] = {0x00, 0xff, '"'};
    struct ike_sa_status status = example_status();
    const struct policy_identity local = identity(ID_IPV4_ADDR, ipv4, sizeof(ipv4));
    const struct policy_identity remote = identity(ID_KEY_ID, bytes, sizeof(bytes));
    status.local_identity = &local;
    status.remote_identity = &remote;
    json_t *object = status_ike_sa(&status, &SOURCES);
    has_text(object, "local_id", "192.0.2.1");
    has_text(object, "remote_id", "0x00ff22");
    json_decref(object);
}

int main(void)
{
    an_established_ike_sa_has_every_member();
    a_child_has_every_member();
    what_is_not_known_is_left_out();
    counters_of_a_child_that_is_not_installed_are_left_out();
    identities_are_readable_whatever_they_hold();
    return done_testing();
}
