#include "refgw/ike/proposal_choice.h"

#include "refgw/ike/cipher_rules.h"

// The policy may write a cipher without key length attribute with or without its bits.
static bool own_names_cipher(const struct policy_proposal *own, const struct aead_choice *choice)
{
    const struct cipher_rule *rule = cipher_rule_find((unsigned)choice->encryption);
    for (size_t i = 0; i < own->encryption_count; i++) {
        if (own->encryption[i].encryption == choice->encryption &&
            (!rule->has_key_length || own->encryption[i].key_bits == choice->key_bits)) {
            return true;
        }
    }
    return false;
}

static bool own_names_integrity(const struct policy_proposal *own, unsigned number)
{
    for (size_t i = 0; i < own->integrity_count; i++) {
        if ((unsigned)own->integrity[i] == number) {
            return number != AUTH_NONE;
        }
    }
    return false;
}

static bool own_names_prf(const struct policy_proposal *own, unsigned number)
{
    for (size_t i = 0; i < own->prf_count; i++) {
        if ((unsigned)own->prf[i] == number) {
            return true;
        }
    }
    return false;
}

static bool own_names_key_exchange(const struct policy_proposal *own, unsigned number)
{
    for (size_t i = 0; i < own->key_exchange_count; i++) {
        if ((unsigned)own->key_exchange[i] == number) {
            return true;
        }
    }
    return false;
}

// A policy that says nothing about sequence numbers means the 32-bit ones.
static bool own_names_sequence(const struct policy_proposal *own, unsigned number)
{
    for (size_t i = 0; i < own->sequence_count; i++) {
        if ((unsigned)own->sequence[i] == number) {
            return true;
        }
    }
    return own->sequence_count == 0 && number == SN_32_BIT_SEQUENTIAL;
}

static bool is_for_ike(const struct proposal_terms *terms)
{
    return terms->purpose == PROPOSAL_FOR_IKE || terms->purpose == PROPOSAL_FOR_IKE_REKEY;
}

// One proposal of the other side against one of our own.
struct match {
    const struct proposal_terms *terms;
    const struct proposal *offered;
    const struct policy_proposal *own;
    struct chosen_proposal chosen;
};

// The next transform of a type at or after `*position` that may be chosen at all; NULL at the
// end. `*position` goes behind it.
static const struct transform *next_transform(const struct proposal *proposal, unsigned type,
                                              size_t *position)
{
    while (*position < proposal->transform_count) {
        const struct transform *transform = &proposal->transforms[*position];
        (*position)++;
        //= rfc7296#section-3.3.6
        //= reason=an unknown attribute spoils only its own transform
        if (transform->type == type && !transform->has_unknown_attribute) {
            return transform;
        }
    }
    return NULL;
}

static bool has_type(const struct proposal *proposal, unsigned type)
{
    for (size_t i = 0; i < proposal->transform_count; i++) {
        if (proposal->transforms[i].type == type) {
            return true;
        }
    }
    return false;
}

static bool names_number(const struct proposal *proposal, unsigned type, unsigned number)
{
    size_t position = 0;
    const struct transform *transform = next_transform(proposal, type, &position);
    while (transform != NULL && transform->number != number) {
        transform = next_transform(proposal, type, &position);
    }
    return transform != NULL;
}

static bool type_fits(unsigned type, bool is_ike)
{
    switch (type) {
    case IKE_TRANSFORM_ENCR:
    case IKE_TRANSFORM_INTEG:
    case IKE_TRANSFORM_KE:
        return true;
    case IKE_TRANSFORM_PRF:
        return is_ike;
    case IKE_TRANSFORM_SN:
        return !is_ike;
    default:
        return false;
    }
}

// A transform type that is unknown, or has no business in this kind of SA, spoils its whole
// proposal (section 3.3.6).
static bool has_only_fitting_types(const struct match *match)
{
    const bool is_ike = is_for_ike(match->terms);
    for (size_t i = 0; i < match->offered->transform_count; i++) {
        if (!type_fits(match->offered->transforms[i].type, is_ike)) {
            return false;
        }
    }
    return true;
}

// Combined-mode ciphers and others must not share a proposal, and the former go with no
// integrity transform but NONE (RFC 5282, section 8).
static bool keeps_kinds_apart(const struct proposal *proposal)
{
    bool has_combined = false;
    bool has_plain = false;
    for (size_t i = 0; i < proposal->transform_count; i++) {
        const struct transform *transform = &proposal->transforms[i];
        if (transform->type == IKE_TRANSFORM_ENCR) {
            const struct cipher_rule *rule = cipher_rule_find(transform->number);
            has_combined = has_combined || (rule != NULL && rule->is_combined);
            has_plain = has_plain || (rule != NULL && !rule->is_combined);
        } else if (transform->type == IKE_TRANSFORM_INTEG && transform->number != AUTH_NONE) {
            has_plain = true;
        }
    }
    return !(has_combined && has_plain);
}

static bool provider_has(const struct match *match, const struct aead_choice *choice)
{
    struct aead_sizes sizes;
    return match->terms->crypto->aead_sizes(choice, &sizes);
}

// The first integrity transform that goes with the cipher.
static bool choose_integrity(struct match *match, struct aead_choice *choice)
{
    size_t position = 0;
    const struct transform *transform =
        next_transform(match->offered, IKE_TRANSFORM_INTEG, &position);
    while (transform != NULL) {
        choice->integrity = (enum integrity_transform)transform->number;
        if (own_names_integrity(match->own, transform->number) && provider_has(match, choice)) {
            return true;
        }
        transform = next_transform(match->offered, IKE_TRANSFORM_INTEG, &position);
    }
    return false;
}

static bool try_cipher(struct match *match, const struct transform *transform)
{
    const bool is_ike = is_for_ike(match->terms);
    struct aead_choice choice;
    if (!cipher_from_transform(transform->number, transform->key_bits, &choice) ||
        !own_names_cipher(match->own, &choice)) {
        return false;
    }
    const struct cipher_rule *rule = cipher_rule_find(transform->number);
    if (is_ike && !rule->is_for_ike) {
        return false;
    }
    if (rule->is_combined ? !provider_has(match, &choice) : !choose_integrity(match, &choice)) {
        return false;
    }
    match->chosen.aead = choice;
    match->chosen.names_no_integrity =
        rule->is_combined && names_number(match->offered, IKE_TRANSFORM_INTEG, AUTH_NONE);
    return !rule->is_combined || !has_type(match->offered, IKE_TRANSFORM_INTEG) ||
           match->chosen.names_no_integrity;
}

static bool choose_cipher(struct match *match)
{
    size_t position = 0;
    const struct transform *transform =
        next_transform(match->offered, IKE_TRANSFORM_ENCR, &position);
    while (transform != NULL && !try_cipher(match, transform)) {
        transform = next_transform(match->offered, IKE_TRANSFORM_ENCR, &position);
    }
    return transform != NULL;
}

static bool choose_prf(struct match *match)
{
    size_t position = 0;
    const struct transform *transform =
        next_transform(match->offered, IKE_TRANSFORM_PRF, &position);
    while (transform != NULL) {
        const enum prf_transform prf = (enum prf_transform)transform->number;
        if (own_names_prf(match->own, transform->number) &&
            match->terms->crypto->prf_size(prf) > 0) {
            match->chosen.prf = prf;
            return true;
        }
        transform = next_transform(match->offered, IKE_TRANSFORM_PRF, &position);
    }
    return false;
}

static bool may_use_key_exchange(const struct match *match, unsigned number)
{
    return number != KE_NONE && own_names_key_exchange(match->own, number) &&
           match->terms->crypto->key_agreement_size((enum key_exchange_method)number) > 0;
}

static bool choose_key_exchange(struct match *match)
{
    const unsigned preferred = (unsigned)match->terms->preferred;
    size_t position = 0;
    if (names_number(match->offered, IKE_TRANSFORM_KE, preferred) &&
        may_use_key_exchange(match, preferred)) {
        match->chosen.key_exchange = match->terms->preferred;
        return true;
    }
    const struct transform *transform = next_transform(match->offered, IKE_TRANSFORM_KE, &position);
    while (transform != NULL && !may_use_key_exchange(match, transform->number)) {
        transform = next_transform(match->offered, IKE_TRANSFORM_KE, &position);
    }
    if (transform == NULL) {
        return false;
    }
    match->chosen.key_exchange = (enum key_exchange_method)transform->number;
    return true;
}

// IKE_AUTH carries no KE payload, so nothing but NONE can be chosen there.
static bool choose_no_key_exchange(struct match *match)
{
    match->chosen.key_exchange = KE_NONE;
    match->chosen.names_no_key_exchange = names_number(match->offered, IKE_TRANSFORM_KE, KE_NONE);
    return match->chosen.names_no_key_exchange || !has_type(match->offered, IKE_TRANSFORM_KE);
}

// In CREATE_CHILD_SA either side may insist on perfect forward secrecy, or on doing without.
static bool choose_child_key_exchange(struct match *match)
{
    const struct policy_proposal *own = match->own;
    const bool may_be_none =
        own->key_exchange_count == 0 || own_names_key_exchange(own, (unsigned)KE_NONE);
    return choose_key_exchange(match) || (may_be_none && choose_no_key_exchange(match));
}

static bool choose_sequence(struct match *match)
{
    size_t position = 0;
    const struct transform *transform = next_transform(match->offered, IKE_TRANSFORM_SN, &position);
    while (transform != NULL && !own_names_sequence(match->own, transform->number)) {
        transform = next_transform(match->offered, IKE_TRANSFORM_SN, &position);
    }
    if (transform == NULL) {
        return false;
    }
    match->chosen.sequence = (enum sequence_number_transform)transform->number;
    return true;
}

static bool read_spi(struct match *match)
{
    struct byte_reader in = reader_over(match->offered->spi);
    uint32_t spi = 0;
    if (is_for_ike(match->terms)) {
        const bool has_spi = match->terms->purpose == PROPOSAL_FOR_IKE_REKEY;
        return match->offered->protocol == IKE_PROTOCOL_IKE &&
               (!has_spi || (reader_take_u64(&in, &match->chosen.spi) && match->chosen.spi != 0)) &&
               in.left == 0;
    }
    if (match->offered->protocol != IKE_PROTOCOL_ESP || !reader_take_u32(&in, &spi) ||
        in.left != 0) {
        return false;
    }
    match->chosen.spi = spi;
    return spi != 0;
}

static bool proposals_match(struct match *match)
{
    match->chosen = (struct chosen_proposal){.number = match->offered->number};
    if (!read_spi(match) || !has_only_fitting_types(match) || !keeps_kinds_apart(match->offered) ||
        !choose_cipher(match)) {
        return false;
    }
    if (is_for_ike(match->terms)) {
        return choose_prf(match) && choose_key_exchange(match);
    }
    return (match->terms->purpose == PROPOSAL_FOR_CHILD ? choose_child_key_exchange(match)
                                                        : choose_no_key_exchange(match)) &&
           choose_sequence(match);
}

// One proposal of the other side against all of our own.
static bool choose_from(const struct proposal_terms *terms, const struct proposal *offered,
                        struct chosen_proposal *out_chosen)
{
    for (size_t i = 0; i < terms->own_count; i++) {
        struct match match = {.terms = terms, .offered = offered, .own = &terms->own[i]};
        if (proposals_match(&match)) {
            *out_chosen = match.chosen;
            return true;
        }
    }
    return false;
}

bool proposal_choose(const struct proposal_terms *terms, const struct security_association *offered,
                     struct chosen_proposal *out_chosen)
{
    for (size_t i = 0; i < offered->proposal_count; i++) {
        if (choose_from(terms, &offered->proposals[i], out_chosen)) {
            return true;
        }
    }
    return false;
}

static bool has_one_of_each(const struct proposal *proposal)
{
    bool is_seen[UINT8_MAX + 1] = {false};
    for (size_t i = 0; i < proposal->transform_count; i++) {
        const uint8_t type = proposal->transforms[i].type;
        if (is_seen[type]) {
            return false;
        }
        is_seen[type] = true;
    }
    return true;
}

bool proposal_accept(const struct proposal_terms *terms, const struct security_association *answer,
                     struct chosen_proposal *out_chosen)
{
    const size_t number = answer->proposal_count == 1 ? answer->proposals[0].number : 0;
    size_t offered = 0;

    if (number == 0 || !has_one_of_each(&answer->proposals[0])) {
        return false;
    }
    for (size_t i = 0; i < terms->own_count; i++) {
        struct proposal_terms only = *terms;
        if (!proposal_can_be_offered(terms, &terms->own[i])) {
            continue;
        }
        only.own = &terms->own[i];
        only.own_count = 1;
        offered++;
        if (offered == number) {
            return proposal_choose(&only, answer, out_chosen);
        }
    }
    return false;
}

bool proposal_names_key_exchange(const struct proposal_terms *terms,
                                 enum key_exchange_method method)
{
    for (size_t i = 0; i < terms->own_count; i++) {
        const struct match match = {.terms = terms, .own = &terms->own[i]};
        if (may_use_key_exchange(&match, (unsigned)method)) {
            return true;
        }
    }
    return false;
}

// The first one of one proposal, or KE_NONE.
static enum key_exchange_method first_usable(const struct proposal_terms *terms,
                                             const struct policy_proposal *own)
{
    for (size_t i = 0; i < own->key_exchange_count; i++) {
        const struct match match = {.terms = terms, .own = own};
        if (may_use_key_exchange(&match, (unsigned)own->key_exchange[i])) {
            return own->key_exchange[i];
        }
    }
    return KE_NONE;
}

enum key_exchange_method proposal_first_key_exchange(const struct proposal_terms *terms)
{
    enum key_exchange_method method = KE_NONE;
    for (size_t i = 0; i < terms->own_count && method == KE_NONE; i++) {
        if (proposal_can_be_offered(terms, &terms->own[i])) {
            method = first_usable(terms, &terms->own[i]);
        }
    }
    return method;
}
