// Products of panels with AVX2. Pairs of products are summed in 16 bits, and as many of these as fit, before they are widened.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "panels.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
enum { PARTS = 2 };
typedef __m256 vector;
typedef __m256i codes;
typedef struct { __m256i narrow, wide; } partial;

INLINE __m256i load(const void * p) { return _mm256_loadu_si256(p); }
INLINE __m256i bits(__m256i x, int place, int left, int mask) {
    __m256i moved = left >= place ? _mm256_slli_epi16(x, left - place) : _mm256_srli_epi16(x, place - left);
    return _mm256_and_si256(moved, _mm256_set1_epi8((char)mask));
}
INLINE codes code(struct panel_format f, const int8_t * table, const char * p, int quad, int part) {
    p += 32 * part;
    if (f.bits == 8 || f.decoded) return load(p + 64 * quad);
    __m256i x = _mm256_setzero_si256();
    int low = 0;
    if (f.bits & 4) {
        x = bits(load(p + 64 * (quad % 4)), quad / 4 * 4, 0, 0x0f);
        low = 4;
        p += 256;
    }
    if (f.bits & 2) {
        x = _mm256_or_si256(x, bits(load(p + 64 * (quad % 2)), quad / 2 * 2, low, 3 << low));
        low += 2;
        p += 128;
    }
    if (f.bits & 1) x = _mm256_or_si256(x, bits(load(p), quad, low, 1 << low));
    if (!f.looked_up) return x;
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table)), x);
}
INLINE void put(char * p, codes x) { _mm256_storeu_si256((__m256i *)p, x); }

INLINE partial begin(int32_t correction) { return (partial){_mm256_setzero_si256(), _mm256_set1_epi32(correction)}; }
INLINE partial more(struct panel_format f, partial sum, codes w, const int8_t * x, int n) {
    int32_t four;
    memcpy(&four, x, 4);
    __m256i column = _mm256_set1_epi32(four);
    const __m256i ones = _mm256_set1_epi16(1);
    if (f.has_signs) {
        __m256i products = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(column, w));
        sum.wide = _mm256_add_epi32(sum.wide, _mm256_madd_epi16(products, ones));
        return sum;
    }
    // 2 * 127 times the largest code fits 16 bits so often.
    const int fits = 32767 / (254 * ((1 << f.bits) - 1)), of = f.group / 4;
    __m256i products = _mm256_maddubs_epi16(w, column);
    sum.narrow = n % fits == 0 ? products : _mm256_add_epi16(sum.narrow, products);
    if ((n + 1) % fits == 0 || n + 1 == of) sum.wide = _mm256_add_epi32(sum.wide, _mm256_madd_epi16(sum.narrow, ones));
    return sum;
}
INLINE vector end(partial sum) { return _mm256_cvtepi32_ps(sum.wide); }

INLINE vector halves(const char * p) { return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p)); }
INLINE vector bfloats(const char * p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)), 16));
}
INLINE vector signed_bytes(const char * p) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p))); }
INLINE vector minima(const char * p, int groups, const int16_t * sums) {
    __m256i total = _mm256_setzero_si256();
    UNROLLED for (int pair = 0; pair < groups / 2; pair++) {
        int32_t two;
        memcpy(&two, sums + 2 * pair, 4);
        __m256i both = _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)(p + 32 * pair)));
        total = _mm256_add_epi32(total, _mm256_madd_epi16(both, _mm256_set1_epi32(two)));
    }
    return _mm256_cvtepi32_ps(total);
}
INLINE vector same(float x) { return _mm256_set1_ps(x); }
INLINE vector times(vector a, vector b) { return _mm256_mul_ps(a, b); }
INLINE vector plus_product(vector total, vector a, vector b) { return _mm256_fmadd_ps(a, b, total); }
INLINE vector load_floats(const float * p) { return _mm256_loadu_ps(p); }
INLINE void store(float * p, vector v) { _mm256_storeu_ps(p, v); }
INLINE void fetch(const char * p, int lines) { UNROLLED for (int i = 0; i < lines; i++) _mm_prefetch(p + 64 * i, _MM_HINT_T0); }

#define EACH_QUAD UNROLLED
#define EACH_FEW_SIZE(F, name, ...) F(name, 1 __VA_OPT__(,) __VA_ARGS__) F(name, 2 __VA_OPT__(,) __VA_ARGS__) \
    F(name, 3 __VA_OPT__(,) __VA_ARGS__) F(name, 4 __VA_OPT__(,) __VA_ARGS__)
#define EACH_TILE_SIZE(F, name, ...) F(name, 4 __VA_OPT__(,) __VA_ARGS__) F(name, 2 __VA_OPT__(,) __VA_ARGS__) \
    F(name, 1 __VA_OPT__(,) __VA_ARGS__)
#include "panel_loops.inc"
#pragma clang attribute pop

const struct panel_kernels panel_kernels_avx2 = PANEL_KERNELS(0, 4);
#endif
