#include "refgw/ike/ike_sa.h"

#include <stdlib.h>

struct ike_sa *ike_sa_new(void)
{
    struct ike_sa *sa = calloc(1, sizeof(*sa));
    if (sa == NULL) {
        return NULL;
    }
    sa->alarm.owner = sa;
    sa->initial = initial_exchange_new();
    if (sa->initial == NULL) {
        free(sa);
        return NULL;
    }
    return sa;
}

static void clear_cipher(struct message_cipher *cipher)
{
    if (cipher->crypto != NULL) {
        cipher->crypto->aead_free(cipher->aead);
    }
    *cipher = (struct message_cipher){.crypto = NULL};
}

static void free_children(struct ike_child *child)
{
    while (child != NULL) {
        struct ike_child *next = child->next;
        queued_action_free(child->removal);
        free(child);
        child = next;
    }
}

void ike_sa_free(struct ike_sa *sa, const struct crypto_provider *crypto)
{
    if (sa == NULL) {
        return;
    }
    free_children(sa->children);
    free_children(sa->retired);
    clear_cipher(&sa->outbound);
    clear_cipher(&sa->inbound);
    ike_keys_clear(&sa->keys);
    message_window_clear(&sa->window);
    fragments_forget(sa);
    task_queue_clear(&sa->tasks);
    ike_sa_forget_initial(sa, crypto);
    free(sa);
}

uint64_t ike_sa_own_spi(const struct ike_sa *sa)
{
    return sa->is_initiator ? sa->initiator_spi : sa->responder_spi;
}

static bool key_cipher(const struct crypto_provider *crypto, const struct aead_choice *choice,
                       const struct secret *encryption, const struct secret *integrity,
                       struct message_cipher *out_cipher)
{
    struct message_cipher cipher = {.crypto = crypto};
    if (!crypto->aead_sizes(choice, &cipher.sizes)) {
        return false;
    }
    cipher.aead = crypto->aead_new(choice, secret_view(encryption), secret_view(integrity));
    if (cipher.aead == NULL) {
        return false;
    }
    *out_cipher = cipher;
    return true;
}

static struct ike_key_inputs key_inputs(const struct ike_sa *sa, struct byte_view shared)
{
    const struct byte_view own = octets_view(&sa->initial->own_nonce);
    const struct byte_view peer = octets_view(&sa->initial->peer_nonce);
    return (struct ike_key_inputs){
        .initiator_nonce = sa->is_initiator ? own : peer,
        .responder_nonce = sa->is_initiator ? peer : own,
        .initiator_spi = sa->initiator_spi,
        .responder_spi = sa->responder_spi,
        .shared = shared,
    };
}

// Takes the keys over, or wipes them.
static bool use_keys(struct ike_sa *sa, const struct crypto_provider *crypto, struct ike_keys *keys)
{
    struct message_cipher from_initiator = {.crypto = NULL};
    struct message_cipher from_responder = {.crypto = NULL};

    if (!key_cipher(crypto, &sa->suite.aead, &keys->sk_ei, &keys->sk_ai, &from_initiator) ||
        !key_cipher(crypto, &sa->suite.aead, &keys->sk_er, &keys->sk_ar, &from_responder)) {
        clear_cipher(&from_initiator);
        ike_keys_clear(keys);
        return false;
    }
    sa->outbound = sa->is_initiator ? from_initiator : from_responder;
    sa->inbound = sa->is_initiator ? from_responder : from_initiator;
    sa->keys = *keys;
    return true;
}

bool ike_sa_make_keys(struct ike_sa *sa, const struct crypto_provider *crypto,
                      struct byte_view shared)
{
    const struct ike_key_inputs inputs = key_inputs(sa, shared);
    struct ike_keys keys = {.sk_d = {.data = NULL}};
    return ike_keys_derive(crypto, &sa->suite, &inputs, &keys) && use_keys(sa, crypto, &keys);
}

bool ike_sa_make_rekeyed_keys(struct ike_sa *sa, const struct ike_sa *old,
                              const struct crypto_provider *crypto, struct byte_view shared)
{
    const struct ike_key_inputs inputs = key_inputs(sa, shared);
    struct ike_keys keys = {.sk_d = {.data = NULL}};
    //= rfc7296#section-2.18
    //# SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr)
    return ike_keys_derive_rekeyed(crypto, &sa->suite, old->suite.prf, secret_view(&old->keys.sk_d),
                                   &inputs, &keys) &&
           use_keys(sa, crypto, &keys);
}

bool ike_sa_has_keys(const struct ike_sa *sa)
{
    return sa->outbound.crypto != NULL;
}

void ike_sa_wipe_derivation_keys(struct ike_sa *sa)
{
    secret_clear(&sa->keys.sk_d);
    secret_clear(&sa->keys.sk_pi);
    secret_clear(&sa->keys.sk_pr);
}

void ike_sa_forget_initial(struct ike_sa *sa, const struct crypto_provider *crypto)
{
    initial_exchange_free(sa->initial, crypto);
    sa->initial = NULL;
}

struct ike_child *ike_sa_find_child_by_outbound_spi(const struct ike_sa *sa, uint32_t spi)
{
    struct ike_child *child = sa->children;
    while (child != NULL && child->sa->outbound_spi != spi) {
        child = child->next;
    }
    return child;
}

struct ike_child *ike_sa_find_child_by_inbound_spi(const struct ike_sa *sa, uint32_t spi)
{
    struct ike_child *child = sa->children;
    while (child != NULL && child->sa->inbound_spi != spi) {
        child = child->next;
    }
    return child;
}

const char *ike_sa_state_name(const struct ike_sa *sa)
{
    switch (sa->state) {
    case IKE_SA_NONE:
    case IKE_SA_INIT_SENT:
    case IKE_SA_INIT_ANSWERED:
    case IKE_SA_AUTH_SENT:
        return "connecting";
    case IKE_SA_ESTABLISHED:
        if (task_queue_has(&sa->tasks, TASK_DELETE_IKE_SA)) {
            return "deleting";
        }
        return task_queue_has(&sa->tasks, TASK_REKEY_IKE) ? "rekeying" : "established";
    case IKE_SA_REKEYED:
    case IKE_SA_DELETING:
    case IKE_SA_CLOSED:
        break;
    }
    return "deleting";
}
