// Products of columns and of weights with numbers at their ends.
#include <stdlib.h>
#include "CLaneKernels.h"
#include "ends.h"

enum { THREADS = 3, COLUMNS = 5 };

static const enum ggml_type types[] = {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q5_0,
    GGML_TYPE_Q5_1, GGML_TYPE_Q8_0, GGML_TYPE_Q2_K, GGML_TYPE_Q3_K, GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K, GGML_TYPE_IQ4_NL,
    GGML_TYPE_IQ4_XS, GGML_TYPE_MXFP4, GGML_TYPE_IQ3_XXS, GGML_TYPE_IQ3_S, GGML_TYPE_IQ2_XXS, GGML_TYPE_IQ2_XS, GGML_TYPE_IQ2_S,
    GGML_TYPE_IQ1_S, GGML_TYPE_IQ1_M, GGML_TYPE_TQ1_0, GGML_TYPE_TQ2_0};

static long product(const struct ggml_tensor * weights, const void * panels, float * x, float * y, int columns) {
    const long width = weights->ne[0];
    struct lane_product_parameters parameters = {
        .matrices = {{panels, weights->type, weights->ne[1], weights, NULL}}, .matrix_count = 1, .width = width,
        .scratch = aligned_alloc(64, THREADS * lane_product_scratch_size(width)), .thread_limit = THREADS,
    };
    struct ggml_tensor column = {.type = GGML_TYPE_F32, .data = x, .ne = {width, columns, 1, 1}};
    struct ggml_tensor result = {.data = y, .src = {&column}};
    for (int thread = 0; thread < THREADS; thread++) lane_product(&result, thread, THREADS, &parameters);
    free(parameters.scratch);
    return 1;
}

// Weights of arbitrary bytes too: scales that are no numbers, codes at their ends.
static long products_of(enum ggml_type type, long width, long rows) {
    if (width % ggml_blck_size(type) != 0) return 0;
    long count = 0;
    const size_t size = ggml_row_size(type, width) * rows;
    unsigned char * bytes = aligned_alloc(64, (size + 127) / 64 * 64);
    struct ggml_tensor weights = {.type = type, .data = bytes, .ne = {width, rows, 1, 1}};
    weights.nb[0] = ggml_type_size(type);
    weights.nb[1] = ggml_row_size(type, width);
    weights.nb[2] = weights.nb[3] = size;
    float * x = malloc(COLUMNS * width * sizeof *x), * y = malloc(COLUMNS * rows * sizeof *y);
    for (int kind = 0; kind < 26; kind += 2) {
        for (size_t i = 0; i < size; i++) bytes[i] = kind % 3 == 0 ? 0xFF : kind % 3 == 1 ? 0 : (unsigned char)(i * 167 + kind);
        void * panels = NULL;
        if (lane_panels_take(type, width)) {
            panels = aligned_alloc(64, (lane_panels_size(type, width, rows) + 63) / 64 * 64);
            lane_panels_fill(panels, type, bytes, width, rows, 0, (rows + PANEL_ROWS - 1) / PANEL_ROWS);
        }
        for (int columns = 1; columns <= COLUMNS; columns += 2) {
            for (int c = 0; c < columns; c++) fill_with_ends(x + c * width, width, (kind + c) % END_KINDS);
            if (panels || lane_rows_take(&weights, columns)) count += product(&weights, panels, x, y, columns);
        }
        free(panels);
    }
    free(bytes);
    free(x);
    free(y);
    return count;
}

long products_at_ends(void) {
    static const long widths[] = {32, 96, 768}, heights[] = {1, 16, 20};
    long count = 0;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int w = 0; w < 3; w++)
            for (int h = 0; h < 3; h++) count += products_of(types[t], widths[w], heights[h]);
    return count;
}
