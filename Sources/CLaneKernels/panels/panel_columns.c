// Columns as products of panels take them: quantised as ggml does for the same weights.
#include <string.h>
#include "ggml-cpu.h"
#include "kernels.h"
#include "panels.h"

enum { BLOCKS_AT_ONCE = 32 };

static void prepare_32(char * y, long stride, const float * x, long blocks, int zero) {
    struct { uint16_t scale; int8_t values[32]; } quantised[BLOCKS_AT_ONCE];  // ggml's q8_0
    ggml_from_float_t quantise = ggml_get_type_traits_cpu(GGML_TYPE_Q8_0)->from_float;
    for (long done = 0; done < blocks; done += BLOCKS_AT_ONCE) {
        const long count = blocks - done < BLOCKS_AT_ONCE ? blocks - done : BLOCKS_AT_ONCE;
        quantise(x + 32 * done, quantised, 32 * count);
        for (long i = 0; i < count; i++, y += stride) {
            struct panel_column_32 * block = (struct panel_column_32 *)y;
            block->scale = ggml_fp16_to_fp32(quantised[i].scale);
            memcpy(block->values, quantised[i].values, 32);
            int sum = 0;
            for (int j = 0; j < 32; j++) sum += quantised[i].values[j];
            block->correction = -zero * sum;
        }
    }
}

static void prepare_32_with_sums(char * y, long stride, const float * x, long blocks) {
    struct { uint16_t scale, sum; int8_t values[32]; } quantised[BLOCKS_AT_ONCE];  // ggml's q8_1
    ggml_from_float_t quantise = ggml_get_type_traits_cpu(GGML_TYPE_Q8_1)->from_float;
    for (long done = 0; done < blocks; done += BLOCKS_AT_ONCE) {
        const long count = blocks - done < BLOCKS_AT_ONCE ? blocks - done : BLOCKS_AT_ONCE;
        quantise(x + 32 * done, quantised, 32 * count);
        for (long i = 0; i < count; i++, y += stride) {
            struct panel_column_32 * block = (struct panel_column_32 *)y;
            block->scale = ggml_fp16_to_fp32(quantised[i].scale);
            block->scaled_sum = ggml_fp16_to_fp32(quantised[i].sum);
            memcpy(block->values, quantised[i].values, 32);
        }
    }
}

static void prepare_256(char * y, long stride, const float * x, long blocks, int group, float unit, int zero) {
    for (long i = 0; i < blocks; i++, y += stride, x += 256) {
        struct panel_column_256 * block = (struct panel_column_256 *)y;
        lane_kernels()->quantise(block, x);
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
    else if (f.minima) prepare_32_with_sums(y, stride, x, blocks);
    else prepare_32(y, stride, x, blocks, zero);
}
