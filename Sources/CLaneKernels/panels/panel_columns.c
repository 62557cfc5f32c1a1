// Columns as products of panels take them.
#include "kernels.h"

static void prepare_256(char * y, long stride, const float * x, long blocks, int group, float unit, int zero) {
    for (long i = 0; i < blocks; i++, y += stride, x += 256) {
        struct panel_column_256 * block = (struct panel_column_256 *)y;
        lane_kernels()->quantise_256(block, x);
        block->scale *= unit;
        if (group == 32)
            for (int j = 0; j < 8; j++) block->sums[j] = (int16_t)(block->sums[2 * j] + block->sums[2 * j + 1]);
        for (int j = 0; j < 256 / group; j++) block->corrections[j] = -zero * block->sums[j];
    }
}

void panel_prepare_column(char * y, long stride, const float * x, long width, const struct panel_type * type, int zero) {
    const struct panel_format f = panel_format(type->format);
    const long blocks = width / panel_block_width(f);
    if (f.large) prepare_256(y, stride, x, blocks, f.group, type->unit, zero);
    else lane_kernels()->quantise_32(y, stride, x, blocks, f.minima, zero);
}
