#include "refgw/ike/cipher_rules.h"
#include "refgw/ike/proposal_choice.h"

static bool is_for_ike(const struct proposal_terms *terms)
{
    return terms->purpose == PROPOSAL_FOR_IKE || terms->purpose == PROPOSAL_FOR_IKE_REKEY;
}

static void add_transform(struct proposal *proposal, enum ike_transform_type type, unsigned number,
                          uint16_t key_bits)
{
    if (proposal->transform_count < SA_MOST_TRANSFORMS) {
        proposal->transforms[proposal->transform_count] = (struct transform){
            .type = (uint8_t)type, .number = (uint16_t)number, .key_bits = key_bits};
        proposal->transform_count++;
    }
}

// The Key Length attribute stands exactly where the cipher has one.
static uint16_t attribute_bits(const struct cipher_rule *rule, uint16_t key_bits)
{
    return rule->has_key_length ? key_bits : 0;
}

static bool pair_is_supported(const struct proposal_terms *terms, const struct policy_proposal *own,
                              struct aead_choice choice)
{
    struct aead_sizes sizes;
    for (size_t i = 0; i < own->integrity_count; i++) {
        choice.integrity = own->integrity[i];
        if (choice.integrity != AUTH_NONE && terms->crypto->aead_sizes(&choice, &sizes)) {
            return true;
        }
    }
    return false;
}

static bool cipher_is_supported(const struct proposal_terms *terms,
                                const struct policy_proposal *own,
                                const struct encryption_alternative *alternative)
{
    const struct cipher_rule *rule = cipher_rule_find((unsigned)alternative->encryption);
    struct aead_choice choice;
    struct aead_sizes sizes;
    if (rule == NULL || (is_for_ike(terms) && !rule->is_for_ike) ||
        !cipher_from_transform((unsigned)alternative->encryption,
                               attribute_bits(rule, alternative->key_bits), &choice)) {
        return false;
    }
    // A policy proposal holds either kind; with integrity named, combined modes do not count.
    if (rule->is_combined) {
        return own->integrity_count == 0 && terms->crypto->aead_sizes(&choice, &sizes);
    }
    return pair_is_supported(terms, own, choice);
}

static void add_ciphers(const struct proposal_terms *terms, const struct policy_proposal *own,
                        struct proposal *proposal)
{
    for (size_t i = 0; i < own->encryption_count; i++) {
        const struct encryption_alternative *alternative = &own->encryption[i];
        if (cipher_is_supported(terms, own, alternative)) {
            const struct cipher_rule *rule = cipher_rule_find((unsigned)alternative->encryption);
            add_transform(proposal, IKE_TRANSFORM_ENCR, (unsigned)alternative->encryption,
                          attribute_bits(rule, alternative->key_bits));
        }
    }
}

static size_t add_prfs(const struct proposal_terms *terms, const struct policy_proposal *own,
                       struct proposal *proposal)
{
    const size_t before = proposal->transform_count;
    for (size_t i = 0; i < own->prf_count; i++) {
        if (terms->crypto->prf_size(own->prf[i]) > 0) {
            add_transform(proposal, IKE_TRANSFORM_PRF, (unsigned)own->prf[i], 0);
        }
    }
    return proposal->transform_count - before;
}

static size_t add_key_exchanges(const struct proposal_terms *terms,
                                const struct policy_proposal *own, struct proposal *proposal)
{
    const size_t before = proposal->transform_count;
    for (size_t i = 0; i < own->key_exchange_count; i++) {
        const enum key_exchange_method method = own->key_exchange[i];
        if (method != KE_NONE && terms->crypto->key_agreement_size(method) > 0) {
            add_transform(proposal, IKE_TRANSFORM_KE, (unsigned)method, 0);
        }
    }
    return proposal->transform_count - before;
}

static bool names_no_key_exchange(const struct policy_proposal *own)
{
    for (size_t i = 0; i < own->key_exchange_count; i++) {
        if (own->key_exchange[i] == KE_NONE) {
            return true;
        }
    }
    return false;
}

// In CREATE_CHILD_SA: the methods for perfect forward secrecy, and NONE where a policy with such
// methods would also do without. Whether something that the policy allows is left.
static bool add_child_key_exchanges(const struct proposal_terms *terms,
                                    const struct policy_proposal *own, struct proposal *proposal)
{
    const size_t usable = add_key_exchanges(terms, own, proposal);
    const bool may_be_none = names_no_key_exchange(own);
    if (usable > 0 && may_be_none) {
        add_transform(proposal, IKE_TRANSFORM_KE, KE_NONE, 0);
    }
    return usable > 0 || may_be_none || own->key_exchange_count == 0;
}

static void add_sequences(const struct policy_proposal *own, struct proposal *proposal)
{
    for (size_t i = 0; i < own->sequence_count; i++) {
        add_transform(proposal, IKE_TRANSFORM_SN, (unsigned)own->sequence[i], 0);
    }
    if (own->sequence_count == 0) {
        add_transform(proposal, IKE_TRANSFORM_SN, SN_32_BIT_SEQUENTIAL, 0);
    }
}

// Whether something of every required type is left.
static bool fill_in(const struct proposal_terms *terms, const struct policy_proposal *own,
                    struct proposal *proposal)
{
    proposal->protocol = is_for_ike(terms) ? IKE_PROTOCOL_IKE : IKE_PROTOCOL_ESP;
    add_ciphers(terms, own, proposal);
    if (proposal->transform_count == 0) {
        return false;
    }
    if (is_for_ike(terms) && add_prfs(terms, own, proposal) == 0) {
        return false;
    }
    for (size_t i = 0; i < own->integrity_count; i++) {
        add_transform(proposal, IKE_TRANSFORM_INTEG, (unsigned)own->integrity[i], 0);
    }
    if (is_for_ike(terms)) {
        return add_key_exchanges(terms, own, proposal) > 0;
    }
    if (terms->purpose == PROPOSAL_FOR_CHILD && !add_child_key_exchanges(terms, own, proposal)) {
        return false;
    }
    add_sequences(own, proposal);
    return true;
}

bool proposal_can_be_offered(const struct proposal_terms *terms, const struct policy_proposal *own)
{
    struct proposal proposal = {.transform_count = 0};
    return fill_in(terms, own, &proposal);
}

static void put(struct message_draft *draft, const struct security_association *association)
{
    payload_begin(draft, IKE_PAYLOAD_SA, false);
    security_association_write(draft->out, association);
    payload_end(draft);
}

static size_t spi_size(const struct proposal_terms *terms)
{
    switch (terms->purpose) {
    case PROPOSAL_FOR_IKE:
        break;
    case PROPOSAL_FOR_IKE_REKEY:
        return sizeof(uint64_t);
    case PROPOSAL_FOR_FIRST_CHILD:
    case PROPOSAL_FOR_CHILD:
        return sizeof(uint32_t);
    }
    return 0;
}

// The SPI a proposal of ours carries, in bytes that live as long as the caller's.
static struct byte_view store_spi(const struct proposal_terms *terms, uint64_t spi,
                                  uint8_t bytes[sizeof(uint64_t)])
{
    struct byte_writer out = writer_into(bytes, sizeof(uint64_t));
    if (spi_size(terms) == sizeof(uint64_t)) {
        writer_put_u64(&out, spi);
    } else {
        writer_put_u32(&out, (uint32_t)spi);
    }
    return (struct byte_view){.data = bytes, .size = spi_size(terms)};
}

bool proposal_put_offer(const struct proposal_terms *terms, uint64_t spi,
                        struct message_draft *draft)
{
    struct security_association offer = {.proposal_count = 0};
    uint8_t spi_bytes[sizeof(spi)];
    const struct byte_view spi_view = store_spi(terms, spi, spi_bytes);

    for (size_t i = 0; i < terms->own_count && offer.proposal_count < SA_MOST_PROPOSALS; i++) {
        struct proposal *proposal = &offer.proposals[offer.proposal_count];
        *proposal =
            (struct proposal){.number = (uint8_t)(offer.proposal_count + 1), .spi = spi_view};
        if (fill_in(terms, &terms->own[i], proposal)) {
            offer.proposal_count++;
        }
    }
    if (offer.proposal_count == 0) {
        return false;
    }
    put(draft, &offer);
    return true;
}

static void add_integrity(const struct chosen_proposal *chosen, struct proposal *proposal)
{
    if (chosen->aead.integrity != AUTH_NONE || chosen->names_no_integrity) {
        add_transform(proposal, IKE_TRANSFORM_INTEG, (unsigned)chosen->aead.integrity, 0);
    }
}

static void fill_in_answer(const struct proposal_terms *terms, const struct chosen_proposal *chosen,
                           struct proposal *proposal)
{
    const struct cipher_rule *rule = cipher_rule_find((unsigned)chosen->aead.encryption);

    proposal->number = chosen->number;
    proposal->protocol = is_for_ike(terms) ? IKE_PROTOCOL_IKE : IKE_PROTOCOL_ESP;
    add_transform(proposal, IKE_TRANSFORM_ENCR, (unsigned)chosen->aead.encryption,
                  attribute_bits(rule, chosen->aead.key_bits));
    if (is_for_ike(terms)) {
        add_transform(proposal, IKE_TRANSFORM_PRF, (unsigned)chosen->prf, 0);
    }
    add_integrity(chosen, proposal);
    if (chosen->key_exchange != KE_NONE || chosen->names_no_key_exchange) {
        add_transform(proposal, IKE_TRANSFORM_KE, (unsigned)chosen->key_exchange, 0);
    }
    if (!is_for_ike(terms)) {
        add_transform(proposal, IKE_TRANSFORM_SN, (unsigned)chosen->sequence, 0);
    }
}

void proposal_put_answer(const struct proposal_terms *terms, const struct chosen_proposal *chosen,
                         uint64_t spi, struct message_draft *draft)
{
    struct security_association answer = {.proposal_count = 1};
    uint8_t spi_bytes[sizeof(spi)];

    answer.proposals[0].spi = store_spi(terms, spi, spi_bytes);
    fill_in_answer(terms, chosen, &answer.proposals[0]);
    put(draft, &answer);
}

bool proposal_allows_suite(const struct proposal_terms *terms, const struct ike_suite *suite)
{
    const struct chosen_proposal wanted = {
        .number = 1, .aead = suite->aead, .prf = suite->prf, .key_exchange = suite->key_exchange};
    struct security_association single = {.proposal_count = 1};
    struct chosen_proposal chosen;
    fill_in_answer(terms, &wanted, &single.proposals[0]);
    return proposal_choose(terms, &single, &chosen);
}
