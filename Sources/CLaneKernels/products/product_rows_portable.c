// The kernels for weights as a GGUF file has them, for any processor: a block is decoded into memory once, in loops that the
// compiler turns into vectors, and multiplied with each column from there.
#include <string.h>
#include "product.h"

#define LANE_VECTOR 8
#if defined(__aarch64__)
#include <arm_neon.h>
#define LANE_CONVERTS_HALF
#define UNROLLED_WITH_32_REGISTERS UNROLLED
#else
#define UNROLLED_WITH_32_REGISTERS
#endif
#include "vector.inc"
enum { TILE_ROWS = 1 };

// Products of integers are complete within a block, and only the first element of a total is used for them.
INLINE void finish(float * y, vector total) { *y = sum(total); }

INLINE float half(const char * p) { uint16_t h[LANE_VECTOR] = {0}; memcpy(h, p, 2); return half_to_float(h)[0]; }
// `count` is a multiple of 16.
INLINE int dot(const int8_t * w, const int8_t * x, int count) {
#if defined(__aarch64__)
    // The compiler doesn't know that no element of x is -128, so that two products fit 16 bits.
    int32x4_t sums = vdupq_n_s32(0);
    for (int j = 0; j < count; j += 16) {
        int8x16_t a = vld1q_s8(w + j), b = vld1q_s8(x + j);
        sums = vpadalq_s16(sums, vmlal_high_s8(vmull_s8(vget_low_s8(a), vget_low_s8(b)), a, b));
    }
    return vaddvq_s32(sums);
#else
    int sum = 0;
    for (int j = 0; j < count; j++) sum += w[j] * x[j];
    return sum;
#endif
}

// ---- Blocks of 32 ----

enum { Q8_0 = 34, Q4_0 = 18, F32 = 128, F16 = 64 };

// A scale as half, 32 values.
INLINE void tile_q8_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    float scale = half(w);
    EACH_COLUMN totals[c][0] += dot((const int8_t *)w + 2, x[c]->values, 32) * (scale * x[c]->scale);
}
// A scale as half, 32 nibbles; the high ones follow the low ones. Values are nibbles - 8.
INLINE void tile_q4_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    const uint8_t * nibbles = (const uint8_t *)w + 2;
    int8_t values[32];
    for (int j = 0; j < 16; j++) {
        values[j] = (int8_t)((nibbles[j] & 15) - 8);
        values[j + 16] = (int8_t)((nibbles[j] >> 4) - 8);
    }
    float scale = half(w);
    EACH_COLUMN totals[c][0] += dot(values, x[c]->values, 32) * (scale * x[c]->scale);
}

INLINE void floats(vector * totals, vector values, int i, const struct column_floats * const * x, int count) {
    EACH_COLUMN totals[c] += values * load(x[c]->values + LANE_VECTOR * i);
}
INLINE void tile_f32(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 4; i++) floats(totals, load((const float *)w + LANE_VECTOR * i), i, x, count);
}
INLINE void tile_f16(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 4; i++) floats(totals, half_to_float((const uint16_t *)w + LANE_VECTOR * i), i, x, count);
}
INLINE void tile_bf16(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 4; i++) floats(totals, bfloat_to_float((const uint16_t *)w + LANE_VECTOR * i), i, x, count);
}

// ---- Blocks of 256 ----

enum { Q4_K = 144, Q5_K = 176, Q6_K = 210 };

// Two scales as halves (of scales, of minima), 12 bytes of scales and minima, for q5_K 256 fifth bits, 256 nibbles.
INLINE void tile_q4_or_q5_K(vector * totals, const char * w, const struct column_block_256 * const * x, int count, bool five) {
    const uint8_t * packed = (const uint8_t *)w + 4, * fifth = (const uint8_t *)w + 16, * nibbles = fifth + (five ? 32 : 0);
    int scales[8], minima[8];
    for (int j = 0; j < 4; j++) {
        scales[j] = packed[j] & 63;
        minima[j] = packed[j + 4] & 63;
        scales[j + 4] = (packed[j + 8] & 15) | (packed[j] >> 6 << 4);
        minima[j + 4] = packed[j + 8] >> 4 | (packed[j + 4] >> 6 << 4);
    }
    int8_t values[256];
    for (int k = 0; k < 4; k++)
        for (int j = 0; j < 32; j++) {
            int both = nibbles[32 * k + j], bits = five ? fifth[j] >> 2 * k : 0;
            values[64 * k + j] = (int8_t)((both & 15) | (bits & 1) << 4);
            values[64 * k + j + 32] = (int8_t)(both >> 4 | (bits & 2) << 3);
        }
    float scale = half(w), minimum = half(w + 2);
    EACH_COLUMN {
        int sum = 0, below = 0;
        UNROLLED_WITH_32_REGISTERS for (int group = 0; group < 8; group++) {
            sum += scales[group] * dot(values + 32 * group, x[c]->values + 32 * group, 32);
            below += minima[group] * x[c]->pair_sums[group];
        }
        totals[c][0] += x[c]->scale * (scale * sum - minimum * below);
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
    const uint8_t * nibbles = (const uint8_t *)w, * high = nibbles + 128;
    const int8_t * scales = (const int8_t *)w + 192;
    int8_t values[256];
    for (int k = 0; k < 2; k++)
        for (int j = 0; j < 32; j++) {
            int first = nibbles[64 * k + j], second = nibbles[64 * k + j + 32], bits = high[32 * k + j];
            values[128 * k + j] = (int8_t)(((first & 15) | (bits & 3) << 4) - 32);
            values[128 * k + j + 32] = (int8_t)(((second & 15) | (bits & 12) << 2) - 32);
            values[128 * k + j + 64] = (int8_t)((first >> 4 | (bits & 48)) - 32);
            values[128 * k + j + 96] = (int8_t)((second >> 4 | (bits & 192) >> 2) - 32);
        }
    float scale = half(w + 208);
    EACH_COLUMN {
        int sum = 0;
        UNROLLED_WITH_32_REGISTERS for (int group = 0; group < 16; group++)
            sum += scales[group] * dot(values + 16 * group, x[c]->values + 16 * group, 16);
        totals[c][0] += sum * (scale * x[c]->scale);
    }
}

#include "product_loops.inc"
PRODUCT(q8_0, Q8_0, column_block_32, 1, 1)
PRODUCT(q4_0, Q4_0, column_block_32, 1, 1)
PRODUCT(f32, F32, column_floats, 2, 1)
PRODUCT(f16, F16, column_floats, 2, 1)
PRODUCT(bf16, F16, column_floats, 2, 1)
PRODUCT(q4_K, Q4_K, column_block_256, 1, 1)
PRODUCT(q5_K, Q5_K, column_block_256, 1, 1)
PRODUCT(q6_K, Q6_K, column_block_256, 1, 1)

struct product_kernel row_product_portable(enum ggml_type type) {
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
