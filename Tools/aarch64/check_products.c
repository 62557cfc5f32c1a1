// Products of one to four columns beside ggml's, for every type and layout.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "CLaneKernels.h"
#include "check.h"

enum { THREADS = 3 };

struct product { ggml_backend_t cpu; struct ggml_tensor * weights; };

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

static void own_product(struct product p, float * x, int columns, float * y) {
    size_t size = THREADS * lane_product_scratch_size(p.weights->ne[0]);
    struct lane_product_parameters parameters = {p.weights, aligned_alloc(64, size), THREADS};
    struct ggml_tensor column = {.type = GGML_TYPE_F32, .data = x, .ne = {p.weights->ne[0], columns, 1, 1}};
    struct ggml_tensor result = {.data = y, .src = {&column}};
    for (int thread = 0; thread < THREADS; thread++) lane_product(&result, thread, THREADS, &parameters);
    free(parameters.scratch);
}

// The largest error over the largest value; infinite where the kernel isn't believed, or the first column depends on how many
// there are.
static double error_of(struct product p) {
    long width = p.weights->ne[0], rows = p.weights->ne[1];
    float * x = malloc((LANE_COLUMN_LIMIT * width + (2 * LANE_COLUMN_LIMIT + 1) * rows) * sizeof(float));
    float * ours = x + LANE_COLUMN_LIMIT * width, * theirs = ours + LANE_COLUMN_LIMIT * rows;
    float * alone = theirs + LANE_COLUMN_LIMIT * rows;
    double largest = lane_product_takes(p.weights) ? 0 : INFINITY;
    fill(x, LANE_COLUMN_LIMIT * width);
    for (int columns = 1; columns <= LANE_COLUMN_LIMIT && largest < INFINITY; columns++) {
        ggml_product(p, x, columns, theirs);
        own_product(p, x, columns, ours);
        if (columns == 1) memcpy(alone, ours, rows * sizeof(float));
        if (memcmp(alone, ours, rows * sizeof(float)) != 0) largest = INFINITY;
        double error = 0, size = 0;
        for (long i = 0; i < columns * rows; i++) {
            error = fmax(error, isnan(ours[i]) ? INFINITY : fabs((double)ours[i] - theirs[i]));
            size = fmax(size, fabs(theirs[i]));
        }
        largest = fmax(largest, error / size);
    }
    free(x);
    return largest;
}

// Where vectors have 32 bytes, ggml keeps Q4_0 in two layouts, and only the one of 8 rows has a kernel.
static bool left_to_ggml(const struct ggml_tensor * weights) {
    return weights->type == GGML_TYPE_Q4_0 && weights->ne[1] % 8 != 0 && ggml_cpu_get_sve_cnt() == 32;
}

// Built for arithmetic in halves, ggml sums halves as halves. Built without, it may multiply several columns as they are, though
// it rounds a single one to halves first.
static double limit_for(enum ggml_type type) {
    if (type != GGML_TYPE_F16) return 1e-5;
    return ggml_cpu_has_fp16_va() ? 1e-2 : ggml_cpu_has_llamafile() ? 1e-3 : 1e-5;
}

// -1 where there is no such layout, or no kernel for it.
static double error_in(ggml_backend_t cpu, ggml_backend_buffer_type_t place, enum ggml_type type, long width, long rows) {
    struct ggml_context * context = ggml_init((struct ggml_init_params){2 * ggml_tensor_overhead(), NULL, true});
    struct product p = {cpu, ggml_new_tensor_2d(context, type, width, rows)};
    ggml_backend_buffer_t buffer = ggml_backend_alloc_ctx_tensors_from_buft(context, place);
    double error = -1;
    if (ggml_backend_buft_is_host(place) || (p.weights->extra && !left_to_ggml(p.weights))) {
        float * values = malloc(width * rows * sizeof(float));
        void * quantised = malloc(ggml_nbytes(p.weights));
        fill(values, width * rows);
        ggml_quantize_chunk(type, values, quantised, 0, rows, width, NULL);
        ggml_backend_tensor_set(p.weights, quantised, 0, ggml_nbytes(p.weights));
        error = error_of(p);
        free(quantised);
        free(values);
    }
    ggml_backend_buffer_free(buffer);
    ggml_free(context);
    return error;
}

static ggml_backend_buffer_type_t interleaved(ggml_backend_t cpu) {
    ggml_backend_dev_t device = ggml_backend_get_device(cpu);
    ggml_backend_dev_get_extra_bufts_t all = (ggml_backend_dev_get_extra_bufts_t)
        ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts");
    for (ggml_backend_buffer_type_t * type = all(device); type && *type; type++)
        if (strcmp(ggml_backend_buft_name(*type), "CPU_REPACK") == 0) return *type;
    return NULL;
}

void check_products(const char * processor) {
    static const enum ggml_type types[] = {GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K,
        GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_F32};
    static const long widths[] = {32, 96, 256, 768, 2048, 9984}, heights[] = {3, 4, 8, 20, 64};
    ggml_backend_t cpu = ggml_backend_cpu_init();
    ggml_backend_cpu_set_n_threads(cpu, 1);
    ggml_backend_buffer_type_t places[] = {ggml_backend_cpu_buffer_type(), interleaved(cpu)};
    bool portable = lane_instruction_set() == LANE_PORTABLE;
    for (int place = 0; place < (portable ? 1 : 2); place++) {
        for (int t = 0; t < (int)(sizeof types / sizeof *types); t++) {
            if (place == 1 && !ggml_is_quantized(types[t])) continue;
            int count = 0;
            double largest = 0;
            for (int w = 0; w < 6; w++)
                for (int h = 0; h < 5; h++) {
                    if (widths[w] % ggml_blck_size(types[t]) != 0) continue;
                    double error = error_in(cpu, places[place], types[t], widths[w], heights[h]);
                    if (error < 0) continue;
                    count += LANE_COLUMN_LIMIT;
                    largest = fmax(largest, error);
                }
            char group[128];
            snprintf(group, sizeof group, "%s, %s: %s, %s", processor, portable ? "portable" : "NEON",
                ggml_type_name(types[t]), place == 0 ? "rows" : "interleaved");
            report(group, count, largest, limit_for(types[t]));
        }
    }
    ggml_backend_free(cpu);
}
