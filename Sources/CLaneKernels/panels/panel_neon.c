// Products of panels on 64-bit ARM with integer dot products.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>
#include "panels.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
enum { PARTS = 4 };
typedef float32x4_t vector;
typedef int8x16_t codes;
typedef int32x4_t partial;

INLINE uint8x16_t load(const void * p) { return vld1q_u8(p); }
INLINE uint8x16_t bits(uint8x16_t x, int place, int left, int mask) {
    return vandq_u8(vshlq_u8(x, vdupq_n_s8((int8_t)(left - place))), vdupq_n_u8((uint8_t)mask));
}
INLINE codes code(struct panel_format f, const int8_t * table, const char * p, int quad, int part) {
    p += 16 * part;
    if (f.bits == 8 || f.decoded) return vreinterpretq_s8_u8(load(p + 64 * quad));
    uint8x16_t x = vdupq_n_u8(0);
    int low = 0;
    if (f.bits & 4) {
        x = bits(load(p + 64 * (quad % 4)), quad / 4 * 4, 0, 0x0f);
        low = 4;
        p += 256;
    }
    if (f.bits & 2) {
        x = vorrq_u8(x, bits(load(p + 64 * (quad % 2)), quad / 2 * 2, low, 3 << low));
        low += 2;
        p += 128;
    }
    if (f.bits & 1) x = vorrq_u8(x, bits(load(p), quad, low, 1 << low));
    return f.looked_up ? vqtbl1q_s8(vld1q_s8(table), x) : vreinterpretq_s8_u8(x);
}
INLINE void put(char * p, codes x) { vst1q_s8((int8_t *)p, x); }

INLINE partial begin(int32_t correction) { return vdupq_n_s32(correction); }
INLINE partial more(struct panel_format f, partial sum, codes w, const int8_t * x, int n) {
    int32_t four;
    memcpy(&four, x, 4);
    return vdotq_s32(sum, w, vreinterpretq_s8_s32(vdupq_n_s32(four)));
}
INLINE vector end(partial sum) { return vcvtq_f32_s32(sum); }

INLINE vector halves(const char * p) { return vcvt_f32_f16(vld1_f16((const __fp16 *)p)); }
INLINE vector bfloats(const char * p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16((const uint16_t *)p), 16)); }
INLINE vector signed_bytes(const char * p) {
    int32_t four;
    memcpy(&four, p, 4);
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four))))));
}
INLINE vector minima(const char * p, int groups, const int16_t * sums) {
    int32x4_t total = vdupq_n_s32(0);
    UNROLLED for (int pair = 0; pair < groups / 2; pair++) {
        uint8x8x2_t both = vuzp_u8(vld1_u8((const uint8_t *)p + 32 * pair), vdup_n_u8(0));
        int16x4_t first = vget_low_s16(vreinterpretq_s16_u16(vmovl_u8(both.val[0])));
        int16x4_t second = vget_low_s16(vreinterpretq_s16_u16(vmovl_u8(both.val[1])));
        total = vmlal_n_s16(vmlal_n_s16(total, first, sums[2 * pair]), second, sums[2 * pair + 1]);
    }
    return vcvtq_f32_s32(total);
}
INLINE vector same(float x) { return vdupq_n_f32(x); }
INLINE vector times(vector a, vector b) { return vmulq_f32(a, b); }
INLINE vector plus_product(vector total, vector a, vector b) { return vfmaq_f32(total, a, b); }
INLINE vector load_floats(const float * p) { return vld1q_f32(p); }
INLINE void store(float * p, vector v) { vst1q_f32(p, v); }
INLINE void fetch(const char * p, int lines) { UNROLLED for (int i = 0; i < lines; i++) __builtin_prefetch(p + 64 * i); }

#define EACH_QUAD UNROLLED
#define EACH_FEW_SIZE(F, name, ...) F(name, 1 __VA_OPT__(,) __VA_ARGS__) F(name, 2 __VA_OPT__(,) __VA_ARGS__) \
    F(name, 3 __VA_OPT__(,) __VA_ARGS__) F(name, 4 __VA_OPT__(,) __VA_ARGS__)
#define EACH_TILE_SIZE(F, name, ...) F(name, 8 __VA_OPT__(,) __VA_ARGS__) F(name, 4 __VA_OPT__(,) __VA_ARGS__) \
    F(name, 2 __VA_OPT__(,) __VA_ARGS__) F(name, 1 __VA_OPT__(,) __VA_ARGS__)
#include "panel_loops.inc"
#pragma clang attribute pop

const struct panel_kernels panel_kernels_neon = PANEL_KERNELS(0, 4);
#endif
