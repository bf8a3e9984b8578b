// strongswan_log.h - keys out of strongSwan's log (`ike`, `chd` and `knl` at level 4).
#ifndef PCAP_STRONGSWAN_LOG_H
#define PCAP_STRONGSWAN_LOG_H

#include "pcap/key_formats.h"

// Where "07[IKE] ..." starts in a line, behind a time stamp or what syslog puts in front. NULL
// when it is no line of charon.
MUST_USE const char *strongswan_line_start(const char *text);
MUST_USE struct strongswan_log *strongswan_log_new(void); // NULL when memory runs out
void strongswan_log_free(struct strongswan_log *log);     // wipes; accepts NULL
// Takes one line. Charon names the SPIs after the keys, so a line may complete what earlier
// ones began.
MUST_USE enum key_translation strongswan_log_read(struct strongswan_log *log, const char *text,
                                                  char *out_line, size_t size);

#endif
