// Products of rows of floats with AVX-512.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "product.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
typedef __m512 vector;
enum { F32 = 4 * 32, F16 = 2 * 32 };

INLINE void fetch(const char * p, int lines) { UNROLLED for (int i = 0; i < lines; i++) _mm_prefetch(p + 64 * i, _MM_HINT_T0); }
INLINE void finish(float * y, vector total) { *y = _mm512_reduce_add_ps(total); }
INLINE __m512 halves(const char * p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
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

#include "product_loops.inc"
PRODUCT(f32, F32, column_floats, 1, 1)
PRODUCT(f16, F16, column_narrow, 1, 1)
PRODUCT(bf16, F16, column_narrow, 1, 1)
#pragma clang attribute pop

struct row_kernel row_product_avx512(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_F32: return (struct row_kernel){&column_format_float, product_f32};
    case GGML_TYPE_F16: return (struct row_kernel){&column_format_narrow_half, product_f16};
    case GGML_TYPE_BF16:
        if (__builtin_cpu_supports("avx512bf16")) return row_product_bfloat();
        return (struct row_kernel){&column_format_narrow_bfloat, product_bf16};
    default: return (struct row_kernel){0};
    }
}
#endif
