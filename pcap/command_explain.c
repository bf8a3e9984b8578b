#include <stdlib.h>

#include "pcap/command_options.h"
#include "pcap/explain.h"

static bool print(const struct pcap_options *options, const struct evidence *evidence,
                  const struct finding_list *list)
{
    if (!options->as_json) {
        findings_print(evidence, list, stdout);
        return true;
    }
    json_t *root = findings_to_json(evidence, list);
    const bool good = root != NULL && json_dumpf(root, stdout, JSON_INDENT(1)) == 0;
    (void)printf("\n");
    json_decref(root);
    return good;
}

static int explain_file(const struct pcap_options *options, struct capture_file *file,
                        const struct key_file *keys)
{
    struct capture_fault fault;
    struct evidence *evidence = evidence_gather(file, keys, &fault);
    struct finding_list *list = calloc(1, sizeof(*list));
    bool good = evidence != NULL && list != NULL;
    if (good) {
        explain(evidence, list);
        good = print(options, evidence, list);
        if (!evidence->summary.is_complete) {
            pcap_report_fault(options->file, &evidence->summary.fault);
            good = false;
        }
    } else {
        (void)fprintf(stderr, "ikelab pcap: %s: out of memory\n", options->file);
    }
    evidence_free(evidence);
    free(list);
    return good ? PCAP_DONE : PCAP_BROKEN_FILE;
}

int pcap_explain(const struct pcap_options *options)
{
    struct capture_fault fault;
    struct key_file keys = {0};
    int code = PCAP_BROKEN_FILE;
    struct capture_file *file =
        pcap_load_keys(options, &keys) ? capture_file_open(options->file, &fault) : NULL;
    if (file != NULL) {
        code = explain_file(options, file, &keys);
    } else if (keys.ike_count + keys.esp_count > 0 || options->key_file_count == 0) {
        (void)fprintf(stderr, "ikelab pcap: %s\n", fault.message);
    }
    capture_file_close(file);
    key_file_clear(&keys);
    return code;
}
