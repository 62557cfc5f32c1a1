// All kernels on numbers at their ends: not a number, infinite, the largest, the smallest, all zero. Every instruction set of this
// processor computes them; built with a sanitizer, whatever isn't defined ends the process.
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include "CLaneKernels.h"
#include "ends.h"

static const float ends[ENDS] = {NAN, -NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, FLT_MIN, 1e-45f, 0, -0.f, 65504, 1e-20f};
// As halves and as bfloats: not a number, infinite, the largest, the smallest, zero.
static const uint16_t word_ends[ENDS] = {0xFFFF, 0x7C01, 0x7C00, 0xFC00, 0x7BFF, 0xFBFF, 0x0400, 0x0001, 0, 0x8000, 0x7F80, 0x7F7F};

void fill_with_ends(float * x, long count, int kind) {
    for (long i = 0; i < count; i++)
        x[i] = kind < ENDS ? ends[kind] : i % 7 == kind % 7 ? ends[(i + kind) % ENDS] : (float)(i % 13) - 6;
}

void fill_with_words(void * x, long size, int kind) {
    uint16_t * words = x;
    for (long i = 0; i < size / 2; i++)
        words[i] = kind < ENDS ? word_ends[kind] : i % 7 == kind % 7 ? word_ends[(i + kind) % ENDS] : (uint16_t)(i * 40503 + kind);
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
    printf("%ld products, %ld other operations with numbers at their ends: nothing undefined\n", products, lanes);
    return products == 0 || lanes == 0;
}
