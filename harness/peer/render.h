// render.h - a peer's own configuration for one side of an intent.
#ifndef HARNESS_PEER_RENDER_H
#define HARNESS_PEER_RENDER_H

#include <jansson.h>

#include "harness/peer/intent.h"
#include "harness/peer/manifest.h"

enum render_result {
    RENDER_DONE,
    RENDER_UNSUPPORTED, // the peer has no spelling for an algorithm, or says it cannot: see fault
    RENDER_BROKEN,      // the template or a file is at fault
};

// The names a template may use (listed in harness/peer/README.md). `directory` is the side's
// private work folder. The caller releases with json_decref(). NULL with RENDER_UNSUPPORTED or
// RENDER_BROKEN in out_result and the reason in out_fault.
MUST_USE json_t *render_data(const struct peer_manifest *manifest, const struct intent *intent,
                             enum scenario_side side, const char *directory,
                             enum render_result *out_result, struct block_fault *out_fault);

// Renders every FILE.tmpl of the peer's folder to `config_folder`/FILE (mode 0600; the folder
// exists). The fault's message starts with the template's name.
MUST_USE enum render_result render_config(const struct peer_manifest *manifest,
                                          const struct intent *intent, enum scenario_side side,
                                          const char *directory, const char *config_folder,
                                          struct block_fault *out_fault);

#endif
