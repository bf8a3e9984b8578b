#include "refgw/app/policy_support.h"

#include "refgw/iana/ikev2_names.h"

#include <stdio.h>

// Where a proposal stands, for the sentence about what is missing.
struct place {
    const struct crypto_provider *crypto;
    const char *connection;
    struct problem *problem;
};

static bool missing(const struct place *place, const char *word)
{
    return problem_set(place->problem,
                       "connection %s asks for %s, which the cryptography of this build (%s) does "
                       "not have; take it out of the proposal",
                       place->connection, word == NULL ? "an unknown algorithm" : word,
                       place->crypto->name);
}

static bool cipher_is_supported(const struct place *place, const struct policy_proposal *proposal,
                                const struct encryption_alternative *cipher)
{
    struct aead_sizes sizes;
    struct aead_choice choice = {.encryption = cipher->encryption, .key_bits = cipher->key_bits};
    if (cipher->encryption == ENCR_CHACHA20_POLY1305) {
        choice.key_bits = 256; // its only key length, which is not written down (RFC 7634)
    }
    for (size_t i = 0; i < proposal->integrity_count || i == 0; i++) {
        choice.integrity = proposal->integrity_count == 0 ? AUTH_NONE : proposal->integrity[i];
        if (!place->crypto->aead_sizes(&choice, &sizes)) {
            char words[80];
            const char *cipher_word =
                transform_keyword_name(IKE_TRANSFORM_ENCR, cipher->encryption, cipher->key_bits);
            const char *integrity_word =
                transform_keyword_name(IKE_TRANSFORM_INTEG, choice.integrity, 0);
            (void)snprintf(words, sizeof(words), "%s%s%s", cipher_word == NULL ? "" : cipher_word,
                           integrity_word == NULL ? "" : "-",
                           integrity_word == NULL ? "" : integrity_word);
            return missing(place, words);
        }
    }
    return true;
}

static bool proposal_is_supported(const struct place *place, const struct policy_proposal *proposal)
{
    for (size_t i = 0; i < proposal->encryption_count; i++) {
        if (!cipher_is_supported(place, proposal, &proposal->encryption[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < proposal->prf_count; i++) {
        if (place->crypto->prf_size(proposal->prf[i]) == 0) {
            return missing(place, transform_keyword_name(IKE_TRANSFORM_PRF, proposal->prf[i], 0));
        }
    }
    for (size_t i = 0; i < proposal->key_exchange_count; i++) {
        const enum key_exchange_method method = proposal->key_exchange[i];
        if (method != KE_NONE && place->crypto->key_agreement_size(method) == 0) {
            return missing(place, transform_keyword_name(IKE_TRANSFORM_KE, method, 0));
        }
    }
    return true;
}

static bool proposals_are_supported(const struct place *place,
                                    const struct policy_proposal *proposals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!proposal_is_supported(place, &proposals[i])) {
            return false;
        }
    }
    return true;
}

static bool connection_is_supported(const struct place *place,
                                    const struct policy_connection *connection)
{
    if (!proposals_are_supported(place, connection->proposals, connection->proposal_count)) {
        return false;
    }
    for (size_t i = 0; i < connection->child_count; i++) {
        const struct policy_child *child = &connection->children[i];
        if (!proposals_are_supported(place, child->proposals, child->proposal_count)) {
            return false;
        }
    }
    return true;
}

bool policy_is_supported(const struct ike_policy *policy, const struct crypto_provider *crypto,
                         struct problem *out_problem)
{
    for (size_t i = 0; i < policy->connection_count; i++) {
        const struct policy_connection *connection = &policy->connections[i];
        const struct place place = {
            .crypto = crypto, .connection = connection->name, .problem = out_problem};
        if (!connection_is_supported(&place, connection)) {
            return false;
        }
    }
    return true;
}
