#include "pcap/payload_facts.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/reading_provider.h"
#include "refgw/iana/ikev2_names.h"
#include "refgw/wire/authentication.h"
#include "refgw/wire/configuration.h"
#include "refgw/wire/delete.h"
#include "refgw/wire/eap.h"
#include "refgw/wire/identification.h"
#include "refgw/wire/key_exchange.h"
#include "refgw/wire/notify.h"
#include "refgw/wire/security_association.h"
#include "refgw/wire/traffic_selector.h"

__attribute__((format(printf, 3, 4))) static void add(struct payload_facts *facts, const char *key,
                                                      const char *format, ...)
{
    va_list arguments;
    if (facts->count == FACTS_MOST) {
        return;
    }
    struct payload_fact *fact = &facts->items[facts->count++];
    (void)snprintf(fact->key, sizeof(fact->key), "%s", key);
    va_start(arguments, format);
    (void)vsnprintf(fact->value, sizeof(fact->value), format, arguments);
    va_end(arguments);
}

static void add_name_or_number(struct payload_facts *facts, const char *key, const char *name,
                               unsigned number)
{
    if (name != NULL) {
        add(facts, key, "%s", name);
    } else {
        add(facts, key, "%u", number);
    }
}

static void add_fault(struct payload_facts *facts, const struct wire_fault *fault)
{
    facts->count = 0;
    add(facts, "fault", "%s, %s", wire_fault_name(fault->kind), fault->section);
}

static void add_hex(struct payload_facts *facts, const char *key, struct byte_view bytes)
{
    char text[FACT_VALUE_SIZE] = "";
    for (size_t i = 0; i < bytes.size && 2 * i + 3 < sizeof(text); i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", bytes.data[i]);
    }
    add(facts, key, "%s", text);
}

// --- one kind of payload each ---------------------------------------------------------------

static const char *transform_key(unsigned type)
{
    switch (type) {
    case IKE_TRANSFORM_ENCR:
        return "encr";
    case IKE_TRANSFORM_PRF:
        return "prf";
    case IKE_TRANSFORM_INTEG:
        return "integ";
    case IKE_TRANSFORM_KE:
        return "dh";
    case IKE_TRANSFORM_SN:
        return "sn";
    default:
        return type >= IKE_TRANSFORM_ADDKE1 && type <= IKE_TRANSFORM_ADDKE7 ? "addke" : "transform";
    }
}

static void add_transform(struct payload_facts *facts, const struct transform *transform)
{
    // RFC 9370: additional key exchanges take their numbers from the same registry.
    const unsigned type =
        transform->type >= IKE_TRANSFORM_ADDKE1 && transform->type <= IKE_TRANSFORM_ADDKE7
            ? (unsigned)IKE_TRANSFORM_KE
            : transform->type;
    const char *word = reading_word(type, transform->number, transform->key_bits);
    if (word == NULL && transform->number == 0) {
        word = "none";
    }
    add_name_or_number(facts, transform_key(transform->type), word, transform->number);
}

static bool read_association(struct byte_view body, struct payload_facts *facts,
                             struct wire_fault *fault)
{
    struct security_association *association = calloc(1, sizeof(*association));
    if (association == NULL) {
        *fault = (struct wire_fault){.kind = WIRE_TOO_MANY, .section = "out of memory"};
        return false;
    }
    const bool good = security_association_read(body, association, fault);
    for (size_t i = 0; good && i < association->proposal_count; i++) {
        const struct proposal *proposal = &association->proposals[i];
        add_name_or_number(facts, "protocol", protocol_id_name(proposal->protocol),
                           proposal->protocol);
        if (proposal->spi.size > 0) {
            add_hex(facts, "spi", proposal->spi);
        }
        for (size_t j = 0; j < proposal->transform_count; j++) {
            add_transform(facts, &proposal->transforms[j]);
        }
    }
    if (good) {
        // Its place must not depend on how much came before it was dropped.
        facts->count = facts->count == FACTS_MOST ? FACTS_MOST - 1 : facts->count;
        add(facts, "n", "%zu", association->proposal_count);
    }
    free(association);
    return good;
}

static bool read_key_exchange(struct byte_view body, struct payload_facts *facts,
                              struct wire_fault *fault)
{
    struct key_exchange exchange;
    if (!key_exchange_read(body, &exchange, fault)) {
        return false;
    }
    const char *word = reading_word(IKE_TRANSFORM_KE, exchange.method, 0);
    add(facts, "group", "%u", exchange.method);
    if (word != NULL) {
        add(facts, "dh", "%s", word);
    }
    add(facts, "len", "%zu", exchange.data.size);
    return true;
}

static void add_notify_data(struct payload_facts *facts, const struct notify *notify)
{
    struct byte_reader data = reader_over(notify->data);
    uint16_t group = 0;
    if (notify->type == NOTIFY_INVALID_KE_PAYLOAD && reader_take_u16(&data, &group)) {
        const char *word = reading_word(IKE_TRANSFORM_KE, group, 0);
        add(facts, "group", "%u", group);
        if (word != NULL) {
            add(facts, "dh", "%s", word);
        }
    }
    if (notify->data.size > 0) {
        add(facts, "len", "%zu", notify->data.size);
    }
}

static bool read_notify(struct byte_view body, struct payload_facts *facts,
                        struct wire_fault *fault)
{
    struct notify notify;
    if (!notify_read(body, &notify, fault)) {
        return false;
    }
    add_name_or_number(facts, "type", notify_type_name(notify.type), notify.type);
    if (notify_is_error(&notify)) {
        add(facts, "error", "any");
    }
    if (notify.protocol != IKE_PROTOCOL_NONE) {
        add_name_or_number(facts, "protocol", protocol_id_name(notify.protocol), notify.protocol);
    }
    if (notify.spi.size > 0) {
        add_hex(facts, "spi", notify.spi);
    }
    add_notify_data(facts, &notify);
    return true;
}

static bool read_delete(struct byte_view body, struct payload_facts *facts,
                        struct wire_fault *fault)
{
    struct delete_payload deleted;
    if (!delete_payload_read(body, &deleted, fault)) {
        return false;
    }
    add_name_or_number(facts, "protocol", protocol_id_name(deleted.protocol), deleted.protocol);
    for (size_t i = 0; i < deleted.spi_count && facts->count + 1 < FACTS_MOST; i++) {
        add(facts, "spi", "%08x", delete_payload_spi(&deleted, i));
    }
    if (deleted.spi_count != 1 && deleted.protocol != IKE_PROTOCOL_IKE) {
        add(facts, "n", "%u", deleted.spi_count);
    }
    return true;
}

// The prefix length when first and last are the ends of a prefix, or -1.
static int prefix_length(const struct ip_address *first, const struct ip_address *last)
{
    const size_t bits = address_size(first->family) * 8;
    size_t same = 0;
    while (same < bits &&
           ((first->bytes[same / 8] ^ last->bytes[same / 8]) >> (7 - same % 8)) == 0) {
        same++;
    }
    for (size_t i = same; i < bits; i++) {
        const unsigned mask = 0x80U >> (i % 8);
        if ((first->bytes[i / 8] & mask) != 0 || (last->bytes[i / 8] & mask) == 0) {
            return -1;
        }
    }
    return (int)same;
}

static void add_selector(struct payload_facts *facts, const struct traffic_selector *selector)
{
    char first[ADDRESS_TEXT_SIZE];
    char last[ADDRESS_TEXT_SIZE];
    const int length = prefix_length(&selector->start_address, &selector->end_address);
    address_format(&selector->start_address, first);
    address_format(&selector->end_address, last);
    if (length >= 0) {
        add(facts, "range", "%s/%d", first, length);
    } else {
        add(facts, "range", "%.45s-%.45s", first, last);
    }
    if (selector->ip_protocol != 0) {
        add(facts, "proto", "%u", selector->ip_protocol);
    }
    if (selector->start_port != 0 || selector->end_port != UINT16_MAX) {
        add(facts, "ports", "%u-%u", selector->start_port, selector->end_port);
    }
}

static bool read_selectors(struct byte_view body, struct payload_facts *facts,
                           struct wire_fault *fault)
{
    struct traffic_selector_list list;
    if (!traffic_selector_list_read(body, &list, fault)) {
        return false;
    }
    for (size_t i = 0; i < list.count && facts->count + 4 < FACTS_MOST; i++) {
        add_selector(facts, &list.items[i]);
    }
    if (list.count != 1) {
        add(facts, "n", "%zu", list.count);
    }
    return true;
}

static bool is_text(struct byte_view bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (!isprint(bytes.data[i]) || bytes.data[i] == '"') {
            return false;
        }
    }
    return bytes.size > 0;
}

static bool read_identification(struct byte_view body, struct payload_facts *facts,
                                struct wire_fault *fault)
{
    struct identification identification;
    struct ip_address address;
    char text[ADDRESS_TEXT_SIZE];
    if (!identification_read(body, &identification, fault)) {
        return false;
    }
    add_name_or_number(facts, "type", identification_type_name(identification.type),
                       identification.type);
    if ((identification.type == ID_IPV4_ADDR || identification.type == ID_IPV6_ADDR) &&
        address_from_bytes(identification.data, &address)) {
        address_format(&address, text);
        add(facts, "value", "%s", text);
    } else if (is_text(identification.data)) {
        add(facts, "value", "%.*s", (int)identification.data.size,
            (const char *)identification.data.data);
    } else {
        add_hex(facts, "value", identification.data);
    }
    return true;
}

static bool read_authentication(struct byte_view body, struct payload_facts *facts,
                                struct wire_fault *fault)
{
    struct authentication authentication;
    if (!authentication_read(body, &authentication, fault)) {
        return false;
    }
    add(facts, "method", "%u", authentication.method);
    return true;
}

static bool read_configuration(struct byte_view body, struct payload_facts *facts,
                               struct wire_fault *fault)
{
    static const char *const names[] = {
        [CP_REQUEST] = "CFG_REQUEST",
        [CP_REPLY] = "CFG_REPLY",
        [CP_SET] = "CFG_SET",
        [CP_ACK] = "CFG_ACK",
    };
    struct configuration configuration;
    if (!configuration_read(body, &configuration, fault)) {
        return false;
    }
    const bool is_known = configuration.type >= CP_REQUEST && configuration.type <= CP_ACK;
    add_name_or_number(facts, "type", is_known ? names[configuration.type] : NULL,
                       configuration.type);
    return true;
}

static bool read_eap(struct byte_view body, struct payload_facts *facts, struct wire_fault *fault)
{
    struct eap eap;
    if (!eap_read(body, &eap, fault)) {
        return false;
    }
    add(facts, "code", "%u", eap.code);
    if (eap.type != 0) {
        add(facts, "type", "%u", eap.type);
    }
    return true;
}

static bool read_length(struct byte_view body, struct payload_facts *facts,
                        struct wire_fault *fault)
{
    *fault = (struct wire_fault){.kind = WIRE_OK};
    add(facts, "len", "%zu", body.size);
    return true;
}

struct fact_reader {
    unsigned type;
    bool (*read)(struct byte_view body, struct payload_facts *facts, struct wire_fault *fault);
};

static const struct fact_reader readers[] = {
    {IKE_PAYLOAD_SA,        read_association   },
    {IKE_PAYLOAD_KE,        read_key_exchange  },
    {IKE_PAYLOAD_IDI,       read_identification},
    {IKE_PAYLOAD_IDR,       read_identification},
    {IKE_PAYLOAD_AUTH,      read_authentication},
    {IKE_PAYLOAD_NONCE,     read_length        },
    {IKE_PAYLOAD_NOTIFY,    read_notify        },
    {IKE_PAYLOAD_DELETE,    read_delete        },
    {IKE_PAYLOAD_VENDOR_ID, read_length        },
    {IKE_PAYLOAD_TSI,       read_selectors     },
    {IKE_PAYLOAD_TSR,       read_selectors     },
    {IKE_PAYLOAD_CP,        read_configuration },
    {IKE_PAYLOAD_EAP,       read_eap           },
    {IKE_PAYLOAD_SKF,       read_length        },
};

static void set_name(struct payload_facts *facts, const struct payload *payload, bool is_response)
{
    const char *name = payload_type_name(payload->type);
    if (payload->type == IKE_PAYLOAD_NONCE) {
        name = is_response ? "Nr" : "Ni";
    }
    if (name != NULL) {
        (void)snprintf(facts->name, sizeof(facts->name), "%s", name);
    } else {
        (void)snprintf(facts->name, sizeof(facts->name), "payload(%u)", payload->type);
    }
}

void payload_facts_read(const struct payload *payload, bool is_response,
                        struct payload_facts *out_facts)
{
    struct wire_fault fault = {.kind = WIRE_OK};
    out_facts->count = 0;
    set_name(out_facts, payload, is_response);
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (readers[i].type == payload->type &&
            !readers[i].read(payload->body, out_facts, &fault)) {
            add_fault(out_facts, &fault);
        }
    }
}

bool payload_facts_has(const struct payload_facts *facts, const char *key, const char *value)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].key, key) == 0 && strcmp(facts->items[i].value, value) == 0) {
            return true;
        }
    }
    return false;
}

const char *payload_facts_get(const struct payload_facts *facts, const char *key)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].key, key) == 0) {
            return facts->items[i].value;
        }
    }
    return NULL;
}

// --- as text --------------------------------------------------------------------------------

__attribute__((format(printf, 4, 5))) static void append(char *text, size_t size, size_t *used,
                                                         const char *format, ...)
{
    va_list arguments;
    if (*used + 1 >= size) {
        return;
    }
    va_start(arguments, format);
    const int added = vsnprintf(text + *used, size - *used, format, arguments);
    va_end(arguments);
    *used += added > 0 ? (size_t)added : 0;
    if (*used >= size && size >= 4) {
        memcpy(text + size - 4, "...", 4);
        *used = size - 1;
    }
}

// Words that stand for themselves; every other fact is "key value".
static bool is_bare(const char *key)
{
    return strcmp(key, "protocol") == 0 || strcmp(key, "type") == 0 || strcmp(key, "range") == 0;
}

void payload_facts_format(const struct payload_facts *facts, char *out_text, size_t size)
{
    size_t used = 0;
    bool has_any = false;
    append(out_text, size, &used, "%s", facts->name);
    for (size_t i = 0; i < facts->count; i++) {
        const struct payload_fact *fact = &facts->items[i];
        if (strcmp(fact->key, "error") == 0 ||
            (strcmp(fact->key, "len") == 0 && strcmp(facts->name, "KE") != 0)) {
            continue;
        }
        append(out_text, size, &used, "%s%s%s%s", has_any ? ", " : "(",
               is_bare(fact->key) ? "" : fact->key, is_bare(fact->key) ? "" : " ", fact->value);
        has_any = true;
    }
    append(out_text, size, &used, "%s", has_any ? ")" : "");
}

void payload_facts_short(const struct payload_facts *facts, char *out_text, size_t size)
{
    const char *what = NULL;
    if (strcmp(facts->name, "N") == 0) {
        what = payload_facts_get(facts, "type");
    } else if (strcmp(facts->name, "D") == 0) {
        what = payload_facts_get(facts, "protocol");
    }
    if (payload_facts_get(facts, "fault") != NULL) {
        what = "malformed";
    }
    if (what != NULL) {
        (void)snprintf(out_text, size, "%s(%s)", facts->name, what);
    } else {
        (void)snprintf(out_text, size, "%s", facts->name);
    }
}
