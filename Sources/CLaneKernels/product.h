// Products with weights in the layout of ggml's "AMX" buffers (ggml-cpu/amx/mmq.cpp): tiles of 16 rows by one quantisation
// block, in which four consecutive elements of a row lie side by side, then those of the next row.
#pragma once

#include <stdint.h>
#include "CLaneKernels.h"

// A column quantised as ggml does for the same weights, laid out for the kernels.
struct column_block_32 {  // ggml's q8_0
    float scale;
    int32_t sum;
    uint8_t shifted[32];  // + 128
    int8_t values[32];
};
struct column_block_256 {  // ggml's q8_K
    float scale;
    int32_t pair_sums[4];  // two int16 each: sums of 32 elements
    int32_t minus_32_sums[16];  // of 16 elements
    int8_t values[256];
};

// Rows 16 * first_tile ..< 16 * last_tile of the product with `count` quantised columns, `blocks` blocks each.
typedef void (* tile_product)(float * y, long stride, const char * weights, const void * columns, int count, long blocks,
    long first_tile, long last_tile);

#if defined(__x86_64__)
bool amx_layout_is_readable(void);  // by this processor
size_t amx_layout_tile_size(enum ggml_type type);  // bytes; 0: no kernel
tile_product amx_layout_product(enum ggml_type type);
void quantise_columns_32(struct column_block_32 * y, const float * x, long blocks);
void quantise_columns_256(struct column_block_256 * y, const float * x, long blocks);
#endif
