// Linear layers as a ggml operation.
#include "panels.h"
#include "product.h"

static struct row_kernel row_kernel(enum ggml_type type) {
    switch (lane_instruction_set()) {
#if defined(__x86_64__)
    case LANE_AVX512: return row_product_avx512(type);
    case LANE_AVX2: return row_product_avx2(type);
#endif
    default: return row_product_portable(type);
    }
}

bool lane_rows_take(const struct ggml_tensor * weights, long columns) {
    return columns <= ROW_COLUMN_LIMIT && weights->buffer && ggml_backend_buffer_is_host(weights->buffer)
        && ggml_is_matrix(weights) && ggml_is_contiguous(weights) && weights->ne[0] % 32 == 0 && row_kernel(weights->type).product;
}

void product_add_bias(const struct lane_product_parameters * p, float * y, long stride, const struct ggml_tensor * bias,
    long start, long count, long first, long last) {
    if (!bias) return;
    const float * b = bias->data;
    long column = 0;  // the group's first
    for (int group = 0; group < p->group_count; group++) {
        const struct lane_group * g = p->groups + group;
        const long end = column + g->token_count < start + count ? column + g->token_count : start + count;
        for (long c = column > start ? column : start; c < end; c++)
            for (long i = first; i < last; i++) y[(c - start) * stride + i] += b[i];
        column += g->token_count * g->lane_count;
    }
}

static void rows_product(const struct lane_product_parameters * p, const struct ggml_tensor * columns, float * y, char * prepared,
    int thread, int thread_count) {
    const struct lane_matrix * matrix = &p->matrices[0];
    struct row_kernel kernel = row_kernel(matrix->type);
    const long first = matrix->rows * thread / thread_count, last = matrix->rows * (thread + 1) / thread_count;
    if (!kernel.product || first == last) return;
    const int count = (int)ggml_nrows(columns);
    const long blocks = p->width / 32;
    kernel.column->prepare(prepared, columns->data, count * blocks);
    kernel.product(y, matrix->rows, matrix->weights->data, prepared, count, blocks, first, last);
    product_add_bias(p, y, matrix->rows, matrix->bias, 0, count, first, last);
}

size_t lane_product_scratch_size(long width) {
    const size_t rows = ROW_COLUMN_LIMIT * ((width + 31) / 32) * sizeof(struct column_floats), panels = panels_scratch_size(width);
    return ((rows > panels ? rows : panels) + 63) / 64 * 64;
}

void lane_product(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_product_parameters * p = parameters;
    if (thread_count > p->thread_limit) thread_count = p->thread_limit;
    if (thread >= thread_count) return;
    char * scratch = p->scratch + thread * lane_product_scratch_size(p->width);
    if (p->matrices[0].panels) panels_product(p, result->src[0], result->data, scratch, thread, thread_count);
    else rows_product(p, result->src[0], result->data, scratch, thread, thread_count);
}
