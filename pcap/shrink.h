// shrink.h - the fewest frames of a capture that still show the same finding.
#ifndef PCAP_SHRINK_H
#define PCAP_SHRINK_H

#include <stdio.h>

#include "pcap/findings.h"
#include "pcap/key_file.h"

enum { SHRINK_MOST_FRAMES = 200000 };

struct shrink_result {
    enum finding_kind kind;
    size_t frame_count; // left
    size_t of_count;    // there were
};

// Reads the capture `path`, takes frames away as long as a finding of the kind stays, and writes
// what is left as pcapng. With `kind` FINDING_KIND_COUNT it is the kind of the most severe
// finding. False with a sentence when the capture cannot be read, shows no such finding, or is too
// large to be held in memory.
MUST_USE bool shrink_capture(const char *path, const struct key_file *keys, enum finding_kind kind,
                             FILE *out, struct shrink_result *out_result, const char **out_problem);

#endif
