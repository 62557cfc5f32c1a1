// The kernels for ggml's "CPU_REPACK" layout with AVX-512 and its integer dot products (VNNI): a cache line holds 8 bytes of each
// of 8 rows. Totals are two numbers a row.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "product.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#include "product_avx512.inc"
enum { TILE_ROWS = 8 };

INLINE void finish(float * y, vector total) {
    __m256 low = _mm512_castps512_ps256(total), high = _mm512_extractf32x8_ps(total, 1);
    __m256d sums = _mm256_castps_pd(_mm256_hadd_ps(low, high));
    _mm256_storeu_ps(y, _mm256_castpd_ps(_mm256_permute4x64_pd(sums, 0xd8)));
}

// 8 halves as floats, each twice.
INLINE __m512 halves_twice(const char * p) {
    __m128i h = _mm_loadu_si128((const __m128i *)p);
    return _mm512_cvtph_ps(_mm256_set_m128i(_mm_unpackhi_epi16(h, h), _mm_unpacklo_epi16(h, h)));
}

enum { Q4_0 = 8 * 18, Q4_K = 8 * 144 };

// 8 scales as halves, 8 x 32 nibbles, of which the high ones follow the low ones; values are nibbles in two's complement.
INLINE void tile_q4_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    fetch(next, 3);
    __m512i sums[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = _mm512_set1_epi32(-4 * x[c]->sum);
    UNROLLED for (int k = 0; k < 2; k++) {
        __m512i both = _mm512_xor_si512(load(w + 16 + 64 * k), _mm512_set1_epi8((char)0x88));
        __m512i low = low_nibbles(both), high = high_nibbles(both);
        EACH_COLUMN {
            sums[c] = _mm512_dpbusd_epi32(sums[c], low, eight(x[c]->values + 8 * k));
            sums[c] = _mm512_dpbusd_epi32(sums[c], high, eight(x[c]->values + 8 * k + 16));
        }
    }
    __m512 scales = halves_twice(w);
    EACH_COLUMN totals[c] = scaled(sums[c], scales, x[c]->scale, totals[c]);
}

// 6-bit scales of 8 rows (8 bytes), then their minima (8 bytes), for each of the 4 groups in 48 bytes.
INLINE __m512i scales_of_four_groups(const char * p) {
    __m512i packed = _mm512_maskz_loadu_epi32(0xfff, p);
    const __m512i low_places = _mm512_set_epi32(11, 10, 11, 9, 8, 7, 8, 6, 5, 4, 5, 3, 2, 1, 2, 0);
    const __m512i high_places = _mm512_set_epi32(10, 10, 9, 9, 7, 7, 6, 6, 4, 4, 3, 3, 1, 1, 0, 0);
    const __m512i low_shifts = _mm512_set4_epi32(4, 0, 0, 0), high_shifts = _mm512_set1_epi32(2);
    __m512i low = _mm512_srlv_epi32(_mm512_permutexvar_epi32(low_places, packed), low_shifts);
    __m512i high = _mm512_srlv_epi32(_mm512_permutexvar_epi32(high_places, packed), high_shifts);
    low = _mm512_and_si512(low, _mm512_set4_epi32(0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f));
    return _mm512_ternarylogic_epi32(low, high, _mm512_set4_epi32(0x30303030, 0, 0x30303030, 0), 0xf8);
}
// The scales of a group as 16-bit numbers of which every second one is 0, each twice.
INLINE __m512i scales_of_group(__m512i groups, int group) {
    __m512i all;
    switch (group) {
    case 0: all = _mm512_shuffle_i32x4(groups, groups, 0x00); break;
    case 1: all = _mm512_shuffle_i32x4(groups, groups, 0x55); break;
    case 2: all = _mm512_shuffle_i32x4(groups, groups, 0xaa); break;
    default: all = _mm512_shuffle_i32x4(groups, groups, 0xff);
    }
    const int none = (int)0x80808000;
    return _mm512_shuffle_epi8(all, _mm512_set_epi32(
        none + 7, none + 7, none + 6, none + 6, none + 5, none + 5, none + 4, none + 4,
        none + 3, none + 3, none + 2, none + 2, none + 1, none + 1, none, none));
}
// For each row the minima of four groups, as 16-bit numbers.
INLINE __m512i minima_of_rows(__m512i groups) {
    const __m512i places = _mm512_set_epi32(15, 11, 7, 3, 15, 11, 7, 3, 14, 10, 6, 2, 14, 10, 6, 2);
    const int first = (int)0x80048000, third = (int)0x800c8008;
    return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(places, groups), _mm512_set_epi32(
        third + 0x30003, first + 0x30003, third + 0x20002, first + 0x20002, third + 0x10001, first + 0x10001, third, first,
        third + 0x30003, first + 0x30003, third + 0x20002, first + 0x20002, third + 0x10001, first + 0x10001, third, first));
}

// 8 scales of scales and 8 of minima as halves, 8 x 12 bytes of scales and minima by group, 8 x 256 nibbles.
INLINE void tile_q4_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    __m512i sums[LANE_COLUMN_LIMIT], below[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = below[c] = _mm512_setzero_si512();
    for (int part = 0; part < 2; part++) {
        __m512i groups = scales_of_four_groups(w + 32 + 48 * part), minima = minima_of_rows(groups);
        EACH_COLUMN below[c] = _mm512_dpwssd_epi32(below[c], minima, eight(x[c]->pair_sums + 4 * part));
        UNROLLED for (int pair = 0; pair < 2; pair++) {
            fetch(next + 576 * part + 288 * pair, 5);
            __m512i early[LANE_COLUMN_LIMIT], late[LANE_COLUMN_LIMIT];
            EACH_COLUMN early[c] = late[c] = _mm512_setzero_si512();
            UNROLLED for (int k = 0; k < 4; k++) {
                __m512i both = load(w + 128 + 512 * part + 256 * pair + 64 * k), low = low_nibbles(both), high = high_nibbles(both);
                EACH_COLUMN {
                    const int8_t * values = x[c]->values + 128 * part + 64 * pair + 8 * k;
                    early[c] = _mm512_dpbusd_epi32(early[c], low, eight(values));
                    late[c] = _mm512_dpbusd_epi32(late[c], high, eight(values + 32));
                }
            }
            __m512i early_scale = scales_of_group(groups, 2 * pair), late_scale = scales_of_group(groups, 2 * pair + 1);
            EACH_COLUMN {
                sums[c] = _mm512_dpwssd_epi32(sums[c], early[c], early_scale);
                sums[c] = _mm512_dpwssd_epi32(sums[c], late[c], late_scale);
            }
        }
    }
    __m512 scales = halves_twice(w), minima = halves_twice(w + 16);
    EACH_COLUMN {
        totals[c] = scaled(sums[c], scales, x[c]->scale, totals[c]);
        totals[c] = scaled(below[c], minima, -x[c]->scale, totals[c]);
    }
}

#include "product_loops.inc"
PRODUCT(q4_0, Q4_0, column_block_32, 1, 1)
PRODUCT(q4_K, Q4_K, column_block_256, 1, 1)
#pragma clang attribute pop

struct product_kernel interleaved_product_avx512(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_Q4_0: return (struct product_kernel){&column_format_32, TILE_ROWS, product_q4_0};
    case GGML_TYPE_Q4_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q4_K};
    default: return (struct product_kernel){0};
    }
}
#endif
