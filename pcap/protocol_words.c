#include "pcap/protocol_words.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/iana/ikev2_names.h"

static bool is_number(const char *word, unsigned long most)
{
    char *end = NULL;
    if (word[0] < '0' || word[0] > '9') {
        return false;
    }
    const unsigned long value = strtoul(word, &end, 10);
    return *end == '\0' && value <= most;
}

bool is_exchange_word(const char *word)
{
    unsigned number = 0;
    return exchange_type_from_name(word, &number);
}

bool is_payload_word(const char *word)
{
    if (strcmp(word, "Ni") == 0 || strcmp(word, "Nr") == 0) {
        return true;
    }
    for (unsigned type = 1; type < 256; type++) {
        const char *name = payload_type_name(type);
        if (type != IKE_PAYLOAD_NONCE && name != NULL && strcmp(name, word) == 0) {
            return true;
        }
    }
    return false;
}

bool is_notify_word(const char *word)
{
    unsigned number = 0;
    return notify_type_from_name(word, &number) || is_number(word, 65535);
}

bool is_protocol_word(const char *word)
{
    for (unsigned number = IKE_PROTOCOL_IKE; number <= IKE_PROTOCOL_ESP; number++) {
        const char *name = protocol_id_name(number);
        if (name != NULL && strcmp(name, word) == 0) {
            return true;
        }
    }
    return false;
}

bool is_identity_word(const char *word)
{
    for (unsigned number = 0; number < 256; number++) {
        const char *name = identification_type_name(number);
        if (name != NULL && strcmp(name, word) == 0) {
            return true;
        }
    }
    return false;
}

bool is_algorithm_word(const char *key, const char *word)
{
    static const struct {
        const char *key;
        unsigned type;
        bool may_be_none;
    } keys[] = {
        {"encr",  IKE_TRANSFORM_ENCR,  false},
        {"prf",   IKE_TRANSFORM_PRF,   false},
        {"integ", IKE_TRANSFORM_INTEG, true },
        {"dh",    IKE_TRANSFORM_KE,    true },
        {"addke", IKE_TRANSFORM_KE,    true },
        {"sn",    IKE_TRANSFORM_SN,    false},
    };
    const struct transform_keyword *keyword = transform_keyword_find(word);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].key, key) == 0) {
            return (keyword != NULL && keyword->type == keys[i].type) ||
                   (keys[i].may_be_none && strcmp(word, "none") == 0);
        }
    }
    return false;
}
