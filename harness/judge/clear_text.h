// clear_text.h - looks for what should have been inside ESP and was not.
#ifndef HARNESS_JUDGE_CLEAR_TEXT_H
#define HARNESS_JUDGE_CLEAR_TEXT_H

#include "harness/judge/cell_evidence.h"

// Fails the check at the first packet on the WAN that shows the probe's tag, or that travels
// between the LANs, outside of ESP; or whose ESP payload can be read as it is.
void clear_text_check(const struct cell_evidence *evidence, struct check *check);

#endif
