#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pcap/command_options.h"
#include "pcap/ladder.h"

enum { DEFAULT_WIDTH = 110 };

static size_t terminal_width(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return DEFAULT_WIDTH;
}

// As the C library decides: the first of the three that says something.
static bool has_unicode(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]); // NOLINT(concurrency-mt-unsafe)
        if (value != NULL && value[0] != '\0') {
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
        }
    }
    return false;
}

static bool write_svg(const struct ladder *ladder, const char *title, const char *path)
{
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        (void)fprintf(stderr, "ikelab pcap: cannot write %s: %s\n", path,
                      strerror(errno)); // NOLINT(concurrency-mt-unsafe)
        return false;
    }
    ladder_write_svg(ladder, title, out);
    const bool good = ferror(out) == 0;
    return fclose(out) == 0 && good;
}

int pcap_ladder(const struct pcap_options *options)
{
    struct capture_contents contents;
    struct ladder ladder = {0};
    if (!pcap_load_contents(options, &contents)) {
        return PCAP_BROKEN_FILE;
    }
    bool good = ladder_make(&contents, &ladder);
    if (good && options->svg != NULL) {
        good = write_svg(&ladder, options->file, options->svg);
    } else if (good) {
        const struct ladder_style style = {
            .width = options->width > 0 ? options->width : terminal_width(),
            .is_ascii = options->as_ascii || !has_unicode(),
        };
        ladder_print(&ladder, &style, stdout);
    }
    if (!contents.is_complete) {
        pcap_report_fault(options->file, &contents.fault);
        good = false;
    }
    ladder_clear(&ladder);
    capture_contents_clear(&contents);
    return good ? PCAP_DONE : PCAP_BROKEN_FILE;
}
