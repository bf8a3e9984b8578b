#include "refgw/ike/auth_peer.h"

#include <stdio.h>
#include <string.h>

#include "refgw/ike/auth_psk.h"
#include "refgw/ike/auth_signature.h"
#include "refgw/ike/connection_choice.h"
#include "refgw/ike/reporting.h"
#include "refgw/wire/certificate.h"

enum {
    CERTIFICATE_X509_SIGNATURE = 4, // the only encoding that is read or written here
    HASHES_CAPACITY = 16,
    MOST_ANCHORS = 64, // named in one CERTREQ; it is a hint only
    NANOSECONDS = 1000000000,
};

// --- IKE_SA_INIT --------------------------------------------------------------------------

//= rfc7427#section-4
//= reason=both sides tell the hashes they can verify signatures with in IKE_SA_INIT
static void put_hashes(struct outgoing_draft *draft)
{
    uint8_t buffer[HASHES_CAPACITY];
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view data;
    signature_hashes_put(&out);
    if (writer_finish(&out, &data)) {
        outgoing_draft_put_notify(draft, NOTIFY_SIGNATURE_HASH_ALGORITHMS, data);
    }
}

void auth_put_init_request(const struct policy_connection *connection, struct outgoing_draft *draft)
{
    if (policy_certificates_in_use(&connection->certificates)) {
        put_hashes(draft);
    }
}

// The responder does not know yet which of its connections is meant.
static const struct policy_connection *find_for_signatures(const struct ike_engine *engine,
                                                           const struct network_path *path)
{
    const struct ike_policy *policy = engine->setup.policy;
    size_t index = 0;
    const struct policy_connection *connection = connection_for_path(policy, path, index);
    while (connection != NULL && !policy_certificates_in_use(&connection->certificates)) {
        index++;
        connection = connection_for_path(policy, path, index);
    }
    return connection;
}

void auth_put_init_answer(const struct ike_engine *engine, const struct ike_sa *sa,
                          const struct network_path *path, struct outgoing_draft *draft)
{
    const struct policy_connection *connection =
        policy_certificates_in_use(&sa->connection->certificates)
            ? sa->connection
            : find_for_signatures(engine, path);
    if (connection != NULL) {
        put_hashes(draft);
        auth_put_request(connection, &draft->payloads);
    }
}

void auth_take_init(const struct exchange *exchange, struct ike_sa *sa)
{
    struct byte_view data;
    uint32_t hashes = 0;
    if (exchange_find_notify(exchange, NOTIFY_SIGNATURE_HASH_ALGORITHMS, &data) &&
        signature_hashes_read(data, &hashes)) {
        sa->initial->peer_hashes = hashes;
    }
}

// --- Our side of IKE_AUTH -----------------------------------------------------------------

//= rfc7296#section-3.6
//= reason=the first certificate holds the key that signs the AUTH payload
void auth_put_certificates(const struct policy_connection *connection, struct message_draft *draft)
{
    const struct policy_certificates *own = &connection->certificates;
    for (size_t i = 0; own->key != NULL && i < own->chain_count; i++) {
        const struct certificate certificate = {.encoding = CERTIFICATE_X509_SIGNATURE,
                                                .data = octets_view(&own->chain[i])};
        payload_begin(draft, IKE_PAYLOAD_CERT, false);
        certificate_write(draft->out, &certificate);
        payload_end(draft);
    }
}

void auth_put_request(const struct policy_connection *connection, struct message_draft *draft)
{
    const struct policy_certificates *certificates = &connection->certificates;
    uint8_t hashes[MOST_ANCHORS * CERTIFICATE_KEY_HASH_SIZE];
    struct byte_writer out = writer_into(hashes, sizeof(hashes));
    struct certificate request = {.encoding = CERTIFICATE_X509_SIGNATURE};
    // Too many anchors to name: without a hint the peer sends what it has.
    if (certificates->trust == NULL ||
        !certificates->provider->put_anchor_hashes(certificates->trust, &out) ||
        !writer_finish(&out, &request.data)) {
        return;
    }
    payload_begin(draft, IKE_PAYLOAD_CERTREQ, false);
    certificate_write(draft->out, &request);
    payload_end(draft);
}

static void report_problem(struct ike_engine *engine, const struct ike_sa *sa,
                           const struct policy_connection *connection,
                           const struct certificate_finding *finding)
{
    struct ike_report report =
        report_about(IKE_REPORT_AUTHENTICATION_REJECTED, sa, finding->reason);
    report.connection = connection->name;
    report.section = finding->section;
    memcpy(report.subject, finding->subject, sizeof(report.subject));
    memcpy(report.serial, finding->serial, sizeof(report.serial));
    report_set_text(&report, finding->detail);
    action_queue_report(&engine->actions, &report);
}

bool auth_put(struct ike_engine *engine, const struct ike_sa *sa,
              const struct policy_connection *connection, struct message_draft *draft)
{
    if (connection->certificates.key == NULL) {
        return auth_psk_put(engine, sa, connection, draft);
    }
    if (auth_signature_put(engine, sa, connection, draft)) {
        return true;
    }
    const struct certificate_finding finding = {
        .reason = "no-common-signature",
        .section = "rfc7427#section-4",
        .detail = "the peer can verify no signature that our key can make",
    };
    report_problem(engine, sa, connection, &finding);
    return false;
}

// --- The peer's side ----------------------------------------------------------------------

static struct certificate_finding finding_of(const char *reason, const char *section)
{
    return (struct certificate_finding){.reason = reason, .section = section};
}

// The X.509 certificates in the order of the message. False when the first CERT is of another
// encoding or there are too many.
static bool collect(const struct payload_list *payloads,
                    struct byte_view out_certificates[CERTIFICATE_MOST], size_t *out_count)
{
    size_t count = 0;
    bool is_first = true;
    for (size_t i = 0; i < payloads->count; i++) {
        struct certificate certificate;
        struct wire_fault fault;
        if (payloads->items[i].type != IKE_PAYLOAD_CERT) {
            continue;
        }
        if (!certificate_read(payloads->items[i].body, &certificate, &fault)) {
            return false;
        }
        const bool is_x509 = certificate.encoding == CERTIFICATE_X509_SIGNATURE;
        if ((is_first && !is_x509) || (is_x509 && count == CERTIFICATE_MOST)) {
            return false;
        }
        is_first = false;
        if (is_x509) {
            out_certificates[count++] = certificate.data;
        }
    }
    *out_count = count;
    return true;
}

static int64_t calendar_now(const struct ike_engine *engine)
{
    return engine->setup.calendar_start + (int64_t)(engine->now.nanoseconds / NANOSECONDS);
}

static struct public_key *peer_key(const struct exchange *exchange,
                                   const struct policy_connection *connection,
                                   struct byte_view id_body,
                                   struct certificate_finding *out_finding)
{
    const struct policy_certificates *policy = &connection->certificates;
    struct byte_view certificates[CERTIFICATE_MOST];
    struct identification identity;
    struct wire_fault fault;
    size_t count = 0;
    if (!identification_read(id_body, &identity, &fault) ||
        !collect(exchange->payloads, certificates, &count)) {
        *out_finding = finding_of("certificate-encoding", "rfc7296#section-3.6");
        return NULL;
    }
    const struct certificate_check check = {
        .certificates = certificates,
        .count = count,
        .now = calendar_now(exchange->engine),
        .revocation = policy->revocation,
        .ignores_extended_key_usage = policy->ignores_extended_key_usage,
        .id_type = identity.type,
        .id = identity.data,
    };
    return policy->provider->validate(policy->trust, &check, out_finding);
}

static bool verify_signature(struct exchange *exchange, const struct policy_connection *connection,
                             struct byte_view id_body, struct byte_view auth_body)
{
    struct certificate_finding finding;
    struct public_key *key = peer_key(exchange, connection, id_body, &finding);
    if (key != NULL) {
        const char *problem = auth_signature_verify(exchange->engine, exchange->sa, connection, key,
                                                    id_body, auth_body);
        public_key_free(key);
        if (problem == NULL) {
            return true;
        }
        finding.reason = problem;
        finding.section = "rfc7296#section-2.15";
    }
    report_problem(exchange->engine, exchange->sa, connection, &finding);
    return false;
}

bool auth_verify(struct exchange *exchange, const struct policy_connection *connection,
                 struct byte_view id_body)
{
    const struct byte_view auth_body =
        payload_list_find(exchange->payloads, IKE_PAYLOAD_AUTH)->body;
    // The policy alone decides how a peer has to authenticate, nothing that it sends.
    return connection->certificates.trust != NULL
               ? verify_signature(exchange, connection, id_body, auth_body)
               : auth_psk_verify(exchange->engine, exchange->sa, connection, id_body, auth_body);
}

bool auth_identity_matches(const struct ike_engine *engine, const struct policy_identity *wanted,
                           const struct identification *identity)
{
    const struct certificate_provider *certificates = engine->setup.crypto->certificates;
    if (wanted->type == ID_DER_ASN1_DN && identity->type == ID_DER_ASN1_DN &&
        certificates != NULL) {
        const struct byte_view name = {.data = wanted->data, .size = wanted->size};
        return certificates->names_equal(name, identity->data);
    }
    return identity_matches(wanted, identity);
}
