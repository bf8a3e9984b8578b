#include "harness/peer/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "refgw/base/address.h"

enum { PLACE_SIZE = 96, IKE_SPI_DIGITS = 16, ESP_SPI_DIGITS = 8 };

// One member of an object: what it must be and whether it must be there.
struct member {
    const char *name;
    bool (*is_right)(const json_t *value);
    const char *wanted;
    bool is_required;
};

struct check {
    char place[PLACE_SIZE];
    char *reason; // STATUS_REASON_SIZE
};

__attribute__((format(printf, 2, 3))) static bool reject(struct check *check, const char *format,
                                                         ...)
{
    char text[STATUS_REASON_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)snprintf(check->reason, STATUS_REASON_SIZE, "%.90s%s%.100s", check->place,
                   check->place[0] == '\0' ? "" : ": ", text);
    return false;
}

// --- Forms --------------------------------------------------------------------------------

static bool is_text(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0;
}

static bool is_boolean(const json_t *value)
{
    return json_is_boolean(value);
}

static bool is_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool is_list(const json_t *value)
{
    return json_is_array(value);
}

static bool is_hexadecimal(const json_t *value, size_t digits)
{
    return json_is_string(value) && json_string_length(value) == digits &&
           strspn(json_string_value(value), "0123456789abcdef") == digits;
}

static bool is_ike_spi(const json_t *value)
{
    return is_hexadecimal(value, IKE_SPI_DIGITS);
}

static bool is_esp_spi(const json_t *value)
{
    return is_hexadecimal(value, ESP_SPI_DIGITS);
}

static bool is_one_of(const json_t *value, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (json_is_string(value) && strcmp(json_string_value(value), words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_state(const json_t *value)
{
    static const char *const states[] = {"connecting", "established", "rekeying", "deleting", NULL};
    return is_one_of(value, states);
}

static bool is_role(const json_t *value)
{
    static const char *const roles[] = {"initiator", "responder", NULL};
    return is_one_of(value, roles);
}

static bool is_mode(const json_t *value)
{
    static const char *const modes[] = {"tunnel", "transport", NULL};
    return is_one_of(value, modes);
}

// "192.0.2.1:500" or "[2001:db8::1]:500".
static bool is_endpoint(const json_t *value)
{
    char text[ADDRESS_TEXT_SIZE];
    struct ip_address address;
    const char *endpoint = json_string_value(value);
    const char *port = endpoint == NULL ? NULL : strrchr(endpoint, ':');
    if (port == NULL || port == endpoint || strlen(endpoint) >= sizeof(text) || port[1] == '\0' ||
        strspn(port + 1, "0123456789") != strlen(port + 1)) {
        return false;
    }
    size_t size = (size_t)(port - endpoint);
    if (endpoint[0] == '[' && endpoint[size - 1] == ']') {
        endpoint++;
        size -= 2;
    }
    memcpy(text, endpoint, size);
    text[size] = '\0';
    return address_parse(text, &address);
}

static bool is_prefix_list(const json_t *value)
{
    size_t i = 0;
    const json_t *item = NULL;
    struct ip_address first;
    struct ip_address last;
    if (!json_is_array(value) || json_array_size(value) == 0) {
        return false;
    }
    json_array_foreach(value, i, item)
    {
        // Ports and protocols may follow: "203.0.113.0/26[udp/53]".
        char text[ADDRESS_TEXT_SIZE];
        const char *prefix = json_string_value(item);
        const size_t size = prefix == NULL ? 0 : strcspn(prefix, "[");
        if (size == 0 || size >= sizeof(text)) {
            return false;
        }
        memcpy(text, prefix, size);
        text[size] = '\0';
        if (!prefix_parse(text, &first, &last)) {
            return false;
        }
    }
    return true;
}

// --- Members ------------------------------------------------------------------------------

static const struct member ike_members[] = {
    {"connection",    is_text,     "a text",                                        true },
    {"spi_i",         is_ike_spi,  "16 lower-case hexadecimal digits",              true },
    {"spi_r",         is_ike_spi,  "16 lower-case hexadecimal digits",              true },
    {"state",         is_state,    "connecting, established, rekeying or deleting", true },
    {"role",          is_role,     "initiator or responder",                        true },
    {"nat_local",     is_boolean,  "true or false",                                 false},
    {"nat_remote",    is_boolean,  "true or false",                                 false},
    {"suite",         is_text,     "a text",                                        false},
    {"local",         is_endpoint, "an endpoint such as 192.0.2.1:500",             false},
    {"remote",        is_endpoint, "an endpoint such as 192.0.2.1:500",             false},
    {"local_id",      is_text,     "a text",                                        false},
    {"remote_id",     is_text,     "a text",                                        false},
    {"generation",    is_count,    "a number from 0",                               false},
    {"established_s", is_count,    "a number from 0",                               false},
    {"children",      is_list,     "a list",                                        true },
    {NULL,            NULL,        NULL,                                            false},
};

static const struct member child_members[] = {
    {"child",       is_text,        "a text",                          true },
    {"spi_in",      is_esp_spi,     "8 lower-case hexadecimal digits", true },
    {"spi_out",     is_esp_spi,     "8 lower-case hexadecimal digits", true },
    {"mode",        is_mode,        "tunnel or transport",             true },
    {"encap",       is_boolean,     "true or false",                   false},
    {"ts_l",        is_prefix_list, "a list of prefixes",              true },
    {"ts_r",        is_prefix_list, "a list of prefixes",              true },
    {"suite",       is_text,        "a text",                          false},
    {"esn",         is_boolean,     "true or false",                   false},
    {"packets_in",  is_count,       "a number from 0",                 false},
    {"bytes_in",    is_count,       "a number from 0",                 false},
    {"packets_out", is_count,       "a number from 0",                 false},
    {"bytes_out",   is_count,       "a number from 0",                 false},
    {"replayed",    is_count,       "a number from 0",                 false},
    {"generation",  is_count,       "a number from 0",                 false},
    {NULL,          NULL,           NULL,                              false},
};

static const struct member top_members[] = {
    {"ike", is_list, "a list", true },
    {NULL,  NULL,    NULL,     false},
};

static const struct member *find_member(const struct member *members, const char *name)
{
    for (; members->name != NULL; members++) {
        if (strcmp(members->name, name) == 0) {
            return members;
        }
    }
    return NULL;
}

static bool check_object(struct check *check, json_t *object, const struct member *members)
{
    const char *name = NULL;
    json_t *value = NULL;
    if (!json_is_object(object)) {
        return reject(check, "not an object");
    }
    json_object_foreach(object, name, value)
    {
        const struct member *member = find_member(members, name);
        if (member == NULL) {
            return reject(check, "unknown member '%s'", name);
        }
        if (!member->is_right(value)) {
            return reject(check, "'%s' is not %s", name, member->wanted);
        }
    }
    for (const struct member *member = members; member->name != NULL; member++) {
        if (member->is_required && json_object_get(object, member->name) == NULL) {
            return reject(check, "'%s' is missing", member->name);
        }
    }
    return true;
}

static bool check_ike(struct check *check, json_t *ike, size_t number)
{
    size_t i = 0;
    json_t *child = NULL;
    (void)snprintf(check->place, sizeof(check->place), "ike[%zu]", number);
    if (!check_object(check, ike, ike_members)) {
        return false;
    }
    json_array_foreach(json_object_get(ike, "children"), i, child)
    {
        (void)snprintf(check->place, sizeof(check->place), "ike[%zu].children[%zu]", number, i);
        if (!check_object(check, child, child_members)) {
            return false;
        }
    }
    return true;
}

static bool check_status(json_t *status, char *out_reason)
{
    struct check check = {.reason = out_reason};
    size_t i = 0;
    json_t *ike = NULL;
    if (!check_object(&check, status, top_members)) {
        return false;
    }
    json_array_foreach(json_object_get(status, "ike"), i, ike)
    {
        if (!check_ike(&check, ike, i)) {
            return false;
        }
    }
    return true;
}

json_t *status_parse(const char *text, size_t size, char out_reason[STATUS_REASON_SIZE])
{
    json_error_t error;
    json_t *status = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (status == NULL) {
        (void)snprintf(out_reason, STATUS_REASON_SIZE, "line %d: %.150s", error.line, error.text);
        return NULL;
    }
    if (!check_status(status, out_reason)) {
        json_decref(status);
        return NULL;
    }
    return status;
}

struct status_counts status_count(const json_t *status)
{
    struct status_counts counts = {0};
    size_t i = 0;
    const json_t *ike = NULL;
    json_array_foreach(json_object_get(status, "ike"), i, ike)
    {
        const char *state = json_string_value(json_object_get(ike, "state"));
        if (strcmp(state, "connecting") == 0) {
            counts.connecting++;
        } else if (strcmp(state, "deleting") != 0) {
            counts.ike++;
            counts.children += json_array_size(json_object_get(ike, "children"));
        }
    }
    return counts;
}
