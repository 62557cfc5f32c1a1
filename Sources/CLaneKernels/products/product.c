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

void product_add_bias(const struct lane_product_parameters * p, float * y, const struct lane_matrix * matrix, long first, long last) {
    if (!matrix->bias) return;
    const float * b = matrix->bias->data;
    for (int group = 0; group < p->group_count; group++) {
        const struct lane_group * g = p->groups + group;
        for (long c = 0; c < g->token_count; c++)
            for (long i = first; i < last; i++) y[c * matrix->rows + i] += b[i];
        y += g->token_count * g->lane_count * matrix->rows;
    }
}

static void rows_product(const struct lane_product_parameters * p, struct ggml_tensor * result, char * prepared, struct lane_share share) {
    const struct lane_matrix * matrix = &p->matrices[0];
    const struct ggml_tensor * columns = result->src[0];
    struct row_kernel kernel = row_kernel(matrix->type);
    const long first = matrix->rows * share.part / share.part_count, last = matrix->rows * (share.part + 1) / share.part_count;
    if (!kernel.product || first == last) return;
    const int count = p->columns;
    const long blocks = p->input.width / 32;
    if (!share.again) kernel.column->prepare(prepared, columns->data, count * blocks);
    kernel.product(result->data, matrix->rows, matrix->weights->data, prepared, count, blocks, first, last);
    product_add_bias(p, result->data, matrix, first, last);
}

size_t lane_product_scratch_size(long width) {
    const size_t rows = ROW_COLUMN_LIMIT * ((width + 31) / 32) * sizeof(struct column_floats), panels = panels_scratch_size(width);
    return ((rows > panels ? rows : panels) + 63) / 64 * 64;
}

void lane_product(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_product_parameters * p = parameters;
    char * scratch = p->scratch + share.thread * lane_product_scratch_size(p->input.width);
    if (p->matrices[0].panels || p->matrices[0].made) panels_product(p, result, scratch, share);
    else rows_product(p, result, scratch, share);
}
