#include "refgw/wire/describe.h"
#include "harness/tap/tap.h"
#include "refgw/wire/json_text.h"

#include <jansson.h>
#include <string.h>

enum { TEXT_SIZE = 16384 };

struct collected {
    char text[TEXT_SIZE];
    size_t used;
};

static void collect(void *context, const char *text, size_t size)
{
    struct collected *collected = context;
    if (size < sizeof(collected->text) - collected->used) {
        memcpy(collected->text + collected->used, text, size);
        collected->used += size;
        collected->text[collected->used] = '\0';
    }
}

#define PAYLOAD(number, bytes) ((struct payload){.type = (number), .body = VIEW_OF(bytes)})

static void name_is(struct payload payload, bool is_response, const char *wanted)
{
    static struct collected got;
    got = (struct collected){.used = 0};
    describe_payload_name(&payload, is_response, &(struct text_sink){collect, &got});
    if (!ok(strcmp(got.text, wanted) == 0, "named %s", wanted)) {
        note("got: %s", got.text);
    }
}

// Both texts are JSON and say the same; member order does not matter.
static void json_is(struct payload payload, bool is_response, const char *wanted)
{
    static struct collected got;
    got = (struct collected){.used = 0};
    describe_payload_json(&payload, is_response, &(struct text_sink){collect, &got});

    json_t *got_json = json_loads(got.text, JSON_REJECT_DUPLICATES, NULL);
    json_t *wanted_json = json_loads(wanted, JSON_REJECT_DUPLICATES, NULL);
    if (!ok(got_json != NULL && wanted_json != NULL && json_equal(got_json, wanted_json),
            "JSON %.60s", wanted)) {
        note("got: %s", got.text);
    }
    json_decref(got_json);
    json_decref(wanted_json);
}

static const uint8_t nonce[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const uint8_t rekey_sa[] = {3, 4, 0x40, 0x09, 0xc0, 0xff, 0xee, 0x01};
static const uint8_t unknown_notify[] = {0, 0, 0x30, 0x39};
static const uint8_t invalid_ke[] = {0, 0, 0, 17, 0, 19};
static const uint8_t delete_esp[] = {3, 4, 0, 2, 0xc0, 0xff, 0xee, 0x01, 0xde, 0xad, 0xbe, 0x02};
static const uint8_t delete_ike[] = {1, 0, 0, 0};
static const uint8_t short_body[] = {1, 0, 0};
static const uint8_t three_bytes[] = {0xab, 0xcd, 0xef};

static void names_every_payload(void)
{
    static const struct {
        uint8_t type;
        const char *name;
    } plain[] = {
        {IKE_PAYLOAD_SA,        "SA"          },
        {IKE_PAYLOAD_KE,        "KE"          },
        {IKE_PAYLOAD_IDI,       "IDi"         },
        {IKE_PAYLOAD_IDR,       "IDr"         },
        {IKE_PAYLOAD_CERT,      "CERT"        },
        {IKE_PAYLOAD_CERTREQ,   "CERTREQ"     },
        {IKE_PAYLOAD_TSI,       "TSi"         },
        {IKE_PAYLOAD_TSR,       "TSr"         },
        {IKE_PAYLOAD_AUTH,      "AUTH"        },
        {IKE_PAYLOAD_SK,        "SK"          },
        {IKE_PAYLOAD_SKF,       "SKF"         },
        {IKE_PAYLOAD_CP,        "CP"          },
        {IKE_PAYLOAD_EAP,       "EAP"         },
        {IKE_PAYLOAD_VENDOR_ID, "V"           },
        {201,                   "payload(201)"},
    };
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        name_is((struct payload){.type = plain[i].type}, false, plain[i].name);
    }
    name_is(PAYLOAD(IKE_PAYLOAD_NONCE, nonce), false, "Ni");
    name_is(PAYLOAD(IKE_PAYLOAD_NONCE, nonce), true, "Nr");
    name_is(PAYLOAD(IKE_PAYLOAD_NOTIFY, rekey_sa), false, "N(REKEY_SA)");
    name_is(PAYLOAD(IKE_PAYLOAD_NOTIFY, unknown_notify), false, "N(12345)");
    name_is(PAYLOAD(IKE_PAYLOAD_NOTIFY, short_body), false, "N(?)");
    name_is(PAYLOAD(IKE_PAYLOAD_DELETE, delete_esp), false, "D(ESP)");
    name_is(PAYLOAD(IKE_PAYLOAD_DELETE, delete_ike), false, "D(IKE)");
    name_is(PAYLOAD(IKE_PAYLOAD_DELETE, short_body), false, "D(?)");
}

static void a_payload_set_is_one_line(void)
{
    static struct collected got;
    const struct text_sink sink = {collect, &got};
    static struct payload_list list;

    describe_payload_set(&list, false, &sink);
    ok(strcmp(got.text, "{ }") == 0, "an empty set");
    list.count = 3;
    list.items[0] = (struct payload){.type = IKE_PAYLOAD_SA};
    list.items[1] = PAYLOAD(IKE_PAYLOAD_NONCE, nonce);
    list.items[2] = PAYLOAD(IKE_PAYLOAD_NOTIFY, rekey_sa);
    got = (struct collected){.used = 0};
    describe_payload_set(&list, true, &sink);
    ok(strcmp(got.text, "{ SA Nr N(REKEY_SA) }") == 0, "names in the order of the wire");
}

static void describes_proposals(void)
{
    static const uint8_t sa[] = {0, 0, 0, 48, 1, 3, 4, 4,   0xc0, 0xff, 0xee, 0x01, //
                                 3, 0, 0, 12, 1, 0, 0, 20,  0x80, 14,   0,    128,  //
                                 3, 0, 0, 8,  4, 0, 0, 31,                          //
                                 3, 0, 0, 8,  5, 0, 0, 0,                           //
                                 0, 0, 0, 8,  9, 0, 3, 0xe8};
    json_is(PAYLOAD(IKE_PAYLOAD_SA, sa), false,
            "{\"type\":\"SA\",\"proposals\":[{\"number\":1,\"protocol\":\"ESP\","
            "\"spi\":\"c0ffee01\",\"transforms\":["
            "{\"type\":\"ENCR\",\"name\":\"ENCR_AES_GCM_16\",\"number\":20,\"key_bits\":128,"
            "\"keyword\":\"aes128gcm16\"},"
            "{\"type\":\"KE\",\"name\":\"Curve25519\",\"number\":31,\"keyword\":\"x25519\"},"
            "{\"type\":\"SN\",\"name\":\"32-bit Sequential Numbers\",\"number\":0,"
            "\"keyword\":\"noesn\"},"
            "{\"type\":\"ADDKE4\",\"name\":\"1000\",\"number\":1000}]}]}");
}

static void describes_unknown_attributes(void)
{
    static const uint8_t sa[] = {0, 0, 0, 20, 1, 1, 0, 1, 0, 0, 0, 12, 2, 0, 0, 5, 0x80, 99, 0, 0};
    json_is(PAYLOAD(IKE_PAYLOAD_SA, sa), false,
            "{\"type\":\"SA\",\"proposals\":[{\"number\":1,\"protocol\":\"IKE\",\"spi\":\"\","
            "\"transforms\":[{\"type\":\"PRF\",\"name\":\"PRF_HMAC_SHA2_256\",\"number\":5,"
            "\"keyword\":\"prfsha256\",\"unknown_attribute\":true}]}]}");
}

static void describes_key_exchange_and_nonce(void)
{
    static const uint8_t ke[] = {0, 19, 0, 0, 1, 2};
    json_is(PAYLOAD(IKE_PAYLOAD_KE, ke), false,
            "{\"type\":\"KE\",\"method\":\"256-bit random ECP group\",\"number\":19,"
            "\"keyword\":\"ecp256\",\"size\":2,\"data\":\"0102\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_NONCE, nonce), true,
            "{\"type\":\"Nr\",\"size\":16,\"data\":\"0102030405060708090a0b0c0d0e0f10\"}");
}

static void describes_identities(void)
{
    static const uint8_t fqdn[] = {2, 0, 0, 0, 'a', '"', '\\', 'b'};
    static const uint8_t binary[] = {2, 0, 0, 0, 'a', 0x0a, 0xc3};
    static const uint8_t ipv4[] = {1, 0, 0, 0, 192, 0, 2, 1};
    static const uint8_t dn[] = {9, 0, 0, 0, 0x30, 0x00};

    json_is(PAYLOAD(IKE_PAYLOAD_IDI, fqdn), false,
            "{\"type\":\"IDi\",\"id_type\":\"ID_FQDN\",\"number\":2,\"value\":\"a\\\"\\\\b\","
            "\"data\":\"61225c62\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_IDI, binary), false,
            "{\"type\":\"IDi\",\"id_type\":\"ID_FQDN\",\"number\":2,\"data\":\"610ac3\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_IDR, ipv4), true,
            "{\"type\":\"IDr\",\"id_type\":\"ID_IPV4_ADDR\",\"number\":1,"
            "\"value\":\"192.0.2.1\",\"data\":\"c0000201\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_IDR, dn), true,
            "{\"type\":\"IDr\",\"id_type\":\"ID_DER_ASN1_DN\",\"number\":9,\"data\":\"3000\"}");
}

static void describes_authentication_and_certificates(void)
{
    static const uint8_t auth[] = {2, 0, 0, 0, 0xaa, 0xbb};
    static const uint8_t cert[] = {4, 0x30, 0x00};

    json_is(PAYLOAD(IKE_PAYLOAD_AUTH, auth), false,
            "{\"type\":\"AUTH\",\"method\":\"Shared Key Message Integrity Code\",\"number\":2,"
            "\"size\":2,\"data\":\"aabb\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_CERT, cert), false,
            "{\"type\":\"CERT\",\"encoding\":4,\"size\":2}");
    json_is(PAYLOAD(IKE_PAYLOAD_CERTREQ, cert), false,
            "{\"type\":\"CERTREQ\",\"encoding\":4,\"size\":2}");
}

static void describes_notifies_and_deletes(void)
{
    json_is(PAYLOAD(IKE_PAYLOAD_NOTIFY, rekey_sa), false,
            "{\"type\":\"N\",\"name\":\"REKEY_SA\",\"number\":16393,\"class\":\"status\","
            "\"protocol\":\"ESP\",\"spi\":\"c0ffee01\",\"data\":\"\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_NOTIFY, invalid_ke), true,
            "{\"type\":\"N\",\"name\":\"INVALID_KE_PAYLOAD\",\"number\":17,\"class\":\"error\","
            "\"spi\":\"\",\"data\":\"0013\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_NOTIFY, unknown_notify), true,
            "{\"type\":\"N\",\"name\":\"12345\",\"number\":12345,\"class\":\"error\","
            "\"spi\":\"\",\"data\":\"\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_DELETE, delete_esp), false,
            "{\"type\":\"D\",\"protocol\":\"ESP\",\"spis\":[\"c0ffee01\",\"deadbe02\"]}");
    json_is(PAYLOAD(IKE_PAYLOAD_DELETE, delete_ike), false,
            "{\"type\":\"D\",\"protocol\":\"IKE\",\"spis\":[]}");
}

static void describes_traffic_selectors(void)
{
    static const uint8_t ts[] = {
        4, 0, 0, 0,                                                            //
        7, 0, 0, 16, 0,    0,    255, 255, 203, 0, 113, 0, 203, 0,   113, 63,  // prefix
        7, 6, 0, 16, 0,    80,   0,   80,  203, 0, 113, 1, 203, 0,   113, 2,   // range
        7, 0, 0, 16, 0xff, 0xff, 0,   0,   0,   0, 0,   0, 255, 255, 255, 255, // everything
        9, 0, 0, 4,
    };
    static const uint8_t ipv6[] = {1,    0,   0,    0,    8,    0,   0,    40,   0, 0, 255, 255, //
                                   0x20, 1,   0x0d, 0xb8, 0,    1,   0,    0,    0, 0, 0,   0,
                                   0,    0,   0,    0,    0x20, 1,   0x0d, 0xb8, 0, 1, 0,   0,
                                   255,  255, 255,  255,  255,  255, 255,  255};
    json_is(PAYLOAD(IKE_PAYLOAD_TSI, ts), false,
            "{\"type\":\"TSi\",\"selectors\":["
            "{\"range\":\"203.0.113.0-203.0.113.63\",\"prefix\":\"203.0.113.0/26\","
            "\"protocol\":0,\"ports\":\"0-65535\"},"
            "{\"range\":\"203.0.113.1-203.0.113.2\",\"protocol\":6,\"ports\":\"80-80\"},"
            "{\"range\":\"0.0.0.0-255.255.255.255\",\"prefix\":\"0.0.0.0/0\","
            "\"protocol\":0,\"ports\":\"opaque\"}],\"unknown_selector\":true}");
    json_is(PAYLOAD(IKE_PAYLOAD_TSR, ipv6), false,
            "{\"type\":\"TSr\",\"selectors\":[{\"range\":\"2001:db8:1::-2001:db8:1:0:ffff:ffff:"
            "ffff:ffff\",\"prefix\":\"2001:db8:1::/64\",\"protocol\":0,\"ports\":\"0-65535\"}]}");
}

static void describes_configuration_and_eap(void)
{
    static const uint8_t cp[] = {2, 0, 0, 0, 0, 1, 0, 4, 10, 1, 0, 2, 0x7f, 0xff, 0, 0};
    static const uint8_t request[] = {1, 7, 0, 6, 26, 0xaa};
    static const uint8_t success[] = {3, 7, 0, 4};

    json_is(PAYLOAD(IKE_PAYLOAD_CP, cp), true,
            "{\"type\":\"CP\",\"cfg_type\":\"CFG_REPLY\",\"attributes\":["
            "{\"number\":1,\"name\":\"INTERNAL_IP4_ADDRESS\",\"value\":\"0a010002\"},"
            "{\"number\":32767,\"name\":\"32767\",\"value\":\"\"}]}");
    json_is(PAYLOAD(IKE_PAYLOAD_EAP, request), true,
            "{\"type\":\"EAP\",\"code\":\"Request\",\"identifier\":7,\"eap_type\":26,"
            "\"data\":\"aa\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_EAP, success), true,
            "{\"type\":\"EAP\",\"code\":\"Success\",\"identifier\":7}");
}

static void describes_what_it_cannot_look_into(void)
{
    static const uint8_t skf[] = {0, 2, 0, 3, 9, 9, 9};
    struct payload critical = PAYLOAD(201, three_bytes);

    json_is(PAYLOAD(IKE_PAYLOAD_SK, three_bytes), false, "{\"type\":\"SK\",\"size\":3}");
    json_is(PAYLOAD(IKE_PAYLOAD_SKF, skf), false,
            "{\"type\":\"SKF\",\"fragment\":2,\"fragments\":3,\"size\":3}");
    json_is(PAYLOAD(IKE_PAYLOAD_VENDOR_ID, three_bytes), false,
            "{\"type\":\"V\",\"size\":3,\"data\":\"abcdef\"}");
    critical.is_critical = true;
    json_is(critical, false,
            "{\"type\":\"payload(201)\",\"critical\":true,\"size\":3,\"data\":\"abcdef\"}");
}

static void describes_faults(void)
{
    json_is(PAYLOAD(IKE_PAYLOAD_NOTIFY, short_body), false,
            "{\"type\":\"N\",\"fault\":\"truncated\",\"section\":\"rfc7296#section-3.10\","
            "\"bytes\":\"010000\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_NONCE, short_body), true,
            "{\"type\":\"Nr\",\"fault\":\"bad length\",\"section\":\"rfc7296#section-3.9\","
            "\"bytes\":\"010000\"}");
    json_is(PAYLOAD(IKE_PAYLOAD_SKF, short_body), true,
            "{\"type\":\"SKF\",\"fault\":\"truncated\",\"section\":\"rfc7383#section-2.5\","
            "\"bytes\":\"010000\"}");
}

// Any body under any type gives one JSON object.
static void any_bytes_give_json(void)
{
    size_t wrong = 0;
    uint8_t body[48];
    for (unsigned type = 0; type <= UINT8_MAX; type++) {
        for (size_t size = 0; size <= sizeof(body); size++) {
            static struct collected got;
            memset(body, (int)((size_t)type * 7 + size), sizeof(body));
            const struct payload payload = {
                .type = (uint8_t)type, .body = {.data = body, .size = size}
            };
            got = (struct collected){.used = 0};
            describe_payload_json(&payload, false, &(struct text_sink){collect, &got});
            json_t *json = json_loads(got.text, JSON_REJECT_DUPLICATES, NULL);
            wrong += !json_is_object(json);
            json_decref(json);
        }
    }
    ok(wrong == 0, "every type with 0 to 48 bytes");
}

static void strings_are_escaped(void)
{
    static struct collected got;
    uint8_t all[256];
    for (unsigned i = 0; i < sizeof(all); i++) {
        all[i] = (uint8_t)i;
    }
    json_put_string(&(struct text_sink){collect, &got}, VIEW_OF(all));
    json_t *json = json_loads(got.text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    ok(json_is_string(json), "all 256 bytes make a JSON string");
    ok(json_is_string(json) && json_string_length(json) == 128 + 2 * (size_t)128,
       "every byte is one character (from 0x80 on two bytes of UTF-8)");
    json_decref(json);
}

static void every_fault_has_a_name(void)
{
    for (unsigned kind = WIRE_OK; kind <= WIRE_TOO_MANY; kind++) {
        ok(strcmp(wire_fault_name((enum wire_fault_kind)kind), "unknown fault") != 0, "%s",
           wire_fault_name((enum wire_fault_kind)kind));
    }
}

int main(void)
{
    names_every_payload();
    a_payload_set_is_one_line();
    describes_proposals();
    describes_unknown_attributes();
    describes_key_exchange_and_nonce();
    describes_identities();
    describes_authentication_and_certificates();
    describes_notifies_and_deletes();
    describes_traffic_selectors();
    describes_configuration_and_eap();
    describes_what_it_cannot_look_into();
    describes_faults();
    any_bytes_give_json();
    strings_are_escaped();
    every_fault_has_a_name();
    return done_testing();
}
