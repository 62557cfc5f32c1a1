// The kernels for x86 processors with AVX2.
#if defined(__x86_64__)
#include "kernels.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define LANE_VECTOR 8
#define LANE_CONVERTS_HALF
#include "vector.inc"
#include "elementwise.inc"
#include "columns.inc"
#include "attention.inc"
#include "recurrence.inc"
#include "reverse.inc"
#pragma clang attribute pop

const struct lane_kernels lane_kernels_avx2 = {
    LANE_VECTOR, norm, gated_product, softmax, quantise_32, quantise_256, load_cache, scores, accumulate, exponentials, shrink, weigh,
    .rank_one = rank_one, .reverse = REVERSE_KERNELS,
};
#endif
