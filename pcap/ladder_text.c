#include "pcap/ladder.h"

#include <stdlib.h>
#include <string.h>

enum { MARGIN = 20, LEAST_WIDTH = 60, MOST_CELLS = 512 };

struct glyphs {
    const char *lane;
    const char *line;
    const char *lost_line;
    const char *right;
    const char *left;
    const char *cross;
};

static const struct glyphs unicode = {"│", "─", "╌", "▶", "◀", "✗"};
static const struct glyphs ascii = {"|", "-", ".", ">", "<", "x"};

// One line of the diagram, cell by cell: each holds the text of one column.
struct canvas {
    const char *cells[MOST_CELLS];
    char letters[MOST_CELLS][2];
    size_t width;
};

static void clear(struct canvas *canvas, size_t width)
{
    canvas->width = width < MOST_CELLS ? width : MOST_CELLS;
    for (size_t i = 0; i < canvas->width; i++) {
        canvas->cells[i] = " ";
    }
}

static void put_text(struct canvas *canvas, size_t column, size_t most, const char *text)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i < length && i < most && column + i < canvas->width; i++) {
        const bool is_cut = length > most && i + 2 >= most;
        canvas->letters[column + i][0] = text[i];
        if (is_cut) {
            canvas->letters[column + i][0] = '.';
        }
        canvas->letters[column + i][1] = '\0';
        canvas->cells[column + i] = canvas->letters[column + i];
    }
}

static void print_line(const struct canvas *canvas, FILE *out)
{
    size_t end = canvas->width;
    while (end > 0 && canvas->cells[end - 1][0] == ' ') {
        end--;
    }
    for (size_t i = 0; i < end; i++) {
        (void)fputs(canvas->cells[i], out);
    }
    (void)fputc('\n', out);
}

// What all rows share.
struct drawing {
    const struct ladder *ladder;
    const struct glyphs *glyphs;
    size_t width;
    size_t gap; // columns between lanes
    FILE *out;
};

static size_t column_of(const struct drawing *drawing, size_t lane)
{
    return MARGIN + lane * drawing->gap;
}

static void put_lanes(const struct drawing *drawing, struct canvas *canvas)
{
    clear(canvas, drawing->width);
    for (size_t i = 0; i < drawing->ladder->lane_count; i++) {
        if (column_of(drawing, i) < canvas->width) {
            canvas->cells[column_of(drawing, i)] = drawing->glyphs->lane;
        }
    }
}

static void put_arrow(const struct drawing *drawing, struct canvas *canvas,
                      const struct ladder_row *row)
{
    const struct glyphs *glyphs = drawing->glyphs;
    const bool goes_right = row->to > row->from;
    const size_t start = column_of(drawing, goes_right ? row->from : row->to) + 1;
    const size_t end = column_of(drawing, goes_right ? row->to : row->from);
    for (size_t i = start; i < end && i < canvas->width; i++) {
        canvas->cells[i] = row->is_lost ? glyphs->lost_line : glyphs->line;
    }
    const size_t head = goes_right ? end - 1 : start;
    if (head < canvas->width) {
        canvas->cells[head] = goes_right ? glyphs->right : glyphs->left;
    }
    const size_t middle = (start + end) / 2;
    if (row->is_lost && middle < canvas->width) {
        canvas->cells[middle] = glyphs->cross;
    }
}

static void draw_row(const struct drawing *drawing, struct canvas *canvas,
                     const struct ladder_row *row)
{
    char text[LADDER_LABEL_SIZE + 64];
    const uint64_t first = drawing->ladder->first_time_us;
    const bool is_before = row->time_us < first;
    const uint64_t since = is_before ? first - row->time_us : row->time_us - first;
    const size_t left = row->from < row->to ? row->from : row->to;
    const size_t span = (row->from < row->to ? row->to - row->from : row->from - row->to);
    put_lanes(drawing, canvas);
    (void)snprintf(text, sizeof(text), "%6u %c%llu.%06llu", row->frame, is_before ? '-' : '+',
                   (unsigned long long)(since / 1000000U), (unsigned long long)(since % 1000000U));
    put_text(canvas, 0, MARGIN - 1, text);
    (void)snprintf(text, sizeof(text), "%s%s%s%s", row->label, row->is_repeated ? "  again" : "",
                   row->is_lost ? "  LOST" : "", row->is_wrong ? "  WRONG" : "");
    put_text(canvas, column_of(drawing, left) + 2, span * drawing->gap - 3, text);
    print_line(canvas, drawing->out);
    put_lanes(drawing, canvas);
    put_arrow(drawing, canvas, row);
    print_line(canvas, drawing->out);
}

static void draw_head(const struct drawing *drawing, struct canvas *canvas)
{
    clear(canvas, drawing->width);
    for (size_t i = 0; i < drawing->ladder->lane_count; i++) {
        char address[ADDRESS_TEXT_SIZE];
        char text[ADDRESS_TEXT_SIZE + 8];
        address_format(&drawing->ladder->lanes[i], address);
        (void)snprintf(text, sizeof(text), "%s %s", side_name(drawing->ladder->sides[i]), address);
        const size_t half = strlen(text) / 2;
        size_t start = column_of(drawing, i) > half ? column_of(drawing, i) - half : 0;
        if (start + strlen(text) > canvas->width) {
            start = canvas->width > strlen(text) ? canvas->width - strlen(text) : 0;
        }
        put_text(canvas, start, drawing->width, text);
    }
    print_line(canvas, drawing->out);
}

void ladder_print(const struct ladder *ladder, const struct ladder_style *style, FILE *out)
{
    struct canvas *canvas = calloc(1, sizeof(*canvas));
    const size_t width = style->width < LEAST_WIDTH  ? (size_t)LEAST_WIDTH
                         : style->width > MOST_CELLS ? (size_t)MOST_CELLS
                                                     : style->width;
    if (canvas == NULL) {
        return;
    }
    if (ladder->row_count == 0) {
        (void)fprintf(out, "no IKE and no ESP in this capture\n");
    } else {
        const struct drawing drawing = {
            .ladder = ladder,
            .glyphs = style->is_ascii ? &ascii : &unicode,
            .width = width,
            .gap = (width - MARGIN - 2) / (ladder->lane_count - 1),
            .out = out,
        };
        draw_head(&drawing, canvas);
        for (size_t i = 0; i < ladder->row_count; i++) {
            draw_row(&drawing, canvas, &ladder->rows[i]);
        }
    }
    if (ladder->hidden_count > 0) {
        (void)fprintf(out, "%zu packets of further addresses are not shown\n",
                      ladder->hidden_count);
    }
    free(canvas);
}
