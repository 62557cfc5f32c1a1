// How a block of each quantised type is taken apart: into codes in the order of elements, scales and minima.
#include <math.h>
#include <string.h>
#include "panels.h"

static uint16_t half_at(const uint8_t * p) { uint16_t h; memcpy(&h, p, 2); return h; }

// ---- Blocks of 32: the low nibbles are the first 16 elements ----

static void nibbles(uint8_t * codes, const uint8_t * p) {
    for (int i = 0; i < 16; i++) {
        codes[i] = p[i] & 15;
        codes[i + 16] = p[i] >> 4;
    }
}
static void fifth_bits(uint8_t * codes, const uint8_t * p) {
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 8; j++) codes[8 * i + j] |= (p[i] >> j & 1) << 4;
}
static void q4_0(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    nibbles(y->codes, p + 2);
}
static void q4_1(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    y->minimum = half_at(p + 2);
    nibbles(y->codes, p + 4);
}
static void q5_0(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    nibbles(y->codes, p + 6);
    fifth_bits(y->codes, p + 2);
}
static void q5_1(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    y->minimum = half_at(p + 2);
    nibbles(y->codes, p + 8);
    fifth_bits(y->codes, p + 4);
}
static void q8_0(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    memcpy(y->codes, p + 2, 32);
}
// An exponent whose unit is half of the usual one, since the table's numbers are twice what they stand for.
static void mxfp4(struct panel_row_block * y, const uint8_t * p) {
    y->scale = p[0] < 2 ? (uint16_t)(0x20 << p[0]) : (uint16_t)((p[0] - 1) << 7);
    nibbles(y->codes, p + 1);
}

// ---- Blocks of 256 ----

// Each of 32 bytes has a bit of eight elements, 32 apart.
static void add_bits(uint8_t * codes, const uint8_t * p, int place) {
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 32; j++) codes[32 * i + j] |= (p[j] >> i & 1) << place;
}
// Each of 32 bytes has two bits of four elements, 32 apart; and again.
static void add_pairs_of_bits(uint8_t * codes, const uint8_t * p, int place) {
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 32; j++) codes[32 * i + j] |= (p[32 * (i / 4) + j] >> 2 * (i % 4) & 3) << place;
}
static void pairs_of_bits(uint8_t * codes, const uint8_t * p) {
    memset(codes, 0, 256);
    add_pairs_of_bits(codes, p, 0);
}
static void q2_K(struct panel_row_block * y, const uint8_t * p) {
    for (int i = 0; i < 16; i++) {
        y->scales[i] = p[i] & 15;
        y->minima[i] = p[i] >> 4;
    }
    pairs_of_bits(y->codes, p + 16);
    y->scale = half_at(p + 80);
    y->minimum = half_at(p + 82);
}
static void q3_K(struct panel_row_block * y, const uint8_t * p) {
    pairs_of_bits(y->codes, p + 32);
    add_bits(y->codes, p, 2);
    const uint8_t * low = p + 96, * high = p + 104;
    for (int i = 0; i < 16; i++)
        y->scales[i] = (int8_t)((low[i % 8] >> 4 * (i / 8) & 15) + ((high[i % 4] >> 2 * (i / 4) & 3) << 4) - 32);
    y->scale = half_at(p + 108);
}
// 8 scales and 8 minima of 6 bits in 12 bytes.
static void scales_and_minima(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    y->minimum = half_at(p + 2);
    p += 4;
    for (int i = 0; i < 4; i++) {
        y->scales[i] = p[i] & 63;
        y->minima[i] = p[i + 4] & 63;
        y->scales[i + 4] = (int8_t)((p[i + 8] & 15) | p[i] >> 6 << 4);
        y->minima[i + 4] = (uint8_t)(p[i + 8] >> 4 | p[i + 4] >> 6 << 4);
    }
}
// Low nibbles of 32 elements, then their high nibbles.
static void large_nibbles(uint8_t * codes, const uint8_t * p) {
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < 32; i++) {
            codes[64 * k + i] = p[32 * k + i] & 15;
            codes[64 * k + i + 32] = p[32 * k + i] >> 4;
        }
}
static void q4_K(struct panel_row_block * y, const uint8_t * p) {
    scales_and_minima(y, p);
    large_nibbles(y->codes, p + 16);
}
static void q5_K(struct panel_row_block * y, const uint8_t * p) {
    scales_and_minima(y, p);
    large_nibbles(y->codes, p + 48);
    add_bits(y->codes, p + 16, 4);
}
static void q6_K(struct panel_row_block * y, const uint8_t * p) {
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 64; i++) {
            y->codes[128 * k + i] = p[64 * k + i] & 15;
            y->codes[128 * k + i + 64] = p[64 * k + i] >> 4;
        }
    add_pairs_of_bits(y->codes, p + 128, 4);
    memcpy(y->scales, p + 192, 16);
    y->scale = half_at(p + 208);
}
static void iq4_xs(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    uint16_t high = half_at(p + 2);
    for (int i = 0; i < 8; i++) {
        y->scales[i] = (int8_t)((p[4 + i / 2] >> 4 * (i % 2) & 15) + ((high >> 2 * i & 3) << 4) - 32);
        nibbles(y->codes + 32 * i, p + 8 + 16 * i);
    }
}
static void one_scale(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    memset(y->scales, 1, 16);
}
static void tq2_0(struct panel_row_block * y, const uint8_t * p) {
    pairs_of_bits(y->codes, p);
    one_scale(y, p + 64);
}
// Five digits to the base of 3 are a fraction of 256; the first is its product with 3, the next ones follow.
static void thirds(uint8_t * codes, const uint8_t * p, int count, int digits) {
    for (int i = 0; i < count; i++) {
        uint8_t rest = p[i];
        for (int digit = 0; digit < digits; digit++) {
            codes[count * digit + i] = (uint8_t)(rest * 3 >> 8);
            rest = (uint8_t)(rest * 3);
        }
    }
}
static void tq1_0(struct panel_row_block * y, const uint8_t * p) {
    thirds(y->codes, p, 32, 5);
    thirds(y->codes + 160, p + 32, 16, 5);
    thirds(y->codes + 240, p + 48, 4, 4);
    one_scale(y, p + 52);
}

// ---- Types whose elements come from tables of vectors, which ggml keeps to itself: a block is decoded by ggml, and divided by its
// scales, which leaves one of a few whole numbers ----

static const int8_t iq4_numbers[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
static const int8_t fp4_numbers[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
static const int8_t iq3_xxs_numbers[16] = {4, 12, 20, 28, 36, 44, 52, 62, -4, -12, -20, -28, -36, -44, -52, -62};
static const int8_t iq3_s_numbers[16] = {1, 3, 5, 7, 9, 11, 13, 15, -1, -3, -5, -7, -9, -11, -13, -15};
static const int8_t iq2_numbers[16] = {8, 25, 43, 0, -8, -25, -43};
static const int8_t iq1_numbers[16] = {-9, -7, -1, 1, 7, 9};

static void divide(struct panel_row_block * y, enum ggml_type type, const uint8_t * p, int group, float unit, const int8_t * table, int count) {
    float values[256];
    ggml_get_type_traits(type)->to_float(p, values, 256);
    uint8_t code_of[256] = {0};
    for (int code = 0; code < count; code++) code_of[(uint8_t)table[code]] = (uint8_t)code;
    const float scale = ggml_fp16_to_fp32(y->scale) * unit;
    for (int i = 0; i < 256; i += group) {
        const float inverse = 1 / (scale * y->scales[i / group]);
        for (int j = i; j < i + group; j++) {
            const float number = values[j] * inverse;
            y->codes[j] = fabsf(number) < 127 ? code_of[(uint8_t)lrintf(number)] : 0;
        }
    }
}
static void twice(int8_t * scales, int group, int scale) { scales[2 * group] = scales[2 * group + 1] = (int8_t)scale; }

static void iq2_xxs(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    for (int i = 0; i < 8; i++) twice(y->scales, i, 2 * (p[2 + 8 * i + 7] >> 4) + 1);
    divide(y, GGML_TYPE_IQ2_XXS, p, 16, 0.125f, iq2_numbers, 7);
}
static void two_scales(struct panel_row_block * y, const uint8_t * p) {
    for (int i = 0; i < 16; i++) y->scales[i] = (int8_t)(2 * (p[i / 2] >> 4 * (i % 2) & 15) + 1);
}
static void iq2_xs(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    two_scales(y, p + 66);
    divide(y, GGML_TYPE_IQ2_XS, p, 16, 0.125f, iq2_numbers, 7);
}
static void iq2_s(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    two_scales(y, p + 74);
    divide(y, GGML_TYPE_IQ2_S, p, 16, 0.125f, iq2_numbers, 7);
}
static void iq3_xxs(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    for (int i = 0; i < 8; i++) y->scales[i] = (int8_t)(2 * (p[66 + 4 * i + 3] >> 4) + 1);
    divide(y, GGML_TYPE_IQ3_XXS, p, 32, 0.25f, iq3_xxs_numbers, 16);
}
static void iq3_s(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    for (int i = 0; i < 8; i++) y->scales[i] = (int8_t)(2 * (p[106 + i / 2] >> 4 * (i % 2) & 15) + 1);
    divide(y, GGML_TYPE_IQ3_S, p, 32, 1, iq3_s_numbers, 16);
}
static void iq1_s(struct panel_row_block * y, const uint8_t * p) {
    y->scale = half_at(p);
    for (int i = 0; i < 8; i++) twice(y->scales, i, 2 * (half_at(p + 34 + 2 * i) >> 12 & 7) + 1);
    divide(y, GGML_TYPE_IQ1_S, p, 16, 0.125f, iq1_numbers, 6);
}
static void iq1_m(struct panel_row_block * y, const uint8_t * p) {
    const uint8_t * scales = p + 48;
    y->scale = 0;
    for (int i = 0; i < 4; i++) y->scale |= (uint16_t)(scales[2 * i + 1] >> 4 << 4 * i);
    for (int i = 0; i < 16; i++) y->scales[i] = (int8_t)(2 * (half_at(scales + 2 * (i / 4)) >> 3 * (i % 4) & 7) + 1);
    divide(y, GGML_TYPE_IQ1_M, p, 16, 0.125f, iq1_numbers, 6);
}

static const struct panel_type types[] = {
    {GGML_TYPE_Q4_0, PANEL_nibbles, 8, 1, NULL, q4_0},
    {GGML_TYPE_Q4_1, PANEL_nibbles_minima, 0, 1, NULL, q4_1},
    {GGML_TYPE_Q5_0, PANEL_five, 16, 1, NULL, q5_0},
    {GGML_TYPE_Q5_1, PANEL_five_minima, 0, 1, NULL, q5_1},
    {GGML_TYPE_Q8_0, PANEL_bytes, 0, 1, NULL, q8_0},
    {GGML_TYPE_IQ4_NL, PANEL_table, 0, 1, iq4_numbers, q4_0},
    {GGML_TYPE_MXFP4, PANEL_table_bfloat, 0, 1, fp4_numbers, mxfp4},
    {GGML_TYPE_Q2_K, PANEL_large_two_minima, 0, 1, NULL, q2_K},
    {GGML_TYPE_Q3_K, PANEL_large_three, 4, 1, NULL, q3_K},
    {GGML_TYPE_Q4_K, PANEL_large_nibbles_minima, 0, 1, NULL, q4_K},
    {GGML_TYPE_Q5_K, PANEL_large_five_minima, 0, 1, NULL, q5_K},
    {GGML_TYPE_Q6_K, PANEL_large_six, 32, 1, NULL, q6_K},
    {GGML_TYPE_TQ1_0, PANEL_large_two, 1, 1, NULL, tq1_0},
    {GGML_TYPE_TQ2_0, PANEL_large_two, 1, 1, NULL, tq2_0},
    {GGML_TYPE_IQ4_XS, PANEL_large_table, 0, 1, iq4_numbers, iq4_xs},
    {GGML_TYPE_IQ3_XXS, PANEL_large_table, 0, 0.25f, iq3_xxs_numbers, iq3_xxs},
    {GGML_TYPE_IQ3_S, PANEL_large_table, 0, 1, iq3_s_numbers, iq3_s},
    {GGML_TYPE_IQ2_XXS, PANEL_large_small_table, 0, 0.125f, iq2_numbers, iq2_xxs},
    {GGML_TYPE_IQ2_XS, PANEL_large_small_table, 0, 0.125f, iq2_numbers, iq2_xs},
    {GGML_TYPE_IQ2_S, PANEL_large_small_table, 0, 0.125f, iq2_numbers, iq2_s},
    {GGML_TYPE_IQ1_S, PANEL_large_small_table, 0, 0.125f, iq1_numbers, iq1_s},
    {GGML_TYPE_IQ1_M, PANEL_large_small_table, 0, 0.125f, iq1_numbers, iq1_m},
    {GGML_TYPE_F32, PANEL_floats, 0, 1, NULL, NULL},
    {GGML_TYPE_F16, PANEL_halves, 0, 1, NULL, NULL},
    {GGML_TYPE_BF16, PANEL_bfloats, 0, 1, NULL, NULL},
};

const struct panel_type * panel_type(enum ggml_type type) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].type == type) return &types[i];
    return NULL;
}

struct panel_format panel_format(enum panel_format_name name) {
#define FIELDS(name, bits, signs, group, large, minima, bfloat, looked_up) \
    {bits, signs, group, large, minima, bfloat, looked_up, false, PANEL_CODES},
#define FLOAT_FIELDS(name, numbers) {0, false, 32, false, false, false, false, false, numbers},
    static const struct panel_format formats[] = {EACH_PANEL_FORMAT(FIELDS) EACH_FLOAT_FORMAT(FLOAT_FIELDS)};
    return formats[name];
}
