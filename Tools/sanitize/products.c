// Products of columns and of weights with numbers at their ends, from panels and from rows as a file has them.
#include <stdlib.h>
#include "CLaneKernels.h"
#include "ends.h"

enum { PARTS = 2, MOST_COLUMNS = 27 };

static const enum ggml_type types[] = {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q5_0,
    GGML_TYPE_Q5_1, GGML_TYPE_Q8_0, GGML_TYPE_Q2_K, GGML_TYPE_Q3_K, GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K, GGML_TYPE_IQ4_NL,
    GGML_TYPE_IQ4_XS, GGML_TYPE_MXFP4, GGML_TYPE_IQ3_XXS, GGML_TYPE_IQ3_S, GGML_TYPE_IQ2_XXS, GGML_TYPE_IQ2_XS, GGML_TYPE_IQ2_S,
    GGML_TYPE_IQ1_S, GGML_TYPE_IQ1_M, GGML_TYPE_TQ1_0, GGML_TYPE_TQ2_0};

// By itself; with a norm before it and a sum after it; as both of a gated product's matrices, normed too.
enum way { ALONE, SUMMED, GATED, WAYS };

static void run(lane_function * operation, struct ggml_tensor * result, void * parameters, long pieces) {
    const int parts = pieces < PARTS ? (int)pieces : PARTS;  // none is empty
    for (int i = 0; i < parts; i++) operation(result, (struct lane_share){i, parts, 0, i > 0}, parameters);
}

// `other` is whatever else is multiplied or added: gain, bias, the sum's other part.
static long product(const struct ggml_tensor * weights, const void * panels, float * x, struct ggml_tensor * other, float * y,
    int columns, enum way way) {
    const long width = weights->ne[0], rows = weights->ne[1];
    const struct lane_group groups[] = {{columns / 2, 2}, {columns % 2, 1}};
    const struct lane_norm_parameters norms[] = {{1e-6f, true}, {0, false}};
    const struct lane_gated_product_parameters gates[] = {{LANE_SILU, true, 0.5f, 0.5f}, {LANE_GELU_TANH, false, 1, 1}};
    const struct lane_matrix matrix = {panels, weights->type, rows, weights, other};
    struct lane_product_parameters parameters = {
        .matrices = {matrix, matrix}, .matrix_count = way == GATED ? 2 : 1, .columns = columns, .sum_source = way == SUMMED ? 1 : 0,
        .input = {width, way == ALONE ? NULL : other, {2, groups, norms}}, .group_count = 2, .groups = groups,
        .gated = way == GATED, .gate = {2, groups, gates}, .scratch = aligned_alloc(64, lane_product_scratch_size(width)),
    };
    struct ggml_tensor column = {.type = GGML_TYPE_F32, .data = x, .ne = {width, columns, 1, 1}};
    struct ggml_tensor prepared = {.src = {&column}}, result = {.data = y, .src = {&column, other}};
    if (panels && columns > lane_few_columns()) {
        struct lane_prepare_parameters preparation = {parameters.input, weights->type, columns, (float *)parameters.scratch};
        prepared.data = malloc(lane_columns_size(weights->type, width, columns));
        run(lane_prepare_columns, &prepared, &preparation, columns);
        result.src[0] = &prepared;
    }
    run(lane_product, &result, &parameters, panels ? (rows + PANEL_ROWS - 1) / PANEL_ROWS : rows);
    free(prepared.data);
    free(parameters.scratch);
    return 1;
}

static long products_of(enum ggml_type type, long width, long rows) {
    static const int counts[] = {1, 2, 3, 4, 7, 12, MOST_COLUMNS};
    if (width % ggml_blck_size(type) != 0) return 0;
    long count = 0;
    const size_t size = ggml_row_size(type, width) * rows;
    void * values = aligned_alloc(64, (size + 63) / 64 * 64);
    struct ggml_tensor weights = {.type = type, .data = values, .ne = {width, rows, 1, 1},
        .nb = {ggml_type_size(type), ggml_row_size(type, width), size, size}, .buffer = ggml_backend_cpu_buffer_from_ptr(values, size)};
    const long most = MOST_COLUMNS * (width > rows ? width : rows);
    float * x = malloc(most * sizeof *x), * y = malloc(3 * MOST_COLUMNS * rows * sizeof *y), * z = malloc(most * sizeof *z);
    struct ggml_tensor other = {.type = GGML_TYPE_F32, .data = z};
    for (int kind = 0; kind < END_KINDS; kind++) {
        if (type == GGML_TYPE_F32) fill_with_ends(values, width * rows, kind);
        else fill_with_words(values, size, kind);
        fill_with_ends(z, most, (kind + 5) % END_KINDS);
        void * panels = NULL;
        // Who has instructions for bfloats takes no panels of them, but can multiply with them.
        if (lane_panels_take(type, width) || type == GGML_TYPE_BF16) {
            panels = aligned_alloc(64, (lane_panels_size(type, width, rows) + 63) / 64 * 64);
            lane_panels_fill(panels, type, values, width, rows, 0, (rows + PANEL_ROWS - 1) / PANEL_ROWS);
        }
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            for (int c = 0; c < counts[i]; c++) fill_with_ends(x + c * width, width, (kind + c) % END_KINDS);
            if (panels) count += product(&weights, panels, x, &other, y, counts[i], (kind + i) % WAYS);
            if (lane_rows_take(&weights, counts[i])) count += product(&weights, NULL, x, &other, y, counts[i], ALONE);
        }
        free(panels);
    }
    ggml_backend_buffer_free(weights.buffer);
    free(values), free(x), free(y), free(z);
    return count;
}

long products_at_ends(void) {
    // Narrow ones; then those that are cut into chunks, with some left over.
    static const long widths[] = {32, 96, 256, 1280}, heights[] = {1, 35};
    long count = 0;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int w = 0; w < 4; w++)
            for (int h = 0; h < 2; h++) count += products_of(types[t], widths[w], heights[h]);
    return count;
}
