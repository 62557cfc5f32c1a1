// The kernels for any processor: what the compiler may use by default, which on 64-bit ARM is NEON.
#include "kernels.h"

#define LANE_VECTOR 8
#if defined(__aarch64__)
#define LANE_CONVERTS_HALF
#endif
#include "vector.inc"
#include "elementwise.inc"
#include "columns.inc"
#include "attention.inc"
#include "recurrence.inc"
#include "reverse.inc"

const struct lane_kernels lane_kernels_portable = {
    LANE_VECTOR, norm, gated_product, softmax, quantise_32, quantise_256, load_cache, scores, accumulate, exponentials, shrink, weigh,
    .rank_one = rank_one, .reverse = REVERSE_KERNELS,
};
