// Products of rows of floats for any processor.
#include <string.h>
#include "product.h"

#define LANE_VECTOR 8
#if defined(__aarch64__)
#define LANE_CONVERTS_HALF
#endif
#include "vector.inc"
enum { F32 = 4 * 32, F16 = 2 * 32 };

INLINE void finish(float * y, vector total) { *y = sum(total); }
INLINE void floats(vector * totals, vector values, int i, const struct column_floats * const * x, int count) {
    EACH_COLUMN totals[c] += values * load(x[c]->values + LANE_VECTOR * i);
}
INLINE void tile_f32(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 4; i++) floats(totals, load((const float *)w + LANE_VECTOR * i), i, x, count);
}
INLINE void tile_f16(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 4; i++) floats(totals, half_to_float((const uint16_t *)w + LANE_VECTOR * i), i, x, count);
}
INLINE void tile_bf16(vector * totals, const char * w, const char * next, const struct column_floats * const * x, int count) {
    UNROLLED for (int i = 0; i < 4; i++) floats(totals, bfloat_to_float((const uint16_t *)w + LANE_VECTOR * i), i, x, count);
}

#include "product_loops.inc"
PRODUCT(f32, F32, column_floats, 2, 1)
PRODUCT(f16, F16, column_floats, 2, 1)
PRODUCT(bf16, F16, column_floats, 2, 1)

struct row_kernel row_product_portable(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_F32: return (struct row_kernel){&column_format_float, product_f32};
    case GGML_TYPE_F16: return (struct row_kernel){&column_format_half, product_f16};
    case GGML_TYPE_BF16: return (struct row_kernel){&column_format_bfloat, product_bf16};
    default: return (struct row_kernel){0};
    }
}
