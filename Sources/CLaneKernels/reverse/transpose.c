// Transposes of matrices in panels, made when they are wanted: 32 rows of the file's weights become a block of each panel.
#include <string.h>
#include "kernels.h"

enum { ROWS = 32, COLUMNS = LANE_TRANSPOSE_SCRATCH / ROWS };  // that are decoded together

enum ggml_type lane_transposed_type(enum ggml_type type) { return ggml_is_quantized(type) ? GGML_TYPE_Q8_0 : GGML_TYPE_F32; }

// Elements of some rows from column `start` on, with zeros after the last row, and up to a multiple of 16 columns.
static void decode(float * y, const struct ggml_tensor * weights, long first, long start, long count) {
    const ggml_to_float_t to_float = ggml_get_type_traits(weights->type)->to_float;
    for (long i = 0; i < ROWS; i++, y += COLUMNS) {
        if (first + i >= weights->ne[1] || count < COLUMNS) memset(y, 0, COLUMNS * sizeof(float));
        if (first + i >= weights->ne[1]) continue;
        const char * row = (const char *)weights->data + (first + i) * weights->nb[1] + ggml_row_size(weights->type, start);
        if (weights->type == GGML_TYPE_F32) memcpy(y, row, count * sizeof(float));
        else to_float(row, y, count);
    }
}

void lane_transpose(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_transpose_parameters * p = parameters;
    const long width = p->weights->ne[0], blocks = (p->weights->ne[1] + ROWS - 1) / ROWS;
    const enum ggml_type type = lane_transposed_type(p->weights->type);
    const long block_size = lane_panels_size(type, ROWS, PANEL_ROWS), panel_size = blocks * block_size;
    float * decoded = p->scratch + share.thread * LANE_TRANSPOSE_SCRATCH;
    for (long block = blocks * share.part / share.part_count; block < blocks * (share.part + 1) / share.part_count; block++)
        for (long start = 0; start < width; start += COLUMNS) {
            const long count = width - start < COLUMNS ? width - start : COLUMNS;
            decode(decoded, p->weights, ROWS * block, start, count);
            for (long i = 0; i < count; i += PANEL_ROWS) {
                char * y = (char *)result->data + (start + i) / PANEL_ROWS * panel_size + block * block_size;
                if (type == GGML_TYPE_Q8_0) lane_kernels()->reverse.transposed_block(y, decoded + i, COLUMNS);
                else for (int k = 0; k < ROWS; k++)
                    memcpy(y + k * PANEL_ROWS * sizeof(float), decoded + k * COLUMNS + i, PANEL_ROWS * sizeof(float));
            }
        }
}
