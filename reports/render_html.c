#include "reports/render.h"
#include "reports/text_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FOLDER_SIZE = 1024,
    PATH_SIZE = 4096,
    FILE_SIZE = 4400,
    MOST_LOG = 48 * 1024,
    MOST_CONFIG = 64 * 1024,
    MOST_FILES = 16
};

// The page itself is written as a page, in templates/, and becomes part of the program here.
__asm__(".section .rodata\n"
        ".global report_page_start\n"
        ".global report_page_end\n"
        "report_page_start:\n"
        ".incbin \"reports/templates/report.html\"\n"
        "report_page_end:\n"
        ".byte 0\n"
        ".previous\n");
extern const char report_page_start[];
extern const char report_page_end[];

static const char data_mark[] = "@DATA@";

// The cell's folder below the output folder: named outright, or where its capture lies.
static void cell_folder(const json_t *one, char *out_folder, size_t size)
{
    const json_t *artifacts = json_object_get(one, "artifacts");
    const char *folder = result_text(artifacts, "folder");
    if (folder[0] != '\0') {
        (void)snprintf(out_folder, size, "%s", folder);
        return;
    }
    const char *capture = result_text(artifacts, "pcapng");
    const char *slash = strrchr(capture, '/');
    (void)snprintf(out_folder, size, "%.*s", slash == NULL ? 0 : (int)(slash - capture), capture);
}

static json_t *load_json(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    json_t *value =
        path_join(path, sizeof(path), folder, name) ? json_load_file(path, 0, NULL) : NULL;
    return value != NULL ? value : json_null();
}

static json_t *load_text(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    char *text = path_join(path, sizeof(path), folder, name)
                     ? text_file_read_end(path, MOST_CONFIG, NULL)
                     : NULL;
    json_t *value = text != NULL ? json_string(text) : NULL;
    free(text);
    return value != NULL ? value : json_null();
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

// {"name": "text", ...} of the regular files in a folder.
static json_t *load_texts(const char *folder, const char *name, size_t most)
{
    char path[PATH_SIZE];
    struct dirent **entries = NULL;
    json_t *texts = json_object();
    const int count = path_join(path, sizeof(path), folder, name)
                          ? scandir(path, &entries, is_visible, by_name)
                          : 0;
    for (int i = 0; i < count; i++) {
        char file[FILE_SIZE];
        bool was_cut = false;
        const bool is_shown =
            i < MOST_FILES && path_join(file, sizeof(file), path, entries[i]->d_name);
        char *text = is_shown ? text_file_read_end(file, most, &was_cut) : NULL;
        if (text != NULL) {
            struct text_buffer shown = {0};
            text_buffer_print(&shown, "%s%s", was_cut ? "... (the beginning is in the file)\n" : "",
                              text);
            // A log that is not UTF-8 is left to its file.
            (void)json_object_set_new(texts, entries[i]->d_name,
                                      shown.text == NULL ? NULL : json_string(shown.text));
            text_buffer_clear(&shown);
        }
        free(text);
        free(entries[i]);
    }
    free(entries);
    return texts;
}

// Of a decoded message the page shows the payload names; the fields stay in messages.json.
static json_t *load_messages(const char *folder)
{
    json_t *messages = load_json(folder, "messages.json");
    json_t *list = json_is_object(messages) ? json_object_get(messages, "messages") : messages;
    size_t index;
    json_t *message;
    json_array_foreach(list, index, message)
    {
        (void)json_object_del(message, "details");
    }
    return messages;
}

static json_t *cell_details(const json_t *one, const char *out_folder)
{
    char folder[FOLDER_SIZE];
    char path[PATH_SIZE];
    json_t *details = json_object();
    cell_folder(one, folder, sizeof(folder));
    if (folder[0] == '\0' || !path_join(path, sizeof(path), out_folder, folder)) {
        return details;
    }
    (void)json_object_set_new(details, "folder", json_string(folder));
    (void)json_object_set_new(details, "cell", load_json(path, "cell.json"));
    (void)json_object_set_new(details, "scenario", load_text(path, "scenario.scn"));
    (void)json_object_set_new(details, "relay", load_json(path, "relay.json"));
    (void)json_object_set_new(details, "traffic", load_json(path, "traffic.json"));
    (void)json_object_set_new(details, "messages", load_messages(path));
    (void)json_object_set_new(details, "config_west", load_texts(path, "config/west", MOST_CONFIG));
    (void)json_object_set_new(details, "config_east", load_texts(path, "config/east", MOST_CONFIG));
    (void)json_object_set_new(details, "logs_west", load_texts(path, "logs/west", MOST_LOG));
    (void)json_object_set_new(details, "logs_east", load_texts(path, "logs/east", MOST_LOG));
    return details;
}

// Inside <script> only "</" could end the data early.
static void put_script_json(struct text_buffer *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (text == NULL) {
        out->failed = true;
        return;
    }
    const char *rest = text;
    for (const char *found = strstr(rest, "</"); found != NULL; found = strstr(rest, "</")) {
        text_buffer_put(out, rest, (size_t)(found - rest));
        text_buffer_put(out, "<\\/", 3);
        rest = found + 2;
    }
    text_buffer_put(out, rest, strlen(rest));
    free(text);
}

void render_html(const json_t *result, const char *out_folder, struct text_buffer *out)
{
    const char *mark = strstr(report_page_start, data_mark);
    json_t *data = json_object();
    json_t *details = json_array();
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(result, "results"), index, one)
    {
        (void)json_array_append_new(details, cell_details(one, out_folder));
    }
    json_t *copy = json_deep_copy(result);
    (void)json_object_set_new(data, "result", copy);
    (void)json_object_set_new(data, "details", details);
    if (mark == NULL) {
        out->failed = true;
    } else {
        text_buffer_put(out, report_page_start, (size_t)(mark - report_page_start));
        put_script_json(out, data);
        mark += sizeof(data_mark) - 1;
        text_buffer_put(out, mark, (size_t)(report_page_end - mark));
    }
    json_decref(data);
}
