// key_log.h - the keys of this gateway in a file, so that captures can be decrypted. For the
// lab only: whoever has the file reads all traffic. The one place where key bytes are text.
#ifndef REFGW_IO_KEY_LOG_H
#define REFGW_IO_KEY_LOG_H

#include "refgw/io/problem.h"
#include "refgw/sa/child_sa.h"

struct key_log {
    int descriptor; // -1: keys are not logged
};

// What the IKE line says (docs/LAB.md, "Keys").
struct key_log_ike {
    uint64_t initiator_spi;
    uint64_t responder_spi;
    uint32_t epoch;
    uint32_t first_message_id_i;
    uint32_t first_message_id_r;
    const struct ike_suite *suite;
    const struct ike_keys *keys;
};

// Appends to the file, which only its owner may read (mode 0600). It must be a regular file
// and no symbolic link.
MUST_USE bool key_log_open(const char *path, struct key_log *out_log, struct problem *out_problem);
void key_log_close(struct key_log *log);
// False with errno set when the line could not be written; true when keys are not logged.
MUST_USE bool key_log_write_ike(const struct key_log *log, const struct key_log_ike *entry);
// Two lines, one per direction.
MUST_USE bool key_log_write_child(const struct key_log *log, const struct child_sa *sa);

#endif
