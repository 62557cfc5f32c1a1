// Columns as products of panels take them: normed where that is part of it, and quantised.
#include <string.h>
#include "ggml-cpu.h"
#include "kernels.h"

// What is added to weights to make them positive.
static int zero_of(const struct panel_type * type) {
    return panel_format(type->format).has_signs ? panel_kernels()->signed_zero : type->zero;
}

static void prepare_256(char * y, long stride, const float * x, long blocks, int group, float unit, int zero) {
    for (long i = 0; i < blocks; i++, y += stride, x += 256) {
        struct panel_column_256 * block = (struct panel_column_256 *)y;
        lane_kernels()->quantise_256(block, x);
        block->scale *= unit;
        if (group == 32)
            for (int j = 0; j < 8; j++) block->sums[j] = (int16_t)(block->sums[2 * j] + block->sums[2 * j + 1]);
        for (int j = 0; j < 256 / group; j++) block->corrections[j] = -zero * block->sums[j];
    }
}

static void prepare_floats(char * y, long stride, const float * x, long blocks, enum panel_numbers numbers) {
    for (long i = 0; i < blocks; i++, y += stride, x += 32) {
        float * values = ((struct panel_column_floats *)y)->values;
        ggml_fp16_t halves[32];
        ggml_bf16_t bfloats[32];
        if (numbers == PANEL_HALVES) {
            ggml_cpu_fp32_to_fp16(x, halves, 32);
            ggml_cpu_fp16_to_fp32(halves, values, 32);
        } else if (numbers == PANEL_BFLOATS) {
            ggml_fp32_to_bf16_row(x, bfloats, 32);
            ggml_cpu_bf16_to_fp32(bfloats, values, 32);
        } else memcpy(values, x, sizeof(struct panel_column_floats));
    }
}

// Blocks are written `stride` bytes apart.
static void prepare_column(char * y, long stride, const float * x, long width, const struct panel_type * type, bool whole_scales) {
    const struct panel_format f = panel_format(type->format);
    const long blocks = width / panel_block_width(f);
    if (f.numbers != PANEL_CODES) prepare_floats(y, stride, x, blocks, f.numbers);
    else if (f.large) prepare_256(y, stride, x, blocks, f.group, type->unit, zero_of(type));
    else lane_kernels()->quantise_32(y, stride, x, blocks, f.minima, zero_of(type), whole_scales);
}

int panel_tile_size(const struct panel_kernels * kernels, long count, long left, int * index) {
    if (count <= kernels->direct_columns) {
        const int size = left < kernels->few_columns ? (int)left : kernels->few_columns;
        *index = size - 1;
        return size;
    }
    for (*index = 0; kernels->tile_sizes[*index] > left; ++*index);
    return kernels->tile_sizes[*index];
}

void panel_prepare_columns(char * y, const struct lane_column_parameters * p, enum ggml_type weights, const float * columns, long count,
    int part, int part_count, float * normed) {
    const struct panel_type * type = panel_type(weights);
    const struct panel_format f = panel_format(type->format);
    const struct panel_kernels * kernels = panel_kernels();
    const long column_size = panel_column_size(f), whole_size = column_size * (p->width / panel_block_width(f));
    int tile = 0;
    for (long first = 0, size; first < count; first += size, tile++) {
        int index;
        size = panel_tile_size(kernels, count, count - first, &index);
        if (tile % part_count != part) continue;
        for (long c = 0; c < size; c++) {
            const float * x = columns + (first + c) * p->width;
            if (p->gain) {
                const struct lane_column place = lane_column_at(p->norms.groups, p->norms.group_count, first + c);
                lane_kernels()->norm(normed, x, columns + place.primal * p->width, p->gain->data, p->width,
                    p->norms.parameters + place.group);
                x = normed;
            }
            prepare_column(y + first * whole_size + c * column_size, size * column_size, x, p->width, type, p->whole_scales);
        }
    }
}

bool lane_same_columns(enum ggml_type a, enum ggml_type b) {
    const struct panel_type * s = panel_type(a), * t = panel_type(b);
    if (!s || !t) return false;
    const struct panel_format f = panel_format(s->format), g = panel_format(t->format);
    return f.numbers == g.numbers && f.large == g.large && f.group == g.group && f.minima == g.minima && zero_of(s) == zero_of(t) && s->unit == t->unit;
}

size_t lane_columns_size(enum ggml_type weights, long width, long count) {
    const struct panel_type * type = panel_type(weights);
    if (!type) return 0;
    const struct panel_format f = panel_format(type->format);
    return count * (width / panel_block_width(f)) * panel_column_size(f);
}

void lane_prepare_columns(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_prepare_parameters * p = parameters;
    panel_prepare_columns(result->data, &p->input, p->weights, result->src[0]->data, p->count, share.part, share.part_count,
        p->scratch + share.thread * p->input.width);
}
