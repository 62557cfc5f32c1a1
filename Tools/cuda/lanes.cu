// The operations of DeviceKernels.h in ggml's CUDA backend: Tools/dependencies.sh compiles them with it.
#include "lanes.h"

#include "ggml-impl.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels.cuh"

int lane_device_version(void) { return LANE_DEVICE_VERSION; }

static const lane_device_step * lane_step_of(const ggml_tensor * operation) {
    ggml_custom_op_params parameters;
    memcpy(&parameters, operation->op_params, sizeof(parameters));
    const lane_device_step * step = (const lane_device_step *)parameters.userdata;
    return step && step->mark == LANE_DEVICE_MARK ? step : nullptr;
}

// Whoever describes such an operation keeps to what there are kernels for.
bool lane_device_supports(const ggml_tensor * operation) { return lane_step_of(operation) != nullptr; }

static int lane_token_count(const lane_device_step * step) {
    int count = 0;
    for (int i = 0; i < step->group_count; i++) count += step->groups[i].token_count;
    return count;
}

static float * lane_data(const ggml_tensor * tensor) { return tensor ? (float *)tensor->data : nullptr; }

template <typename T> static lane_device_caches<T> lane_caches_of(const ggml_tensor * operation, int lanes) {
    lane_device_caches<T> caches = {};
    const ggml_tensor * const * keys = operation->src + 3, * const * values = keys + lanes;
    for (int lane = 0; lane < lanes; lane++) {
        caches.keys[lane] = (T *)keys[lane]->data;
        caches.values[lane] = (T *)values[lane]->data;
    }
    caches.key_row = keys[0]->nb[1] / sizeof(T);
    caches.key_head = keys[0]->nb[2] / sizeof(T);
    caches.value_row = values[0]->nb[1] / sizeof(T);
    caches.value_head = values[0]->nb[2] / sizeof(T);
    return caches;
}

template <typename T> static void lane_store(const ggml_tensor * operation, const lane_device_step * step, cudaStream_t stream) {
    const ggml_tensor * keys = operation->src[0];
    const int width = keys->ne[0], heads = keys->ne[1], tokens = keys->ne[2];
    lane_store_kernel<T><<<dim3(tokens, heads, step->lane_count), 64, 0, stream>>>(
        lane_caches_of<T>(operation, step->lane_count), lane_data(keys), lane_data(operation->src[1]),
        (const int64_t *)operation->src[2]->data, width, tokens);
}

template <typename T, int LANES> static void lane_attend(
    const ggml_tensor * operation, const lane_device_step * step, cudaStream_t stream)
{
    const ggml_tensor * queries = operation->src[0], * mask = operation->src[1], * keys = operation->src[3];
    const int width = queries->ne[0], heads = queries->ne[1], tokens = queries->ne[2];
    const int slices = LANE_ATTENTION_THREADS / (width / 2);
    const size_t shared = sizeof(float) * LANES * (width + LANE_DEVICE_ROWS + LANE_ATTENTION_THREADS + slices * width);
    lane_attend_kernel<T, LANES><<<dim3(operation->ne[1], heads, tokens), LANE_ATTENTION_THREADS, shared, stream>>>(
        *step, lane_caches_of<T>(operation, LANES), lane_data(operation), lane_data(queries), lane_data(mask),
        mask->nb[1] / sizeof(float), mask->ne[0], width, heads / keys->ne[2]);
}

template <typename T> static void lane_attend(const ggml_tensor * operation, const lane_device_step * step, cudaStream_t stream) {
    switch (step->lane_count) {
        case 1: return lane_attend<T, 1>(operation, step, stream);
        case 2: return lane_attend<T, 2>(operation, step, stream);
        default: return lane_attend<T, 3>(operation, step, stream);
    }
}

template <typename T> static void lane_on_caches(const ggml_tensor * operation, const lane_device_step * step, cudaStream_t stream) {
    if (step->kind == LANE_DEVICE_STORE) lane_store<T>(operation, step, stream);
    else lane_attend<T>(operation, step, stream);
}

bool lane_device_compute(ggml_tensor * operation, cudaStream_t stream) {
    const lane_device_step * step = lane_step_of(operation);
    if (!step) return false;
    const ggml_tensor * x = operation->src[0];
    float * y = lane_data(operation);
    switch (step->kind) {
        case LANE_DEVICE_NORM: {
            const int heads = x->ne[1];
            lane_norm_kernel<<<lane_token_count(step) * heads, LANE_THREADS, 0, stream>>>(
                *step, y, lane_data(x), lane_data(operation->src[1]), x->ne[0], heads);
            break;
        }
        case LANE_DEVICE_GATED_PRODUCT: {
            const int width = x->ne[0] * x->ne[1];
            const long count = (long)lane_token_count(step) * width;
            lane_gated_product_kernel<<<(count + LANE_THREADS - 1) / LANE_THREADS, LANE_THREADS, 0, stream>>>(
                *step, y, lane_data(x), lane_data(operation->src[1]), width, count);
            break;
        }
        case LANE_DEVICE_STORE:
        case LANE_DEVICE_ATTEND:
            switch (operation->src[3]->type) {
                case GGML_TYPE_F16: lane_on_caches<half>(operation, step, stream); break;
                case GGML_TYPE_BF16: lane_on_caches<nv_bfloat16>(operation, step, stream); break;
                default: lane_on_caches<float>(operation, step, stream);
            }
            break;
        case LANE_DEVICE_COMBINE: {
            const int heads = x->ne[2], tokens = x->ne[3], width = operation->ne[0] / heads;
            lane_combine_kernel<<<dim3(heads, tokens), width, 0, stream>>>(
                y, lane_data(x), lane_data(operation->src[1]), width, x->ne[1], step->lane_count);
            break;
        }
    }
    return true;
}
