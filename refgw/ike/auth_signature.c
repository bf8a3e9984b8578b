#include "refgw/ike/auth_signature.h"

#include "refgw/wire/authentication.h"

enum {
    MOST_PRF_SIZE = 64,
    AUTH_CAPACITY = SIGNATURE_MOST_SIZE + SIGNATURE_ALGORITHM_MOST_SIZE + 1
};

// What is signed: message | nonce | prf(SK_p, id_body) (RFC 7296, section 2.15).
struct signed_octets {
    struct byte_view parts[3];
    uint8_t maced_id[MOST_PRF_SIZE];
};

static bool make_octets(const struct ike_engine *engine, const struct ike_sa *sa,
                        const struct auth_octets *octets, struct signed_octets *out)
{
    const struct crypto_provider *crypto = engine->setup.crypto;
    const size_t size = crypto->prf_size(sa->suite.prf);
    out->parts[0] = octets->message;
    out->parts[1] = octets->nonce;
    out->parts[2] = (struct byte_view){.data = out->maced_id, .size = size};
    return size > 0 && size <= MOST_PRF_SIZE &&
           crypto->prf(sa->suite.prf, octets->sk_p, &octets->id_body, 1, out->maced_id);
}

//= rfc7427#section-3
//= reason=Authentication Method 14, with the signature algorithm in front of the signature value
static bool put_method_14(const struct private_key *key, enum signature_scheme scheme,
                          const struct signed_octets *octets, struct byte_writer *out)
{
    const size_t length = out->used;
    writer_put_u8(out, 0);
    signature_algorithm_put(scheme, out);
    writer_fill_u8(out, length, (uint8_t)(out->used - length - 1));
    return key->methods->sign(key, scheme, octets->parts, 3, out);
}

// Method 14 where the peer has a hash in common with us, the older one of the curve otherwise.
static bool sign(const struct policy_certificates *own, uint32_t peer_hashes,
                 const struct signed_octets *octets, uint8_t *out_method, struct byte_writer *out)
{
    const struct private_key *key = own->key;
    const enum signature_scheme scheme =
        signature_scheme_choose(key->kind, peer_hashes, own->prefers_pkcs1);
    if (scheme != SIGNATURE_NONE) {
        *out_method = AUTH_METHOD_DIGITAL_SIGNATURE;
        return put_method_14(key, scheme, octets, out);
    }
    *out_method = signature_method_of_kind(key->kind);
    return *out_method != 0 &&
           key->methods->sign(key, signature_scheme_of_method(*out_method), octets->parts, 3, out);
}

bool auth_signature_put(const struct ike_engine *engine, const struct ike_sa *sa,
                        const struct policy_connection *connection, struct message_draft *draft)
{
    const struct initial_exchange *initial = sa->initial;
    const struct auth_octets octets = {
        .message = octets_view(&initial->own_message),
        .nonce = octets_view(&initial->peer_nonce),
        .sk_p = secret_view(sa->is_initiator ? &sa->keys.sk_pi : &sa->keys.sk_pr),
        .id_body = octets_view(&initial->own_id_body),
    };
    struct signed_octets inputs;
    struct authentication authentication = {.method = 0};
    uint8_t data[AUTH_CAPACITY];
    struct byte_writer out = writer_into(data, sizeof(data));

    if (!make_octets(engine, sa, &octets, &inputs) ||
        !sign(&connection->certificates, initial->peer_hashes, &inputs, &authentication.method,
              &out) ||
        !writer_finish(&out, &authentication.data)) {
        return false;
    }
    payload_begin(draft, IKE_PAYLOAD_AUTH, false);
    authentication_write(draft->out, &authentication);
    payload_end(draft);
    return true;
}

static bool is_right(const struct public_key *key, enum signature_scheme scheme,
                     const struct signed_octets *octets, struct byte_view signature)
{
    return key->methods->verify(key, scheme, octets->parts, 3, signature);
}

static const char *verify_method_14(const struct public_key *key,
                                    const struct signed_octets *octets, struct byte_view data)
{
    struct byte_reader in = reader_over(data);
    struct byte_view algorithm;
    uint8_t size;
    if (!reader_take_u8(&in, &size) || !reader_take_bytes(&in, size, &algorithm)) {
        return "signature-malformed";
    }
    // No other hash than those of our SIGNATURE_HASH_ALGORITHMS has a scheme.
    const enum signature_scheme scheme = signature_algorithm_read(algorithm);
    if (scheme == SIGNATURE_NONE) {
        return "signature-algorithm";
    }
    if (!signature_scheme_fits(scheme, key->kind)) {
        return "signature-algorithm";
    }
    return is_right(key, scheme, octets, reader_take_rest(&in)) ? NULL : "signature-wrong";
}

// The hash is only told inside the signature; SHA-1, the usual one, is not accepted.
static const char *verify_method_1(const struct public_key *key, const struct signed_octets *octets,
                                   struct byte_view signature)
{
    for (unsigned i = SIGNATURE_RSA_PKCS1_SHA256; i <= SIGNATURE_RSA_PKCS1_SHA512; i++) {
        if (is_right(key, (enum signature_scheme)i, octets, signature)) {
            return NULL;
        }
    }
    return "signature-wrong";
}

static const char *verify(const struct policy_certificates *policy, const struct public_key *key,
                          const struct signed_octets *octets, const struct authentication *received)
{
    if (received->method == AUTH_METHOD_DIGITAL_SIGNATURE) {
        return verify_method_14(key, octets, received->data);
    }
    if (received->method == AUTH_METHOD_RSA_SIGNATURE && policy->accepts_method_1) {
        return verify_method_1(key, octets, received->data);
    }
    const enum signature_scheme scheme = signature_scheme_of_method(received->method);
    if (scheme == SIGNATURE_NONE || !signature_scheme_fits(scheme, key->kind)) {
        return "authentication-method";
    }
    return is_right(key, scheme, octets, received->data) ? NULL : "signature-wrong";
}

const char *auth_signature_verify(const struct ike_engine *engine, const struct ike_sa *sa,
                                  const struct policy_connection *connection,
                                  const struct public_key *key, struct byte_view id_body,
                                  struct byte_view auth_body)
{
    const struct initial_exchange *initial = sa->initial;
    const struct auth_octets octets = {
        .message = octets_view(&initial->peer_message),
        .nonce = octets_view(&initial->own_nonce),
        .sk_p = secret_view(sa->is_initiator ? &sa->keys.sk_pr : &sa->keys.sk_pi),
        .id_body = id_body,
    };
    struct authentication received;
    struct wire_fault fault;
    struct signed_octets inputs;
    if (!authentication_read(auth_body, &received, &fault)) {
        return "signature-malformed";
    }
    if (!make_octets(engine, sa, &octets, &inputs)) {
        return "no-resources";
    }
    return verify(&connection->certificates, key, &inputs, &received);
}
