// New keys and values on their way into the caches, and rotary position embeddings on the way.
#include <string.h>
#include "ggml-cpu.h"
#include "kernels.h"

// Writes the row of a head at a position.
static void store_row(struct ggml_tensor * cache, long head, long position, const float * x) {
    void * y = (char *)cache->data + head * cache->nb[2] + position * cache->nb[1];
    if (cache->type == GGML_TYPE_F16) ggml_cpu_fp32_to_fp16(x, y, cache->ne[0]);
    else if (cache->type == GGML_TYPE_BF16) ggml_fp32_to_bf16_row(x, y, cache->ne[0]);
    else memcpy(y, x, 4 * cache->ne[0]);
}

void lane_store(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_caches * caches = parameters;
    const int32_t * positions = result->src[2]->data;
    for (int kind = 0; kind < 2; kind++) {
        const struct ggml_tensor * source = result->src[kind];
        const long width = source->ne[0], heads = source->ne[1], tokens = source->ne[2], rows = heads * tokens * source->ne[3];
        for (long row = share.part; row < rows; row += share.part_count) {
            struct ggml_tensor * cache = (kind == 0 ? caches->keys : caches->values)[row / heads / tokens];
            store_row(cache, row % heads, positions[row / heads % tokens], (const float *)source->data + row * width);
        }
    }
}

void lane_rotation_units(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    (void)parameters;
    const long width = result->ne[0], rows = ggml_nrows(result);
    for (long row = share.part; row < rows; row += share.part_count)
        for (long i = 0; i < width; i++) ((float *)result->data)[row * width + i] = i < width / 2;
}

// A row whose first `count` elements are turned in pairs, by angles whose cosines and sines are in `table`.
static void rotate(float * restrict y, const float * restrict x, const float * restrict table, long count, long width, bool halves) {
    const float * cosines = table, * sines = table + count / 2;
    if (halves) {
        for (long i = 0; i < count / 2; i++) {
            y[i] = x[i] * cosines[i] - x[i + count / 2] * sines[i];
            y[i + count / 2] = x[i] * sines[i] + x[i + count / 2] * cosines[i];
        }
    } else {
        for (long i = 0; i < count / 2; i++) {
            y[2 * i] = x[2 * i] * cosines[i] - x[2 * i + 1] * sines[i];
            y[2 * i + 1] = x[2 * i] * sines[i] + x[2 * i + 1] * cosines[i];
        }
    }
    memcpy(y + count, x + count, 4 * (width - count));
}

void lane_place(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_place_parameters * p = parameters;
    const struct ggml_tensor * table = result->src[3];
    const int32_t * positions = result->src[4]->data;
    const long width = result->ne[0], tokens = result->ne[2], lanes = result->ne[3];
    float normed[width], turned[width];
    long first = share.part;  // Rows are dealt out over queries, keys and values alike.
    for (int kind = 0; kind < 3; kind++) {
        const struct ggml_tensor * source = result->src[kind];
        const struct ggml_tensor * gain = kind == 0 ? p->query_gain : kind == 1 ? p->key_gain : NULL;
        const long heads = source->ne[1], rows = heads * tokens;
        long row = first;
        for (; row < rows * lanes; row += share.part_count) {
            const float * x = (const float *)source->data + row * width;
            const long head = row % heads, token = row / heads % tokens, lane = row / rows;
            if (gain) {
                lane_kernels()->norm(normed, x, (const float *)source->data + row % rows * width, gain->data, width, &p->norm);
                x = normed;
            }
            if (kind < 2) {
                float * y = kind == 0 ? (float *)result->data + row * width : turned;
                rotate(y, x, (const float *)table->data + token * table->ne[0], table->ne[0], width, p->halves);
                x = y;
            }
            if (kind > 0) store_row((kind == 1 ? p->caches.keys : p->caches.values)[lane], head, positions[token], x);
        }
        first = row - rows * lanes;
    }
}
