// The kernels for weights as a GGUF file has them: a row after the other, in blocks of one type. With AVX2.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "product.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "product_avx2.inc"
enum { TILE_ROWS = 1 };

INLINE void finish(float * y, vector total) {
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(total), _mm256_extractf128_ps(total, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    *y = _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

// From memory into all elements at once: a half loaded into one would wait for what the register held before.
INLINE __m256 same(const char * p) { uint16_t h; memcpy(&h, p, 2); return _mm256_cvtph_ps(_mm_set1_epi16((short)h)); }
// The bits of each byte, moved left (right, if negative) to where `mask` has them.
INLINE __m256i bits(__m256i x, int left, int mask) {
    return _mm256_and_si256(left >= 0 ? _mm256_slli_epi16(x, left) : _mm256_srli_epi16(x, -left), _mm256_set1_epi8((char)mask));
}
// ---- Blocks of 32 ----

enum { Q8_0 = 34, Q4_0 = 18, F32 = 128, F16 = 64 };

INLINE void signed_bytes(vector * totals, __m256i values, __m256 scales, const struct column_block_32 * const * x, int count) {
    __m256i magnitudes = _mm256_abs_epi8(values);
    EACH_COLUMN {
        __m256i products = _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(load(x[c]->values), values));
        __m256 sums = _mm256_cvtepi32_ps(_mm256_madd_epi16(products, _mm256_set1_epi16(1)));
        totals[c] = _mm256_fmadd_ps(sums, _mm256_mul_ps(scales, _mm256_set1_ps(x[c]->scale)), totals[c]);
    }
}
// A scale as half, 32 values.
INLINE void tile_q8_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    fetch(next, 1);
    signed_bytes(totals, load(w + 2), same(w), x, count);
}
// A scale as half, 32 nibbles; the high ones follow the low ones. Values are nibbles - 8.
INLINE void tile_q4_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    __m128i both = _mm_loadu_si128((const void *)(w + 2));
    __m256i nibbles = low_nibbles(_mm256_set_m128i(_mm_srli_epi16(both, 4), both));
    signed_bytes(totals, _mm256_sub_epi8(nibbles, _mm256_set1_epi8(8)), same(w), x, count);
}

INLINE void floats(vector * totals, __m256 values, int i, const struct column_floats * const * x, int count) {
    EACH_COLUMN totals[c] = _mm256_fmadd_ps(values, _mm256_loadu_ps(x[c]->values + 8 * i), totals[c]);
}
INLINE void tile_f32(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 4; i++) floats(totals, _mm256_loadu_ps((const float *)w + 8 * i), i, x, count);
}
INLINE void tile_f16(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 4; i++)
        floats(totals, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)w + i)), i, x, count);
}
INLINE void tile_bf16(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 4; i++) {
        __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)w + i)), 16);
        floats(totals, _mm256_castsi256_ps(wide), i, x, count);
    }
}

// ---- Blocks of 256 ----

enum { Q4_K = 144, Q5_K = 176, Q6_K = 210 };

// Two scales as halves (of scales, of minima), 12 bytes of scales and minima, for q5_K 256 fifth bits, 256 nibbles.
INLINE void tile_q4_or_q5_K(vector * totals, const char * w, const char * next,
    const struct column_block_256 * const * x, int count, bool five) {
    fetch(next, 3);
    const char * nibbles = w + (five ? 48 : 16);
    __m256i fifth = five ? load(w + 16) : _mm256_setzero_si256();
    __m256i both = scales_and_minima(w + 4), sums[LANE_COLUMN_LIMIT];
    __m128i minima = _mm256_extracti128_si256(both, 1);
    __m256i scales = _mm256_permute4x64_epi64(both, 0x44);
    EACH_COLUMN sums[c] = _mm256_setzero_si256();
    UNROLLED for (int k = 0; k < 4; k++) {
        __m256i bytes = load(nibbles + 32 * k), low = low_nibbles(bytes), high = high_nibbles(bytes);
        if (five) {
            low = _mm256_or_si256(low, bits(fifth, 4 - 2 * k, 0x10));
            high = _mm256_or_si256(high, bits(fifth, 3 - 2 * k, 0x10));
        }
        __m256i low_scale = _mm256_shuffle_epi8(scales, _mm256_set1_epi16((short)(0x0100 + 0x0404 * k)));
        __m256i high_scale = _mm256_shuffle_epi8(scales, _mm256_set1_epi16((short)(0x0302 + 0x0404 * k)));
        EACH_COLUMN {
            __m256i first = _mm256_madd_epi16(low_scale, _mm256_maddubs_epi16(low, load(x[c]->values + 64 * k)));
            __m256i second = _mm256_madd_epi16(high_scale, _mm256_maddubs_epi16(high, load(x[c]->values + 64 * k + 32)));
            sums[c] = _mm256_add_epi32(sums[c], _mm256_add_epi32(first, second));
        }
    }
    __m256 scale = same(w), minimum = same(w + 2);
    EACH_COLUMN {
        __m128i below = _mm_madd_epi16(minima, _mm_loadu_si128((const void *)x[c]->pair_sums));
        totals[c] = scaled(sums[c], scale, x[c]->scale, totals[c]);
        totals[c] = scaled(_mm256_zextsi128_si256(below), minimum, -x[c]->scale, totals[c]);
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
    __m128i scales = _mm_loadu_si128((const void *)(w + 192));
    __m256i sums[LANE_COLUMN_LIMIT];
    __m256i early = _mm256_cvtepi8_epi32(scales), late = _mm256_cvtepi8_epi32(_mm_srli_si128(scales, 8));
    EACH_COLUMN sums[c] = _mm256_add_epi32(
        _mm256_mullo_epi32(early, load(x[c]->minus_32_sums)), _mm256_mullo_epi32(late, load(x[c]->minus_32_sums + 8)));
    UNROLLED for (int k = 0; k < 2; k++) {
        __m256i first = load(w + 64 * k), second = load(w + 64 * k + 32), high = load(w + 128 + 32 * k);
        __m256i values[4] = {
            _mm256_or_si256(low_nibbles(first), bits(high, 4, 0x30)), _mm256_or_si256(low_nibbles(second), bits(high, 2, 0x30)),
            _mm256_or_si256(high_nibbles(first), bits(high, 0, 0x30)), _mm256_or_si256(high_nibbles(second), bits(high, -2, 0x30)),
        };
        UNROLLED for (int j = 0; j < 4; j++) {
            const long long each = 0x0101010101010101, at = 8 * k + 2 * j;
            __m256i scale = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(scales, _mm_set_epi64x((at + 1) * each, at * each)));
            EACH_COLUMN sums[c] = _mm256_add_epi32(sums[c], _mm256_madd_epi16(
                scale, _mm256_maddubs_epi16(values[j], load(x[c]->values + 128 * k + 32 * j))));
        }
    }
    __m256 scale = same(w + 208);
    EACH_COLUMN totals[c] = scaled(sums[c], scale, x[c]->scale, totals[c]);
}

#include "product_loops.inc"
PRODUCT(q8_0, Q8_0, column_block_32, 1, 1)
PRODUCT(q4_0, Q4_0, column_block_32, 1, 1)
PRODUCT(f32, F32, column_floats, 4, 2)
PRODUCT(f16, F16, column_floats, 4, 2)
PRODUCT(bf16, F16, column_floats, 4, 2)
PRODUCT(q4_K, Q4_K, column_block_256, 1, 1)
PRODUCT(q5_K, Q5_K, column_block_256, 1, 1)
PRODUCT(q6_K, Q6_K, column_block_256, 1, 1)
#pragma clang attribute pop

struct product_kernel row_product_avx2(enum ggml_type type) {
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
