// The kernels for ggml's "CPU_REPACK" layouts of eight rows on 64-bit ARM with integer dot products.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>
#include "ggml-cpu.h"
#include "product.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#include "product_interleaved_neon.inc"
typedef struct { float32x4_t rows[2]; } vector;  // 0 ... 3, 4 ... 7
enum { TILE_ROWS = 8, Q4_0 = 8 * 18, Q4_K = 8 * 144, Q5_K = 8 * 176, Q6_K = 8 * 210 };

INLINE void finish(float * y, vector total) {
    vst1q_f32(y, total.rows[0]);
    vst1q_f32(y + 4, total.rows[1]);
}
INLINE int32x4_t four_bytes(const char * p) {
    uint32_t bytes;
    memcpy(&bytes, p, 4);
    return vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8(bytes))));
}
// Where, within 64 bytes, the first or second vector of rows 0 ... 3 or 4 ... 7 lies.
INLINE long place(int part, int second, int in_turn) {
    return in_turn == 8 ? 32 * part + 16 * second : 16 * part + 32 * second;
}

// 8 scales as halves, 8 x 32 nibbles, of which the high ones follow the low ones; values are nibbles in two's complement.
INLINE void tile_q4_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    UNROLLED for (int part = 0; part < 2; part++) {
        int32x4_t sums[LANE_COLUMN_LIMIT][2];
        EACH_COLUMN sums[c][0] = sums[c][1] = vdupq_n_s32(0);
        UNROLLED for (int k = 0; k < 2; k++) {
            UNROLLED for (int i = 0; i < 2; i++) {
                uint8x16_t both = load(w + 16 + 64 * k + place(part, i, 8));
                int8x16_t low = low_signed(both), high = high_signed(both);
                EACH_COLUMN {
                    sums[c][i] = dot(sums[c][i], low, eight(x[c]->values + 8 * k), i, 8);
                    sums[c][i] = dot(sums[c][i], high, eight(x[c]->values + 8 * k + 16), i, 8);
                }
            }
        }
        float32x4_t scales = halves(w + 8 * part);
        EACH_COLUMN totals[c].rows[part] = scaled(rows(sums[c], 8), scales, x[c]->scale / 16, totals[c].rows[part]);
    }
}

// Blocks of 256 are gone through twice, for rows 0 ... 3 and 4 ... 7, so that the sums of several columns fit the registers.

// 8 scales of scales and 8 of minima as halves, 8 x 12 bytes of scales and minima by group, for q5_K 8 x 256 fifth bits,
// 8 x 256 nibbles.
INLINE void tile_q4_or_q5_K(vector * totals, const char * w, const struct column_block_256 * const * x, int count,
    bool five, int in_turn) {
    int16_t scales[8][8];
    int32x4_t below[2][LANE_COLUMN_LIMIT];
    EACH_COLUMN below[0][c] = below[1][c] = vdupq_n_s32(0);
    for (int group = 0; group < 8; group++) {
        struct scales_and_minima all = scales_and_minima(w + 32 + 12 * group);
        vst1q_s16(scales[group], all.scales);
        UNROLLED for (int part = 0; part < 2; part++)
            EACH_COLUMN below[part][c] = vmlal_n_s16(below[part][c], four(all.minima, part), x[c]->pair_sums[group]);
    }
    UNROLLED for (int part = 0; part < 2; part++) EACH_COLUMN totals[c].rows[part] = scaled(
        below[part][c], halves(w + 16 + 8 * part), -x[c]->scale, totals[c].rows[part]);

    for (int part = 0; part < 2; part++) {
        const char * fifth = w + 128 + place(part, 0, in_turn), * nibbles = fifth + (five ? 256 : 0);
        int32x4_t sums[LANE_COLUMN_LIMIT];
        EACH_COLUMN sums[c] = vdupq_n_s32(0);
        for (int pair = 0; pair < 4; pair++) {
            int32x4_t early[LANE_COLUMN_LIMIT][2], late[LANE_COLUMN_LIMIT][2];
            EACH_COLUMN early[c][0] = early[c][1] = late[c][0] = late[c][1] = vdupq_n_s32(0);
            UNROLLED for (int k = 0; k < 4; k++) {
                UNROLLED for (int i = 0; i < 2; i++) {
                    long at = 64 * k + place(0, i, in_turn);
                    uint8x16_t both = load(nibbles + 256 * pair + at);
                    int8x16_t low = low_nibbles(both), high = high_nibbles(both);
                    if (five) {
                        low = with_fifth(low, load(fifth + at), 2 * pair);
                        high = with_fifth(high, load(fifth + at), 2 * pair + 1);
                    }
                    EACH_COLUMN {
                        const int8_t * values = x[c]->values + 64 * pair + 8 * k;
                        early[c][i] = dot(early[c][i], low, eight(values), i, in_turn);
                        late[c][i] = dot(late[c][i], high, eight(values + 32), i, in_turn);
                    }
                }
            }
            int32x4_t early_scale = vmovl_s16(vld1_s16(scales[2 * pair] + 4 * part));
            int32x4_t late_scale = vmovl_s16(vld1_s16(scales[2 * pair + 1] + 4 * part));
            EACH_COLUMN {
                sums[c] = vmlaq_s32(sums[c], rows(early[c], in_turn), early_scale);
                sums[c] = vmlaq_s32(sums[c], rows(late[c], in_turn), late_scale);
            }
        }
        EACH_COLUMN totals[c].rows[part] = scaled(sums[c], halves(w + 8 * part), x[c]->scale, totals[c].rows[part]);
    }
}
#define TILE_Q4_OR_Q5_K(name, five, in_turn)                                                                                \
    INLINE void tile_##name(vector * totals, const char * w, const char * next,                                             \
        const struct column_block_256 * const * x, int count) {                                                             \
        tile_q4_or_q5_K(totals, w, x, count, five, in_turn);                                                                \
    }
TILE_Q4_OR_Q5_K(q4_K_by_4, false, 4)
TILE_Q4_OR_Q5_K(q4_K_by_8, false, 8)
TILE_Q4_OR_Q5_K(q5_K_by_4, true, 4)
TILE_Q4_OR_Q5_K(q5_K_by_8, true, 8)

// 8 scales of scales as halves, 8 scales of each group of 16 elements, 8 x 256 nibbles, 8 x 256 fifth and sixth bits; values
// are - 32.
INLINE void tile_q6_K(vector * totals, const char * w, const struct column_block_256 * const * x, int count, int in_turn) {
    for (int part = 0; part < 2; part++) {
        const char * scales = w + 16 + 4 * part, * nibbles = w + 144 + place(part, 0, in_turn), * high = nibbles + 1024;
        int32x4_t sums[LANE_COLUMN_LIMIT];
        EACH_COLUMN sums[c] = vdupq_n_s32(0);
        for (int quarter = 0; quarter < 4; quarter++) {
            // Groups `group`, + 2, + 4 and + 6, which share their bytes.
            int group = quarter / 2 * 8 + quarter % 2;
            const char * first = nibbles + quarter / 2 * 512 + quarter % 2 * 128, * third = high + quarter * 128;
            int32x4_t sixteen[4][LANE_COLUMN_LIMIT][2];
            UNROLLED for (int j = 0; j < 4; j++) EACH_COLUMN sixteen[j][c][0] = sixteen[j][c][1] = vdupq_n_s32(0);
            UNROLLED for (int k = 0; k < 2; k++) {
                UNROLLED for (int i = 0; i < 2; i++) {
                    long at = 64 * k + place(0, i, in_turn);
                    int8x16_t values[4];
                    six_bits(values, load(first + at), load(first + 256 + at), load(third + at));
                    UNROLLED for (int j = 0; j < 4; j++) EACH_COLUMN sixteen[j][c][i] = dot(
                        sixteen[j][c][i], values[j], eight(x[c]->values + 16 * group + 32 * j + 8 * k), i, in_turn);
                }
            }
            UNROLLED for (int j = 0; j < 4; j++) {
                int32x4_t scale = four_bytes(scales + 8 * (group + 2 * j));
                EACH_COLUMN sums[c] = vmlaq_s32(sums[c], scale, vaddq_s32(
                    rows(sixteen[j][c], in_turn), vdupq_n_s32(x[c]->minus_32_sums[group + 2 * j])));
            }
        }
        EACH_COLUMN totals[c].rows[part] = scaled(sums[c], halves(w + 8 * part), x[c]->scale, totals[c].rows[part]);
    }
}
INLINE void tile_q6_K_by_4(vector * totals, const char * w, const char * next,
    const struct column_block_256 * const * x, int count) {
    tile_q6_K(totals, w, x, count, 4);
}
INLINE void tile_q6_K_by_8(vector * totals, const char * w, const char * next,
    const struct column_block_256 * const * x, int count) {
    tile_q6_K(totals, w, x, count, 8);
}

#include "product_loops.inc"
PRODUCT(q4_0, Q4_0, column_block_32, 2, 1)
PRODUCT(q4_K_by_4, Q4_K, column_block_256, 1, 1)
PRODUCT(q4_K_by_8, Q4_K, column_block_256, 1, 1)
PRODUCT(q5_K_by_4, Q5_K, column_block_256, 1, 1)
PRODUCT(q5_K_by_8, Q5_K, column_block_256, 1, 1)
PRODUCT(q6_K_by_4, Q6_K, column_block_256, 1, 1)
PRODUCT(q6_K_by_8, Q6_K, column_block_256, 1, 1)
#pragma clang attribute pop

// ggml chooses the layout by what it was built for, and is asked the same questions here.
struct product_kernel interleaved_product_neon(enum ggml_type type) {
    struct product_kernel kernel = {&column_format_256, TILE_ROWS, NULL};
    bool by_8 = ggml_cpu_has_matmul_int8(), vectors_of_32 = by_8 && ggml_cpu_has_sve() && ggml_cpu_get_sve_cnt() == 32;
    switch (type) {
    case GGML_TYPE_Q4_K: kernel.product = by_8 ? product_q4_K_by_8 : product_q4_K_by_4; return kernel;
    case GGML_TYPE_Q5_K: kernel.product = by_8 ? product_q5_K_by_8 : product_q5_K_by_4; return kernel;
    case GGML_TYPE_Q6_K: kernel.product = by_8 ? product_q6_K_by_8 : product_q6_K_by_4; return kernel;
    case GGML_TYPE_Q4_0: if (vectors_of_32) return (struct product_kernel){&column_format_32, TILE_ROWS, product_q4_0}; break;
    default: break;
    }
    return interleaved_4_product_neon(type);
}
#endif
