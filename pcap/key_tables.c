// The tables of Wireshark's packet-isakmp.c and packet-ipsec.c, under the names that those
// give to algorithms.
#include "pcap/key_file.h"

#include "refgw/iana/ikev2_names.h"

struct cipher_name {
    enum encryption_transform encryption;
    const char *esp;   // whole name; NULL: not in the ESP table
    const char *ike;   // in front of the key length; NULL: not in the IKE table
    const char *ike_2; // behind it
};

static const struct cipher_name ciphers[] = {
    {ENCR_AES_CBC,    "AES-CBC [RFC3602]",                   "AES-CBC-", " [RFC3602]"                  },
    {ENCR_AES_CTR,    "AES-CTR [RFC3686]",                   "AES-CTR-", " [RFC5930]"                  },
    {ENCR_AES_CCM_8,  NULL,                                  "AES-CCM-", " with 8 octet ICV [RFC5282]" },
    {ENCR_AES_CCM_12, NULL,                                  "AES-CCM-", " with 12 octet ICV [RFC5282]"},
    {ENCR_AES_CCM_16, NULL,                                  "AES-CCM-", " with 16 octet ICV [RFC5282]"},
    {ENCR_AES_GCM_8,  "AES-GCM with 8 octet ICV [RFC4106]",  "AES-GCM-",
     " with 8 octet ICV [RFC5282]"                                                                     },
    {ENCR_AES_GCM_12, "AES-GCM with 12 octet ICV [RFC4106]", "AES-GCM-",
     " with 12 octet ICV [RFC5282]"                                                                    },
    {ENCR_AES_GCM_16, "AES-GCM with 16 octet ICV [RFC4106]", "AES-GCM-",
     " with 16 octet ICV [RFC5282]"                                                                    },
    {ENCR_NULL,       "NULL",                                NULL,       NULL                          },
};

struct mac_name {
    enum integrity_transform integrity;
    const char *ike;
    const char *esp;
};

static const struct mac_name macs[] = {
    {AUTH_NONE,              "NONE [RFC4306]",              "NULL"                      },
    {AUTH_HMAC_SHA2_256_128, "HMAC_SHA2_256_128 [RFC4868]", "HMAC-SHA-256-128 [RFC4868]"},
    {AUTH_HMAC_SHA2_384_192, "HMAC_SHA2_384_192 [RFC4868]", "HMAC-SHA-384-192 [RFC4868]"},
    {AUTH_HMAC_SHA2_512_256, "HMAC_SHA2_512_256 [RFC4868]", "HMAC-SHA-512-256 [RFC4868]"},
};

static const struct cipher_name *find_cipher(const struct aead_choice *choice)
{
    for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
        if (ciphers[i].encryption == choice->encryption) {
            return &ciphers[i];
        }
    }
    return NULL;
}

static const struct mac_name *find_mac(const struct aead_choice *choice)
{
    for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
        if (macs[i].integrity == choice->integrity) {
            return &macs[i];
        }
    }
    return NULL;
}

static void put_hex(FILE *out, const struct secret *key)
{
    for (size_t i = 0; i < key->size; i++) {
        (void)fprintf(out, "%02x", key->data[i]);
    }
}

static void put_unknown(FILE *out, const char *what, uint64_t spi)
{
    (void)fprintf(out, "# no name in Wireshark for the algorithms of %s SPI 0x%llx\n", what,
                  (unsigned long long)spi);
}

static void put_ike(FILE *out, const struct ike_key_entry *entry)
{
    const struct cipher_name *cipher = find_cipher(&entry->aead);
    const struct mac_name *mac = find_mac(&entry->aead);
    if (cipher == NULL || mac == NULL || cipher->ike == NULL) {
        put_unknown(out, "IKE", entry->initiator_spi);
        return;
    }
    (void)fprintf(out, "%016llx,%016llx,", (unsigned long long)entry->initiator_spi,
                  (unsigned long long)entry->responder_spi);
    put_hex(out, &entry->encryption_i);
    (void)fputc(',', out);
    put_hex(out, &entry->encryption_r);
    (void)fprintf(out, ",\"%s%u%s\",", cipher->ike, entry->aead.key_bits, cipher->ike_2);
    put_hex(out, &entry->integrity_i);
    (void)fputc(',', out);
    put_hex(out, &entry->integrity_r);
    (void)fprintf(out, ",\"%s\"\n", mac->ike);
}

static bool has_later_epoch(const struct key_file *keys, const struct ike_key_entry *entry)
{
    for (size_t i = 0; i < keys->ike_count; i++) {
        const struct ike_key_entry *other = &keys->ike[i];
        if (other->initiator_spi == entry->initiator_spi &&
            other->responder_spi == entry->responder_spi && other->epoch > entry->epoch) {
            return true;
        }
    }
    return false;
}

bool key_file_write_ike_table(const struct key_file *keys, FILE *out)
{
    for (size_t i = 0; i < keys->ike_count; i++) {
        if (!has_later_epoch(keys, &keys->ike[i])) {
            put_ike(out, &keys->ike[i]);
        }
    }
    return ferror(out) == 0;
}

// Any address: behind a NAT the daemon's differ from those of the capture.
static void put_esp(FILE *out, const struct esp_key_entry *entry)
{
    const struct cipher_name *cipher = find_cipher(&entry->aead);
    const struct mac_name *mac = find_mac(&entry->aead);
    if (cipher == NULL || mac == NULL || cipher->esp == NULL) {
        put_unknown(out, "ESP", entry->spi);
        return;
    }
    (void)fprintf(out, "\"IPv%d\",\"*\",\"*\",\"0x%08x\",\"%s\",\"%s",
                  (int)entry->destination.family, entry->spi, cipher->esp,
                  entry->encryption.size > 0 ? "0x" : "");
    put_hex(out, &entry->encryption);
    (void)fprintf(out, "\",\"%s\",\"%s", mac->esp, entry->integrity.size > 0 ? "0x" : "");
    put_hex(out, &entry->integrity);
    (void)fprintf(out, "\"\n");
}

bool key_file_write_esp_table(const struct key_file *keys, FILE *out)
{
    for (size_t i = 0; i < keys->esp_count; i++) {
        put_esp(out, &keys->esp[i]);
    }
    return ferror(out) == 0;
}
