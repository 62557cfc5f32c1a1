// Which weights the products' kernels take.
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "product.h"

#if defined(__x86_64__)
// Whether the kernel's product of one column is ggml's, to within the rounding of sums.
static bool agrees(struct ggml_tensor * weights) {
    bool agreed = false;
    char * scratch = aligned_alloc(64, lane_product_scratch_size(weights->ne[0]));
    float * numbers = malloc((weights->ne[0] + 2 * weights->ne[1]) * sizeof(float));
    struct ggml_context * context = ggml_init((struct ggml_init_params){ggml_tensor_overhead() * 4 + ggml_graph_overhead(), NULL, true});
    ggml_backend_t cpu = ggml_backend_cpu_init();
    ggml_backend_buffer_t buffer = NULL;
    if (!scratch || !numbers || !context || !cpu) goto done;
    ggml_backend_cpu_set_n_threads(cpu, 1);

    struct ggml_tensor * column = ggml_new_tensor_2d(context, GGML_TYPE_F32, weights->ne[0], 1);
    struct ggml_tensor * product = ggml_mul_mat(context, weights, column);
    struct ggml_cgraph * graph = ggml_new_graph(context);
    ggml_build_forward_expand(graph, product);
    buffer = ggml_backend_alloc_ctx_tensors(context, cpu);
    if (!buffer) goto done;
    float * x = numbers, * theirs = x + weights->ne[0], * ours = theirs + weights->ne[1];
    for (long i = 0; i < weights->ne[0]; i++) x[i] = (float)((i * 7919) % 1009) / 504 - 1;  // all over -1 ... 1
    ggml_backend_tensor_set(column, x, 0, ggml_nbytes(column));
    if (ggml_backend_graph_compute(cpu, graph) != GGML_STATUS_SUCCESS) goto done;
    ggml_backend_tensor_get(product, theirs, 0, ggml_nbytes(product));

    struct lane_product_parameters parameters = {weights, scratch, 1};
    struct ggml_tensor result = {.data = ours, .src = {column}};
    lane_product(&result, 0, 1, &parameters);
    double error = 0, size = 0;
    for (long i = 0; i < weights->ne[1]; i++) {
        error += fabs((double)ours[i] - theirs[i]);
        size += fabs((double)theirs[i]);
    }
    agreed = error <= 1e-5 * size;
done:
    ggml_backend_buffer_free(buffer);
    if (cpu) ggml_backend_free(cpu);
    ggml_free(context);
    free(numbers);
    free(scratch);
    return agreed;
}

bool lane_product_takes(const struct ggml_tensor * weights) {
    static _Atomic signed char known[GGML_TYPE_COUNT];  // 1: the layout is as expected, -1: it isn't
    if (!weights->buffer || strcmp(ggml_backend_buft_name(ggml_backend_buffer_get_type(weights->buffer)), "AMX") != 0) return false;
    if (lane_instruction_set() != LANE_AVX512 || !amx_layout_is_readable()) return false;
    if (ggml_nrows(weights) != weights->ne[1] || weights->ne[1] % 16 != 0) return false;
    if (weights->ne[0] % ggml_blck_size(weights->type) != 0 || amx_layout_tile_size(weights->type) == 0) return false;
    // The layout is ggml's own affair and may change with its version: it is believed in after a trial.
    if (known[weights->type] == 0) known[weights->type] = agrees((struct ggml_tensor *)weights) ? 1 : -1;
    return known[weights->type] == 1;
}
#else
bool lane_product_takes(const struct ggml_tensor * weights) {
    (void)weights;
    return false;
}
#endif
