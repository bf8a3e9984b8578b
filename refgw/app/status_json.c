#include "refgw/app/status_json.h"

#include "refgw/io/suite_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEX_TEXT_SIZE = 24, ID_TEXT_SIZE = 2 * POLICY_ID_SIZE + 3 };

// jansson's *_new functions take the reference over and accept NULL, so that one check at
// the end (a missing member) would suffice; a status with a member missing is still right.
static void set_text(json_t *object, const char *key, const char *text)
{
    (void)json_object_set_new(object, key, json_string(text));
}

static void set_number(json_t *object, const char *key, uint64_t number)
{
    (void)json_object_set_new(object, key, json_integer((json_int_t)number));
}

static void set_boolean(json_t *object, const char *key, bool value)
{
    (void)json_object_set_new(object, key, json_boolean(value));
}

static void set_hex(json_t *object, const char *key, uint64_t value, int digits)
{
    char text[HEX_TEXT_SIZE];
    (void)snprintf(text, sizeof(text), "%0*" PRIx64, digits, value);
    set_text(object, key, text);
}

static void set_endpoint(json_t *object, const char *key, const struct ip_endpoint *endpoint)
{
    char text[ADDRESS_TEXT_SIZE];
    if (endpoint->address.family != ADDRESS_NONE) {
        endpoint_format(endpoint, text);
        set_text(object, key, text);
    }
}

static bool is_printable(const struct policy_identity *identity)
{
    for (size_t i = 0; i < identity->size; i++) {
        if (identity->data[i] < ' ' || identity->data[i] > '~') {
            return false;
        }
    }
    return true;
}

static void format_bytes(const struct policy_identity *identity, char out[ID_TEXT_SIZE])
{
    (void)snprintf(out, ID_TEXT_SIZE, "0x");
    for (size_t i = 0; i < identity->size && i < POLICY_ID_SIZE; i++) {
        (void)snprintf(out + 2 + 2 * i, ID_TEXT_SIZE - 2 - 2 * i, "%02x", identity->data[i]);
    }
}

static void set_identity(json_t *object, const char *key, const struct policy_identity *identity)
{
    char text[ID_TEXT_SIZE];
    struct ip_address address;
    const struct byte_view data = {.data = identity->data, .size = identity->size};
    const bool is_address = identity->type == ID_IPV4_ADDR || identity->type == ID_IPV6_ADDR;
    if (identity->type == 0) {
        return;
    }
    if (is_address && address_from_bytes(data, &address)) {
        address_format(&address, text);
    } else if (is_printable(identity)) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)identity->size,
                       (const char *)identity->data);
    } else {
        format_bytes(identity, text);
    }
    set_text(object, key, text);
}

static void set_selectors(json_t *object, const char *key, const struct selector_set *set)
{
    json_t *list = json_array();
    for (size_t i = 0; i < set->count; i++) {
        char text[SELECTOR_TEXT_SIZE];
        selector_format(&set->items[i], text);
        (void)json_array_append_new(list, json_string(text));
    }
    (void)json_object_set_new(object, key, list);
}

static void set_counters(json_t *object, const struct status_sources *sources, uint32_t child_sa_id)
{
    struct esp_sa_counters counters;
    if (sources->counters(sources->context, child_sa_id, &counters)) {
        set_number(object, "packets_in", counters.packets_in);
        set_number(object, "bytes_in", counters.bytes_in);
        set_number(object, "packets_out", counters.packets_out);
        set_number(object, "bytes_out", counters.bytes_out);
        set_number(object, "replayed", counters.replayed);
    }
}

static json_t *child_status(const struct child_sa *sa, const struct status_sources *sources)
{
    char suite[SUITE_TEXT_SIZE];
    json_t *object = json_object();
    suite_format_child(sa, suite);
    set_text(object, "child", sa->child);
    set_hex(object, "spi_in", sa->inbound_spi, 8);
    set_hex(object, "spi_out", sa->outbound_spi, 8);
    set_text(object, "mode", sa->mode == CHILD_SA_TRANSPORT ? "transport" : "tunnel");
    set_boolean(object, "encap", sa->is_udp_encapsulated);
    set_selectors(object, "ts_l", &sa->local_selectors);
    set_selectors(object, "ts_r", &sa->remote_selectors);
    set_text(object, "suite", suite);
    set_boolean(object, "esn", sa->has_esn);
    set_counters(object, sources, sa->id);
    set_number(object, "generation", sources->generation(sources->context, sa->id));
    return object;
}

static void set_suite(json_t *object, const struct ike_suite *suite)
{
    char text[SUITE_TEXT_SIZE];
    if (suite != NULL) {
        suite_format_ike(suite, text);
        set_text(object, "suite", text);
    }
}

static void set_age(json_t *object, struct instant established, struct instant now)
{
    if (established.nanoseconds != 0) {
        set_number(object, "established_s",
                   instant_until(established, now).nanoseconds / duration_seconds(1).nanoseconds);
    }
}

json_t *status_ike_sa(const struct ike_sa_status *status, const struct status_sources *sources)
{
    json_t *object = json_object();
    json_t *children = json_array();
    set_text(object, "connection", status->connection);
    set_hex(object, "spi_i", status->initiator_spi, 16);
    set_hex(object, "spi_r", status->responder_spi, 16);
    set_text(object, "state", status->state);
    set_text(object, "role", status->is_initiator ? "initiator" : "responder");
    set_boolean(object, "nat_local", status->local_is_behind_nat);
    set_boolean(object, "nat_remote", status->remote_is_behind_nat);
    set_suite(object, status->suite);
    set_endpoint(object, "local", &status->path.local);
    set_endpoint(object, "remote", &status->path.remote);
    set_identity(object, "local_id", status->local_identity);
    set_identity(object, "remote_id", status->remote_identity);
    set_number(object, "generation", status->generation);
    set_age(object, status->established, sources->now);
    for (size_t i = 0; i < status->child_count; i++) {
        (void)json_array_append_new(children, child_status(status->children[i], sources));
    }
    (void)json_object_set_new(object, "children", children);
    return object;
}

struct visit {
    json_t *list;
    const struct status_sources *sources;
};

static void append_ike_sa(void *context, const struct ike_sa_status *status)
{
    const struct visit *visit = context;
    (void)json_array_append_new(visit->list, status_ike_sa(status, visit->sources));
}

json_t *status_engine(const struct ike_engine *engine, const struct status_sources *sources)
{
    struct visit visit = {.list = json_array(), .sources = sources};
    json_t *object = json_object();
    ike_engine_visit(engine, append_ike_sa, &visit);
    (void)json_object_set_new(object, "ike", visit.list);
    return object;
}
