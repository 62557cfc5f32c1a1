// Operations on elements and rows on the way back: rows are shared out among the parts.
#include "kernels.h"

// What is called for a row of adjoints of `per_lane` rows a lane.
#define EACH_ROW(tensor, share) \
    for (long rows = ggml_nrows(tensor), row = rows * (share).part / (share).part_count; \
         row < rows * ((share).part + 1) / (share).part_count; row++)

void lane_norm_back(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const float * adjoints = result->src[0]->data, * x = result->src[1]->data, * gain = result->src[2]->data;
    const long width = result->ne[0], primals = ggml_nrows(result->src[1]);
    EACH_ROW(result, share)
        lane_kernels()->reverse.norm_back((float *)result->data + row * width, adjoints + row * width, x + row % primals * width, gain,
            width, parameters);
}

void lane_gated_product_back(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct ggml_tensor * adjoints = result->src[0];
    const float * gate = result->src[1]->data, * up = result->src[2]->data;
    const long width = adjoints->ne[0], primals = ggml_nrows(result->src[1]);
    float * to_gate = result->data, * to_up = to_gate + ggml_nelements(adjoints);
    EACH_ROW(adjoints, share)
        lane_kernels()->reverse.gated_product_back(to_gate + row * width, to_up + row * width, (const float *)adjoints->data + row * width,
            gate + row % primals * width, up + row % primals * width, width, parameters);
}

void lane_rotate(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_rotate_parameters * p = parameters;
    const struct ggml_tensor * table = result->src[1];
    const float * x = result->src[0]->data;
    const long width = result->ne[0], heads = result->ne[1], tokens = result->ne[2];
    EACH_ROW(result, share)
        lane_rotate_row((float *)result->data + row * width, x + row * width,
            (const float *)table->data + row / heads % tokens * table->ne[0], table->ne[0], width, p->halves, p->back);
}

void lane_row_products(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    (void)parameters;
    const struct ggml_tensor * x = result->src[0], * y = result->src[1];
    const long width = y->ne[0], primals = ggml_nrows(y), count = ggml_nelements(x) / width;
    float * sums = result->data;
    for (long row = count * share.part / share.part_count; row < count * (share.part + 1) / share.part_count; row++)
        lane_kernels()->reverse.row_products(sums + row, sums + count + row, (const float *)x->data + row * width,
            (const float *)y->data + row % primals * width, width);
}
