// Products of panels with AVX-512 and its integer dot products (VNNI), which multiply numbers from 0 to 255 with signed ones: what has
// a sign gets 128 added.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "panels.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
enum { PARTS = 1 };
typedef __m512 vector;
typedef __m512i codes, partial;

INLINE __m512i bits(__m512i x, int place, int left, int mask) {
    __m512i moved = left >= place ? _mm512_slli_epi16(x, left - place) : _mm512_srli_epi16(x, place - left);
    return _mm512_and_si512(moved, _mm512_set1_epi8((char)mask));
}
INLINE codes code(struct panel_format f, const int8_t * table, const char * p, int quad, int part) {
    if (f.decoded) return _mm512_loadu_si512(p + 64 * quad);
    if (f.bits == 8) return _mm512_xor_si512(_mm512_loadu_si512(p + 64 * quad), _mm512_set1_epi8((char)128));
    __m512i x = _mm512_setzero_si512();
    int low = 0;
    if (f.bits & 4) {
        x = bits(_mm512_loadu_si512(p + 64 * (quad % 4)), quad / 4 * 4, 0, 0x0f);
        low = 4;
        p += 256;
    }
    if (f.bits & 2) {
        x = _mm512_or_si512(x, bits(_mm512_loadu_si512(p + 64 * (quad % 2)), quad / 2 * 2, low, 3 << low));
        low += 2;
        p += 128;
    }
    if (f.bits & 1) x = _mm512_or_si512(x, bits(_mm512_loadu_si512(p), quad, low, 1 << low));
    if (!f.looked_up) return x;
    __m512i numbers = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)table));
    return _mm512_shuffle_epi8(_mm512_xor_si512(numbers, _mm512_set1_epi8((char)128)), x);
}
INLINE void put(char * p, codes x) { _mm512_storeu_si512(p, x); }

INLINE partial begin(int32_t correction) { return _mm512_set1_epi32(correction); }
INLINE partial more(struct panel_format f, partial sum, codes w, const int8_t * x, int n) {
    int32_t four;
    memcpy(&four, x, 4);
    return _mm512_dpbusd_epi32(sum, w, _mm512_set1_epi32(four));
}
INLINE vector end(partial sum) { return _mm512_cvtepi32_ps(sum); }

INLINE vector halves(const char * p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p)); }
INLINE vector bfloats(const char * p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)), 16));
}
INLINE vector signed_bytes(const char * p) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)p))); }
INLINE vector minima(const char * p, int groups, const int16_t * sums) {
    __m512i total = _mm512_setzero_si512();
    UNROLLED for (int pair = 0; pair < groups / 2; pair++) {
        int32_t two;
        memcpy(&two, sums + 2 * pair, 4);
        __m512i both = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)(p + 32 * pair)));
        total = _mm512_dpwssd_epi32(total, both, _mm512_set1_epi32(two));
    }
    return _mm512_cvtepi32_ps(total);
}
INLINE vector same(float x) { return _mm512_set1_ps(x); }
INLINE vector times(vector a, vector b) { return _mm512_mul_ps(a, b); }
INLINE vector plus_product(vector total, vector a, vector b) { return _mm512_fmadd_ps(a, b, total); }
INLINE vector load_floats(const float * p) { return _mm512_loadu_ps(p); }
INLINE void store(float * p, vector v) { _mm512_storeu_ps(p, v); }
INLINE void fetch(const char * p, int lines) { UNROLLED for (int i = 0; i < lines; i++) _mm_prefetch(p + 64 * i, _MM_HINT_T0); }

// With 12 columns a tile's sums, inner and outer, fill the 32 registers.
#define EACH_QUAD UNROLLED
#define EACH_FEW_SIZE(F, name, ...) F(name, 1 __VA_OPT__(,) __VA_ARGS__) F(name, 2 __VA_OPT__(,) __VA_ARGS__) \
    F(name, 3 __VA_OPT__(,) __VA_ARGS__) F(name, 4 __VA_OPT__(,) __VA_ARGS__) F(name, 5 __VA_OPT__(,) __VA_ARGS__) \
    F(name, 6 __VA_OPT__(,) __VA_ARGS__) F(name, 7 __VA_OPT__(,) __VA_ARGS__) F(name, 8 __VA_OPT__(,) __VA_ARGS__)
#define EACH_TILE_SIZE(F, name, ...) F(name, 12 __VA_OPT__(,) __VA_ARGS__) F(name, 8 __VA_OPT__(,) __VA_ARGS__) \
    F(name, 4 __VA_OPT__(,) __VA_ARGS__) F(name, 2 __VA_OPT__(,) __VA_ARGS__) F(name, 1 __VA_OPT__(,) __VA_ARGS__)
#include "panel_loops.inc"
#pragma clang attribute pop

const struct panel_kernels panel_kernels_avx512 = PANEL_KERNELS(128, 24);
#endif
