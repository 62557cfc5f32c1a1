// RMSNorm and gated activations as ggml operations: the rows or elements are shared out among the threads.
#include "kernels.h"

void lane_norm(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct ggml_tensor * x = result->src[0], * gain = result->src[1];
    const struct lane_kernels * kernels = lane_kernels();
    long width = x->ne[0], rows = x->ne[1] * x->ne[2];
    for (long row = thread; row < rows; row += thread_count)
        kernels->norm((float *)result->data + row * width, (const float *)x->data + row * width, gain->data, width,
            rows * width, (int)x->ne[3], parameters);
}

void lane_gated_product(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct ggml_tensor * gate = result->src[0], * up = result->src[1];
    long count = gate->ne[0] * gate->ne[1] * gate->ne[2];
    // Shares begin at multiples of 64 elements: whole vectors and cache lines.
    long share = ((count + thread_count - 1) / thread_count + 63) / 64 * 64;
    long start = thread * share, end = start + share < count ? start + share : count;
    if (start >= end) return;
    lane_kernels()->gated_product((float *)result->data + start, (const float *)gate->data + start,
        (const float *)up->data + start, end - start, count, (int)gate->ne[3], parameters);
}
