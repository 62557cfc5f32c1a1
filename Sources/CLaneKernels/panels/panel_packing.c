// From rows as a GGUF file has them to panels.
#include <string.h>
#include "panels.h"

// Plane after plane of 32 elements of 16 rows; `quads` has for each row its eight quads.
static void pack_codes(char * y, uint32_t quads[PANEL_ROWS][64], int first, int bits) {
    const int widths[] = {8, 4, 2, 1};
    int low = 0;
    for (int plane = 0; plane < 4; plane++) {
        const int width = widths[plane];
        if (!(bits & width)) continue;
        const uint32_t mask = 0x01010101u * ((1u << width) - 1);
        uint32_t lines[8][PANEL_ROWS];
        for (int quad = 0; quad < 8; quad++)
            for (int row = 0; row < PANEL_ROWS; row++) {
                uint32_t codes = (quads[row][first + quad] >> low & mask) << quad / width * width;
                lines[quad % width][row] = quad < width ? codes : lines[quad % width][row] | codes;
            }
        memcpy(y, lines, 64 * width);
        y += 64 * width;
        low += width;
    }
}

static void pack_block(char * y, struct panel_format f, struct panel_row_block rows[PANEL_ROWS]) {
    const int groups = (int)panel_block_width(f) / f.group;
    for (int row = 0; row < PANEL_ROWS; row++) {
        char * p = y + 2 * row;
        memcpy(p, &rows[row].scale, 2);
        if (f.minima) memcpy(p + 32, &rows[row].minimum, 2);
        if (!f.large) continue;
        p = y + (f.minima ? 64 : 32);
        for (int group = 0; group < groups; group++) p[16 * group + row] = rows[row].scales[group];
        p += 16 * groups;
        if (f.minima)
            for (int group = 0; group < groups; group++) p[32 * (group / 2) + 2 * row + group % 2] = (char)rows[row].minima[group];
    }
    uint32_t quads[PANEL_ROWS][64];
    for (int row = 0; row < PANEL_ROWS; row++) memcpy(quads[row], rows[row].codes, panel_block_width(f));
    y += panel_header_size(f);
    for (int first = 0; first < panel_block_width(f) / 4; first += 8) {
        pack_codes(y, quads, first, f.bits);
        y += panel_group_size(f);
    }
}

// Rows of numbers become blocks that have an element of all rows side by side; rows that there aren't are zeros.
#define TRANSPOSE(name, number)                                                                        \
    static void name(number * restrict y, const number * restrict rows, long width, long row_count) {  \
        for (long start = 0; start < width; start += 32)                                               \
            for (long i = 0; i < PANEL_ROWS; i++)                                                      \
                for (long k = start; k < start + 32; k++)                                              \
                    y[k * PANEL_ROWS + i] = i < row_count ? rows[i * width + k] : 0;                   \
    }
TRANSPOSE(transpose_words, uint32_t)
TRANSPOSE(transpose_halves, uint16_t)

bool lane_panels_take(enum ggml_type type, long width) {
    const struct panel_type * t = panel_type(type);
#if defined(__x86_64__)
    // ggml has products of bfloats with the instructions that are made for them.
    if (type == GGML_TYPE_BF16 && __builtin_cpu_supports("avx512bf16")) return false;
#endif
    return t && width % panel_block_width(panel_format(t->format)) == 0;
}

size_t lane_panels_size(enum ggml_type type, long width, long rows) {
    const struct panel_type * t = panel_type(type);
    if (!t) return 0;
    struct panel_format f = panel_format(t->format);
    return (rows + PANEL_ROWS - 1) / PANEL_ROWS * (width / panel_block_width(f)) * panel_block_size(f);
}

void lane_panels_fill(void * panels, enum ggml_type type, const void * rows, long width, long row_count, long first, long last) {
    const struct panel_type * t = panel_type(type);
    if (!t) return;
    const struct panel_format f = panel_format(t->format);
    const long blocks = width / panel_block_width(f), size = ggml_row_size(type, panel_block_width(f));
    char * y = (char *)panels + first * blocks * panel_block_size(f);
    if (!t->take_apart) {
        for (long panel = first; panel < last; panel++, y += blocks * panel_block_size(f)) {
            const long row = PANEL_ROWS * panel;
            const void * start = (const char *)rows + row * blocks * size;
            if (type == GGML_TYPE_F32) transpose_words((uint32_t *)y, start, width, row_count - row);
            else transpose_halves((uint16_t *)y, start, width, row_count - row);
        }
        return;
    }
    struct panel_row_block parts[PANEL_ROWS];
    for (long panel = first; panel < last; panel++)
        for (long block = 0; block < blocks; block++, y += panel_block_size(f)) {
            for (int i = 0; i < PANEL_ROWS; i++) {
                const long row = PANEL_ROWS * panel + i;
                if (row < row_count) t->take_apart(&parts[i], (const uint8_t *)rows + (row * blocks + block) * size);
                else memset(&parts[i], 0, sizeof parts[i]);
            }
            pack_block(y, f, parts);
        }
}
