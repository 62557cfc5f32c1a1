// Products of few columns as a ggml operation.
#include "product.h"

size_t lane_product_scratch_size(long width) {
    size_t small = (width + 31) / 32 * sizeof(struct column_block_32), large = (width + 255) / 256 * sizeof(struct column_block_256);
    size_t size = LANE_COLUMN_LIMIT * (small > large ? small : large);
    return (size + 63) / 64 * 64;
}

#if defined(__x86_64__)
void lane_product(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_product_parameters * p = parameters;
    const struct ggml_tensor * columns = result->src[0], * weights = p->weights;
    if (thread_count > p->thread_limit) thread_count = p->thread_limit;
    long tiles = weights->ne[1] / 16;
    long first = tiles * thread / thread_count, last = tiles * (thread + 1) / thread_count;
    if (thread >= thread_count || first == last) return;

    // Every thread quantises all columns for itself: little work, and no waiting for each other.
    int count = (int)ggml_nrows(columns);
    bool large = ggml_blck_size(weights->type) == 256;
    long blocks = weights->ne[0] / (large ? 256 : 32);
    char * quantised = p->scratch + thread * lane_product_scratch_size(weights->ne[0]);
    if (large) quantise_columns_256((struct column_block_256 *)quantised, columns->data, count * blocks);
    else quantise_columns_32((struct column_block_32 *)quantised, columns->data, count * blocks);
    amx_layout_product(weights->type)(result->data, weights->ne[1], weights->data, quantised, count, blocks, first, last);
}

#else
void lane_product(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    (void)result, (void)thread, (void)thread_count, (void)parameters;
}
#endif
