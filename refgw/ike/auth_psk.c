#include "refgw/ike/auth_psk.h"

#include "refgw/wire/authentication.h"

enum { MOST_PRF_SIZE = 64 };

static bool compute(const struct ike_engine *engine, const struct ike_sa *sa,
                    const struct policy_connection *connection, const struct auth_octets *octets,
                    uint8_t out[MOST_PRF_SIZE])
{
    const struct crypto_provider *crypto = engine->setup.crypto;
    const size_t size = crypto->prf_size(sa->suite.prf);
    return size > 0 && size <= MOST_PRF_SIZE && connection->psk.size > 0 &&
           psk_auth_data(crypto, sa->suite.prf, secret_view(&connection->psk), octets, out);
}

bool auth_psk_put(const struct ike_engine *engine, const struct ike_sa *sa,
                  const struct policy_connection *connection, struct message_draft *draft)
{
    const struct initial_exchange *initial = sa->initial;
    const struct auth_octets octets = {
        .message = octets_view(&initial->own_message),
        .nonce = octets_view(&initial->peer_nonce),
        .sk_p = secret_view(sa->is_initiator ? &sa->keys.sk_pi : &sa->keys.sk_pr),
        .id_body = octets_view(&initial->own_id_body),
    };
    uint8_t data[MOST_PRF_SIZE];
    if (!compute(engine, sa, connection, &octets, data)) {
        return false;
    }
    const struct authentication authentication = {
        .method = AUTH_METHOD_SHARED_KEY,
        .data = {.data = data, .size = engine->setup.crypto->prf_size(sa->suite.prf)},
    };
    payload_begin(draft, IKE_PAYLOAD_AUTH, false);
    authentication_write(draft->out, &authentication);
    payload_end(draft);
    return true;
}

bool auth_psk_verify(const struct ike_engine *engine, const struct ike_sa *sa,
                     const struct policy_connection *connection, struct byte_view id_body,
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
    uint8_t wanted[MOST_PRF_SIZE];

    if (!authentication_read(auth_body, &received, &fault) ||
        received.method != AUTH_METHOD_SHARED_KEY ||
        !compute(engine, sa, connection, &octets, wanted)) {
        return false;
    }
    const struct byte_view expected = {.data = wanted,
                                       .size = engine->setup.crypto->prf_size(sa->suite.prf)};
    const bool is_right = secret_equals(received.data, expected);
    secret_wipe(wanted, sizeof(wanted));
    return is_right;
}
