#include "reports/text_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool path_join(char *out_path, size_t size, const char *folder, const char *name)
{
    const int length = snprintf(out_path, size, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= size) {
        out_path[0] = '\0';
        return false;
    }
    return true;
}

char *text_file_read_end(const char *path, size_t most, bool *out_was_cut)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    bool was_cut = false;
    if (file == NULL) {
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) != 0) {
        goto out;
    }
    const long size = ftell(file);
    if (size < 0) {
        goto out;
    }
    was_cut = (size_t)size > most;
    const size_t wanted = was_cut ? most : (size_t)size;
    if (fseek(file, (long)((size_t)size - wanted), SEEK_SET) != 0) {
        goto out;
    }
    text = malloc(wanted + 1);
    if (text != NULL) {
        text[fread(text, 1, wanted, file)] = '\0';
    }
out:
    (void)fclose(file);
    if (out_was_cut != NULL) {
        *out_was_cut = was_cut;
    }
    return text;
}

bool text_file_write(const char *path, const char *text, size_t size)
{
    char beside[4096];
    const int length = snprintf(beside, sizeof(beside), "%s.part", path);
    if (length < 0 || (size_t)length >= sizeof(beside)) {
        return false;
    }
    FILE *file = fopen(beside, "we");
    if (file == NULL) {
        return false;
    }
    const bool written = fwrite(text, 1, size, file) == size;
    if (fclose(file) != 0 || !written || rename(beside, path) != 0) {
        (void)unlink(beside);
        return false;
    }
    return true;
}
