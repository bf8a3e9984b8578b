// free_checks.h - what is checked in every cell, whatever its scenario expects.
#ifndef HARNESS_JUDGE_FREE_CHECKS_H
#define HARNESS_JUDGE_FREE_CHECKS_H

#include "harness/judge/cell_evidence.h"

// Adds, each with severity must:
//   free/no-crash          no daemon ended unasked
//   free/no-cleartext      nothing readable on the WAN that belongs into the tunnel
//   free/spi-pairs         what one side sends to, the other receives on
//   free/no-sa-left        no SA after an orderly down at the end
//   free/retransmits       repetitions are byte-identical
//   free/well-formed       every IKE message can be read, those under known keys also inside
//   free/esp-authentic     every ESP packet under a known key opens
//   free/esp-sequence      no sequence number is used twice under one SPI
void free_checks_run(const struct cell_evidence *evidence, struct check_list *checks);

#endif
