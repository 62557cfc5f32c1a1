// The inner loops of the way back, compiled once for each instruction set (reverse.inc).
#pragma once

#include <stdbool.h>

struct lane_norm_parameters;
struct lane_gated_product_parameters;

enum {
    LANE_QUERY_BLOCK = 64,  // queries that are looked at together, and
    LANE_KEY_BLOCK = 48,    // positions that they look at together
};

struct reverse_kernels {
    // 32 rows of 16 numbers, `stride` apart, as a block of q8_0 of a panel of the transpose.
    void (*transposed_block)(char * y, const float * x, long stride);
    // One row of an adjoint through the norm of x.
    void (*norm_back)(float * y, const float * adjoint, const float * x, const float * gain, long width,
        const struct lane_norm_parameters * parameters);
    // `count` elements of an adjoint.
    void (*gated_product_back)(float * to_gate, float * to_up, const float * adjoint, const float * gate, const float * up, long count,
        const struct lane_gated_product_parameters * parameters);
    // The sum of products, and of those that are positive.
    void (*row_products)(float * sum, float * positive, const float * x, const float * y, long width);
    // c = a b, or with `adds` c + a b: `rows` rows of `columns` numbers, a multiple of 16. Rows of b and c are so far apart; an
    // element of a lies at row * a_row + i * a_step.
    void (*multiply)(float * c, long c_row, const float * a, long a_row, long a_step, const float * b, long b_row, long rows,
        long columns, long depth, bool adds);

    // Attention: scores of a block are [position][LANE_QUERY_BLOCK].

    // Scores become exp(score - maximum), 0 for -infinity, and are added to `total`. Where a query's maximum rises, what was summed
    // before must be multiplied by `shrink`; true if any does.
    bool (*soften)(float * scores, long positions, float * maximum, float * total, float * shrink);
    // Scores become exp(score - normaliser), 0 for -infinity.
    void (*attention_weights)(float * scores, long positions, const float * normalisers);
    // Adjoints of weights become those of scores, weight * (adjoint - mean) * factor, times slopes where there are any.
    void (*score_adjoints)(float * adjoints, long positions, const float * weights, const float * means, const float * slopes,
        float factor);
};
