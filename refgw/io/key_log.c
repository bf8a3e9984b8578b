#include "refgw/io/key_log.h"

#include "refgw/io/suite_words.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_LINE_SIZE = 1024, WORDS_SIZE = 192 };

// One line; wiped after it was written.
struct key_line {
    char text[KEY_LINE_SIZE];
    size_t used;
    bool overflowed;
};

static void put_word(struct key_line *line, const char *word)
{
    const size_t size = strlen(word);
    if (line->overflowed || size + 1 > sizeof(line->text) - line->used) {
        line->overflowed = true;
        return;
    }
    memcpy(line->text + line->used, word, size);
    line->used += size;
    line->text[line->used] = ' ';
    line->used++;
}

static void put_key(struct key_line *line, const struct secret *key)
{
    static const char digits[] = "0123456789abcdef";
    if (key->size == 0) {
        put_word(line, "-");
        return;
    }
    if (line->overflowed || 2 * key->size + 1 > sizeof(line->text) - line->used) {
        line->overflowed = true;
        return;
    }
    for (size_t i = 0; i < key->size; i++) {
        line->text[line->used] = digits[key->data[i] >> 4];
        line->text[line->used + 1] = digits[key->data[i] & 0xf];
        line->used += 2;
    }
    line->text[line->used] = ' ';
    line->used++;
}

static bool write_line(const struct key_log *log, struct key_line *line)
{
    bool written = false;
    errno = EMSGSIZE;
    if (!line->overflowed) {
        line->text[line->used - 1] = '\n';
        written = write(log->descriptor, line->text, line->used) == (ssize_t)line->used;
    }
    secret_wipe(line, sizeof(*line));
    return written;
}

bool key_log_open(const char *path, struct key_log *out_log, struct problem *out_problem)
{
    struct stat status;
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    const int descriptor = open(path, flags, S_IRUSR | S_IWUSR);
    if (descriptor < 0) {
        return problem_set_errno(out_problem, errno, "cannot open the key log %s", path);
    }
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) ||
        fchmod(descriptor, S_IRUSR | S_IWUSR) != 0) {
        (void)close(descriptor);
        return problem_set(out_problem, "the key log %s is not a regular file of ours", path);
    }
    *out_log = (struct key_log){.descriptor = descriptor};
    return true;
}

void key_log_close(struct key_log *log)
{
    if (log->descriptor >= 0) {
        (void)close(log->descriptor);
    }
    log->descriptor = -1;
}

bool key_log_write_ike(const struct key_log *log, const struct key_log_ike *entry)
{
    struct key_line line = {0};
    char words[WORDS_SIZE];
    if (log->descriptor < 0) {
        return true;
    }
    (void)snprintf(words, sizeof(words),
                   "IKE %016" PRIx64 " %016" PRIx64 " %" PRIu32 " %" PRIu32 " %" PRIu32,
                   entry->initiator_spi, entry->responder_spi, entry->epoch,
                   entry->first_message_id_i, entry->first_message_id_r);
    put_word(&line, words);
    put_word(&line, suite_encryption_word(&entry->suite->aead));
    put_key(&line, &entry->keys->sk_ei);
    put_key(&line, &entry->keys->sk_er);
    put_word(&line, suite_integrity_word(&entry->suite->aead));
    put_key(&line, &entry->keys->sk_ai);
    put_key(&line, &entry->keys->sk_ar);
    return write_line(log, &line);
}

static bool write_direction(const struct key_log *log, const struct child_sa *sa, bool is_inbound)
{
    struct key_line line = {0};
    char words[WORDS_SIZE];
    char local[ADDRESS_TEXT_SIZE];
    char remote[ADDRESS_TEXT_SIZE];
    address_format(&sa->path.local.address, local);
    address_format(&sa->path.remote.address, remote);
    (void)snprintf(words, sizeof(words), "ESP %s %s %08" PRIx32, is_inbound ? remote : local,
                   is_inbound ? local : remote, is_inbound ? sa->inbound_spi : sa->outbound_spi);
    put_word(&line, words);
    put_word(&line, suite_encryption_word(&sa->aead));
    put_key(&line, is_inbound ? &sa->inbound_encryption_key : &sa->outbound_encryption_key);
    put_word(&line, suite_integrity_word(&sa->aead));
    put_key(&line, is_inbound ? &sa->inbound_integrity_key : &sa->outbound_integrity_key);
    put_word(&line, sa->has_esn ? "1" : "0");
    return write_line(log, &line);
}

bool key_log_write_child(const struct key_log *log, const struct child_sa *sa)
{
    return log->descriptor < 0 ||
           (write_direction(log, sa, true) && write_direction(log, sa, false));
}
