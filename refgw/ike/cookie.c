#include "refgw/ike/cookie.h"

#include "refgw/wire/nonce.h"

enum {
    // A secret makes cookies for this long and is accepted for as long again.
    SECRET_LIFETIME_SECONDS = 60,
    COOKIE_HASH_SIZE = 32,
    COOKIE_SIZE = 1 + COOKIE_HASH_SIZE,
};

// On from the threshold, off only at half of it: a load that hovers there does not flap.
static bool are_wanted(struct ike_engine *engine)
{
    struct cookie_guard *guard = &engine->cookies;
    const size_t count = engine->table.half_open_count;
    const size_t threshold = engine->setup.policy->cookie_threshold;
    if (count >= threshold) {
        guard->is_on = true;
    } else if (count <= threshold / 2) {
        guard->is_on = false;
    }
    return guard->is_on;
}

// Makes sure that `current` is young enough to make cookies with.
static bool renew_secret(struct ike_engine *engine)
{
    struct cookie_guard *guard = &engine->cookies;
    const struct duration lifetime = duration_seconds(SECRET_LIFETIME_SECONDS);
    const struct instant end = instant_after(guard->renewed, lifetime);
    struct cookie_secret fresh = {.is_set = true, .version = (uint8_t)(guard->current.version + 1)};

    if (guard->current.is_set && instant_is_before(engine->now, end)) {
        return true;
    }
    if (!random_fill(&engine->setup.randomness, fresh.bytes, sizeof(fresh.bytes))) {
        return false;
    }
    const bool is_recent = instant_is_before(engine->now, instant_after(end, lifetime));
    guard->previous = guard->current;
    guard->previous.is_set = guard->current.is_set && is_recent;
    guard->current = fresh;
    guard->renewed = engine->now;
    secret_wipe(&fresh, sizeof(fresh));
    return true;
}

// Version | prf(secret, Ni | IPi | SPIi).
//= rfc7296#section-2.6
//= reason=bound to nonce, address and SPI, so it needs no state and serves nobody else
static bool make_cookie(const struct exchange *exchange, const struct cookie_secret *secret,
                        uint8_t out_cookie[COOKIE_SIZE])
{
    const struct crypto_provider *crypto = exchange->engine->setup.crypto;
    const struct payload *nonce = payload_list_find(exchange->payloads, IKE_PAYLOAD_NONCE);
    uint8_t spi[sizeof(uint64_t)];
    struct byte_writer out = writer_into(spi, sizeof(spi));
    struct wire_fault fault;
    struct byte_view value;

    if (nonce == NULL || !nonce_read(nonce->body, &value, &fault)) {
        return false;
    }
    writer_put_u64(&out, exchange->message->header.initiator_spi);
    const struct byte_view parts[] = {value, address_view(&exchange->path->remote.address),
                                      VIEW_OF(spi)};
    out_cookie[0] = secret->version;
    return crypto->prf(PRF_HMAC_SHA2_256, VIEW_OF(secret->bytes), parts,
                       sizeof(parts) / sizeof(parts[0]), out_cookie + 1);
}

static bool fits(const struct exchange *exchange, const struct cookie_secret *secret,
                 struct byte_view received)
{
    uint8_t expected[COOKIE_SIZE];
    return secret->is_set && received.size == sizeof(expected) &&
           received.data[0] == secret->version && make_cookie(exchange, secret, expected) &&
           secret_equals(received, VIEW_OF(expected));
}

enum cookie_verdict cookie_judge(struct exchange *exchange)
{
    struct ike_engine *engine = exchange->engine;
    const struct payload *nonce = payload_list_find(exchange->payloads, IKE_PAYLOAD_NONCE);
    struct byte_view received;
    struct wire_fault fault;
    struct byte_view value;

    if (!are_wanted(engine)) {
        return COOKIE_NOT_NEEDED;
    }
    if (nonce == NULL || !nonce_read(nonce->body, &value, &fault) || !renew_secret(engine)) {
        return COOKIE_FAILED;
    }
    //= rfc7296#section-2.6
    //# When one party receives an IKE_SA_INIT request containing a cookie
    //# whose contents do not match the value expected, that party MUST
    //# ignore the cookie and process the message as if no cookie had been
    //# included; usually this means sending a response containing a new
    //# cookie.
    if (exchange_find_notify(exchange, NOTIFY_COOKIE, &received) &&
        (fits(exchange, &engine->cookies.current, received) ||
         fits(exchange, &engine->cookies.previous, received))) {
        return COOKIE_GOOD;
    }
    return COOKIE_MISSING;
}

void cookie_challenge(struct exchange *exchange)
{
    struct ike_engine *engine = exchange->engine;
    uint8_t cookie[COOKIE_SIZE];
    struct outgoing_draft answer;

    if (make_cookie(exchange, &engine->cookies.current, cookie)) {
        outgoing_draft_begin(engine, &answer);
        outgoing_draft_put_notify(&answer, NOTIFY_COOKIE, VIEW_OF(cookie));
        send_stateless_answer(engine, exchange->path, &exchange->message->header,
                              exchange->message->bytes.size, &answer);
    }
}
