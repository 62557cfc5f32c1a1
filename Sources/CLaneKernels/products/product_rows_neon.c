// The kernels for weights as a GGUF file has them, on 64-bit ARM with integer dot products.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>
#include "product.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#include "product_neon.inc"
typedef float32x4_t vector;
enum { TILE_ROWS = 1 };

INLINE void finish(float * y, vector total) { *y = vaddvq_f32(total); }
INLINE float32x4_t scaled(int32x4_t sums, float factor, float32x4_t total) {
    return vfmaq_n_f32(total, vcvtq_f32_s32(sums), factor);
}
// The products of 32 elements.
INLINE int32x4_t dot(int8x16_t first, int8x16_t second, const int8_t * x) {
    return vdotq_s32(vdotq_s32(vdupq_n_s32(0), first, vld1q_s8(x)), second, vld1q_s8(x + 16));
}

// ---- Blocks of 32 ----

enum { Q8_0 = 34, Q4_0 = 18, F32 = 128, F16 = 64 };

// A scale as half, 32 values.
INLINE void tile_q8_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    int8x16_t first = vreinterpretq_s8_u8(load(w + 2)), second = vreinterpretq_s8_u8(load(w + 18));
    float scale = half(w);
    EACH_COLUMN totals[c] = scaled(dot(first, second, x[c]->values), scale * x[c]->scale, totals[c]);
}
// A scale as half, 32 nibbles; the high ones follow the low ones. Values are nibbles - 8.
INLINE void tile_q4_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    uint8x16_t both = veorq_u8(load(w + 2), vdupq_n_u8(0x88));
    int8x16_t first = low_signed(both), second = high_signed(both);
    float scale = half(w) / 16;
    EACH_COLUMN totals[c] = scaled(dot(first, second, x[c]->values), scale * x[c]->scale, totals[c]);
}

INLINE void floats(vector * totals, float32x4_t values, int i, const struct column_floats * const * x, int count) {
    EACH_COLUMN totals[c] = vfmaq_f32(totals[c], values, vld1q_f32(x[c]->values + 4 * i));
}
INLINE void tile_f32(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 8; i++) floats(totals, vld1q_f32((const float *)w + 4 * i), i, x, count);
}
INLINE void tile_f16(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 8; i++) floats(totals, halves(w + 8 * i), i, x, count);
}
INLINE void tile_bf16(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 8; i++) {
        uint32x4_t wide = vshll_n_u16(vld1_u16((const uint16_t *)w + 4 * i), 16);
        floats(totals, vreinterpretq_f32_u32(wide), i, x, count);
    }
}

// ---- Blocks of 256 ----

enum { Q4_K = 144, Q5_K = 176, Q6_K = 210 };

// Two scales as halves (of scales, of minima), 12 bytes of scales and minima, for q5_K 256 fifth bits, 256 nibbles.
INLINE void tile_q4_or_q5_K(vector * totals, const char * w, const struct column_block_256 * const * x, int count, bool five) {
    const char * nibbles = w + (five ? 48 : 16);
    struct scales_and_minima all = scales_and_minima(w + 4);
    int32x4_t scales[2] = {vmovl_s16(four(all.scales, 0)), vmovl_s16(four(all.scales, 1))}, sums[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = vdupq_n_s32(0);
    UNROLLED for (int k = 0; k < 4; k++) {
        int8x16_t low[2], high[2];
        UNROLLED for (int i = 0; i < 2; i++) {
            uint8x16_t both = load(nibbles + 32 * k + 16 * i);
            low[i] = low_nibbles(both);
            high[i] = high_nibbles(both);
            if (!five) continue;
            uint8x16_t bits = load(w + 16 + 16 * i);
            low[i] = with_fifth(low[i], bits, 2 * k);
            high[i] = with_fifth(high[i], bits, 2 * k + 1);
        }
        EACH_COLUMN {
            const int8_t * values = x[c]->values + 64 * k;
            sums[c] = vmlaq_n_s32(sums[c], dot(low[0], low[1], values), scales[k / 2][2 * k % 4]);
            sums[c] = vmlaq_n_s32(sums[c], dot(high[0], high[1], values + 32), scales[k / 2][2 * k % 4 + 1]);
        }
    }
    float scale = half(w), minimum = half(w + 2);
    EACH_COLUMN {
        int16x8_t pairs = vld1q_s16(x[c]->pair_sums);
        int32x4_t below = vmlal_s16(vmull_s16(four(all.minima, 0), four(pairs, 0)), four(all.minima, 1), four(pairs, 1));
        totals[c] = scaled(sums[c], scale * x[c]->scale, totals[c]);
        totals[c] = scaled(below, -minimum * x[c]->scale, totals[c]);
    }
}
INLINE void tile_q4_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    tile_q4_or_q5_K(totals, w, x, count, false);
}
INLINE void tile_q5_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    tile_q4_or_q5_K(totals, w, x, count, true);
}

// 256 nibbles, 256 fifth and sixth bits, 16 scales, their scale as half; values are - 32.
INLINE void tile_q6_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    int8x16_t bytes = vreinterpretq_s8_u8(load(w + 192));
    int16x8_t early = vmovl_s8(vget_low_s8(bytes)), late = vmovl_s8(vget_high_s8(bytes));
    int32x4_t scales[4] = {
        vmovl_s16(four(early, 0)), vmovl_s16(four(early, 1)), vmovl_s16(four(late, 0)), vmovl_s16(four(late, 1)),
    };
    int32x4_t sums[LANE_COLUMN_LIMIT];
    EACH_COLUMN {
        sums[c] = vdupq_n_s32(0);
        UNROLLED for (int i = 0; i < 4; i++) sums[c] = vmlaq_s32(sums[c], scales[i], vld1q_s32(x[c]->minus_32_sums + 4 * i));
    }
    UNROLLED for (int k = 0; k < 2; k++) {
        UNROLLED for (int i = 0; i < 2; i++) {
            int8x16_t values[4];
            six_bits(values, load(w + 64 * k + 16 * i), load(w + 64 * k + 16 * i + 32), load(w + 128 + 32 * k + 16 * i));
            UNROLLED for (int j = 0; j < 4; j++) {
                int group = 8 * k + 2 * j + i;
                EACH_COLUMN {
                    int32x4_t sixteen = vdotq_s32(vdupq_n_s32(0), values[j], vld1q_s8(x[c]->values + 16 * group));
                    sums[c] = vmlaq_n_s32(sums[c], sixteen, scales[group / 4][group % 4]);
                }
            }
        }
    }
    float scale = half(w + 208);
    EACH_COLUMN totals[c] = scaled(sums[c], scale * x[c]->scale, totals[c]);
}

#include "product_loops.inc"
PRODUCT(q8_0, Q8_0, column_block_32, 4, 2)
PRODUCT(q4_0, Q4_0, column_block_32, 4, 2)
PRODUCT(f32, F32, column_floats, 4, 4)
PRODUCT(f16, F16, column_floats, 4, 4)
PRODUCT(bf16, F16, column_floats, 4, 4)
PRODUCT(q4_K, Q4_K, column_block_256, 1, 1)
PRODUCT(q5_K, Q5_K, column_block_256, 1, 1)
PRODUCT(q6_K, Q6_K, column_block_256, 1, 1)
#pragma clang attribute pop

struct product_kernel row_product_neon(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_F32: return (struct product_kernel){&column_format_float, TILE_ROWS, product_f32};
    case GGML_TYPE_F16: return (struct product_kernel){&column_format_half, TILE_ROWS, product_f16};
    case GGML_TYPE_BF16: return (struct product_kernel){&column_format_bfloat, TILE_ROWS, product_bf16};
    case GGML_TYPE_Q8_0: return (struct product_kernel){&column_format_32, TILE_ROWS, product_q8_0};
    case GGML_TYPE_Q4_0: return (struct product_kernel){&column_format_32, TILE_ROWS, product_q4_0};
    case GGML_TYPE_Q4_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q4_K};
    case GGML_TYPE_Q5_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q5_K};
    case GGML_TYPE_Q6_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q6_K};
    default: return (struct product_kernel){0};
    }
}
#endif
