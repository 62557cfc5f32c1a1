// The kernels for ggml's AMX layout, with AVX-512 and its integer dot products (VNNI).
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>
#include "ggml-cpu.h"
#include "product.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#define INLINE static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")
#define EACH_COLUMN UNROLLED for (int c = 0; c < count; c++)

bool amx_layout_is_readable(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

// ---- Columns ----

struct q8_0 { uint16_t scale; int8_t values[32]; };

void quantise_columns_32(struct column_block_32 * y, const float * x, long blocks) {
    ggml_from_float_t quantise = ggml_get_type_traits_cpu(GGML_TYPE_Q8_0)->from_float;
    for (long i = 0; i < blocks; i++) {
        struct q8_0 block;
        quantise(x + 32 * i, &block, 32);
        y[i].scale = ggml_fp16_to_fp32(block.scale);
        memcpy(y[i].values, block.values, 32);
        int sum = 0;
        for (int j = 0; j < 32; j++) {
            sum += block.values[j];
            y[i].shifted[j] = (uint8_t)(block.values[j] + 128);
        }
        y[i].sum = sum;
    }
}

void quantise_columns_256(struct column_block_256 * y, const float * x, long blocks) {
    for (long i = 0; i < blocks; i++, x += 256) {
        __m512 high = _mm512_setzero_ps(), low = _mm512_setzero_ps();
        for (int j = 0; j < 256; j += 16) {
            __m512 v = _mm512_loadu_ps(x + j);
            high = _mm512_max_ps(high, v);
            low = _mm512_min_ps(low, v);
        }
        // The element of the largest magnitude becomes -127; of two, the first.
        float largest = _mm512_reduce_max_ps(high), smallest = _mm512_reduce_min_ps(low);
        float extreme = largest > -smallest ? largest : smallest;
        if (largest == -smallest)
            for (int j = 255; j >= 0; j--) if (fabsf(x[j]) == largest) extreme = x[j];
        if (extreme == 0) {
            memset(&y[i], 0, sizeof y[i]);
            continue;
        }
        float inverse = -127.f / extreme;
        y[i].scale = 1 / inverse;
        int16_t pairs[8] = {0};
        for (int j = 0; j < 256; j += 16) {
            __m512i v = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + j), _mm512_set1_ps(inverse)));
            v = _mm512_min_epi32(v, _mm512_set1_epi32(127));
            _mm_storeu_si128((__m128i *)(y[i].values + j), _mm512_cvtepi32_epi8(v));
            int sum = _mm512_reduce_add_epi32(v);
            y[i].minus_32_sums[j / 16] = -32 * sum;
            pairs[j / 32] += (int16_t)sum;
        }
        memcpy(y[i].pair_sums, pairs, sizeof pairs);
    }
}

// ---- Tiles ----

INLINE __m512i load(const char * p) { return _mm512_loadu_si512(p); }
INLINE __m512 halves(const char * p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE __m512i bytes(const char * p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)); }
INLINE __m512i four(const void * p) { int32_t x; memcpy(&x, p, 4); return _mm512_set1_epi32(x); }
INLINE __m512i low_nibbles(__m512i x) { return _mm512_and_si512(x, _mm512_set1_epi8(0xf)); }
INLINE __m512i high_nibbles(__m512i x) { return low_nibbles(_mm512_srli_epi16(x, 4)); }
// x | (bits & mask)
INLINE __m512i with_bits(__m512i x, __m512i bits, int mask) {
    return _mm512_ternarylogic_epi32(x, bits, _mm512_set1_epi8((char)mask), 0xf8);
}
INLINE __m512i shifted(__m512i x, int left) { return left >= 0 ? _mm512_slli_epi16(x, left) : _mm512_srli_epi16(x, -left); }

// The next block of the same rows. A block of 256 is long enough that the processor takes it for a stream of its own, and
// comes late to the next.
INLINE void fetch(const char * p, int lines) {
    UNROLLED for (int i = 0; i < lines; i++) _mm_prefetch(p + 64 * i, _MM_HINT_T0);
}

enum { Q8_0 = 16 * 34 + 64, Q4_0 = 16 * 18, Q4_K = 16 * 144 + 64, Q5_K = 16 * 176 + 64, Q6_K = 16 * 210 };

// 32 x 16 values, scales as halves, 128 times the sums of values.
INLINE void tile_q8_0(__m512 * totals, const char * w, const struct column_block_32 * const * x, int count) {
    __m512i sums[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = _mm512_setzero_si512();
    UNROLLED for (int k = 0; k < 8; k++) {
        __m512i values = load(w + 64 * k);
        EACH_COLUMN sums[c] = _mm512_dpbusd_epi32(sums[c], four(x[c]->shifted + 4 * k), values);
    }
    __m512i correction = load(w + 544);
    __m512 scales = halves(w + 512);
    EACH_COLUMN totals[c] = _mm512_fmadd_ps(
        _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[c], correction)), _mm512_mul_ps(scales, _mm512_set1_ps(x[c]->scale)), totals[c]);
}

// 32 x 16 nibbles, scales as halves; values are nibbles - 8.
INLINE void tile_q4_0(__m512 * totals, const char * w, const struct column_block_32 * const * x, int count) {
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
    EACH_COLUMN totals[c] = _mm512_fmadd_ps(
        _mm512_cvtepi32_ps(sums[c]), _mm512_mul_ps(scales, _mm512_set1_ps(x[c]->scale)), totals[c]);
}

// 256 x 16 nibbles (and fifth bits), scales and minima of 8 groups, their scales as halves.
INLINE void tile_q4_or_q5_K(__m512 * totals, const char * w, const struct column_block_256 * const * x, int count, bool five) {
    const char * scales = w + (five ? 2048 + 512 : 2048), * minima = scales + 128, * halved = minima + 128;
    __m512i sums[LANE_COLUMN_LIMIT], below[LANE_COLUMN_LIMIT];
    EACH_COLUMN sums[c] = below[c] = _mm512_setzero_si512();
    for (int group = 0; group < 8; group++) {
        fetch(w + (five ? Q5_K : Q4_K) + (five ? 360 : 296) * group, five ? 6 : 5);
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
        __m512 scale = _mm512_set1_ps(x[c]->scale);
        totals[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[c]), _mm512_mul_ps(d, scale), totals[c]);
        totals[c] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(below[c]), _mm512_mul_ps(dmin, scale), totals[c]);
    }
}
INLINE void tile_q4_K(__m512 * totals, const char * w, const struct column_block_256 * const * x, int count) {
    tile_q4_or_q5_K(totals, w, x, count, false);
}
INLINE void tile_q5_K(__m512 * totals, const char * w, const struct column_block_256 * const * x, int count) {
    tile_q4_or_q5_K(totals, w, x, count, true);
}

// 256 x 16 nibbles, fifth and sixth bits, scales of 16 groups, their scales as halves; values are - 32.
INLINE void tile_q6_K(__m512 * totals, const char * w, const struct column_block_256 * const * x, int count) {
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
    EACH_COLUMN totals[c] = _mm512_fmadd_ps(
        _mm512_cvtepi32_ps(sums[c]), _mm512_mul_ps(d, _mm512_set1_ps(x[c]->scale)), totals[c]);
}

// ---- Products ----

// Some tiles at a time: a processor fetches several streams of memory faster than one.
#define PRODUCT_OF_TILES(type, TYPE, column_block, count, tiles)                                                       \
    INLINE void product_##type##_##count##_##tiles(float * y, long stride, const char * w,                             \
        const struct column_block * columns, long blocks) {                                                            \
        __m512 totals[tiles][count];                                                                                   \
        UNROLLED for (int t = 0; t < tiles; t++) UNROLLED for (int c = 0; c < count; c++) totals[t][c] = _mm512_setzero_ps(); \
        for (long i = 0; i < blocks; i++) {                                                                            \
            const struct column_block * x[count];                                                                      \
            UNROLLED for (int c = 0; c < count; c++) x[c] = columns + c * blocks + i;                                  \
            UNROLLED for (int t = 0; t < tiles; t++) tile_##type(totals[t], w + (t * blocks + i) * TYPE, x, count);    \
        }                                                                                                              \
        UNROLLED for (int t = 0; t < tiles; t++)                                                                       \
            UNROLLED for (int c = 0; c < count; c++) _mm512_storeu_ps(y + c * stride + 16 * t, totals[t][c]);          \
    }
#define PRODUCT_OF_COLUMNS(type, TYPE, column_block, count)                                                            \
    PRODUCT_OF_TILES(type, TYPE, column_block, count, 1)                                                               \
    PRODUCT_OF_TILES(type, TYPE, column_block, count, 4)                                                         \
    static void product_##type##_##count(float * y, long stride, const char * w, const struct column_block * columns,  \
        long blocks, long first, long last) {                                                                          \
        long tile = first;                                                                                             \
        for (; tile + 4 <= last; tile += 4)                                                                \
            product_##type##_##count##_4(y + 16 * tile, stride, w + tile * blocks * TYPE, columns, blocks);                 \
        for (; tile < last; tile++)                                                                                    \
            product_##type##_##count##_1(y + 16 * tile, stride, w + tile * blocks * TYPE, columns, blocks);            \
    }
#define PRODUCT(type, TYPE, column_block)                                                                              \
    PRODUCT_OF_COLUMNS(type, TYPE, column_block, 1)                                                                    \
    PRODUCT_OF_COLUMNS(type, TYPE, column_block, 2)                                                                    \
    PRODUCT_OF_COLUMNS(type, TYPE, column_block, 3)                                                                    \
    PRODUCT_OF_COLUMNS(type, TYPE, column_block, 4)                                                                    \
    static void product_##type(float * y, long stride, const char * w, const void * columns, int count, long blocks,   \
        long first, long last) {                                                                                       \
        switch (count) {                                                                                               \
        case 1: product_##type##_1(y, stride, w, columns, blocks, first, last); break;                                 \
        case 2: product_##type##_2(y, stride, w, columns, blocks, first, last); break;                                 \
        case 3: product_##type##_3(y, stride, w, columns, blocks, first, last); break;                                 \
        default: product_##type##_4(y, stride, w, columns, blocks, first, last); break;                                \
        }                                                                                                              \
    }
PRODUCT(q8_0, Q8_0, column_block_32)
PRODUCT(q4_0, Q4_0, column_block_32)
PRODUCT(q4_K, Q4_K, column_block_256)
PRODUCT(q5_K, Q5_K, column_block_256)
PRODUCT(q6_K, Q6_K, column_block_256)
#pragma clang attribute pop

size_t amx_layout_tile_size(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_Q8_0: return Q8_0;
    case GGML_TYPE_Q4_0: return Q4_0;
    case GGML_TYPE_Q4_K: return Q4_K;
    case GGML_TYPE_Q5_K: return Q5_K;
    case GGML_TYPE_Q6_K: return Q6_K;
    default: return 0;
    }
}

tile_product amx_layout_product(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_Q8_0: return product_q8_0;
    case GGML_TYPE_Q4_0: return product_q4_0;
    case GGML_TYPE_Q4_K: return product_q4_K;
    case GGML_TYPE_Q5_K: return product_q5_K;
    case GGML_TYPE_Q6_K: return product_q6_K;
    default: return NULL;
    }
}
#endif
