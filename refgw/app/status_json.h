// status_json.h - the state of all SAs as the JSON object that docs/LAB.md calls "Status".
#ifndef REFGW_APP_STATUS_JSON_H
#define REFGW_APP_STATUS_JSON_H

#include "refgw/esp/esp_gateway.h"
#include "refgw/ike/engine.h"

#include <jansson.h>

// What the engine's snapshot does not know. Functions may not change the engine.
struct status_sources {
    struct instant now;
    // False when the CHILD_SA is not installed; its counters are left out then.
    bool (*counters)(void *context, uint32_t child_sa_id, struct esp_sa_counters *out_counters);
    // How often the CHILD_SA was rekeyed.
    uint32_t (*generation)(void *context, uint32_t child_sa_id);
    void *context;
};

// One IKE SA with its children. The caller releases with json_decref(); NULL without memory.
MUST_USE json_t *status_ike_sa(const struct ike_sa_status *status,
                               const struct status_sources *sources);
// {"ike": [...]} of a whole engine.
MUST_USE json_t *status_engine(const struct ike_engine *engine,
                               const struct status_sources *sources);

#endif
