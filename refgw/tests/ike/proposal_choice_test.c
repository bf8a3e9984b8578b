// Offering and choosing proposals (RFC 7296, sections 2.7 and 3.3; RFC 5282, section 8).
#include "refgw/ike/proposal_choice.h"
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/tests/ike_pair.h"

#include <string.h>

// One end's proposals for the test, in words.
struct own_side {
    struct ike_pair *pair; // only its parser is used
    struct proposal_terms terms;
};

static struct own_side own_side(const char *text, enum proposal_purpose purpose)
{
    struct own_side own = {.pair = ike_pair_new()};
    ike_pair_set_ike(own.pair, WEST, text);
    own.terms = (struct proposal_terms){
        .purpose = purpose,
        .crypto = openssl_provider(),
        .own = ike_pair_connection(own.pair, WEST)->proposals,
        .own_count = ike_pair_connection(own.pair, WEST)->proposal_count,
    };
    return own;
}

static const uint8_t SPI[] = {0xc0, 0xff, 0xee, 0x01};

static struct security_association association_of(const struct proposal *proposal)
{
    struct security_association association = {.proposal_count = 1};
    association.proposals[0] = *proposal;
    return association;
}

// An ESP proposal of AES-GCM-16 with 128 bits and 32-bit sequence numbers.
static struct proposal plain_esp(void)
{
    return (struct proposal){
        .number = 1,
        .protocol = IKE_PROTOCOL_ESP,
        .spi = VIEW_OF(SPI),
        .transform_count = 2,
        .transforms = {{.type = IKE_TRANSFORM_ENCR, .number = ENCR_AES_GCM_16, .key_bits = 128},
                       {.type = IKE_TRANSFORM_SN, .number = SN_32_BIT_SEQUENTIAL}},
    };
}

static struct proposal plain_ike(void)
{
    return (struct proposal){
        .number = 1,
        .protocol = IKE_PROTOCOL_IKE,
        .transform_count = 3,
        .transforms = {{.type = IKE_TRANSFORM_ENCR, .number = ENCR_AES_GCM_16, .key_bits = 128},
                       {.type = IKE_TRANSFORM_PRF, .number = PRF_HMAC_SHA2_256},
                       {.type = IKE_TRANSFORM_KE, .number = KE_CURVE25519}},
    };
}

static void add(struct proposal *proposal, uint8_t type, uint16_t number, uint16_t key_bits)
{
    proposal->transforms[proposal->transform_count] =
        (struct transform){.type = type, .number = number, .key_bits = key_bits};
    proposal->transform_count++;
}

static bool esp_is_chosen(const struct proposal *proposal, const char *own_text,
                          struct chosen_proposal *out)
{
    struct own_side own = own_side(own_text, PROPOSAL_FOR_FIRST_CHILD);
    const struct security_association offered = association_of(proposal);
    const bool is_chosen = proposal_choose(&own.terms, &offered, out);
    ike_pair_free(own.pair);
    return is_chosen;
}

static bool ike_is_chosen(const struct proposal *proposal, const char *own_text)
{
    struct own_side own = own_side(own_text, PROPOSAL_FOR_IKE);
    const struct security_association offered = association_of(proposal);
    struct chosen_proposal chosen;
    const bool is_chosen = proposal_choose(&own.terms, &offered, &chosen);
    ike_pair_free(own.pair);
    return is_chosen;
}

static void esp_rules(void)
{
    static const char GCM[] = "aes128gcm16-noesn";
    struct chosen_proposal chosen;
    struct proposal proposal = plain_esp();
    ok(esp_is_chosen(&proposal, GCM, &chosen) && chosen.spi == 0xc0ffee01, "a plain proposal fits");

    proposal.transform_count = 1;
    ok(!esp_is_chosen(&proposal, GCM, &chosen), "without sequence numbers it does not (3.3.3)");

    proposal = plain_esp();
    add(&proposal, 240, 1, 0);
    ok(!esp_is_chosen(&proposal, GCM, &chosen), "an unknown transform type spoils it (3.3.6)");

    proposal = plain_esp();
    add(&proposal, IKE_TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0);
    ok(!esp_is_chosen(&proposal, GCM, &chosen), "a PRF has no business in ESP");

    proposal = plain_esp();
    proposal.transforms[0].number = 1025;
    add(&proposal, IKE_TRANSFORM_ENCR, ENCR_AES_GCM_16, 128);
    ok(esp_is_chosen(&proposal, GCM, &chosen), "an unknown cipher is passed over");

    proposal = plain_esp();
    proposal.transforms[0].has_unknown_attribute = true;
    ok(!esp_is_chosen(&proposal, GCM, &chosen), "an unknown attribute spoils its transform");
    add(&proposal, IKE_TRANSFORM_ENCR, ENCR_AES_GCM_16, 128);
    ok(esp_is_chosen(&proposal, GCM, &chosen), "and no other");

    proposal = plain_esp();
    proposal.transforms[0].key_bits = 0;
    ok(!esp_is_chosen(&proposal, GCM, &chosen), "AES needs a Key Length attribute");

    proposal = plain_esp();
    proposal.transforms[0] =
        (struct transform){.type = IKE_TRANSFORM_ENCR, .number = ENCR_CHACHA20_POLY1305};
    ok(esp_is_chosen(&proposal, "chacha20poly1305", &chosen) && chosen.aead.key_bits == 256,
       "ChaCha20-Poly1305 has none");
    proposal.transforms[0].key_bits = 256;
    ok(!esp_is_chosen(&proposal, "chacha20poly1305", &chosen), "and must not have one");

    proposal = plain_esp();
    add(&proposal, IKE_TRANSFORM_INTEG, AUTH_NONE, 0);
    ok(esp_is_chosen(&proposal, GCM, &chosen) && chosen.names_no_integrity,
       "NONE beside a combined mode is repeated");
    proposal.transforms[2].number = AUTH_HMAC_SHA2_256_128;
    ok(!esp_is_chosen(&proposal, GCM, &chosen), "an HMAC beside it is refused (RFC 5282, 8)");

    proposal = plain_esp();
    add(&proposal, IKE_TRANSFORM_KE, KE_CURVE25519, 0);
    ok(!esp_is_chosen(&proposal, GCM, &chosen), "no key exchange in IKE_AUTH");
    add(&proposal, IKE_TRANSFORM_KE, KE_NONE, 0);
    ok(esp_is_chosen(&proposal, GCM, &chosen) && chosen.names_no_key_exchange &&
           chosen.key_exchange == KE_NONE,
       "unless NONE is an alternative");

    proposal = plain_esp();
    proposal.protocol = IKE_PROTOCOL_AH;
    ok(!esp_is_chosen(&proposal, GCM, &chosen), "AH is not ESP");
    proposal = plain_esp();
    proposal.spi.size = 0;
    ok(!esp_is_chosen(&proposal, GCM, &chosen), "ESP needs an SPI");

    proposal = plain_esp();
    proposal.transforms[0] = (struct transform){.type = IKE_TRANSFORM_ENCR, .number = ENCR_NULL};
    ok(!esp_is_chosen(&proposal, "null-sha256", &chosen), "NULL without integrity is refused");
    add(&proposal, IKE_TRANSFORM_INTEG, AUTH_NONE, 0);
    ok(!esp_is_chosen(&proposal, "null-sha256", &chosen), "with NONE as well");
}

static void ike_rules(void)
{
    static const char GCM[] = "aes128gcm16-prfsha256-x25519";
    struct proposal proposal = plain_ike();
    ok(ike_is_chosen(&proposal, GCM), "a plain proposal fits");
    for (size_t i = 0; i < 3; i++) {
        proposal = plain_ike();
        proposal.transforms[i] = proposal.transforms[2];
        proposal.transform_count = 2;
        if (i != 2) {
            proposal.transforms[i == 0 ? 0 : 1] = plain_ike().transforms[2];
        }
        ok(!ike_is_chosen(&proposal, GCM), "without transform %zu it does not", i);
    }
    proposal = plain_ike();
    add(&proposal, IKE_TRANSFORM_SN, SN_32_BIT_SEQUENTIAL, 0);
    ok(!ike_is_chosen(&proposal, GCM), "sequence numbers have no business in IKE");
    proposal = plain_ike();
    proposal.transforms[0] = (struct transform){.type = IKE_TRANSFORM_ENCR, .number = ENCR_NULL};
    add(&proposal, IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA2_256_128, 0);
    ok(!ike_is_chosen(&proposal, "null-sha256-prfsha256-x25519"), "IKE is never without cipher");
    proposal = plain_ike();
    proposal.transforms[2].number = 1025;
    ok(!ike_is_chosen(&proposal, GCM), "a private group is nobody's");
    proposal = plain_ike();
    proposal.spi = VIEW_OF(SPI);
    ok(!ike_is_chosen(&proposal, GCM), "no SPI in IKE_SA_INIT");
    proposal = plain_ike();
    proposal.transforms[0] =
        (struct transform){.type = IKE_TRANSFORM_ENCR, .number = ENCR_AES_CBC, .key_bits = 256};
    add(&proposal, IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA2_384_192, 0);
    add(&proposal, IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA2_256_128, 0);
    ok(ike_is_chosen(&proposal, "aes128gcm16-prfsha256-x25519,aes256-sha256-prfsha256-x25519"),
       "any of several own proposals, any of several integrity algorithms");
    add(&proposal, IKE_TRANSFORM_ENCR, ENCR_AES_GCM_16, 128);
    ok(!ike_is_chosen(&proposal, "aes256-sha256-prfsha256-x25519"),
       "both kinds of cipher in one proposal are refused");
}

static void answers_must_come_from_the_offer(void)
{
    struct own_side own = own_side(
        "aes256gcm16-prfsha256-x25519,aes128gcm16-prfsha256-prfsha384-x25519", PROPOSAL_FOR_IKE);
    struct chosen_proposal chosen;
    struct proposal proposal = plain_ike();
    struct security_association answer;

    proposal.number = 2;
    answer = association_of(&proposal);
    ok(proposal_accept(&own.terms, &answer, &chosen), "the second offer is accepted");
    answer.proposals[0].number = 1;
    ok(!proposal_accept(&own.terms, &answer, &chosen), "not under the number of the first");
    answer.proposals[0].number = 3;
    ok(!proposal_accept(&own.terms, &answer, &chosen), "nor under one that was not offered");
    answer.proposals[0].number = 2;
    add(&answer.proposals[0], IKE_TRANSFORM_PRF, PRF_HMAC_SHA2_384, 0);
    ok(!proposal_accept(&own.terms, &answer, &chosen), "two alternatives are no answer");
    answer = association_of(&proposal);
    answer.proposal_count = 2;
    answer.proposals[1] = proposal;
    ok(!proposal_accept(&own.terms, &answer, &chosen), "two proposals neither");
    answer.proposal_count = 0;
    ok(!proposal_accept(&own.terms, &answer, &chosen), "none neither");
    answer = association_of(&proposal);
    answer.proposals[0].transforms[0].key_bits = 192;
    ok(!proposal_accept(&own.terms, &answer, &chosen), "another key length neither");
    ike_pair_free(own.pair);
}

static void unsupported_algorithms_are_not_offered(void)
{
    struct own_side own = own_side("aes128gcm16-prfsha256-x25519", PROPOSAL_FOR_IKE);
    struct policy_proposal *proposals = ike_pair_connection(own.pair, WEST)->proposals;
    uint8_t buffer[1000];
    uint8_t first_type;
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct message_draft draft;

    payload_chain_begin(&draft, &out, &first_type);
    proposals[0].key_exchange[0] = (enum key_exchange_method)1025;
    ok(!proposal_put_offer(&own.terms, 0, &draft) && out.used == 0,
       "nothing is offered without a known group");
    ok(proposal_first_key_exchange(&own.terms) == KE_NONE, "and no group is first");
    proposals[0].key_exchange[1] = KE_ECP_256;
    proposals[0].key_exchange_count = 2;
    ok(proposal_put_offer(&own.terms, 0, &draft) &&
           proposal_first_key_exchange(&own.terms) == KE_ECP_256,
       "a known one beside it is");
    ike_pair_free(own.pair);
}

int main(void)
{
    esp_rules();
    ike_rules();
    answers_must_come_from_the_offer();
    unsupported_algorithms_are_not_offered();
    return done_testing();
}
