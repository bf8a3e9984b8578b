// text_file.h - whole small files in and out.
#ifndef REPORTS_TEXT_FILE_H
#define REPORTS_TEXT_FILE_H

#include "refgw/base/bytes.h"

// "folder/name" into `out_path`; false when it does not fit, which then holds "".
MUST_USE bool path_join(char *out_path, size_t size, const char *folder, const char *name);
// At most the last `most` bytes of a file, zero-terminated; NULL when it cannot be read. The
// caller frees it. `out_was_cut` may be NULL.
MUST_USE char *text_file_read_end(const char *path, size_t most, bool *out_was_cut);
// Writes beside and renames, so that a reader never sees half a page.
MUST_USE bool text_file_write(const char *path, const char *text, size_t size);

#endif
