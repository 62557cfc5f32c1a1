// Products of rows of floats with AVX2.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "product.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
typedef __m256 vector;
enum { F32 = 4 * 32, F16 = 2 * 32 };

INLINE void finish(float * y, vector total) {
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(total), _mm256_extractf128_ps(total, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    *y = _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
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

#include "product_loops.inc"
PRODUCT(f32, F32, column_floats, 4, 2)
PRODUCT(f16, F16, column_floats, 4, 2)
PRODUCT(bf16, F16, column_floats, 4, 2)
#pragma clang attribute pop

struct row_kernel row_product_avx2(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_F32: return (struct row_kernel){&column_format_float, product_f32};
    case GGML_TYPE_F16: return (struct row_kernel){&column_format_half, product_f16};
    case GGML_TYPE_BF16: return (struct row_kernel){&column_format_bfloat, product_bf16};
    default: return (struct row_kernel){0};
    }
}
#endif
