// Products of few columns with weights in three layouts, each of which has a file of its own:
//   rows        as a GGUF file has them; everywhere
//   interleaved ggml's "CPU_REPACK" buffers (ggml-cpu/repack.cpp): the blocks of 8 rows (on ARM 4 or 8) side by side,
//               8 bytes (on ARM 4 or 8) of each in turn
//   AMX         ggml's "AMX" buffers (ggml-cpu/amx/mmq.cpp): tiles of 16 rows, 4 elements of each in turn
#pragma once

#include <stdint.h>
#include "CLaneKernels.h"
#include "inlining.h"

#define EACH_COLUMN UNROLLED for (int c = 0; c < count; c++)

// A column as the kernels take it: quantised or rounded as ggml does for the same weights.
struct column_block_32 {  // ggml's q8_0
    float scale;
    int32_t sum;
    uint8_t shifted[32];  // + 128
    int8_t values[32];
};
struct column_block_64 {  // two of ggml's q8_0
    float scales[2];
    uint8_t shifted[64];  // + 128
};
struct column_block_256 {  // ggml's q8_K
    float scale;
    int16_t pair_sums[8];  // of 32 elements
    int32_t minus_32_sums[16];  // of 16 elements
    int8_t values[256];
};
struct column_floats {  // the column itself, or halves
    float values[32];
};
struct column_narrow {  // halves or bfloats as they are
    uint16_t values[32];
};
struct column_format {
    long block_width;   // elements
    size_t block_size;  // bytes
    void (*prepare)(void * y, const float * x, long blocks);
};
extern const struct column_format column_format_32, column_format_64, column_format_256;
extern const struct column_format column_format_float, column_format_half, column_format_bfloat;
extern const struct column_format column_format_narrow_half, column_format_narrow_bfloat;

struct product_kernel {
    const struct column_format * column;
    long tile_rows;
    // Rows tile_rows * first ..< tile_rows * last of the product with `count` columns of `blocks` blocks.
    void (*product)(float * y, long stride, const char * weights, const void * columns, int count, long blocks, long first, long last);
};

// The kernel for a type in a layout, or one whose `product` is null.
struct product_kernel row_product_avx2(enum ggml_type type), row_product_avx512(enum ggml_type type);
struct product_kernel row_product_bfloat(void);
struct product_kernel interleaved_product_avx2(enum ggml_type type), interleaved_product_avx512(enum ggml_type type);
struct product_kernel amx_product(enum ggml_type type);
struct product_kernel row_product_portable(enum ggml_type type), row_product_neon(enum ggml_type type);
struct product_kernel interleaved_product_neon(enum ggml_type type), interleaved_4_product_neon(enum ggml_type type);

// The kernel for these weights where they lie; `product` is null where there is none.
struct product_kernel lane_product_kernel(const struct ggml_tensor * weights);
