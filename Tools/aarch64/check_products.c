// Products beside ggml's, for every type.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "CLaneKernels.h"
#include "check.h"

enum { PARTS = 3 };

struct product { ggml_backend_t cpu; struct ggml_tensor * weights; const void * panels; };

static void ggml_product(struct product p, const float * x, int columns, float * y) {
    size_t size = 4 * ggml_tensor_overhead() + ggml_graph_overhead();
    struct ggml_context * context = ggml_init((struct ggml_init_params){size, NULL, true});
    struct ggml_tensor * column = ggml_new_tensor_2d(context, GGML_TYPE_F32, p.weights->ne[0], columns);
    struct ggml_tensor * result = ggml_mul_mat(context, p.weights, column);
    struct ggml_cgraph * graph = ggml_new_graph(context);
    ggml_build_forward_expand(graph, result);
    ggml_backend_buffer_t buffer = ggml_backend_alloc_ctx_tensors(context, p.cpu);
    ggml_backend_tensor_set(column, x, 0, ggml_nbytes(column));
    ggml_backend_graph_compute(p.cpu, graph);
    ggml_backend_tensor_get(result, y, 0, ggml_nbytes(result));
    ggml_backend_buffer_free(buffer);
    ggml_free(context);
}

static void run(lane_function * operation, struct ggml_tensor * result, void * parameters) {
    for (int i = 0; i < PARTS; i++) operation(result, (struct lane_share){i, PARTS, 0, i > 0}, parameters);
}

static void own_product(struct product p, float * x, int columns, float * y) {
    const long width = p.weights->ne[0], rows = p.weights->ne[1], panels = (rows + PANEL_ROWS - 1) / PANEL_ROWS;
    const enum ggml_type type = p.weights->type;
    struct lane_product_parameters parameters = {
        .matrices = {{p.panels, type, rows, p.weights, NULL}}, .matrix_count = 1, .columns = columns, .input = {.width = width},
        .scratch = aligned_alloc(64, lane_product_scratch_size(width)),
    };
    struct ggml_tensor column = {.type = GGML_TYPE_F32, .data = x, .ne = {width, columns, 1, 1}};
    struct ggml_tensor prepared = {.src = {&column}}, result = {.data = y, .src = {&column}};
    if (p.panels && columns > lane_few_columns()) {
        struct lane_prepare_parameters columns_of = {parameters.input, type, columns, (float *)parameters.scratch};
        prepared.data = malloc(lane_columns_size(type, width, columns));
        run(lane_prepare_columns, &prepared, &columns_of);
        result.src[0] = &prepared;
    }
    const int parts = p.panels && panels < PARTS ? (int)panels : PARTS;  // none is empty
    for (int i = 0; i < parts; i++) lane_product(&result, (struct lane_share){i, parts, 0, i > 0}, &parameters);
    free(prepared.data);
    free(parameters.scratch);
}

// The largest error over the largest value; infinite where the first column depends on how many there are.
static double error_of(struct product p, const int * counts, int count) {
    long width = p.weights->ne[0], rows = p.weights->ne[1], most = counts[count - 1];
    float * x = malloc((most * width + (2 * most + 1) * rows) * sizeof(float));
    float * ours = x + most * width, * theirs = ours + most * rows, * alone = theirs + most * rows;
    double largest = 0;
    fill(x, most * width);
    for (int i = 0; i < count; i++) {
        const int columns = counts[i];
        ggml_product(p, x, columns, theirs);
        own_product(p, x, columns, ours);
        if (i == 0) memcpy(alone, ours, rows * sizeof(float));
        if (memcmp(alone, ours, rows * sizeof(float)) != 0) largest = INFINITY;
        double error = 0, size = 0;
        for (long j = 0; j < columns * rows; j++) {
            error = fmax(error, isnan(ours[j]) ? INFINITY : fabs((double)ours[j] - theirs[j]));
            size = fmax(size, fabs(theirs[j]));
        }
        largest = fmax(largest, error / size);
    }
    free(x);
    return largest;
}

// Built for arithmetic in halves, ggml sums halves as halves. Built without, it may multiply several columns as they are, though
// it rounds a single one to halves first.
static double limit_for(enum ggml_type type) {
    if (type != GGML_TYPE_F16) return 1e-5;
    return ggml_cpu_has_fp16_va() ? 1e-2 : ggml_cpu_has_llamafile() ? 1e-3 : 1e-5;
}

static double error_for(ggml_backend_t cpu, enum ggml_type type, long width, long rows, const int * counts, int count) {
    struct ggml_context * context = ggml_init((struct ggml_init_params){2 * ggml_tensor_overhead(), NULL, true});
    struct product p = {cpu, ggml_new_tensor_2d(context, type, width, rows), NULL};
    ggml_backend_buffer_t buffer = ggml_backend_alloc_ctx_tensors(context, cpu);
    float * values = malloc(width * rows * sizeof(float)), * importance = malloc(width * sizeof(float));
    fill(values, width * rows);
    for (long i = 0; i < width; i++) importance[i] = 1;
    ggml_quantize_chunk(type, values, p.weights->data, 0, rows, width, importance);
    void * panels = NULL;
    if (lane_panels_take(type, width)) {
        panels = malloc(lane_panels_size(type, width, rows));
        lane_panels_fill(panels, type, p.weights->data, width, rows, 0, (rows + PANEL_ROWS - 1) / PANEL_ROWS);
        p.panels = panels;
    }
    double error = error_of(p, counts, count);
    free(panels);
    free(importance);
    free(values);
    ggml_backend_buffer_free(buffer);
    ggml_free(context);
    return error;
}

void check_products(const char * processor) {
    static const enum ggml_type types[] = {GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q5_0, GGML_TYPE_Q5_1, GGML_TYPE_Q8_0,
        GGML_TYPE_Q2_K, GGML_TYPE_Q3_K, GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K, GGML_TYPE_IQ4_NL, GGML_TYPE_IQ4_XS,
        GGML_TYPE_MXFP4, GGML_TYPE_IQ3_XXS, GGML_TYPE_IQ3_S, GGML_TYPE_IQ2_XXS, GGML_TYPE_IQ2_XS, GGML_TYPE_IQ2_S,
        GGML_TYPE_IQ1_S, GGML_TYPE_IQ1_M, GGML_TYPE_TQ1_0, GGML_TYPE_TQ2_0, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_F32};
    static const long widths[] = {32, 96, 768, 9984}, heights[] = {3, 16, 20};
    static const int counts[] = {1, 2, 3, 4, 5, 15};
    ggml_backend_t cpu = ggml_backend_cpu_init();
    ggml_backend_cpu_set_n_threads(cpu, 1);
    bool portable = lane_instruction_set() == LANE_PORTABLE;
    for (int t = 0; t < (int)(sizeof types / sizeof *types); t++) {
        int cases = 0, count = lane_panels_take(types[t], 768) ? 6 : 4;
        double largest = 0;
        for (int w = 0; w < 4; w++)
            for (int h = 0; h < 3; h++) {
                if (widths[w] % ggml_blck_size(types[t]) != 0) continue;
                largest = fmax(largest, error_for(cpu, types[t], widths[w], heights[h], counts, count));
                cases += count;
            }
        char group[128];
        snprintf(group, sizeof group, "%s, %s: %s", processor, portable ? "portable" : "NEON", ggml_type_name(types[t]));
        report(group, cases, largest, limit_for(types[t]));
    }
    ggml_backend_free(cpu);
}
