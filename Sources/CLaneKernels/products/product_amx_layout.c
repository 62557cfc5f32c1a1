// The kernels for ggml's AMX layout, with AVX-512 and its integer dot products (VNNI).
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "product.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#include "product_avx512.inc"
enum { TILE_ROWS = 16 };

INLINE void finish(float * y, vector total) { _mm512_storeu_ps(y, total); }

INLINE __m512i bytes(const char * p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)); }
INLINE __m512i shifted(__m512i x, int left) { return left >= 0 ? _mm512_slli_epi16(x, left) : _mm512_srli_epi16(x, -left); }

// The next block of the same rows is fetched: a block of 256 is long enough that the processor takes it for a stream of its own,
// and comes late to the next.
enum { Q8_0 = 16 * 34 + 64, Q4_0 = 16 * 18, Q4_K = 16 * 144 + 64, Q5_K = 16 * 176 + 64, Q6_K = 16 * 210 };

// 32 x 16 values, scales as halves, 128 times the sums of values.
INLINE void tile_q8_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    __m512i sums[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = _mm512_setzero_si512();
    UNROLLED for (int k = 0; k < 8; k++) {
        __m512i values = load(w + 64 * k);
        EACH_COLUMN sums[c] = _mm512_dpbusd_epi32(sums[c], four(x[c]->shifted + 4 * k), values);
    }
    __m512i correction = load(w + 544);
    __m512 scales = halves(w + 512);
    EACH_COLUMN totals[c] = scaled(_mm512_sub_epi32(sums[c], correction), scales, x[c]->scale, totals[c]);
}

// 32 x 16 nibbles, scales as halves; values are nibbles - 8.
INLINE void tile_q4_0(vector * totals, const char * w, const char * next, const struct column_block_32 * const * x, int count) {
    __m512i sums[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = _mm512_set1_epi32(-8 * x[c]->sum);
    UNROLLED for (int k = 0; k < 8; k += 2) {
        __m512i both = load(w + 32 * k), low = low_nibbles(both), high = high_nibbles(both);
        EACH_COLUMN {
            sums[c] = _mm512_dpbusd_epi32(sums[c], low, four(x[c]->values + 4 * k));
            sums[c] = _mm512_dpbusd_epi32(sums[c], high, four(x[c]->values + 4 * k + 4));
        }
    }
    __m512 scales = halves(w + 256);
    EACH_COLUMN totals[c] = scaled(sums[c], scales, x[c]->scale, totals[c]);
}

// 256 x 16 nibbles (and fifth bits), scales and minima of 8 groups, their scales as halves.
INLINE void tile_q4_or_q5_K(vector * totals, const char * w, const struct column_block_256 * const * x, int count, bool five) {
    const char * scales = w + (five ? 2048 + 512 : 2048), * minima = scales + 128, * halved = minima + 128;
    __m512i sums[LANE_COLUMN_LIMIT], below[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = below[c] = _mm512_setzero_si512();
    for (int group = 0; group < 8; group++) {
        fetch(w + (five ? Q5_K + 360 * group : Q4_K + 296 * group), five ? 6 : 5);
        __m512i fifth = five ? load(w + 2048 + 64 * group) : _mm512_setzero_si512();
        __m512i part[LANE_COLUMN_LIMIT];
        EACH_COLUMN part[c] = _mm512_setzero_si512();
        UNROLLED for (int k = 0; k < 8; k += 2) {
            __m512i both = load(w + 256 * group + 32 * k), low = low_nibbles(both), high = high_nibbles(both);
            if (five) {
                low = with_bits(low, shifted(fifth, 4 - k), 0x10);
                high = with_bits(high, shifted(fifth, 3 - k), 0x10);
            }
            EACH_COLUMN {
                part[c] = _mm512_dpbusd_epi32(part[c], low, four(x[c]->values + 32 * group + 4 * k));
                part[c] = _mm512_dpbusd_epi32(part[c], high, four(x[c]->values + 32 * group + 4 * k + 4));
            }
        }
        __m512i scale = bytes(scales + 16 * group);
        EACH_COLUMN sums[c] = _mm512_add_epi32(sums[c], _mm512_mullo_epi32(part[c], scale));
    }
    UNROLLED for (int k = 0; k < 4; k++) {
        __m512i minimum = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(minima + 32 * k)));
        EACH_COLUMN below[c] = _mm512_dpwssd_epi32(below[c], four(x[c]->pair_sums + k), minimum);
    }
    __m512 d = halves(halved), dmin = halves(halved + 32);
    EACH_COLUMN {
        totals[c] = scaled(sums[c], d, x[c]->scale, totals[c]);
        totals[c] = scaled(below[c], dmin, -x[c]->scale, totals[c]);
    }
}
INLINE void tile_q4_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    tile_q4_or_q5_K(totals, w, x, count, false);
}
INLINE void tile_q5_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    tile_q4_or_q5_K(totals, w, x, count, true);
}

// 256 x 16 nibbles, fifth and sixth bits, scales of 16 groups, their scales as halves; values are - 32.
INLINE void tile_q6_K(vector * totals, const char * w, const char * next, const struct column_block_256 * const * x, int count) {
    __m512i sums[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = _mm512_setzero_si512();
    for (int group = 0; group < 16; group++) {
        fetch(w + Q6_K + 210 * group, 4);
        __m512i first = load(w + 128 * group), second = load(w + 128 * group + 64), high = load(w + 2048 + 64 * group);
        __m512i values[4] = {
            with_bits(low_nibbles(first), shifted(high, 4), 0x30), with_bits(high_nibbles(first), shifted(high, 2), 0x30),
            with_bits(low_nibbles(second), high, 0x30), with_bits(high_nibbles(second), shifted(high, -2), 0x30),
        };
        __m512i scale = bytes(w + 3072 + 16 * group);
        EACH_COLUMN {
            __m512i part = _mm512_set1_epi32(x[c]->minus_32_sums[group]);
            UNROLLED for (int k = 0; k < 4; k++)
                part = _mm512_dpbusd_epi32(part, values[k], four(x[c]->values + 16 * group + 4 * k));
            sums[c] = _mm512_add_epi32(sums[c], _mm512_mullo_epi32(part, scale));
        }
    }
    __m512 d = halves(w + 3328);
    EACH_COLUMN totals[c] = scaled(sums[c], d, x[c]->scale, totals[c]);
}

#include "product_loops.inc"
PRODUCT(q8_0, Q8_0, column_block_32, 4, 4)
PRODUCT(q4_0, Q4_0, column_block_32, 4, 4)
PRODUCT(q4_K, Q4_K, column_block_256, 4, 4)
PRODUCT(q5_K, Q5_K, column_block_256, 4, 4)
PRODUCT(q6_K, Q6_K, column_block_256, 4, 4)
#pragma clang attribute pop

struct product_kernel amx_product(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_Q8_0: return (struct product_kernel){&column_format_32, TILE_ROWS, product_q8_0};
    case GGML_TYPE_Q4_0: return (struct product_kernel){&column_format_32, TILE_ROWS, product_q4_0};
    case GGML_TYPE_Q4_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q4_K};
    case GGML_TYPE_Q5_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q5_K};
    case GGML_TYPE_Q6_K: return (struct product_kernel){&column_format_256, TILE_ROWS, product_q6_K};
    default: return (struct product_kernel){0};
    }
}
#endif
