// explain.h - from the evidence of a capture to findings.
#ifndef PCAP_EXPLAIN_H
#define PCAP_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

#include "pcap/evidence.h"
#include "pcap/findings.h"

// Applies all rules; the list comes out sorted, errors first.
void explain(const struct evidence *evidence, struct finding_list *out_list);
// The three groups of rules.
void explain_negotiation(const struct evidence *evidence, struct finding_list *list);
void explain_path(const struct evidence *evidence, struct finding_list *list);
void explain_esp(const struct evidence *evidence, struct finding_list *list);

void findings_print(const struct evidence *evidence, const struct finding_list *list, FILE *out);
// {"schema":"ikelab.findings/1","capture":{...},"findings":[...]}. A new reference that the caller
// releases; NULL when memory runs out.
MUST_USE json_t *findings_to_json(const struct evidence *evidence, const struct finding_list *list);

#endif
