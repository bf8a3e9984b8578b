#include "pcap/command_options.h"

#include <stdio.h>

bool pcap_load_keys(const struct pcap_options *options, struct key_file *keys)
{
    struct key_fault fault;
    for (size_t i = 0; i < options->key_file_count; i++) {
        if (!key_file_load(keys, options->key_files[i], &fault)) {
            (void)fprintf(stderr, "ikelab pcap: %s:%u: %s\n", options->key_files[i], fault.line,
                          fault.message);
            return false;
        }
    }
    return true;
}

void pcap_report_fault(const char *file, const struct capture_fault *fault)
{
    (void)fprintf(stderr, "ikelab pcap: %s: frame %u, offset %llu: %s\n", file, fault->frame,
                  (unsigned long long)fault->offset, fault->message);
}

bool pcap_load_contents(const struct pcap_options *options, struct capture_contents *out_contents)
{
    struct capture_fault fault;
    struct key_file keys = {0};
    const struct capture_options how = {.keys = &keys};
    bool good = pcap_load_keys(options, &keys);
    if (good) {
        good = capture_contents_load(options->file, &how, out_contents, &fault);
        if (!good) {
            (void)fprintf(stderr, "ikelab pcap: %s: %s\n", options->file, fault.message);
        }
    }
    key_file_clear(&keys);
    return good;
}
