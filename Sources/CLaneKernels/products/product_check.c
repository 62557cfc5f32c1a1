// Which weights the products' kernels take.
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "product.h"

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

static struct product_kernel no_product(enum ggml_type type) {
    (void)type;
    return (struct product_kernel){0};
}

// The kernels of an instruction set, by layout.
typedef struct product_kernel kernel_of_type(enum ggml_type type);
struct product_layouts { kernel_of_type * rows, * interleaved, * amx; };

static struct product_layouts layouts(enum lane_instruction_set set) {
#if defined(__x86_64__)
    if (set == LANE_AVX512 && __builtin_cpu_supports("avx512vnni"))
        return (struct product_layouts){row_product_avx512, interleaved_product_avx512, amx_product};
    if (set >= LANE_AVX2) return (struct product_layouts){row_product_avx2, interleaved_product_avx2, no_product};
#elif defined(__aarch64__)
    if (set == LANE_NEON) return (struct product_layouts){row_product_neon, interleaved_product_neon, no_product};
#endif
    (void)set;
    return (struct product_layouts){row_product_portable, no_product, no_product};
}

// The kernel that reads the weights where they lie, and whether their layout is ggml's own affair.
static struct product_kernel kernel_of(const struct ggml_tensor * weights, bool * private_layout) {
    ggml_backend_buffer_type_t type = weights->buffer ? ggml_backend_buffer_get_type(weights->buffer) : NULL;
    *private_layout = type && !ggml_backend_buft_is_host(type);
    if (!type) return no_product(weights->type);
    struct product_layouts kernels = layouts(lane_instruction_set());
    const char * name = ggml_backend_buft_name(type);
    if (!*private_layout) return kernels.rows(weights->type);
    if (strcmp(name, "CPU_REPACK") == 0) return kernels.interleaved(weights->type);
    if (strcmp(name, "AMX") == 0) return kernels.amx(weights->type);
    return no_product(weights->type);
}

struct product_kernel lane_product_kernel(const struct ggml_tensor * weights) {
    bool private_layout;
    return kernel_of(weights, &private_layout);
}

bool lane_product_takes(const struct ggml_tensor * weights) {
    // For each type and instruction set, interleaved and AMX. 1: the layout is as expected, -1: it isn't
    static _Atomic signed char known[GGML_TYPE_COUNT][LANE_AVX512 + 1][2];
    bool private_layout;
    struct product_kernel kernel = kernel_of(weights, &private_layout);
    if (!kernel.product || ggml_nrows(weights) != weights->ne[1] || weights->ne[1] % kernel.tile_rows != 0) return false;
    if (weights->ne[0] % kernel.column->block_width != 0 || !ggml_is_contiguous(weights)) return false;
    if (!private_layout) return true;
    // The layout may change with ggml's version: it is believed in after a trial.
    _Atomic signed char * trial = &known[weights->type][lane_instruction_set()][kernel.tile_rows == 16];
    if (*trial == 0) *trial = agrees((struct ggml_tensor *)weights) ? 1 : -1;
    return *trial == 1;
}
