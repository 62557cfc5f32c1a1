// New keys and values on their way into the caches.
#include <string.h>
#include "CLaneKernels.h"

void lane_store(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_caches * caches = parameters;
    const struct ggml_tensor * positions = result->src[2];
    for (int kind = 0; kind < 2; kind++) {
        const struct ggml_tensor * source = result->src[kind];
        long width = source->ne[0], heads = source->ne[1], tokens = source->ne[2], rows = tokens * source->ne[3];
        for (long row = thread; row < rows; row += thread_count) {
            struct ggml_tensor * cache = (kind == 0 ? caches->keys : caches->values)[row / tokens];
            for (long head = 0; head < heads; head++) {
                const float * x = (const float *)source->data + (row * heads + head) * width;
                void * y = (char *)cache->data + head * cache->nb[2] + ((const int32_t *)positions->data)[row % tokens] * cache->nb[1];
                if (cache->type == GGML_TYPE_F16) ggml_fp32_to_fp16_row(x, y, width);
                else if (cache->type == GGML_TYPE_BF16) ggml_fp32_to_bf16_row(x, y, width);
                else memcpy(y, x, 4 * width);
            }
        }
    }
}
