#include "refgw/app/status_text.h"

#include <stdbool.h>
#include <stdint.h>

static const char *text_in(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "?" : text;
}

static json_int_t number_in(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static void print_list(const json_t *object, const char *key, FILE *out)
{
    const json_t *list = json_object_get(object, key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        (void)fprintf(out, "%s%s", i == 0 ? "" : ", ", text == NULL ? "?" : text);
    }
}

static void print_child(const json_t *child, FILE *out)
{
    (void)fprintf(out, "  %s: %s, %s%s%s, SPIs in %s out %s, rekeyed %" JSON_INTEGER_FORMAT "\n",
                  text_in(child, "child"), text_in(child, "mode"), text_in(child, "suite"),
                  is_true(child, "esn") ? ", ESN" : "", is_true(child, "encap") ? ", in UDP" : "",
                  text_in(child, "spi_in"), text_in(child, "spi_out"),
                  number_in(child, "generation"));
    (void)fputs("    ", out);
    print_list(child, "ts_l", out);
    (void)fputs(" === ", out);
    print_list(child, "ts_r", out);
    (void)fprintf(out,
                  "\n    in %" JSON_INTEGER_FORMAT " packets %" JSON_INTEGER_FORMAT
                  " bytes, out %" JSON_INTEGER_FORMAT " packets %" JSON_INTEGER_FORMAT
                  " bytes, replayed %" JSON_INTEGER_FORMAT "\n",
                  number_in(child, "packets_in"), number_in(child, "bytes_in"),
                  number_in(child, "packets_out"), number_in(child, "bytes_out"),
                  number_in(child, "replayed"));
}

static void print_nat(const json_t *ike_sa, FILE *out)
{
    const bool local = is_true(ike_sa, "nat_local");
    const bool remote = is_true(ike_sa, "nat_remote");
    if (local || remote) {
        (void)fprintf(out, "  NAT in front of %s\n",
                      local && remote ? "both"
                      : local         ? "us"
                                      : "the peer");
    }
}

static void print_ike_sa(const json_t *ike_sa, FILE *out)
{
    const json_t *children = json_object_get(ike_sa, "children");
    (void)fprintf(out, "%s: %s", text_in(ike_sa, "connection"), text_in(ike_sa, "state"));
    if (json_object_get(ike_sa, "established_s") != NULL) {
        (void)fprintf(out, " for %" JSON_INTEGER_FORMAT " s", number_in(ike_sa, "established_s"));
    }
    (void)fprintf(out, ", %s, %s, rekeyed %" JSON_INTEGER_FORMAT "\n", text_in(ike_sa, "role"),
                  text_in(ike_sa, "suite"), number_in(ike_sa, "generation"));
    (void)fprintf(out, "  %s (%s) === %s (%s)\n", text_in(ike_sa, "local"),
                  text_in(ike_sa, "local_id"), text_in(ike_sa, "remote"),
                  text_in(ike_sa, "remote_id"));
    (void)fprintf(out, "  SPIs initiator %s responder %s\n", text_in(ike_sa, "spi_i"),
                  text_in(ike_sa, "spi_r"));
    print_nat(ike_sa, out);
    for (size_t i = 0; i < json_array_size(children); i++) {
        print_child(json_array_get(children, i), out);
    }
}

void status_print(const json_t *status, FILE *out)
{
    const json_t *list = json_object_get(status, "ike");
    for (size_t i = 0; i < json_array_size(list); i++) {
        print_ike_sa(json_array_get(list, i), out);
    }
    if (json_array_size(list) == 0) {
        (void)fputs("no IKE SA\n", out);
    }
}
