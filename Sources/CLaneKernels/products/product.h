// Products of rows of floats, as a GGUF file has them, with few columns. Quantised weights are multiplied from panels: see panels.h.
#pragma once

#include <stdint.h>
#include "CLaneKernels.h"
#include "inlining.h"

#define EACH_COLUMN UNROLLED for (int c = 0; c < count; c++)
enum { ROW_COLUMN_LIMIT = 4 };

// A column as the kernels take it: rounded as ggml does for the same weights.
struct column_floats {  // the column itself, or halves or bfloats as floats
    float values[32];
};
struct column_narrow {  // halves or bfloats as they are
    uint16_t values[32];
};
struct column_format {
    size_t block_size;  // bytes of 32 elements
    void (*prepare)(void * y, const float * x, long blocks);
};
extern const struct column_format column_format_float, column_format_half, column_format_bfloat;
extern const struct column_format column_format_narrow_half, column_format_narrow_bfloat;

struct row_kernel {
    const struct column_format * column;
    // Rows first ..< last of the product with `count` columns of `blocks` blocks of 32.
    void (*product)(float * y, long stride, const char * weights, const void * columns, int count, long blocks, long first, long last);
};

// The kernel for a type, or one whose `product` is null.
struct row_kernel row_product_avx2(enum ggml_type type), row_product_avx512(enum ggml_type type);
struct row_kernel row_product_bfloat(void);
struct row_kernel row_product_portable(enum ggml_type type);

// Adds a matrix's bias, where it has one, to rows first ..< last of the primal's columns of each group.
void product_add_bias(const struct lane_product_parameters * p, float * y, const struct lane_matrix * matrix, long first, long last);
