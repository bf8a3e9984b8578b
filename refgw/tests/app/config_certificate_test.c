// The configuration's words for certificates.
#include "refgw/app/config.h"

#include "harness/tap/tap.h"
#include "refgw/tests/test_pki.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_SIZE = 2048 };

static struct config_faults faults;
static char folder[] = "/tmp/refgw-cert-XXXXXX";
static const char *const FILES[] = {"own.pem", "own.key",  "ca.pem",  "ca.crl",
                                    "lab.key", "open.key", "leaf.pem"};

static void write_file(const char *name, const void *data, size_t size, mode_t mode)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0 || write(descriptor, data, size) != (ssize_t)size ||
        fchmod(descriptor, mode) != 0 || close(descriptor) != 0) {
        abort();
    }
}

static void write_and_free(const char *name, uint8_t *data, size_t size, mode_t mode)
{
    write_file(name, data, size, mode);
    free(data);
}

static void write_lab_key(const uint8_t *key, size_t size)
{
    static const char mark[] = "ikelab lab key - everybody can make it, never trust it\n";
    uint8_t text[TEXT_SIZE];
    if (sizeof(mark) + size > sizeof(text)) {
        abort();
    }
    memcpy(text, mark, sizeof(mark) - 1);
    memcpy(text + sizeof(mark) - 1, key, size);
    write_file("lab.key", text, sizeof(mark) - 1 + size, 0600);
}

static void make_files(void)
{
    const struct test_certificate ca = {.subject = "root",
                                        .key = "p256",
                                        .constraints = "critical,CA:TRUE",
                                        .key_usage = "critical,keyCertSign,cRLSign"};
    const struct test_certificate leaf = {
        .subject = "west", .key = "p256", .alternatives = "DNS:west.example.test"};
    struct test_entity root = test_pki_make(&ca, NULL);
    struct test_entity own = test_pki_make(&leaf, &root);
    size_t size = 0;
    uint8_t *data = test_pki_pem(&own, &size);
    write_file("leaf.pem", data, size, 0644);
    write_and_free("own.pem", data, size, 0644);
    data = test_pki_key_pem(&own, &size);
    write_lab_key(data, size);
    write_file("open.key", data, size, 0640);
    write_and_free("own.key", data, size, 0600);
    data = test_pki_pem(&root, &size);
    write_and_free("ca.pem", data, size, 0644);
    data = test_pki_crl(&root, NULL, TEST_PKI_NOW, TEST_PKI_NOW + TEST_PKI_YEAR, &size);
    write_and_free("ca.crl", data, size, 0644);
    test_pki_free(&own);
    test_pki_free(&root);
}

static bool parse(const char *gateway, const char *statements, struct config *out_config)
{
    char text[TEXT_SIZE];
    (void)snprintf(text, sizeof(text),
                   "gateway { %s }\nconnection c { remote 198.51.100.1; id local fqdn a.example; "
                   "child n { local 203.0.113.0/26; remote 203.0.113.64/26 }\n%s\n}",
                   gateway, statements);
    return config_parse((struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)},
                        folder, out_config, &faults);
}

#define ANY  "id remote any; "
#define OWN  "auth cert own.pem key own.key; "
#define PEER "auth remote cert ca ca.pem; "

static void certificates_are_read(void)
{
    struct config config;
    const bool is_read = parse("",
                               ANY "auth cert own.pem key own.key chain ca.pem rsa pkcs1; "
                                   "auth remote cert ca ca.pem crl ca.crl revocation ifuri eku "
                                   "ignore method-1 accept",
                               &config);
    if (!ok(is_read, "every word for certificates")) {
        note("%s", faults.items[0].message);
        return;
    }
    const struct policy_certificates *c = &config.policy.connections[0].certificates;
    ok(c->key != NULL && c->chain_count == 2 && c->prefers_pkcs1 && c->trust != NULL &&
           c->revocation == REVOCATION_IF_URI && c->ignores_extended_key_usage &&
           c->accepts_method_1 && !c->is_of_lab,
       "is understood");
    config_clear(&config);
    ok(parse("", ANY OWN PEER, &config), "the short form");
    c = &config.policy.connections[0].certificates;
    ok(!c->prefers_pkcs1 && c->revocation == REVOCATION_RELAXED && !c->ignores_extended_key_usage &&
           !c->accepts_method_1,
       "has the safe defaults: PSS, EKU checked, no method 1");
    config_clear(&config);
}

static void each_direction_stands_for_itself(void)
{
    struct config config;
    ok(parse("", ANY OWN "auth psk x", &config), "a certificate of ours, a shared key of the peer");
    ok(config.policy.connections[0].certificates.trust == NULL, "whose certificate nobody reads");
    config_clear(&config);
    ok(parse("", ANY PEER "auth psk x", &config), "the other way round");
    ok(config.policy.connections[0].certificates.key == NULL, "without a key of ours");
    config_clear(&config);
}

static void names_become_identities(void)
{
    static const uint8_t wanted[] = {
        0x30, 0x1d, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x04, 'A', ',', ' ',
        'B',  0x31, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x03, 'w',  's', 't'};
    struct config config;
    if (!ok(parse("", "id remote dn \"O=A\\\\, B, CN=wst\"; auth psk x", &config),
            "id remote dn")) {
        note("%s", faults.items[0].message);
        return;
    }
    const struct policy_identity *id = &config.policy.connections[0].remote_identity;
    ok(id->type == ID_DER_ASN1_DN &&
           view_equals((struct byte_view){.data = id->data, .size = id->size}, VIEW_OF(wanted)),
       "is the name in DER");
    config_clear(&config);
}

struct fault_row {
    const char *statements;
    const char *part;
};

static const struct fault_row FAULTS[] = {
    {ANY OWN,                                           "cannot check its peer"                 },
    {ANY PEER,                                          "cannot prove who it is"                },
    {ANY OWN PEER "auth psk x",                         "leave `auth psk` out"                  },
    {ANY OWN OWN PEER,                                  "there is an `auth cert` already"       },
    {ANY OWN PEER PEER,                                 "there is an `auth remote cert` already"},
    {ANY "auth psk x; auth psk y",                      "there is a pre-shared key already"     },
    {ANY PEER "auth cert own.pem",                      "write: auth cert FILE key FILE"        },
    {ANY PEER "auth cert own.pem key open.key",         "chmod 600"                             },
    {ANY PEER "auth cert own.pem key absent",           "cannot read"                           },
    {ANY PEER "auth cert own.pem key own.pem",          "others may read"                       },
    {ANY PEER "auth cert own.key key own.key",          "1 to 16 certificates in PEM"           },
    {ANY PEER "auth cert ca.pem key own.key",           "do not belong together"                },
    {ANY PEER "auth cert own.pem key own.key rsa x",    "allowed: pss, pkcs1"                   },
    {ANY PEER "auth cert own.pem key own.key colour x", "unknown word \"colour\""               },
    {ANY OWN "auth remote cert ca leaf.pem",            "may issue no others"                   },
    {ANY OWN "auth remote cert ca own.key",             "holds no certificate in PEM"           },
    {ANY OWN "auth remote cert ca ca.pem crl own.pem",  "holds no certificate revocation list"  },
    {ANY OWN "auth remote cert ca ca.pem revocation x", "allowed: strict, ifuri, relaxed"       },
    {ANY OWN "auth remote cert ca ca.pem eku x",        "allowed: check, ignore"                },
    {ANY OWN "auth remote cert ca ca.pem method-1 x",   "allowed: refuse, accept"               },
    {ANY OWN "auth remote key ca ca.pem",               "write: auth remote cert ca FILE"       },
    {ANY PEER "auth cert own.pem key lab.key",          "lab on"                                },
    {"id remote dn west; auth psk x",                   "is no distinguished name"              },
    {"id remote dn \"CN=\"; auth psk x",                "is no distinguished name"              },
};

static void every_fault_says_what_to_do(void)
{
    for (size_t i = 0; i < sizeof(FAULTS) / sizeof(FAULTS[0]); i++) {
        struct config config;
        const bool is_read = parse("", FAULTS[i].statements, &config);
        bool is_named = false;
        for (size_t j = 0; !is_read && j < faults.count; j++) {
            is_named = is_named || strstr(faults.items[j].message, FAULTS[i].part) != NULL;
        }
        ok(is_named, "%s: %s", FAULTS[i].statements, FAULTS[i].part);
        if (is_read) {
            config_clear(&config);
        } else if (!is_named) {
            note("%s", faults.items[0].message);
        }
    }
}

static void lab_keys_are_taken_when_told(void)
{
    struct config config;
    const bool is_read = parse("lab on", ANY PEER "auth cert own.pem key lab.key", &config);
    ok(is_read, "a key of the lab with `lab on`");
    if (is_read) {
        ok(config.policy.connections[0].certificates.is_of_lab, "is known as such");
        config_clear(&config);
    }
}

int main(void)
{
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    make_files();
    certificates_are_read();
    each_direction_stands_for_itself();
    names_become_identities();
    every_fault_says_what_to_do();
    lab_keys_are_taken_when_told();
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, FILES[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
    return done_testing();
}
