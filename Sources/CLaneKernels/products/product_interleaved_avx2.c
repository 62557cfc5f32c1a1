// The kernels for ggml's "CPU_REPACK" layout on processors with AVX2: the blocks of 8 rows side by side, 8 bytes of each row
// in turn, so that half a cache line holds 4 rows.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "product.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "product_avx2.inc"
enum { TILE_ROWS = 8 };

INLINE void finish(float * y, vector total) { _mm256_storeu_ps(y, total); }
INLINE __m256 halves(const char * p) { return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p)); }
INLINE __m256i eight(const int8_t * p) { long long x; memcpy(&x, p, 8); return _mm256_set1_epi64x(x); }
INLINE __m256i multiply_add(__m256i sums, __m256i values, __m256i x) {
    return _mm256_add_epi16(sums, _mm256_maddubs_epi16(values, x));
}
// Sums of two numbers a row, rows 0 to 3 and 4 to 7, in the order of rows.
INLINE __m256i rows(__m256i first, __m256i second) {
    return _mm256_permute4x64_epi64(_mm256_hadd_epi32(first, second), 0xd8);
}
enum { Q4_0 = 8 * 18, Q4_K = 8 * 144 };

// 8 scales as halves, 8 x 32 nibbles, of which the high ones follow the low ones; values are nibbles in two's complement.
INLINE void tile_q4_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    fetch(next, 3);
    __m256i sums[2][LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[0][c] = sums[1][c] = _mm256_setzero_si256();
    UNROLLED for (int k = 0; k < 2; k++) {
        UNROLLED for (int part = 0; part < 2; part++) {
            __m256i both = _mm256_xor_si256(load(w + 16 + 64 * k + 32 * part), _mm256_set1_epi8((char)0x88));
            __m256i low = low_nibbles(both), high = high_nibbles(both);
            EACH_COLUMN {
                sums[part][c] = multiply_add(sums[part][c], low, eight(x[c]->values + 8 * k));
                sums[part][c] = multiply_add(sums[part][c], high, eight(x[c]->values + 8 * k + 16));
            }
        }
    }
    __m256 scales = halves(w);
    const __m256i one = _mm256_set1_epi16(1);
    EACH_COLUMN {
        __m256i sum = rows(_mm256_madd_epi16(sums[0][c], one), _mm256_madd_epi16(sums[1][c], one));
        totals[c] = scaled(_mm256_sub_epi32(sum, _mm256_set1_epi32(8 * x[c]->sum)), scales, x[c]->scale, totals[c]);
    }
}

// Scales of rows 4 * part ... 4 * part + 3, each four times.
INLINE __m256i of_rows(__m256i scales, int part) {
    const long long each = 0x0100010001000100, step = 0x0202020202020202, at = 4 * part;
    return _mm256_shuffle_epi8(_mm256_permute4x64_epi64(scales, 0x44), _mm256_set_epi64x(
        each + (at + 3) * step, each + (at + 2) * step, each + (at + 1) * step, each + at * step));
}

// 8 scales of scales and 8 of minima as halves, 8 x 12 bytes of scales and minima by group, 8 x 256 nibbles.
INLINE void tile_q4_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    __m256i sums[2][LANE_COLUMN_LIMIT], below[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[0][c] = sums[1][c] = below[c] = _mm256_setzero_si256();
    for (int pair = 0; pair < 4; pair++) {
        fetch(next + 288 * pair, 5);
        __m256i first = scales_and_minima(w + 32 + 24 * pair), second = scales_and_minima(w + 32 + 24 * pair + 12);
        UNROLLED for (int part = 0; part < 2; part++) {
            __m256i early[LANE_COLUMN_LIMIT], late[LANE_COLUMN_LIMIT];
            EACH_COLUMN early[c] = late[c] = _mm256_setzero_si256();
            UNROLLED for (int k = 0; k < 4; k++) {
                __m256i both = load(w + 128 + 256 * pair + 64 * k + 32 * part), low = low_nibbles(both), high = high_nibbles(both);
                EACH_COLUMN {
                    early[c] = multiply_add(early[c], low, eight(x[c]->values + 64 * pair + 8 * k));
                    late[c] = multiply_add(late[c], high, eight(x[c]->values + 64 * pair + 8 * k + 32));
                }
            }
            __m256i early_scale = of_rows(first, part), late_scale = of_rows(second, part);
            EACH_COLUMN sums[part][c] = _mm256_add_epi32(sums[part][c], _mm256_add_epi32(
                _mm256_madd_epi16(early[c], early_scale), _mm256_madd_epi16(late[c], late_scale)));
        }
        __m128i first_minima = _mm256_extracti128_si256(first, 1), second_minima = _mm256_extracti128_si256(second, 1);
        __m256i minima = _mm256_set_m128i(
            _mm_unpackhi_epi16(first_minima, second_minima), _mm_unpacklo_epi16(first_minima, second_minima));
        EACH_COLUMN {
            int32_t sums_of_two;
            memcpy(&sums_of_two, x[c]->pair_sums + 2 * pair, 4);
            below[c] = _mm256_add_epi32(below[c], _mm256_madd_epi16(minima, _mm256_set1_epi32(sums_of_two)));
        }
    }
    __m256 scales = halves(w), minima = halves(w + 16);
    EACH_COLUMN {
        totals[c] = scaled(rows(sums[0][c], sums[1][c]), scales, x[c]->scale, totals[c]);
        totals[c] = scaled(below[c], minima, -x[c]->scale, totals[c]);
    }
}

#include "product_loops.inc"
PRODUCT(q4_0, Q4_0, column_block_32, 1, 1)
PRODUCT(q4_K, Q4_K, column_block_256, 1, 1)
#pragma clang attribute pop

struct product_kernel interleaved_product_avx2(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_Q4_0: return (struct product_kernel){&column_format_32, TILE_ROWS, product_q4_0};
    case GGML_TYPE_Q4_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q4_K};
    default: return (struct product_kernel){0};
    }
}
#endif
