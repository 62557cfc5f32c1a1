// The kernels for weights as a GGUF file has them, with AVX-512 and its integer dot products (VNNI).
//
// A dot product of four bytes fits 16 bits, so that the same instruction family applies the scales: as 16-bit numbers of which
// every second one is 0.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "product.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#include "product_avx512.inc"
enum { TILE_ROWS = 1 };

INLINE void finish(float * y, vector total) { *y = _mm512_reduce_add_ps(total); }

INLINE __m512i twice(const char * p) { return _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)p)); }
INLINE __m512i halves_of(int16_t low, int16_t high) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_set1_epi16(low)), _mm256_set1_epi16(high), 1);
}
// From memory into all elements at once: a half loaded into one would wait for what the register held before.
INLINE __m512 same(const char * p) { uint16_t h; memcpy(&h, p, 2); return _mm512_cvtph_ps(_mm256_set1_epi16((short)h)); }

// ---- Two blocks of 32 ----

enum { Q8_0 = 2 * 34, F32 = 4 * 32, F16 = 2 * 32 };

// For each block a scale as half, 32 values.
INLINE void tile_q8_0(vector * totals, const char * w, const char * next, const struct column_block_64 * const * x, int count) {
    fetch(next, 1);
    __m512i values = _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(w + 2))), _mm256_loadu_si256((const __m256i *)(w + 36)), 1);
    __m512i shift = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8((char)128), values);
    __m512i unshifted = _mm512_sub_epi32(_mm512_setzero_si512(), shift);
    uint16_t first, second;
    memcpy(&first, w, 2);
    memcpy(&second, w + 34, 2);
    __m128 scales = _mm_cvtph_ps(_mm_cvtsi32_si128((int)(first | (uint32_t)second << 16)));
    const __m512i block = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi32(1), 1);
    EACH_COLUMN {
        __m512i sums = _mm512_dpbusd_epi32(unshifted, load(x[c]->shifted), values);
        __m128 both = _mm_mul_ps(scales, _mm_castpd_ps(_mm_load_sd((const double *)x[c]->scales)));
        __m512 each = _mm512_permutexvar_ps(block, _mm512_castps128_ps512(both));
        totals[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), each, totals[c]);
    }
}

INLINE __m512 bfloats(const char * p) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
// One row at a time: memory is fastest when read in order. The two vectors' products are added up before they join the total,
// which would else wait for each of them. Columns stay as narrow as the weights, so that they fit the first cache.
#define TILE_OF_FLOATS(type, column, size, floats)                                                                          \
    INLINE void tile_##type(vector * totals, const char * w, const char * next, const struct column * const * x,            \
        int count) {                                                                                                        \
        fetch(next, size / 64);                                                                                             \
        __m512 first = floats(w), second = floats(w + size / 2);                                                            \
        EACH_COLUMN {                                                                                                       \
            const char * values = (const char *)x[c]->values;                                                               \
            __m512 product = _mm512_mul_ps(first, floats(values));                                                          \
            totals[c] = _mm512_add_ps(totals[c], _mm512_fmadd_ps(second, floats(values + size / 2), product));              \
        }                                                                                                                   \
    }
TILE_OF_FLOATS(f32, column_floats, F32, _mm512_loadu_ps)
TILE_OF_FLOATS(f16, column_narrow, F16, halves)
TILE_OF_FLOATS(bf16, column_narrow, F16, bfloats)

// ---- Blocks of 256 ----

enum { Q4_K = 144, Q5_K = 176, Q6_K = 210 };

// Two scales as halves (of scales, of minima), 12 bytes of scales and minima, for q5_K 256 fifth bits, 256 nibbles.
INLINE void tile_q4_or_q5_K(vector * totals, const char * w, const char * next,
    const struct column_block_256 * const * x, int count, bool five) {
    fetch(next, 3);
    const char * nibbles = w + (five ? 48 : 16);
    __m512i fifth = five ? twice(w + 16) : _mm512_setzero_si512();
    __m256i both = scales_and_minima(w + 4);
    __m512i sums[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = _mm512_setzero_si512();
    UNROLLED for (int k = 0; k < 4; k++) {
        __m512i values = low_nibbles(_mm512_srlv_epi16(twice(nibbles + 32 * k), halves_of(0, 4)));
        if (five) {
            __mmask64 set = _mm512_test_epi8_mask(fifth, halves_of((short)(0x0101 << 2 * k), (short)(0x0202 << 2 * k)));
            values = _mm512_mask_add_epi8(values, set, values, _mm512_set1_epi8(16));
        }
        __m512i scale = _mm512_maskz_permutexvar_epi16(
            0x55555555, halves_of((short)(2 * k), (short)(2 * k + 1)), _mm512_castsi256_si512(both));
        EACH_COLUMN sums[c] = _mm512_dpwssd_epi32(
            sums[c], _mm512_dpbusd_epi32(_mm512_setzero_si512(), values, load(x[c]->values + 64 * k)), scale);
    }
    __m128i minima = _mm256_extracti128_si256(both, 1);
    __m512 scale = same(w), minimum = same(w + 2);
    EACH_COLUMN {
        __m128i below = _mm_madd_epi16(minima, _mm_loadu_si128((const void *)x[c]->pair_sums));
        totals[c] = scaled(sums[c], scale, x[c]->scale, totals[c]);
        totals[c] = scaled(_mm512_zextsi128_si512(below), minimum, -x[c]->scale, totals[c]);
    }
}
INLINE void tile_q4_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    tile_q4_or_q5_K(totals, w, next, x, count, false);
}
INLINE void tile_q5_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    tile_q4_or_q5_K(totals, w, next, x, count, true);
}

// 256 nibbles, 256 fifth and sixth bits, 16 scales, their scale as half; values are - 32.
INLINE void tile_q6_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    fetch(next, 4);
    __m512i scales = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(w + 192)));
    __m512i sixteen = _mm512_and_si512(scales, _mm512_set1_epi32(0xffff));
    __m512i sums[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = _mm512_mullo_epi32(scales, load(x[c]->minus_32_sums));
    UNROLLED for (int k = 0; k < 2; k++) {
        __m512i nibbles = load(w + 64 * k), high = twice(w + 128 + 32 * k);
        __m512i values[2] = {
            with_bits(low_nibbles(nibbles), _mm512_sllv_epi16(high, halves_of(4, 2)), 0x30),
            with_bits(high_nibbles(nibbles), _mm512_srlv_epi16(high, halves_of(0, 2)), 0x30),
        };
        UNROLLED for (int j = 0; j < 2; j++) {
            __m512i quarter = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
            __m512i scale = _mm512_permutexvar_epi32(_mm512_add_epi32(quarter, _mm512_set1_epi32(8 * k + 4 * j)), sixteen);
            EACH_COLUMN sums[c] = _mm512_dpwssd_epi32(sums[c], _mm512_dpbusd_epi32(
                _mm512_setzero_si512(), values[j], load(x[c]->values + 128 * k + 64 * j)), scale);
        }
    }
    __m512 scale = same(w + 208);
    EACH_COLUMN totals[c] = scaled(sums[c], scale, x[c]->scale, totals[c]);
}

#include "product_loops.inc"
PRODUCT(q8_0, Q8_0, column_block_64, 1, 1)
PRODUCT(f32, F32, column_floats, 1, 1)
PRODUCT(f16, F16, column_narrow, 1, 1)
PRODUCT(bf16, F16, column_narrow, 1, 1)
PRODUCT(q4_K, Q4_K, column_block_256, 1, 1)
PRODUCT(q5_K, Q5_K, column_block_256, 1, 1)
PRODUCT(q6_K, Q6_K, column_block_256, 1, 1)
#pragma clang attribute pop

struct product_kernel row_product_avx512(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_F32: return (struct product_kernel){&column_format_float, TILE_ROWS, product_f32};
    case GGML_TYPE_F16: return (struct product_kernel){&column_format_narrow_half, TILE_ROWS, product_f16};
    case GGML_TYPE_BF16:
        if (__builtin_cpu_supports("avx512bf16")) return row_product_bfloat();
        return (struct product_kernel){&column_format_narrow_bfloat, TILE_ROWS, product_bf16};
    case GGML_TYPE_Q8_0: return (struct product_kernel){&column_format_64, TILE_ROWS, product_q8_0};
    case GGML_TYPE_Q4_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q4_K};
    case GGML_TYPE_Q5_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q5_K};
    case GGML_TYPE_Q6_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q6_K};
    default: return row_product_avx2(type);
    }
}
#endif
