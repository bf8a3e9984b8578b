// template.h - fills a peer's configuration template with an intent.
//
//   {{name}}                        the value as it stands
//   {{quote name}}                  in double quotes, with \" and \\ escaped
//   {{#if name}} {{else}} {{/if}}   true, a number other than 0, a text or list that is not empty
//   {{#unless name}} {{/unless}}
//   {{#each list}} {{/each}}        names are looked up in the item first, then outside of it;
//                                   {{this}} is an item that is a text; `first` and `last` are
//                                   true for the first and last item
//
// A tag alone on its line takes the whole line with it. A name that does not exist is an error:
// a misspelt one must not render as nothing.
#ifndef HARNESS_PEER_TEMPLATE_H
#define HARNESS_PEER_TEMPLATE_H

#include <jansson.h>

#include "refgw/base/block.h"

enum { TEMPLATE_MOST_DEPTH = 8 };

// Renders `text` with the names of the JSON object `data`. The result ends in a zero and is
// released with free(). NULL with line and reason in out_fault.
MUST_USE char *template_render(const char *text, const json_t *data, struct block_fault *out_fault);

#endif
