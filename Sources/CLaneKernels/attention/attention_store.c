// New keys and values on their way into the caches.
#include <string.h>
#include "CLaneKernels.h"

static void store_row(struct ggml_tensor * cache, const float * x, long width, long heads, long position) {
    for (long head = 0; head < heads; head++, x += width) {
        void * y = (char *)cache->data + head * cache->nb[2] + position * cache->nb[1];
        if (cache->type == GGML_TYPE_F16) ggml_fp32_to_fp16_row(x, y, width);
        else if (cache->type == GGML_TYPE_BF16) ggml_fp32_to_bf16_row(x, y, width);
        else memcpy(y, x, 4 * width);
    }
}

void lane_store(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_store_parameters * p = parameters;
    for (int kind = 0; kind < 2; kind++) {
        const struct ggml_tensor * source = result->src[kind];
        const long width = source->ne[0], heads = source->ne[1];
        long row = 0;
        for (int i = 0; i < p->batch->count; i++) {
            const struct lane_sequence * s = p->batch->sequences + i;
            const struct lane_caches * caches = &s->layers[p->layer].caches;
            for (int lane = 0; lane < s->lane_count; lane++)
                for (int token = 0; token < s->token_count; token++, row++) {
                    if (row % thread_count != thread) continue;
                    const long column = s->first_column + lane * s->lane_stride + token;
                    store_row((kind == 0 ? caches->keys : caches->values)[lane],
                        (const float *)source->data + column * heads * width, width, heads, s->start + token);
                }
        }
    }
}
