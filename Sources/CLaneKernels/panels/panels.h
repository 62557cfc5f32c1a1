// Quantised weights in panels of 16 rows: one layout for all types, instruction sets and numbers of columns.
//
// A panel is a row of blocks, each as wide as a block of the type. A block holds for each of the 16 rows, in this order:
//   a scale, as half or bfloat                      [16]
//   a minimum (or a scale of minima), where it has  [16]
//   in blocks of 256, scales of groups, int8        [groups][16]
//   and their minima, where it has, uint8           [groups / 2][16][2]
//   for each 32 elements their codes                64 bytes a bit
// Of floats, halves and bfloats a block has 32 elements, of all rows in turn, and nothing else.
// Elements come as "quads", four of each row in turn: 64 bytes, which one instruction multiplies with four elements of a column.
// Eight quads have 32 elements. Their codes are cut into planes of 4, 2 and 1 bits, the low bits first. A plane of b bits has b lines
// of 64 bytes; line l has quad l in its lowest bits, quad l + b in the next ones, and so on.
//
// What a type adds to this is how one of its blocks is taken apart: see panel_types.c.
#pragma once

#include <stdint.h>
#include "CLaneKernels.h"
#include "inlining.h"

enum panel_numbers { PANEL_CODES, PANEL_FLOATS, PANEL_HALVES, PANEL_BFLOATS };

struct panel_format {
    int bits;              // of a code
    bool has_signs;        // codes are numbers in two's complement, or places in a table of such; else they count from 0
    int group;             // elements that share a scale: 16 or 32
    bool large;            // blocks of 256 with a scale of scales, instead of blocks of 32
    bool minima;
    bool bfloat;           // the scale is a bfloat, instead of a half
    bool looked_up;        // codes are places in a table
    bool decoded;          // a number takes a byte, as the instruction set's products want it; or is a float
    enum panel_numbers numbers;
};

// The formats that files need. Arguments: name, then the fields above.
#define EACH_PANEL_FORMAT(F)                                      \
    F(nibbles,            4, false, 32, false, false, false, false) \
    F(nibbles_minima,     4, false, 32, false, true,  false, false) \
    F(five,               5, false, 32, false, false, false, false) \
    F(five_minima,        5, false, 32, false, true,  false, false) \
    F(bytes,              8, true,  32, false, false, false, false) \
    F(table,              4, true,  32, false, false, false, true)  \
    F(table_bfloat,       4, true,  32, false, false, true,  true)  \
    F(large_two_minima,   2, false, 16, true,  true,  false, false) \
    F(large_two,          2, false, 16, true,  false, false, false) \
    F(large_three,        3, false, 16, true,  false, false, false) \
    F(large_nibbles_minima, 4, false, 32, true, true, false, false) \
    F(large_five_minima,  5, false, 32, true,  true,  false, false) \
    F(large_six,          6, false, 16, true,  false, false, false) \
    F(large_table,        4, true,  32, true,  false, false, true)  \
    F(large_small_table,  3, true,  16, true,  false, false, true)

#define EACH_FLOAT_FORMAT(F) F(floats, PANEL_FLOATS) F(halves, PANEL_HALVES) F(bfloats, PANEL_BFLOATS)

// What is left of them when codes are decoded. Arguments: name, has_signs, group, large, minima, bfloat.
#define EACH_DECODED_FORMAT(F)                       \
    F(small,              false, 32, false, false, false) \
    F(small_minima,       false, 32, false, true,  false) \
    F(small_signs,        true,  32, false, false, false) \
    F(small_signs_bfloat, true,  32, false, false, true)  \
    F(large_16_minima,    false, 16, true,  true,  false) \
    F(large_16,           false, 16, true,  false, false) \
    F(large_32_minima,    false, 32, true,  true,  false) \
    F(large_32_signs,     true,  32, true,  false, false) \
    F(large_16_signs,     true,  16, true,  false, false)

enum panel_format_name {
#define NAME(name, ...) PANEL_##name,
    EACH_PANEL_FORMAT(NAME)
    EACH_FLOAT_FORMAT(NAME)
#undef NAME
    PANEL_FORMAT_COUNT
};

INLINE long panel_block_width(struct panel_format f) { return f.large ? 256 : 32; }
INLINE long panel_header_size(struct panel_format f) {
    if (f.numbers != PANEL_CODES) return 0;
    const long groups = panel_block_width(f) / f.group;
    return PANEL_ROWS * (f.minima ? 2 : 1) * (2 + (f.large ? groups : 0));
}
INLINE long panel_group_size(struct panel_format f) {
    if (f.numbers != PANEL_CODES) return 32 * PANEL_ROWS * (f.decoded || f.numbers == PANEL_FLOATS ? 4 : 2);
    return 64 * (f.decoded ? 8 : f.bits);
}
INLINE long panel_block_size(struct panel_format f) {
    return panel_header_size(f) + panel_block_width(f) / 32 * panel_group_size(f);
}
INLINE struct panel_format panel_decoded(struct panel_format f) {
    f.decoded = true;
    return f;
}

// A block of one row, taken apart. Blocks of 32 have one group.
struct panel_row_block {
    uint16_t scale, minimum;
    int8_t scales[16];
    uint8_t minima[16];
    uint8_t codes[256];
};

struct panel_type {
    enum ggml_type type;
    enum panel_format_name format;
    int zero;              // the code of 0, where codes count from 0
    float unit;            // what all scales are multiplied with, a power of 2
    const int8_t * table;  // 16 numbers, where codes are looked up
    void (*take_apart)(struct panel_row_block * y, const uint8_t * block);  // NULL for floats
};

// NULL where there is none.
const struct panel_type * panel_type(enum ggml_type type);
struct panel_format panel_format(enum panel_format_name name);

// A column as the kernels take it, quantised as ggml does for the same weights. `corrections` are the sums of groups times what is
// added to each weight to make it positive, with the opposite sign.
struct panel_column_32 {  // ggml's q8_0 or q8_1
    float scale;
    union { int32_t correction; float scaled_sum; };
    int8_t values[32];
};
struct panel_column_256 {  // ggml's q8_K
    float scale;
    int32_t corrections[16];
    int16_t sums[16];
    int8_t values[256];
};

struct panel_column_floats {  // rounded as the weights are
    float values[32];
};

INLINE long panel_column_size(struct panel_format f) {
    if (f.numbers != PANEL_CODES) return sizeof(struct panel_column_floats);
    return f.large ? sizeof(struct panel_column_256) : sizeof(struct panel_column_32);
}

// Some columns side by side: all their first blocks, all their second blocks ...
typedef void panel_product(float * y, long stride, int rows, bool continues, const char * panel, const char * next,
    const void * columns, long blocks, const int8_t * table);

struct panel_kernels {
    int signed_zero;  // what decoding adds to numbers with signs
    int few_columns;     // that are multiplied straight from panels at once
    int direct_columns;  // up to so many, some at a time, that is faster than decoding for all of them
    panel_product * products[PANEL_FORMAT_COUNT][LANE_FEW_COLUMNS];  // with 1 ... few_columns columns
    void (*decode[PANEL_FORMAT_COUNT])(char * y, const char * panel, const char * next, long blocks, const int8_t * table);
    // Products of decoded panels: with how many columns, descending to 1, and for a format.
    const int * tile_sizes;
    panel_product * const * (*tiles)(struct panel_format format);
};
extern const struct panel_kernels panel_kernels_portable, panel_kernels_avx2, panel_kernels_avx512, panel_kernels_neon;
const struct panel_kernels * panel_kernels(void);

// How many of `count` columns are side by side in the tile that begins where `left` are left, and which of the sizes that is.
int panel_tile_size(const struct panel_kernels * kernels, long count, long left, int * index);

// Prepares columns for weights of a type, those of a tile side by side: one of `part_count` parts of them. `normed` has room for one.
void panel_prepare_columns(char * y, const struct lane_column_parameters * parameters, enum ggml_type weights, const float * columns,
    long count, int part, int part_count, float * normed);

// The operation for weights in panels.
void panels_product(const struct lane_product_parameters * parameters, struct ggml_tensor * result, char * scratch, struct lane_share share);
size_t panels_scratch_size(long width);
