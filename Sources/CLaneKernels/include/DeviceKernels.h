// Operations on all lanes of an activation, as custom operations of ggml on a graphics processor that has kernels for them: with those
// of Tools/cuda, ggml's CUDA backend. What they compute is said in CLaneKernels.h, of the operations of the same names; here all that
// a kernel reads is a source, or a number. Included by CLaneKernels.h and by the kernels.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Under this name the backend's registry has a function `int (void)` that gives the version of its kernels.
#define LANE_DEVICE_VERSION_FUNCTION "lane_device_version"
enum {
    LANE_DEVICE_VERSION = 1,
    LANE_DEVICE_GROUPS = 4,  // at most so many in an operation
    LANE_DEVICE_LANES = 3,   // in attention, for an operation of ggml has ten sources
    LANE_DEVICE_TOKENS = 8,  // in attention: for more, products of matrices are faster
    LANE_DEVICE_ROWS = 64,   // cached positions that are attended to together
    LANE_DEVICE_WIDTH = 256, // of a head, at most
};

enum lane_device_kind {
    // Sources: x; gain [width], or none. Numbers: epsilon; groups.
    LANE_DEVICE_NORM,
    // Sources: gate; up. Numbers: gelu; groups.
    LANE_DEVICE_GATED_PRODUCT,
    // Sources: keys, values [headWidth, keyValueHeads, tokens, lanes]; int64 rows [tokens]; of each lane the cache of keys, then of
    // each lane that of values, [headWidth, rows, keyValueHeads], all of one type. The result carries nothing.
    LANE_DEVICE_STORE,
    // Sources: queries [headWidth, heads, tokens, lanes]; what is added to scores [rows, tokens]; the result of the store before;
    // the caches as there. The result has for LANE_DEVICE_ROWS positions each, a head and a token what attention to them comes to,
    // [lane_device_partial_size(), chunks, heads, tokens]. Numbers: scale, score_factor, value_factor.
    LANE_DEVICE_ATTEND,
    // Sources: that result; [1, 1, heads, tangents], whose products with the primal's output are added to the tangents, or none. The
    // result is attention's, [headWidth * heads, 1, tokens, lanes].
    LANE_DEVICE_COMBINE,
};

struct lane_device_group {
    int first_column, token_count, lane_count;
    bool derivative;                // of the norm or the activation, for the tangents
    float gate_factor, up_factor;   // see lane_gated_product_parameters
};

// The last parameter of the custom operation.
struct lane_device_step {
    uint64_t mark;  // LANE_DEVICE_MARK, which tells it from those of other operations
    enum lane_device_kind kind;
    int lane_count;  // in attention
    float epsilon;
    bool gelu;
    float scale, score_factor, value_factor;
    int group_count;
    struct lane_device_group groups[LANE_DEVICE_GROUPS];
};
#define LANE_DEVICE_MARK 0x6c616e6564657663ull

#ifndef __CUDACC__
struct ggml_tensor;
// The operation as a ggml_custom_op_t. The CPU has none of these, and plans bind them to the device: what it would compute is no number.
void lane_device_step_run(struct ggml_tensor * result, int thread, int thread_count, void * step);
#endif

// The largest score; the sum of the weights exp(score - largest); for each tangent the sum of weighted changes of scores; and, each
// [headWidth], the weighted sum of values and for each tangent its change.
#ifdef __CUDACC__
__host__ __device__
#endif
static inline int lane_device_partial_size(int head_width, int lane_count) {
    return 2 + (lane_count - 1) + head_width * lane_count;
}
