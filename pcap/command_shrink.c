#include <errno.h>
#include <string.h>

#include "pcap/command_options.h"
#include "pcap/shrink.h"

static int shrink_to(const struct pcap_options *options, const struct key_file *keys,
                     enum finding_kind kind)
{
    struct shrink_result result;
    const char *problem = NULL;
    FILE *out = fopen(options->out, "wbe");
    if (out == NULL) {
        (void)fprintf(stderr, "ikelab pcap: cannot write %s: %s\n", options->out,
                      strerror(errno)); // NOLINT(concurrency-mt-unsafe)
        return PCAP_BROKEN_FILE;
    }
    bool good = shrink_capture(options->file, keys, kind, out, &result, &problem);
    good = fclose(out) == 0 && good;
    if (!good) {
        (void)fprintf(stderr, "ikelab pcap: %s: %s\n", options->file, problem);
        return PCAP_BROKEN_FILE;
    }
    (void)fprintf(stderr, "%s: %zu of %zu frames\n", finding_words_of(result.kind)->name,
                  result.frame_count, result.of_count);
    return PCAP_DONE;
}

int pcap_shrink(const struct pcap_options *options)
{
    struct key_file keys = {0};
    enum finding_kind kind = FINDING_KIND_COUNT;
    if (options->finding != NULL && !finding_kind_from_name(options->finding, &kind)) {
        (void)fprintf(stderr, "ikelab pcap shrink: there is no finding '%s'; there are:\n",
                      options->finding);
        for (unsigned i = 0; i < FINDING_KIND_COUNT; i++) {
            (void)fprintf(stderr, "  %s\n", finding_words_of((enum finding_kind)i)->name);
        }
        return PCAP_USAGE;
    }
    const int code = pcap_load_keys(options, &keys) ? shrink_to(options, &keys, kind) : PCAP_USAGE;
    key_file_clear(&keys);
    return code;
}
