// Products of few columns as a ggml operation.
#include "product.h"

size_t lane_product_scratch_size(long width) {
    size_t small = (width + 31) / 32 * sizeof(struct column_floats), large = (width + 255) / 256 * sizeof(struct column_block_256);
    size_t size = LANE_COLUMN_LIMIT * (small > large ? small : large);
    return (size + 63) / 64 * 64;
}

void lane_product(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_product_parameters * p = parameters;
    const struct ggml_tensor * columns = result->src[0], * weights = p->weights;
    if (thread_count > p->thread_limit) thread_count = p->thread_limit;
    struct product_kernel kernel = lane_product_kernel(weights);
    if (!kernel.product) return;
    long tiles = weights->ne[1] / kernel.tile_rows;
    long first = tiles * thread / thread_count, last = tiles * (thread + 1) / thread_count;
    if (thread >= thread_count || first == last) return;

    // Every thread prepares all columns for itself: little work, and no waiting for each other.
    int count = (int)ggml_nrows(columns);
    long blocks = weights->ne[0] / kernel.column->block_width;
    char * prepared = p->scratch + thread * lane_product_scratch_size(weights->ne[0]);
    kernel.column->prepare(prepared, columns->data, count * blocks);
    kernel.product(result->data, weights->ne[1], weights->data, prepared, count, blocks, first, last);
}
