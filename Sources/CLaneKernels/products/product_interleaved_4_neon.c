// The kernels for ggml's "CPU_REPACK" layouts of four rows on 64-bit ARM with integer dot products.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>
#include "ggml-cpu.h"
#include "product.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#include "product_interleaved_neon.inc"
typedef float32x4_t vector;
enum { TILE_ROWS = 4, Q8_0 = 4 * 34, Q4_0 = 4 * 18 };

INLINE void finish(float * y, vector total) { vst1q_f32(y, total); }

// 4 scales as halves, 4 x 32 values.
INLINE void tile_q8_0(vector * totals, const char * w, const struct column_block_32 * const * x, int count, int in_turn) {
    int32x4_t sums[LANE_COLUMN_LIMIT][2];
    EACH_COLUMN sums[c][0] = sums[c][1] = vdupq_n_s32(0);
    UNROLLED for (int k = 0; k < 4; k++) {
        UNROLLED for (int i = 0; i < 2; i++) {
            int8x16_t values = vreinterpretq_s8_u8(load(w + 8 + 32 * k + 16 * i));
            EACH_COLUMN sums[c][i] = dot(sums[c][i], values, eight(x[c]->values + 8 * k), i, in_turn);
        }
    }
    EACH_COLUMN totals[c] = scaled(rows(sums[c], in_turn), halves(w), x[c]->scale, totals[c]);
}
INLINE void tile_q8_0_by_4(vector * totals, const char * w, const char * next,
    const struct column_block_32 * const * x, int count) {
    tile_q8_0(totals, w, x, count, 4);
}
INLINE void tile_q8_0_by_8(vector * totals, const char * w, const char * next,
    const struct column_block_32 * const * x, int count) {
    tile_q8_0(totals, w, x, count, 8);
}

// 4 scales as halves, 4 x 32 nibbles, of which the high ones follow the low ones; values are nibbles in two's complement.
INLINE void tile_q4_0(vector * totals, const char * w, const struct column_block_32 * const * x, int count, int in_turn) {
    int32x4_t sums[LANE_COLUMN_LIMIT][2];
    EACH_COLUMN sums[c][0] = sums[c][1] = vdupq_n_s32(0);
    UNROLLED for (int k = 0; k < 2; k++) {
        UNROLLED for (int i = 0; i < 2; i++) {
            uint8x16_t both = load(w + 8 + 32 * k + 16 * i);
            int8x16_t low = low_signed(both), high = high_signed(both);
            EACH_COLUMN {
                sums[c][i] = dot(sums[c][i], low, eight(x[c]->values + 8 * k), i, in_turn);
                sums[c][i] = dot(sums[c][i], high, eight(x[c]->values + 8 * k + 16), i, in_turn);
            }
        }
    }
    EACH_COLUMN totals[c] = scaled(rows(sums[c], in_turn), halves(w), x[c]->scale / 16, totals[c]);
}
INLINE void tile_q4_0_by_4(vector * totals, const char * w, const char * next,
    const struct column_block_32 * const * x, int count) {
    tile_q4_0(totals, w, x, count, 4);
}
INLINE void tile_q4_0_by_8(vector * totals, const char * w, const char * next,
    const struct column_block_32 * const * x, int count) {
    tile_q4_0(totals, w, x, count, 8);
}

#include "product_loops.inc"
PRODUCT(q8_0_by_4, Q8_0, column_block_32, 4, 2)
PRODUCT(q8_0_by_8, Q8_0, column_block_32, 4, 2)
PRODUCT(q4_0_by_4, Q4_0, column_block_32, 4, 2)
PRODUCT(q4_0_by_8, Q4_0, column_block_32, 4, 2)
#pragma clang attribute pop

struct product_kernel interleaved_4_product_neon(enum ggml_type type) {
    struct product_kernel kernel = {&column_format_32, TILE_ROWS, NULL};
    bool by_8 = ggml_cpu_has_matmul_int8();
    if (type == GGML_TYPE_Q8_0) kernel.product = by_8 ? product_q8_0_by_8 : product_q8_0_by_4;
    if (type == GGML_TYPE_Q4_0) kernel.product = by_8 ? product_q4_0_by_8 : product_q4_0_by_4;
    return kernel;
}
#endif
