#include "refgw/crypto/scripted/scripted_provider.h"
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/crypto/scripted/deterministic_random.h"
#include "refgw/tests/crypto/hex.h"

#include <string.h>

static const uint8_t first_public[32] = {1, 2, 3};
static const uint8_t first_shared[32] = {4, 5, 6};
static const uint8_t second_public[64] = {7, 8, 9};
static const uint8_t second_shared[32] = {10, 11, 12};

static const struct scripted_agreement agreements[] = {
    {KE_CURVE25519, {first_public, 32},  {first_shared, 32} },
    {KE_ECP_256,    {second_public, 64}, {second_shared, 32}},
};

static void gives_what_the_script_says(void)
{
    struct deterministic_random random;
    deterministic_random_init(&random, 1);
    const struct random_source others = deterministic_random_source(&random);
    struct agreement_script script = {.agreements = agreements, .count = 2, .others = &others};
    const struct random_source source = agreement_script_source(&script);
    const struct crypto_provider provider = scripted_provider(openssl_provider());
    struct secret shared = {0};

    struct key_agreement *agreement = provider.key_agreement_new(KE_CURVE25519, &source);
    if (!ok(agreement != NULL, "the first agreement is there")) {
        return;
    }
    const struct byte_view value = provider.key_agreement_public(agreement);
    is_bytes(value.data, value.size, first_public, 32, "its public value is the script's");
    ok(!provider.key_agreement_derive(agreement, (struct byte_view){second_public, 31}, &shared),
       "a peer value of the wrong size is refused");
    ok(provider.key_agreement_derive(agreement, (struct byte_view){second_public, 32}, &shared),
       "a peer value of the right size is taken");
    is_bytes(shared.data, shared.size, first_shared, 32, "the shared secret is the script's");
    provider.key_agreement_free(agreement);

    ok(provider.key_agreement_new(KE_CURVE25519, &source) == NULL && script.taken == 1,
       "another method than the script's is refused, and the script stays where it is");
    agreement = provider.key_agreement_new(KE_ECP_256, &source);
    ok(agreement != NULL, "the second agreement is there");
    provider.key_agreement_free(agreement);
    ok(provider.key_agreement_new(KE_ECP_256, &source) == NULL, "then the script is at its end");
    ok(provider.key_agreement_new(KE_ECP_256, &others) == NULL,
       "a random source that is no script makes no agreement");
    provider.key_agreement_free(NULL);
    secret_clear(&shared);
}

static void delegates_everything_else(void)
{
    const struct crypto_provider *base = openssl_provider();
    const struct crypto_provider provider = scripted_provider(base);
    ok(strcmp(provider.name, "scripted") == 0, "it says what it is");
    ok(provider.aead_new == base->aead_new && provider.prf == base->prf &&
           provider.sha1 == base->sha1 && provider.key_agreement_size == base->key_agreement_size,
       "everything but key agreement is the other provider's");
}

static void draws_from_the_others(void)
{
    struct deterministic_random random;
    struct deterministic_random same;
    deterministic_random_init(&random, 5);
    deterministic_random_init(&same, 5);
    const struct random_source others = deterministic_random_source(&random);
    const struct random_source expected = deterministic_random_source(&same);
    struct agreement_script script = {.agreements = agreements, .count = 2, .others = &others};
    const struct random_source source = agreement_script_source(&script);
    uint8_t got[40];
    uint8_t wanted[40];
    ok(random_fill(&source, got, sizeof(got)) && random_fill(&expected, wanted, sizeof(wanted)),
       "bytes are drawn");
    is_bytes(got, sizeof(got), wanted, sizeof(wanted), "nonces and SPIs come from the others");
}

static void repeats_from_a_seed(void)
{
    struct deterministic_random random;
    uint8_t first[100];
    uint8_t second[100];
    deterministic_random_init(&random, 77);
    struct random_source source = deterministic_random_source(&random);
    ok(random_fill(&source, first, sizeof(first)), "bytes are drawn");
    deterministic_random_init(&random, 77);
    ok(random_fill(&source, second, sizeof(second)), "bytes are drawn again");
    is_bytes(second, sizeof(second), first, sizeof(first), "the same seed gives the same bytes");
    deterministic_random_init(&random, 78);
    ok(random_fill(&source, second, sizeof(second)) && memcmp(first, second, 8) != 0,
       "another seed gives others");
    // The reference output of SplitMix64 for seed 1234567.
    deterministic_random_init(&random, 1234567);
    const uint64_t numbers[] = {deterministic_random_next(&random),
                                deterministic_random_next(&random)};
    ok(numbers[0] == 6457827717110365317U && numbers[1] == 3203168211198807973U,
       "the numbers are SplitMix64's");
}

int main(void)
{
    gives_what_the_script_says();
    delegates_everything_else();
    draws_from_the_others();
    repeats_from_a_seed();
    return done_testing();
}
