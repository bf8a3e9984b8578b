// status_text.h - the status for people, from its JSON.
#ifndef REFGW_APP_STATUS_TEXT_H
#define REFGW_APP_STATUS_TEXT_H

#include <jansson.h>
#include <stdio.h>

// Prints one paragraph per IKE SA. Members that are missing are left out.
void status_print(const json_t *status, FILE *out);

#endif
