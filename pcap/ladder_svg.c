#include "pcap/ladder.h"

enum { MARGIN_LEFT = 170, LANE_GAP = 620, ROW_HEIGHT = 34, TOP = 80, RIGHT = 60 };

static const char style[] =
    "<style>svg{background:#fff;font:13px ui-monospace,monospace}text{fill:#222}"
    ".lane{stroke:#999;stroke-width:2}.time{fill:#777}"
    ".ike{stroke:#1f5fbf}.esp{stroke:#2f855a}.keepalive{stroke:#888}"
    ".lost{stroke:#c53030;stroke-dasharray:5 5}.wrong{stroke:#c53030}"
    ".again{opacity:.6}line{stroke-width:2}"
    "@media(prefers-color-scheme:dark){svg{background:#16181d}text{fill:#ddd}.time{fill:#999}"
    ".ike{stroke:#7aa9f7}.esp{stroke:#68d391}.lost,.wrong{stroke:#fc8181}}</style>\n";

static void put_escaped(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        default:
            // Control characters are no XML.
            (void)fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
            break;
        }
    }
}

static size_t x_of(size_t lane)
{
    return MARGIN_LEFT + lane * LANE_GAP;
}

static const char *class_of(const struct ladder_row *row)
{
    static const char *const names[] = {
        [LADDER_IKE] = "ike", [LADDER_ESP] = "esp", [LADDER_KEEPALIVE] = "keepalive"};
    return row->is_lost ? "lost" : row->is_wrong ? "wrong" : names[row->kind];
}

static void put_row(const struct ladder *ladder, size_t index, FILE *out)
{
    const struct ladder_row *row = &ladder->rows[index];
    const size_t y = TOP + (index + 1) * ROW_HEIGHT;
    const size_t left = row->from < row->to ? row->from : row->to;
    const int64_t since = (int64_t)row->time_us - (int64_t)ladder->first_time_us;
    (void)fprintf(out,
                  "<g%s><text class=\"time\" x=\"8\" y=\"%zu\">%u  %+.6f</text>"
                  "<text x=\"%zu\" y=\"%zu\">",
                  row->is_repeated ? " class=\"again\"" : "", y, row->frame,
                  (double)since / 1000000.0, x_of(left) + 12, y - 6);
    put_escaped(row->label, out);
    (void)fprintf(out,
                  "%s%s%s</text><line class=\"%s\" marker-end=\"url(#head)\" x1=\"%zu\" "
                  "y1=\"%zu\" x2=\"%zu\" y2=\"%zu\"/></g>\n",
                  row->is_repeated ? " (again)" : "", row->is_lost ? " LOST" : "",
                  row->is_wrong ? " WRONG" : "", class_of(row), x_of(row->from), y, x_of(row->to),
                  y);
}

void ladder_write_svg(const struct ladder *ladder, const char *title, FILE *out)
{
    const size_t lanes = ladder->lane_count > 0 ? ladder->lane_count : 1;
    const size_t width = x_of(lanes - 1) + RIGHT + MARGIN_LEFT / 2;
    const size_t height = TOP + (ladder->row_count + 2) * ROW_HEIGHT;
    (void)fprintf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
                  "viewBox=\"0 0 %zu %zu\" role=\"img\">\n<title>",
                  width, height, width, height);
    put_escaped(title, out);
    (void)fprintf(out,
                  "</title>\n%s<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" "
                  "refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
                  "<path d=\"M0 0L10 5L0 10z\" fill=\"context-stroke\"/></marker></defs>\n",
                  style);
    for (size_t i = 0; i < ladder->lane_count; i++) {
        char address[ADDRESS_TEXT_SIZE];
        address_format(&ladder->lanes[i], address);
        (void)fprintf(out,
                      "<text text-anchor=\"middle\" x=\"%zu\" y=\"32\">%s</text>"
                      "<text text-anchor=\"middle\" x=\"%zu\" y=\"52\">%s</text>"
                      "<line class=\"lane\" x1=\"%zu\" y1=\"64\" x2=\"%zu\" y2=\"%zu\"/>\n",
                      x_of(i), side_name(ladder->sides[i]), x_of(i), address, x_of(i), x_of(i),
                      height - ROW_HEIGHT);
    }
    for (size_t i = 0; i < ladder->row_count; i++) {
        put_row(ladder, i, out);
    }
    (void)fputs("</svg>\n", out);
}
