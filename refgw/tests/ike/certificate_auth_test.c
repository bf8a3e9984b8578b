// IKE_AUTH with certificates, end to end: RFC 7427, RFC 4945 and what a peer must not get away
// with.
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/tests/ike_pair.h"
#include "refgw/tests/test_pki.h"

#include <stdlib.h>
#include <string.h>

static const char CA[] = "critical,CA:TRUE";
static const char CA_USAGE[] = "critical,keyCertSign,cRLSign";
static const char *const NAMES[] = {"DNS:west.example.test", "DNS:east.example.test"};

static struct test_entity make_root(const char *name)
{
    const struct test_certificate root = {
        .subject = name, .key = "p256", .constraints = CA, .key_usage = CA_USAGE};
    return test_pki_make(&root, NULL);
}

static struct test_certificate leaf_of(unsigned host, const char *key)
{
    return (struct test_certificate){.subject = host == WEST ? "west" : "east",
                                     .key = key,
                                     .alternatives = NAMES[host],
                                     .key_usage = "digitalSignature"};
}

static void use_key(struct policy_connection *connection, const struct test_entity *entity)
{
    size_t size = 0;
    uint8_t *pem = test_pki_key_pem(entity, &size);
    connection->certificates.key = openssl_provider()->signatures->private_key_read(
        (struct byte_view){.data = pem, .size = size});
    if (connection->certificates.key == NULL) {
        abort();
    }
    free(pem);
}

static void add_certificate(struct policy_connection *connection, const struct test_entity *entity)
{
    struct policy_certificates *certificates = &connection->certificates;
    size_t size = 0;
    uint8_t *der = test_pki_der(entity, &size);
    if (!octets_set(&certificates->chain[certificates->chain_count],
                    (struct byte_view){.data = der, .size = size})) {
        abort();
    }
    certificates->chain_count++;
    free(der);
}

static void trust(struct policy_connection *connection, const struct test_entity *anchor)
{
    struct policy_certificates *certificates = &connection->certificates;
    size_t size = 0;
    uint8_t *pem = test_pki_pem(anchor, &size);
    const char *problem = "";
    certificates->provider = openssl_provider()->certificates;
    if (certificates->trust == NULL) {
        certificates->trust = certificates->provider->trust_store_new();
    }
    if (!certificates->provider->add_anchors(
            certificates->trust, (struct byte_view){.data = pem, .size = size}, &problem)) {
        abort();
    }
    free(pem);
}

static void add_crl(struct policy_connection *connection, const struct test_entity *issuer,
                    const struct test_entity *revoked, int64_t next_update)
{
    size_t size = 0;
    const char *problem = "";
    uint8_t *der =
        test_pki_crl(issuer, revoked, TEST_PKI_NOW - TEST_PKI_YEAR / 2, next_update, &size);
    if (!connection->certificates.provider->add_crls(connection->certificates.trust,
                                                     (struct byte_view){.data = der, .size = size},
                                                     &problem)) {
        abort();
    }
    free(der);
}

// Two gateways; west shows `west`, east shows `east`, both trust `root`.
static struct ike_pair *make_pair(const struct test_entity *root, const struct test_entity *west,
                                  const struct test_entity *east)
{
    struct ike_pair *pair = ike_pair_new();
    const struct test_entity *const entities[] = {west, east};
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        struct policy_connection *connection = ike_pair_connection(pair, host);
        secret_clear(&connection->psk);
        use_key(connection, entities[host]);
        add_certificate(connection, entities[host]);
        trust(connection, root);
    }
    return pair;
}

static void run(struct ike_pair *pair)
{
    ike_pair_start(pair);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        ike_engine_set_calendar(pair->network.hosts[host].engine, TEST_PKI_NOW);
    }
    ike_pair_bring_up(pair);
}

static bool comes_up(struct ike_pair *pair)
{
    run(pair);
    const bool is_up = ike_pair_is_up(pair);
    ike_pair_free(pair);
    return is_up;
}

// East refuses west for `reason`, once, and no CHILD_SA is left anywhere.
static bool is_refused(struct ike_pair *pair, const char *reason)
{
    run(pair);
    ike_pair_run(pair, 60);
    const bool is_refused =
        ike_pair_reports(pair, EAST, IKE_REPORT_AUTHENTICATION_REJECTED, reason) == 1 &&
        ike_pair_reports(pair, EAST, IKE_REPORT_AUTHENTICATION_REJECTED, NULL) == 1 &&
        ike_pair_reports(pair, EAST, IKE_REPORT_CHILD_SA_INSTALLED, NULL) == 0 &&
        ike_pair_reports(pair, WEST, IKE_REPORT_CHILD_SA_INSTALLED, NULL) == 0 &&
        ike_pair_reports(pair, WEST, IKE_REPORT_IKE_SA_CLOSED, "local-auth-failed") == 1 &&
        ike_pair_is_down(pair);
    ike_pair_free(pair);
    return is_refused;
}

static void every_kind_of_key_authenticates(void)
{
    static const char *const kinds[] = {"rsa2048", "rsa3072", "p256", "p384",
                                        "p521",    "ed25519", "ed448"};
    struct test_entity root = make_root("root");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct test_certificate wanted[] = {leaf_of(WEST, kinds[i]), leaf_of(EAST, kinds[i])};
        struct test_entity west = test_pki_make(&wanted[WEST], &root);
        struct test_entity east = test_pki_make(&wanted[EAST], &root);
        ok(comes_up(make_pair(&root, &west, &east)), "%s on both sides", kinds[i]);
        struct ike_pair *pair = make_pair(&root, &west, &east);
        ike_pair_connection(pair, WEST)->certificates.prefers_pkcs1 = true;
        ok(comes_up(pair), "%s, PKCS #1 v1.5 where it is RSA", kinds[i]);
        test_pki_free(&west);
        test_pki_free(&east);
    }
    test_pki_free(&root);
}

static void one_side_may_use_a_shared_key(void)
{
    static const uint8_t key[] = "a pre-shared key for tests";
    struct test_entity root = make_root("root");
    const struct test_certificate wanted = leaf_of(EAST, "p256");
    struct test_entity east = test_pki_make(&wanted, &root);
    for (unsigned is_wrong = 0; is_wrong < 2; is_wrong++) {
        struct ike_pair *pair = ike_pair_new();
        use_key(ike_pair_connection(pair, EAST), &east);
        add_certificate(ike_pair_connection(pair, EAST), &east);
        trust(ike_pair_connection(pair, WEST), &root);
        if (is_wrong != 0 && !secret_set(&ike_pair_connection(pair, WEST)->psk,
                                         (struct byte_view){.data = key, .size = 3})) {
            abort();
        }
        ok(comes_up(pair) == (is_wrong == 0), "a shared key one way, a certificate the other%s",
           is_wrong != 0 ? "; a wrong key is refused" : "");
    }
    test_pki_free(&east);
    test_pki_free(&root);
}

static void chains_are_built_and_limited(void)
{
    struct test_entity root = make_root("root");
    const struct test_certificate middle = {.subject = "middle",
                                            .key = "p384",
                                            .constraints = "critical,CA:TRUE,pathlen:0",
                                            .key_usage = CA_USAGE};
    struct test_entity intermediate = test_pki_make(&middle, &root);
    struct test_certificate below = middle;
    below.subject = "below";
    struct test_entity lower = test_pki_make(&below, &intermediate);
    const struct test_certificate wanted[] = {leaf_of(WEST, "p256"), leaf_of(EAST, "p256")};
    struct test_entity west = test_pki_make(&wanted[WEST], &intermediate);
    struct test_entity deep = test_pki_make(&wanted[WEST], &lower);
    struct test_entity east = test_pki_make(&wanted[EAST], &root);

    struct ike_pair *pair = make_pair(&root, &west, &east);
    add_certificate(ike_pair_connection(pair, WEST), &intermediate);
    ok(comes_up(pair), "a chain over an intermediate CA");

    pair = make_pair(&root, &west, &east);
    add_certificate(ike_pair_connection(pair, WEST), &deep);
    add_certificate(ike_pair_connection(pair, WEST), &lower);
    add_certificate(ike_pair_connection(pair, WEST), &intermediate);
    ok(comes_up(pair), "others may come in any order and need not all belong to it");

    ok(is_refused(make_pair(&root, &west, &east), "unknown-issuer"),
       "without the intermediate there is no chain");

    pair = make_pair(&root, &deep, &east);
    add_certificate(ike_pair_connection(pair, WEST), &lower);
    add_certificate(ike_pair_connection(pair, WEST), &intermediate);
    ok(is_refused(pair, "path-too-long"), "pathLenConstraint holds");

    pair = make_pair(&root, &west, &east);
    add_certificate(ike_pair_connection(pair, EAST), &intermediate);
    trust(ike_pair_connection(pair, EAST), &intermediate);
    ok(comes_up(pair), "an intermediate CA as trust anchor");

    test_pki_free(&west);
    test_pki_free(&deep);
    test_pki_free(&east);
    test_pki_free(&lower);
    test_pki_free(&intermediate);
    test_pki_free(&root);
}

struct bad_row {
    const char *what;
    const char *reason;
    struct test_certificate change; // members that differ from a good certificate
};

static const struct bad_row BAD[] = {
    {"N-CERT-01 expired",                      "certificate-expired",       {.not_after = TEST_PKI_NOW - 5}                                 },
    {"N-CERT-01 not yet valid",                "certificate-not-yet-valid", {.not_before = TEST_PKI_NOW + 60}                               },
    {"N-CERT-01 key usage without signatures", "key-usage",                 {.key_usage = "keyEncipherment"}                                },
    {"N-CERT-01 EKU of a mail program",
     "extended-key-usage",                                                  {.extended_key_usage = "emailProtection"}                       },
    {"N-CERT-01 unknown critical extension",
     "critical-extension",                                                  {.unknown_critical = "critical,ASN1:NULL"}                      },
    {"N-ID another name",                      "identity-mismatch",         {.alternatives = "DNS:north.example.test"}                      },
    {"N-ID a wildcard",                        "identity-mismatch",         {.alternatives = "DNS:*.example.test"}                          },
    {"N-ID the name as a mail address",
     "identity-mismatch",                                                   {.alternatives = "email:west.example.test"}                     },
    {"N-ID the name in the subject only",
     "identity-mismatch",                                                   {.subject = "west.example.test", .alternatives = "IP:192.0.2.1"}},
    {"N-CERT-04 RSA with 1024 bits",           "weak-key",                  {.key = "rsa1024"}                                              },
    {"SHA-1 in the certificate",               "weak-hash",                 {.digest = "SHA1"}                                              },
};

static struct test_certificate changed(const struct test_certificate *change)
{
    struct test_certificate wanted = leaf_of(WEST, "rsa2048");
    wanted.subject = change->subject != NULL ? change->subject : wanted.subject;
    wanted.key = change->key != NULL ? change->key : wanted.key;
    wanted.alternatives = change->alternatives != NULL ? change->alternatives : wanted.alternatives;
    wanted.key_usage = change->key_usage != NULL ? change->key_usage : wanted.key_usage;
    wanted.extended_key_usage = change->extended_key_usage;
    wanted.unknown_critical = change->unknown_critical;
    wanted.digest = change->digest;
    wanted.not_before = change->not_before;
    wanted.not_after = change->not_after;
    return wanted;
}

static void bad_certificates_are_refused(void)
{
    struct test_entity root = make_root("root");
    const struct test_certificate good[] = {leaf_of(WEST, "rsa2048"), leaf_of(EAST, "p256")};
    struct test_entity west = test_pki_make(&good[WEST], &root);
    struct test_entity east = test_pki_make(&good[EAST], &root);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        const struct test_certificate wanted = changed(&BAD[i].change);
        struct test_entity bad = test_pki_make(&wanted, &root);
        struct ike_pair *pair = make_pair(&root, &west, &east);
        struct policy_connection *connection = ike_pair_connection(pair, WEST);
        // Keys too weak to sign with are shown with the good key: the certificate comes first.
        if (BAD[i].change.key == NULL) {
            private_key_free(connection->certificates.key);
            use_key(connection, &bad);
        }
        connection->certificates.chain_count = 0;
        add_certificate(connection, &bad);
        ok(is_refused(pair, BAD[i].reason), "%s: %s", BAD[i].what, BAD[i].reason);
        test_pki_free(&bad);
    }
    test_pki_free(&west);
    test_pki_free(&east);
    test_pki_free(&root);
}

static void good_extended_key_usages_pass(void)
{
    struct test_entity root = make_root("root");
    static const char *const usages[] = {"ipsecIKE", "anyExtendedKeyUsage", "emailProtection"};
    for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
        struct test_certificate wanted[] = {leaf_of(WEST, "p256"), leaf_of(EAST, "p256")};
        wanted[WEST].extended_key_usage = usages[i];
        struct test_entity west = test_pki_make(&wanted[WEST], &root);
        struct test_entity east = test_pki_make(&wanted[EAST], &root);
        struct ike_pair *pair = make_pair(&root, &west, &east);
        ike_pair_connection(pair, EAST)->certificates.ignores_extended_key_usage = i == 2;
        ok(comes_up(pair), "%s%s", usages[i], i == 2 ? " where it is to be ignored" : "");
        test_pki_free(&west);
        test_pki_free(&east);
    }
    test_pki_free(&root);
}

static void issuers_are_held_to_what_they_may(void)
{
    // clang-format off
    static const struct test_certificate issuers[] = {
        {.subject = "no CA",      .key = "p256", .constraints = "CA:FALSE", .key_usage = CA_USAGE          },
        {.subject = "no signing", .key = "p256", .constraints = CA,         .key_usage = "digitalSignature"},
        {.subject = "version 1",  .key = "p256", .key_usage = CA_USAGE                                     },
        {.subject = "permitted",
         .key = "p256",
         .constraints = CA,
         .key_usage = CA_USAGE,
         .name_constraints = "critical,permitted;DNS:example.org"                                          },
        {.subject = "excluded",
         .key = "p256",
         .constraints = CA,
         .key_usage = CA_USAGE,
         .name_constraints = "critical,excluded;DNS:EXAMPLE.test"                                          },
    };
    // clang-format on
    static const char *const reasons[] = {"issuer-is-no-ca", "issuer-is-no-ca", "issuer-is-no-ca",
                                          "name-constraint", "name-constraint"};
    struct test_entity root = make_root("root");
    const struct test_certificate wanted[] = {leaf_of(WEST, "p256"), leaf_of(EAST, "p256")};
    struct test_entity east = test_pki_make(&wanted[EAST], &root);
    for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++) {
        struct test_entity issuer = test_pki_make(&issuers[i], &root);
        struct test_entity west = test_pki_make(&wanted[WEST], &issuer);
        struct ike_pair *pair = make_pair(&root, &west, &east);
        add_certificate(ike_pair_connection(pair, WEST), &issuer);
        ok(is_refused(pair, reasons[i]), "N-CERT-01 issuer \"%s\": %s", issuers[i].subject,
           reasons[i]);
        test_pki_free(&west);
        test_pki_free(&issuer);
    }
    test_pki_free(&east);
    test_pki_free(&root);
}

static void others_roots_mean_nothing(void)
{
    struct test_entity root = make_root("root");
    struct test_entity other = make_root("other");
    struct test_entity same_name = make_root("root");
    const struct test_certificate wanted[] = {leaf_of(WEST, "p256"), leaf_of(EAST, "p256")};
    struct test_entity east = test_pki_make(&wanted[EAST], &root);
    struct test_entity west = test_pki_make(&wanted[WEST], &other);
    struct test_entity alike = test_pki_make(&wanted[WEST], &same_name);
    struct test_entity alone = test_pki_make(&wanted[WEST], NULL);

    struct ike_pair *pair = make_pair(&root, &west, &east);
    add_certificate(ike_pair_connection(pair, WEST), &other);
    ok(is_refused(pair, "unknown-issuer"), "another root, sent along");
    ok(is_refused(make_pair(&root, &alike, &east), "certificate-signature"),
       "a root of the same name with another key");
    ok(is_refused(make_pair(&root, &alone, &east), "unknown-issuer"), "self-signed");
    pair = make_pair(&root, &root, &east);
    ok(is_refused(pair, "anchor-used-as-end-entity"), "N-CERT-02 the trust anchor itself");

    test_pki_free(&alone);
    test_pki_free(&alike);
    test_pki_free(&west);
    test_pki_free(&east);
    test_pki_free(&same_name);
    test_pki_free(&other);
    test_pki_free(&root);
}

struct crl_row {
    const char *what;
    const char *reason; // NULL: comes up
    enum certificate_revocation policy;
    bool has_crl, revokes, is_stale, names_source;
};

static const struct crl_row CRLS[] = {
    {"relaxed, none",                NULL,                  REVOCATION_RELAXED, false, false, false, true },
    {"relaxed, stale",               NULL,                  REVOCATION_RELAXED, true,  false, true,  true },
    {"relaxed, revoked",             "certificate-revoked", REVOCATION_RELAXED, true,  true,  false, false},
    {"relaxed, stale and revoked",   "certificate-revoked", REVOCATION_RELAXED, true,  true,  true,
     false                                                                                                },
    {"ifuri, none, no source named", NULL,                  REVOCATION_IF_URI,  false, false, false, false},
    {"ifuri, none, a source named",  "crl-missing",         REVOCATION_IF_URI,  false, false, false, true },
    {"ifuri, good",                  NULL,                  REVOCATION_IF_URI,  true,  false, false, true },
    {"ifuri, stale",                 "crl-stale",           REVOCATION_IF_URI,  true,  false, true,  true },
    {"strict, none",                 "crl-missing",         REVOCATION_STRICT,  false, false, false, false},
    {"strict, good",                 NULL,                  REVOCATION_STRICT,  true,  false, false, false},
    {"strict, stale",                "crl-stale",           REVOCATION_STRICT,  true,  false, true,  false},
    {"strict, revoked",              "certificate-revoked", REVOCATION_STRICT,  true,  true,  false, true },
};

static void revocation_follows_the_policy(void)
{
    struct test_entity root = make_root("root");
    for (size_t i = 0; i < sizeof(CRLS) / sizeof(CRLS[0]); i++) {
        const struct crl_row *row = &CRLS[i];
        struct test_certificate wanted[] = {leaf_of(WEST, "p256"), leaf_of(EAST, "p256")};
        wanted[WEST].distribution_points =
            row->names_source ? "URI:http://crl.example.test/root.crl" : NULL;
        struct test_entity west = test_pki_make(&wanted[WEST], &root);
        struct test_entity east = test_pki_make(&wanted[EAST], &root);
        struct ike_pair *pair = make_pair(&root, &west, &east);
        ike_pair_connection(pair, EAST)->certificates.revocation = row->policy;
        if (row->has_crl) {
            add_crl(ike_pair_connection(pair, EAST), &root, row->revokes ? &west : NULL,
                    row->is_stale ? TEST_PKI_NOW - 60 : TEST_PKI_NOW + 3600);
        }
        ok(row->reason == NULL ? comes_up(pair) : is_refused(pair, row->reason),
           "N-CERT-06 revocation: %s", row->what);
        test_pki_free(&west);
        test_pki_free(&east);
    }
    test_pki_free(&root);
}

static void a_list_of_somebody_who_may_not_is_refused(void)
{
    const struct test_certificate issuer = {
        .subject = "root", .key = "p256", .constraints = CA, .key_usage = "critical,keyCertSign"};
    const struct test_certificate wanted[] = {leaf_of(WEST, "p256"), leaf_of(EAST, "p256")};
    struct test_entity root = test_pki_make(&issuer, NULL);
    struct test_entity west = test_pki_make(&wanted[WEST], &root);
    struct test_entity east = test_pki_make(&wanted[EAST], &root);
    struct ike_pair *pair = make_pair(&root, &west, &east);
    add_crl(ike_pair_connection(pair, EAST), &root, NULL, TEST_PKI_NOW + 3600);
    ok(is_refused(pair, "crl-issuer-may-not"), "N-CERT-06 a CRL of a CA without cRLSign");
    test_pki_free(&west);
    test_pki_free(&east);
    test_pki_free(&root);
}

// Another key of the same kind signs (N-AUTH-04).
static void a_stolen_certificate_is_no_use(void)
{
    static const char *const kinds[] = {"rsa2048", "p256", "ed25519"};
    struct test_entity root = make_root("root");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct test_certificate wanted[] = {leaf_of(WEST, kinds[i]), leaf_of(EAST, "p256")};
        struct test_entity west = test_pki_make(&wanted[WEST], &root);
        struct test_entity thief = test_pki_make(&wanted[WEST], NULL);
        struct test_entity east = test_pki_make(&wanted[EAST], &root);
        struct ike_pair *pair = make_pair(&root, &west, &east);
        struct policy_connection *connection = ike_pair_connection(pair, WEST);
        private_key_free(connection->certificates.key);
        use_key(connection, &thief);
        ok(is_refused(pair, "signature-wrong"), "N-AUTH-04 %s: certificate without its key",
           kinds[i]);
        test_pki_free(&west);
        test_pki_free(&thief);
        test_pki_free(&east);
    }
    test_pki_free(&root);
}

static void a_shared_key_does_not_replace_a_certificate(void)
{
    static const uint8_t key[] = "a pre-shared key for tests";
    const struct test_certificate wanted = leaf_of(EAST, "p256");
    struct test_entity root = make_root("root");
    struct test_entity east = test_pki_make(&wanted, &root);
    struct ike_pair *pair = make_pair(&root, &east, &east);
    struct policy_connection *connection = ike_pair_connection(pair, WEST);
    private_key_free(connection->certificates.key);
    connection->certificates.key = NULL;
    if (!secret_set(&connection->psk, VIEW_OF(key)) ||
        !secret_set(&ike_pair_connection(pair, EAST)->psk, VIEW_OF(key))) {
        abort();
    }
    ok(is_refused(pair, "no-certificate"),
       "N-AUTH-03 a shared key where a certificate is asked for");
    test_pki_free(&east);
    test_pki_free(&root);
}

int main(void)
{
    every_kind_of_key_authenticates();
    one_side_may_use_a_shared_key();
    chains_are_built_and_limited();
    bad_certificates_are_refused();
    good_extended_key_usages_pass();
    issuers_are_held_to_what_they_may();
    others_roots_mean_nothing();
    revocation_follows_the_policy();
    a_list_of_somebody_who_may_not_is_refused();
    a_stolen_certificate_is_no_use();
    a_shared_key_does_not_replace_a_certificate();
    return done_testing();
}
