// The kernel for rows of bfloats on processors with AVX-512's dot products of them.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "product.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"))), apply_to = function)
typedef __m512 vector;
enum { BF16 = 2 * 32 };

INLINE void finish(float * y, vector total) { *y = _mm512_reduce_add_ps(total); }
INLINE __m512bh bfloats(const void * p) { return (__m512bh)_mm512_loadu_si512(p); }
INLINE void tile_bf16(vector * totals, const char * w, const char * next, const struct column_narrow * const * x, int count) {
    _mm_prefetch(next, _MM_HINT_T0);
    EACH_COLUMN totals[c] = _mm512_dpbf16_ps(totals[c], bfloats(w), bfloats(x[c]->values));
}

#include "product_loops.inc"
PRODUCT(bf16, BF16, column_narrow, 1, 1)
#pragma clang attribute pop

struct row_kernel row_product_bfloat(void) {
    return (struct row_kernel){&column_format_narrow_bfloat, product_bf16};
}
#endif
