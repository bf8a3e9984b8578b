// unsupported.h - whether a peer cannot do what the scenario needs, as it said or as it showed.
#ifndef HARNESS_JUDGE_UNSUPPORTED_H
#define HARNESS_JUDGE_UNSUPPORTED_H

#include "harness/judge/cell_evidence.h"

struct unsupported_finding {
    bool is_unsupported;
    enum capture_side side;
    char text[EVIDENCE_TEXT_SIZE];
    unsigned frames[2]; // of the refusal, as it arrived and as it left; 0 without
};

// An operation that answered "not supported". And, of a cell in which a `must` failed: a need
// that the manifest denies, or one that it leaves open together with an error notify from that
// side.
void unsupported_find(const struct cell_evidence *evidence, bool has_failed,
                      struct unsupported_finding *out_finding);
// Takes back what follows from it: expectations that could not come true become not-reached.
// What was seen to be wrong stays a failure, the refusal itself excepted.
void unsupported_excuse(const struct unsupported_finding *finding, struct check_list *checks);

#endif
