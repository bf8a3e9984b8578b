#include "refgw/wire/describe.h"

#include "refgw/base/address.h"
#include "refgw/iana/ikev2_names.h"
#include "refgw/wire/authentication.h"
#include "refgw/wire/certificate.h"
#include "refgw/wire/configuration.h"
#include "refgw/wire/delete.h"
#include "refgw/wire/describe_bodies.h"
#include "refgw/wire/eap.h"
#include "refgw/wire/identification.h"
#include "refgw/wire/json_text.h"
#include "refgw/wire/nonce.h"
#include "refgw/wire/notify.h"

static bool is_printable(struct byte_view bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

// Adds "value" for identities that a person can read; "data" has the bytes of all of them.
static void put_identity_value(const struct text_sink *sink,
                               const struct identification *identification)
{
    struct ip_address address;
    char text[ADDRESS_TEXT_SIZE];

    switch (identification->type) {
    case ID_IPV4_ADDR:
    case ID_IPV6_ADDR:
        if (address_from_bytes(identification->data, &address)) {
            address_format(&address, text);
            json_member_text(sink, "value", text);
        }
        break;
    case ID_FQDN:
    case ID_RFC822_ADDR:
    case ID_KEY_ID:
        if (is_printable(identification->data)) {
            text_put(sink, ",\"value\":");
            json_put_string(sink, identification->data);
        }
        break;
    default:
        break;
    }
}

static bool describe_identification(struct byte_view body, const struct text_sink *sink,
                                    struct wire_fault *out_fault)
{
    struct identification identification;
    if (!identification_read(body, &identification, out_fault)) {
        return false;
    }
    json_member_name(sink, "id_type", identification_type_name(identification.type),
                     identification.type);
    json_member_number(sink, "number", identification.type);
    put_identity_value(sink, &identification);
    json_member_hex(sink, "data", identification.data);
    return true;
}

static bool describe_certificate(struct byte_view body, const struct text_sink *sink,
                                 struct wire_fault *out_fault)
{
    struct certificate certificate;
    if (!certificate_read(body, &certificate, out_fault)) {
        return false;
    }
    json_member_number(sink, "encoding", certificate.encoding);
    json_member_number(sink, "size", certificate.data.size);
    return true;
}

static bool describe_authentication(struct byte_view body, const struct text_sink *sink,
                                    struct wire_fault *out_fault)
{
    struct authentication authentication;
    if (!authentication_read(body, &authentication, out_fault)) {
        return false;
    }
    json_member_name(sink, "method", authentication_method_name(authentication.method),
                     authentication.method);
    json_member_number(sink, "number", authentication.method);
    json_members_size_and_data(sink, authentication.data);
    return true;
}

static bool describe_nonce(struct byte_view body, const struct text_sink *sink,
                           struct wire_fault *out_fault)
{
    struct byte_view nonce;
    if (!nonce_read(body, &nonce, out_fault)) {
        return false;
    }
    json_members_size_and_data(sink, nonce);
    return true;
}

static bool describe_notify(struct byte_view body, const struct text_sink *sink,
                            struct wire_fault *out_fault)
{
    struct notify notify;
    if (!notify_read(body, &notify, out_fault)) {
        return false;
    }
    json_member_name(sink, "name", notify_type_name(notify.type), notify.type);
    json_member_number(sink, "number", notify.type);
    json_member_text(sink, "class", notify_is_error(&notify) ? "error" : "status");
    if (notify.protocol != IKE_PROTOCOL_NONE) {
        json_member_name(sink, "protocol", protocol_id_name(notify.protocol), notify.protocol);
    }
    json_member_hex(sink, "spi", notify.spi);
    json_member_hex(sink, "data", notify.data);
    return true;
}

static bool describe_delete(struct byte_view body, const struct text_sink *sink,
                            struct wire_fault *out_fault)
{
    struct delete_payload deleted;
    if (!delete_payload_read(body, &deleted, out_fault)) {
        return false;
    }
    json_member_name(sink, "protocol", protocol_id_name(deleted.protocol), deleted.protocol);
    text_put(sink, ",\"spis\":[");
    struct byte_reader spis = reader_over(deleted.spis);
    struct byte_view spi;
    for (size_t i = 0; i < deleted.spi_count && reader_take_bytes(&spis, 4, &spi); i++) {
        text_put(sink, i == 0 ? "" : ",");
        json_put_hex(sink, spi);
    }
    text_put(sink, "]");
    return true;
}

static bool describe_vendor_id(struct byte_view body, const struct text_sink *sink,
                               struct wire_fault *out_fault)
{
    (void)out_fault;
    json_members_size_and_data(sink, body);
    return true;
}

static bool describe_encrypted(struct byte_view body, const struct text_sink *sink,
                               struct wire_fault *out_fault)
{
    (void)out_fault;
    json_member_number(sink, "size", body.size);
    return true;
}

static bool describe_encrypted_fragment(struct byte_view body, const struct text_sink *sink,
                                        struct wire_fault *out_fault)
{
    struct byte_reader in = reader_over(body);
    uint16_t number;
    uint16_t count;
    if (!reader_take_u16(&in, &number) || !reader_take_u16(&in, &count)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, "rfc7383#section-2.5");
    }
    json_member_number(sink, "fragment", number);
    json_member_number(sink, "fragments", count);
    json_member_number(sink, "size", in.left);
    return true;
}

static const char *configuration_type_name(uint8_t type)
{
    static const char *const names[] = {NULL, "CFG_REQUEST", "CFG_REPLY", "CFG_SET", "CFG_ACK"};
    return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

static bool describe_configuration(struct byte_view body, const struct text_sink *sink,
                                   struct wire_fault *out_fault)
{
    struct configuration configuration;
    if (!configuration_read(body, &configuration, out_fault)) {
        return false;
    }
    json_member_name(sink, "cfg_type", configuration_type_name(configuration.type),
                     configuration.type);
    text_put(sink, ",\"attributes\":[");
    for (size_t i = 0; i < configuration.count; i++) {
        const struct configuration_attribute *attribute = &configuration.attributes[i];
        text_put(sink, i == 0 ? "{\"number\":" : ",{\"number\":");
        text_put_number(sink, attribute->type);
        json_member_name(sink, "name", configuration_attribute_name(attribute->type),
                         attribute->type);
        json_member_hex(sink, "value", attribute->value);
        text_put(sink, "}");
    }
    text_put(sink, "]");
    return true;
}

static const char *eap_code_name(uint8_t code)
{
    static const char *const names[] = {NULL, "Request", "Response", "Success", "Failure"};
    return code < sizeof(names) / sizeof(names[0]) ? names[code] : NULL;
}

static bool describe_eap(struct byte_view body, const struct text_sink *sink,
                         struct wire_fault *out_fault)
{
    struct eap eap;
    if (!eap_read(body, &eap, out_fault)) {
        return false;
    }
    json_member_name(sink, "code", eap_code_name(eap.code), eap.code);
    json_member_number(sink, "identifier", eap.identifier);
    if (eap.code == EAP_REQUEST || eap.code == EAP_RESPONSE) {
        json_member_number(sink, "eap_type", eap.type);
        json_member_hex(sink, "data", eap.data);
    }
    return true;
}

static const struct {
    uint8_t type;
    describe_body *describe;
} bodies[] = {
    {IKE_PAYLOAD_SA,        describe_security_association},
    {IKE_PAYLOAD_KE,        describe_key_exchange        },
    {IKE_PAYLOAD_IDI,       describe_identification      },
    {IKE_PAYLOAD_IDR,       describe_identification      },
    {IKE_PAYLOAD_CERT,      describe_certificate         },
    {IKE_PAYLOAD_CERTREQ,   describe_certificate         },
    {IKE_PAYLOAD_AUTH,      describe_authentication      },
    {IKE_PAYLOAD_NONCE,     describe_nonce               },
    {IKE_PAYLOAD_NOTIFY,    describe_notify              },
    {IKE_PAYLOAD_DELETE,    describe_delete              },
    {IKE_PAYLOAD_VENDOR_ID, describe_vendor_id           },
    {IKE_PAYLOAD_TSI,       describe_traffic_selectors   },
    {IKE_PAYLOAD_TSR,       describe_traffic_selectors   },
    {IKE_PAYLOAD_SK,        describe_encrypted           },
    {IKE_PAYLOAD_CP,        describe_configuration       },
    {IKE_PAYLOAD_EAP,       describe_eap                 },
    {IKE_PAYLOAD_SKF,       describe_encrypted_fragment  },
};

// A type without a codec is shown as its bytes.
static describe_body *body_describer(uint8_t type)
{
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        if (bodies[i].type == type) {
            return bodies[i].describe;
        }
    }
    return describe_vendor_id;
}

static void put_type(const struct text_sink *sink, uint8_t type, bool is_response)
{
    const char *name = payload_type_name(type);

    text_put(sink, "{\"type\":\"");
    if (type == IKE_PAYLOAD_NONCE) {
        text_put(sink, is_response ? "Nr" : "Ni");
    } else if (name != NULL) {
        text_put(sink, name);
    } else {
        text_put(sink, "payload(");
        text_put_number(sink, type);
        text_put(sink, ")");
    }
    text_put(sink, "\"");
}

void describe_payload_json(const struct payload *payload, bool is_response,
                           const struct text_sink *sink)
{
    struct wire_fault fault = {0};

    put_type(sink, payload->type, is_response);
    if (payload->is_critical) {
        json_member_true(sink, "critical");
    }
    if (!body_describer(payload->type)(payload->body, sink, &fault)) {
        json_member_text(sink, "fault", wire_fault_name(fault.kind));
        json_member_text(sink, "section", fault.section);
        json_member_hex(sink, "bytes", payload->body);
    }
    text_put(sink, "}");
}
