// RMSNorm and gated activations as ggml operations: the rows or elements of each group are shared out among the threads.
#include "kernels.h"

void lane_norm(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_norms * p = parameters;
    const struct ggml_tensor * x = result->src[0], * gain = result->src[1];
    const struct lane_kernels * kernels = lane_kernels();
    const long width = x->ne[0];
    long first = 0, done = 0;  // the group's first row, and primal rows of the groups before it
    for (int group = 0; group < p->group_count; group++) {
        const struct lane_group * g = p->groups + group;
        const long rows = x->ne[1] * g->token_count;
        for (long row = (thread + thread_count - done % thread_count) % thread_count; row < rows; row += thread_count) {
            const long offset = (first + row) * width;
            kernels->norm((float *)result->data + offset, (const float *)x->data + offset, gain->data, width, rows * width,
                g->lane_count, p->parameters + group);
        }
        first += rows * g->lane_count;
        done += rows;
    }
}

void lane_gated_product(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_gated_products * p = parameters;
    const struct ggml_tensor * gate = result->src[0], * up = result->src[1];
    long first = 0;
    for (int group = 0; group < p->group_count; group++) {
        const struct lane_group * g = p->groups + group;
        const long count = gate->ne[0] * gate->ne[1] * g->token_count;
        // Shares begin at multiples of 64 elements: whole vectors and cache lines.
        const long share = ((count + thread_count - 1) / thread_count + 63) / 64 * 64;
        const long start = thread * share, end = start + share < count ? start + share : count, at = first + start;
        if (start < end)
            lane_kernels()->gated_product((float *)result->data + at, (const float *)gate->data + at,
                (const float *)up->data + at, end - start, count, g->lane_count, p->parameters + group);
        first += count * g->lane_count;
    }
}
