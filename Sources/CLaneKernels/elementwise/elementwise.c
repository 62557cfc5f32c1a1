// Operations on elements and rows: the rows or elements are shared out among the parts.
#include "kernels.h"

void lane_norm(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_norms * p = parameters;
    const struct ggml_tensor * x = result->src[0], * gain = result->src[1];
    const struct lane_kernels * kernels = lane_kernels();
    const long width = x->ne[0], heads = x->ne[1], rows = ggml_nrows(x);
    const float * input = x->data;
    for (long row = share.part; row < rows; row += share.part_count) {
        const struct lane_column column = lane_column_at(p->groups, p->group_count, row / heads);
        const long primal = column.primal * heads + row % heads;
        kernels->norm((float *)result->data + row * width, input + row * width, input + primal * width, gain->data, width,
            p->parameters + column.group);
    }
}

// A part's elements, first ..< last, of `count`: parts begin at multiples of 64, whole vectors and cache lines.
static bool elements_of(struct lane_share share, long count, long * first, long * last) {
    const long size = ((count + share.part_count - 1) / share.part_count + 63) / 64 * 64;
    *first = share.part * size;
    *last = *first + size < count ? *first + size : count;
    return *first < *last;
}

void lane_gated_product(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_gated_products * p = parameters;
    const struct ggml_tensor * gate = result->src[0], * up = result->src[1];
    long start = 0;
    for (int group = 0; group < p->group_count; group++) {
        const struct lane_group * g = p->groups + group;
        const long count = gate->ne[0] * gate->ne[1] * g->token_count;
        long first, last;
        if (elements_of(share, count, &first, &last))
            lane_kernels()->gated_product((float *)result->data + start + first, (const float *)gate->data + start + first,
                (const float *)up->data + start + first, last - first, count, g->lane_count, p->parameters + group);
        start += count * g->lane_count;
    }
}

void lane_softmax(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    (void)parameters;
    const struct ggml_tensor * x = result->src[0];
    const long width = x->ne[0], rows = ggml_nrows(x);
    for (long row = share.part; row < rows; row += share.part_count)
        lane_kernels()->softmax((float *)result->data + row * width, (const float *)x->data + row * width, width);
}

void lane_sum(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    (void)parameters;
    const float * a = result->src[0]->data, * b = result->src[1]->data;
    float * y = result->data;
    long first, last;
    if (elements_of(share, ggml_nelements(result), &first, &last))
        for (long i = first; i < last; i++) y[i] = a[i] + b[i];
}
