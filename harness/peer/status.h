// status.h - the normalised SA state that `ctl status` prints (docs/LAB.md, "Status").
#ifndef HARNESS_PEER_STATUS_H
#define HARNESS_PEER_STATUS_H

#include <jansson.h>

#include "refgw/base/bytes.h"

enum { STATUS_REASON_SIZE = 200 };

// Reads and checks a status text: JSON, every member known and of its form, SPIs and selectors
// well written. The caller releases with json_decref(). NULL with the reason, which names the
// place ("ike[0].children[1].spi_in: ...").
MUST_USE json_t *status_parse(const char *text, size_t size, char out_reason[STATUS_REASON_SIZE]);

struct status_counts {
    size_t ike;        // established or rekeying
    size_t children;   // installed under those
    size_t connecting; // half open
};

// What the conditions `sa ike=N child=N` compare with. `status` comes from status_parse().
MUST_USE struct status_counts status_count(const json_t *status);

#endif
