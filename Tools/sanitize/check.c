// All kernels on numbers at their ends: not a number, infinite, the largest, the smallest, all zero. Every instruction set of this
// processor computes them; built with a sanitizer, whatever isn't defined ends the process.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include "CLaneKernels.h"
#include "ends.h"

static const float ends[ENDS] = {NAN, -NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, FLT_MIN, 1e-45f, 0, -0.f, 65504, 1e-20f};

void fill_with_ends(float * x, long count, int kind) {
    for (long i = 0; i < count; i++)
        x[i] = kind < ENDS ? ends[kind] : i % 7 == kind % 7 ? ends[(i + kind) % ENDS] : (float)(i % 13) - 6;
}

int main(void) {
    struct ggml_context * context = ggml_init((struct ggml_init_params){1024, NULL, true});  // fills ggml's tables
    const enum lane_instruction_set best = lane_instruction_set();
    long products = 0, lanes = 0;
    for (int set = LANE_PORTABLE; set <= (int)best; set++) {
        if (!lane_choose_instruction_set(set)) continue;
        products += products_at_ends();
        lanes += lanes_at_ends();
    }
    ggml_free(context);
    printf("%ld products, %ld norms, gates and attentions with numbers at their ends: nothing undefined\n", products, lanes);
    return products == 0 || lanes == 0;
}
