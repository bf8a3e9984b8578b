#include "refgw/iana/ikev2_names.h"
#include "harness/tap/tap.h"

#include <string.h>

enum { MOST_NUMBER = 65535 };

static bool same_text(const char *left, const char *right)
{
    return left != NULL && right != NULL && strcmp(left, right) == 0;
}

static void every_notify_name_leads_back_to_its_number(void)
{
    size_t named = 0;
    size_t wrong = 0;
    for (unsigned number = 0; number <= MOST_NUMBER; number++) {
        const char *name = notify_type_name(number);
        unsigned back = 0;
        if (name != NULL) {
            named++;
            wrong += !notify_type_from_name(name, &back) || back != number;
        }
    }
    ok(wrong == 0, "%zu notify names are unique", named);
}

static void every_exchange_name_leads_back_to_its_number(void)
{
    size_t wrong = 0;
    for (unsigned number = 0; number <= UINT8_MAX; number++) {
        const char *name = exchange_type_name(number);
        unsigned back = 0;
        wrong += name != NULL && (!exchange_type_from_name(name, &back) || back != number);
    }
    ok(wrong == 0, "exchange names are unique");
}

static void unknown_names_are_refused(void)
{
    unsigned number = 77;
    ok(!notify_type_from_name("REKEY_sa", &number) && number == 77, "names are case-sensitive");
    ok(!notify_type_from_name("", &number) && number == 77, "the empty name is unknown");
    ok(!exchange_type_from_name("IKE_SA", &number) && number == 77, "half a name is unknown");
    ok(notify_type_name(12345) == NULL && notify_type_name(16383) == NULL,
       "unassigned notify types have no name");
    ok(exchange_type_name(0) == NULL && payload_type_name(0) == NULL && protocol_id_name(0) == NULL,
       "zero has no name");
}

static void names_are_the_registrys(void)
{
    ok(same_text(exchange_type_name(IKE_EXCHANGE_SA_INIT), "IKE_SA_INIT"), "IKE_SA_INIT");
    ok(same_text(exchange_type_name(IKE_EXCHANGE_FOLLOWUP_KE), "IKE_FOLLOWUP_KE"), "FOLLOWUP_KE");
    ok(same_text(payload_type_name(IKE_PAYLOAD_TSI), "TSi"), "TSi");
    ok(same_text(payload_type_name(IKE_PAYLOAD_NONCE), "Nonce"), "Nonce");
    ok(same_text(notify_type_name(NOTIFY_AUTHENTICATION_FAILED), "AUTHENTICATION_FAILED"),
       "AUTHENTICATION_FAILED");
    ok(same_text(protocol_id_name(IKE_PROTOCOL_ESP), "ESP"), "ESP");
    ok(same_text(identification_type_name(ID_FQDN), "ID_FQDN"), "ID_FQDN");
    ok(same_text(authentication_method_name(AUTH_METHOD_DIGITAL_SIGNATURE), "Digital Signature"),
       "Digital Signature");
    ok(same_text(transform_type_name(IKE_TRANSFORM_ADDKE7), "ADDKE7"), "ADDKE7");
    ok(same_text(transform_name(IKE_TRANSFORM_ENCR, ENCR_AES_GCM_16), "ENCR_AES_GCM_16"),
       "ENCR_AES_GCM_16");
    ok(same_text(configuration_attribute_name(1), "INTERNAL_IP4_ADDRESS"), "INTERNAL_IP4_ADDRESS");
    ok(transform_name(99, 1) == NULL && transform_name(IKE_TRANSFORM_PRF, 99) == NULL,
       "unknown transforms have no name");
    ok(same_text(transform_name(IKE_TRANSFORM_ADDKE1, KE_ML_KEM_768),
                 transform_name(IKE_TRANSFORM_KE, KE_ML_KEM_768)),
       "an additional key exchange has the name of its method");
}

static void every_payload_type_of_the_header_has_a_name(void)
{
    static const enum ike_payload_type types[] = {
        IKE_PAYLOAD_SA,     IKE_PAYLOAD_KE,        IKE_PAYLOAD_IDI,
        IKE_PAYLOAD_IDR,    IKE_PAYLOAD_CERT,      IKE_PAYLOAD_CERTREQ,
        IKE_PAYLOAD_AUTH,   IKE_PAYLOAD_NONCE,     IKE_PAYLOAD_NOTIFY,
        IKE_PAYLOAD_DELETE, IKE_PAYLOAD_VENDOR_ID, IKE_PAYLOAD_TSI,
        IKE_PAYLOAD_TSR,    IKE_PAYLOAD_SK,        IKE_PAYLOAD_CP,
        IKE_PAYLOAD_EAP,    IKE_PAYLOAD_SKF,       IKE_PAYLOAD_PUZZLE_SOLUTION,
    };
    size_t unnamed = 0;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        unnamed += payload_type_name(types[i]) == NULL;
    }
    ok(unnamed == 0, "payload types");
}

static void every_keyword_leads_to_its_transform_and_back(void)
{
    size_t count = 0;
    size_t wrong = 0;
    const struct transform_keyword *row;
    while ((row = transform_keyword_at(count)) != NULL) {
        count++;
        wrong += transform_keyword_find(row->word) != row;
        wrong +=
            !same_text(transform_keyword_name(row->type, row->number, row->key_bits), row->word);
        wrong += transform_name(row->type, row->number) == NULL;
    }
    ok(count > 40 && wrong == 0, "%zu keywords are unique", count);
    ok(transform_keyword_at(count + 1000) == NULL, "nothing behind the last");
}

static void keyword_means(const char *word, unsigned type, unsigned number, unsigned key_bits)
{
    const struct transform_keyword *row = transform_keyword_find(word);
    ok(row != NULL && row->type == type && row->number == number && row->key_bits == key_bits, "%s",
       word);
}

static void keywords_mean_what_the_header_says(void)
{
    keyword_means("aes128gcm16", IKE_TRANSFORM_ENCR, ENCR_AES_GCM_16, 128);
    keyword_means("aes256gcm16", IKE_TRANSFORM_ENCR, ENCR_AES_GCM_16, 256);
    keyword_means("aes128gcm8", IKE_TRANSFORM_ENCR, ENCR_AES_GCM_8, 128);
    keyword_means("aes128ccm16", IKE_TRANSFORM_ENCR, ENCR_AES_CCM_16, 128);
    keyword_means("aes128", IKE_TRANSFORM_ENCR, ENCR_AES_CBC, 128);
    keyword_means("aes256", IKE_TRANSFORM_ENCR, ENCR_AES_CBC, 256);
    keyword_means("aes128ctr", IKE_TRANSFORM_ENCR, ENCR_AES_CTR, 128);
    keyword_means("chacha20poly1305", IKE_TRANSFORM_ENCR, ENCR_CHACHA20_POLY1305, 0);
    keyword_means("null", IKE_TRANSFORM_ENCR, ENCR_NULL, 0);
    keyword_means("sha256", IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA2_256_128, 0);
    keyword_means("sha384", IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA2_384_192, 0);
    keyword_means("sha512", IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA2_512_256, 0);
    keyword_means("aesxcbc", IKE_TRANSFORM_INTEG, AUTH_AES_XCBC_96, 0);
    keyword_means("aescmac", IKE_TRANSFORM_INTEG, AUTH_AES_CMAC_96, 0);
    keyword_means("prfsha256", IKE_TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0);
    keyword_means("prfsha384", IKE_TRANSFORM_PRF, PRF_HMAC_SHA2_384, 0);
    keyword_means("prfsha512", IKE_TRANSFORM_PRF, PRF_HMAC_SHA2_512, 0);
    keyword_means("prfaesxcbc", IKE_TRANSFORM_PRF, PRF_AES128_XCBC, 0);
    keyword_means("prfaescmac", IKE_TRANSFORM_PRF, PRF_AES128_CMAC, 0);
    keyword_means("x25519", IKE_TRANSFORM_KE, KE_CURVE25519, 0);
    keyword_means("x448", IKE_TRANSFORM_KE, KE_CURVE448, 0);
    keyword_means("ecp256", IKE_TRANSFORM_KE, KE_ECP_256, 0);
    keyword_means("ecp384", IKE_TRANSFORM_KE, KE_ECP_384, 0);
    keyword_means("ecp521", IKE_TRANSFORM_KE, KE_ECP_521, 0);
    keyword_means("modp2048", IKE_TRANSFORM_KE, KE_MODP_2048, 0);
    keyword_means("modp8192", IKE_TRANSFORM_KE, KE_MODP_8192, 0);
    keyword_means("mlkem768", IKE_TRANSFORM_KE, KE_ML_KEM_768, 0);
    keyword_means("esn", IKE_TRANSFORM_SN, SN_64_BIT_PARTIAL, 0);
    keyword_means("noesn", IKE_TRANSFORM_SN, SN_32_BIT_SEQUENTIAL, 0);
}

static void what_must_not_be_negotiated_has_no_keyword(void)
{
    ok(transform_keyword_find("3des") == NULL && transform_keyword_find("modp1024") == NULL &&
           transform_keyword_find("sha1") == NULL && transform_keyword_find("md5") == NULL,
       "no 3des, modp1024, sha1, md5");
    ok(transform_keyword_name(IKE_TRANSFORM_ENCR, ENCR_3DES, 0) == NULL, "nor the other way");
    ok(transform_keyword_name(IKE_TRANSFORM_ENCR, ENCR_AES_GCM_16, 0) == NULL,
       "AES without key length has no keyword");
    ok(same_text(transform_keyword_name(IKE_TRANSFORM_ADDKE1, KE_ML_KEM_768, 0), "mlkem768"),
       "an additional key exchange has its method's keyword");
}

int main(void)
{
    every_notify_name_leads_back_to_its_number();
    every_exchange_name_leads_back_to_its_number();
    unknown_names_are_refused();
    names_are_the_registrys();
    every_payload_type_of_the_header_has_a_name();
    every_keyword_leads_to_its_transform_and_back();
    keywords_mean_what_the_header_says();
    what_must_not_be_negotiated_has_no_keyword();
    return done_testing();
}
