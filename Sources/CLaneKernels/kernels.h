// The inner loops, compiled once for each instruction set from the same source (the files *.inc).
#pragma once

#include "CLaneKernels.h"

enum {
    LANE_POSITION_BLOCK = 32,  // cached positions that are looked at together
    LANE_ROW_BLOCK = 16,       // queries that are looked at together
};

// One block of positions as seen by a block of query rows; `width` is a multiple of 16 and rows lie side by side.
struct lane_kernels {
    // One row of all lanes: y = gain * x / rms(x of lane 0).
    void (*norm)(float * y, const float * x, const float * gain, long width, long lane_stride, int lane_count,
        const struct lane_norm_parameters * parameters);
    // `count` elements of all lanes.
    void (*gated_product)(float * y, const float * gate, const float * up, long count, long lane_stride, int lane_count,
        const struct lane_gated_product_parameters * parameters);
    // `count` elements of a cache as floats.
    void (*load)(float * y, const void * x, enum ggml_type type, long count);
    // scores[row][position] = q[row].k[position] (+ q2[row].k2[position])
    void (*scores)(float * scores, const float * q, const float * k, const float * q2, const float * k2, int row_count, long width);
    // y[row] += weights[row][position] * v[position]
    void (*accumulate)(float * y, const float * weights, const float * v, int row_count, long width);
    // x = exp(x * scale - offset), 0 for -infinity; the sum.
    float (*exponentials)(float * x, float scale, float offset);
    void (*scale)(float * x, float factor, long count);
    // The largest of a block of positions.
    float (*largest)(const float * x);
    // x *= weights * factor; the sum.
    float (*weigh)(float * x, const float * weights, float factor);
};

extern const struct lane_kernels lane_kernels_portable, lane_kernels_avx2, lane_kernels_avx512;

// Those of the instruction set in use.
const struct lane_kernels * lane_kernels(void);
