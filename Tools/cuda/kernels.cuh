// Kernels for all lanes of an activation. Lane 0 is the primal, every other a tangent; see CLaneKernels.h for what they compute.
//
// check.cpp compiles them for the CPU too, where threads of a block are threads: nothing here but barriers and shared memory ties
// the threads of a block together.
#pragma once

#include "DeviceKernels.h"

#ifdef __CUDACC__
#define LANE_BLOCK_MEMORY(name) extern __shared__ float name[]
#endif
#define LANE_THREADS 256         // of a block, but for attention
#define LANE_ROW_THREADS 4       // that share the product of a query with a key
#define LANE_ATTENTION_THREADS (LANE_DEVICE_ROWS * LANE_ROW_THREADS)

// Eight consecutive elements, or two, as floats.
template <int COUNT> struct lane_floats { float at[COUNT]; };
template <int COUNT, typename T> __device__ inline lane_floats<COUNT> lane_load(const T * p) {
    struct alignas(COUNT * sizeof(T) < 16 ? COUNT * sizeof(T) : 16) block { T at[COUNT]; };
    const block read = *(const block *)p;
    lane_floats<COUNT> result;
#pragma unroll
    for (int i = 0; i < COUNT; i++) result.at[i] = (float)read.at[i];
    return result;
}

// The sum over a block of LANE_THREADS threads, for all of them.
__device__ inline float lane_block_sum(float value, float * shared) {
    shared[threadIdx.x] = value;
    __syncthreads();
    for (int half = LANE_THREADS / 2; half > 0; half /= 2) {
        if ((int)threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
        __syncthreads();
    }
    const float sum = shared[0];
    __syncthreads();
    return sum;
}

// A token of a step's groups: its group, and its number there.
struct lane_place { int group, token; };
__device__ inline lane_place lane_find(const lane_device_step & step, int token) {
    int group = 0;
    while (token >= step.groups[group].token_count) token -= step.groups[group++].token_count;
    return {group, token};
}

// A block for each head of each token.
static __global__ void lane_norm_kernel(
    lane_device_step step, float * y, const float * x, const float * gain, int width, int heads)
{
    __shared__ float shared[LANE_THREADS];
    const lane_place place = lane_find(step, blockIdx.x / heads);
    const lane_device_group group = step.groups[place.group];
    const int head = blockIdx.x % heads;
    const long first = ((long)(group.first_column + place.token) * heads + head) * width;
    const long stride = (long)group.token_count * heads * width;
    const float * primal = x + first;
    float squares = 0;
    for (int i = threadIdx.x; i < width; i += LANE_THREADS) squares += primal[i] * primal[i];
    const float factor = 1 / sqrtf(lane_block_sum(squares, shared) / width + step.epsilon);
    for (int lane = 0; lane < group.lane_count; lane++) {
        const float * from = primal + lane * stride;
        float share = 0;  // The derivative removes from the tangent its share along the normed primal.
        if (lane > 0 && group.derivative) {
            float products = 0;
            for (int i = threadIdx.x; i < width; i += LANE_THREADS) products += primal[i] * from[i];
            share = lane_block_sum(products, shared) / width * factor * factor;
        }
        for (int i = threadIdx.x; i < width; i += LANE_THREADS)
            y[first + lane * stride + i] = (from[i] - share * primal[i]) * factor * (gain ? gain[i] : 1);
    }
}

// A thread for each neuron of each token.
static __global__ void lane_gated_product_kernel(
    lane_device_step step, float * y, const float * gates, const float * ups, int width, long count)
{
    const long index = (long)blockIdx.x * LANE_THREADS + threadIdx.x;
    if (index >= count) return;
    const lane_place place = lane_find(step, index / width);
    const lane_device_group group = step.groups[place.group];
    const long first = (long)(group.first_column + place.token) * width + index % width;
    const long stride = (long)group.token_count * width;
    const float linear = 1.5957691216f, cubic = 0.0713548162726f;  // `2 sqrt(2 / pi)`, and that times 0.044715.
    const float gate = gates[first], up = ups[first];
    const float argument = step.gelu ? gate * (cubic * gate * gate + linear) : gate;
    const float sigmoid = 1 / (1 + expf(-argument)), activated = gate * sigmoid;
    float slope = sigmoid;
    if (group.derivative)
        slope += (activated - activated * sigmoid) * (step.gelu ? 3 * cubic * gate * gate + linear : 1);
    y[first] = activated * up;
    for (long lane = 1, at = first + stride; lane < group.lane_count; lane++, at += stride)
        y[at] = group.gate_factor * slope * up * gates[at] + group.up_factor * activated * ups[at];
}

// The caches of a layer, of type T, and how many elements there are from a row, and a head, to the next.
template <typename T> struct lane_device_caches {
    T * keys[LANE_DEVICE_LANES], * values[LANE_DEVICE_LANES];
    long key_row, key_head, value_row, value_head;
};

// A block for each token, key head and lane.
template <typename T> static __global__ void lane_store_kernel(
    lane_device_caches<T> caches, const float * keys, const float * values, const int64_t * rows, int width, int tokens)
{
    const int token = blockIdx.x, head = blockIdx.y, heads = gridDim.y, lane = blockIdx.z;
    const long from = (((long)lane * tokens + token) * heads + head) * width, row = rows[token];
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        caches.keys[lane][row * caches.key_row + head * caches.key_head + i] = (T)keys[from + i];
        caches.values[lane][row * caches.value_row + head * caches.value_head + i] = (T)values[from + i];
    }
}

// A block for LANE_DEVICE_ROWS positions, a head and a token. First some threads share a position, then each has two elements of the
// values. What takes time is waiting for memory, so that many threads wait for little each.
template <typename T, int LANES> static __global__ void lane_attend_kernel(
    lane_device_step step, lane_device_caches<T> caches, float * partials, const float * queries, const float * mask,
    long mask_stride, int rows, int width, int heads_per_key)
{
    LANE_BLOCK_MEMORY(shared);
    float * const query = shared;                                        // [lanes][width]
    float * const weights = query + LANES * width;                       // [lanes][rows]: of the primal, and their changes
    float * const products = weights + LANES * LANE_DEVICE_ROWS;         // [lanes][threads]
    float * const sums = products + LANES * LANE_ATTENTION_THREADS;      // [slices][lanes][width]
    __shared__ float totals[LANE_ATTENTION_THREADS / 4][LANES];          // of a slice: weights, and changes of each tangent
    const int chunk = blockIdx.x, head = blockIdx.y, heads = gridDim.y, token = blockIdx.z, tokens = gridDim.z;
    const int thread = threadIdx.x, key_head = head / heads_per_key;
    const int first = chunk * LANE_DEVICE_ROWS, count = min(rows - first, LANE_DEVICE_ROWS);
    for (int i = thread; i < LANES * width; i += LANE_ATTENTION_THREADS)
        query[i] = queries[((long)(i / width * tokens + token) * heads + head) * width + i % width];
    __syncthreads();

    const int row = thread / LANE_ROW_THREADS;
    float product[LANES] = {0};
    if (row < count) {
        const long at = (first + row) * caches.key_row + key_head * caches.key_head;
#pragma unroll 4
        for (int i = thread % LANE_ROW_THREADS * 8; i < width; i += LANE_ROW_THREADS * 8) {
            const lane_floats<8> key = lane_load<8>(caches.keys[0] + at + i);
#pragma unroll
            for (int j = 0; j < 8; j++) product[0] += query[i + j] * key.at[j];
            if (step.score_factor == 0) continue;
#pragma unroll
            for (int lane = 1; lane < LANES; lane++) {
                const lane_floats<8> tangent = lane_load<8>(caches.keys[lane] + at + i);
#pragma unroll
                for (int j = 0; j < 8; j++)
                    product[lane] += query[lane * width + i + j] * key.at[j] + query[i + j] * tangent.at[j];
            }
        }
    }
    for (int lane = 0; lane < LANES; lane++) products[lane * LANE_ATTENTION_THREADS + thread] = product[lane];
    __syncthreads();
    float score = -INFINITY, changes[LANES] = {0};
    if (thread < LANE_DEVICE_ROWS) {
        if (thread < count) score = mask[token * mask_stride + first + thread];
        for (int lane = 0; lane < LANES; lane++)
            for (int i = 0; i < LANE_ROW_THREADS; i++)
                changes[lane] += step.scale * products[lane * LANE_ATTENTION_THREADS + thread * LANE_ROW_THREADS + i];
        score += changes[0];
        weights[thread] = score;
    }
    __syncthreads();
    float largest = -INFINITY;
#pragma unroll 16
    for (int i = 0; i < LANE_DEVICE_ROWS; i++) largest = fmaxf(largest, weights[i]);
    __syncthreads();
    if (thread < LANE_DEVICE_ROWS) {
        const float weight = score > -INFINITY ? expf(score - largest) : 0;
        weights[thread] = weight;
        for (int lane = 1; lane < LANES; lane++)
            weights[lane * LANE_DEVICE_ROWS + thread] = weight * changes[lane] * step.score_factor;
    }
    __syncthreads();

    // Threads with the same two elements take turns at the positions.
    const int pairs = width / 2, slices = LANE_ATTENTION_THREADS / pairs, slice = thread / pairs, element = thread % pairs * 2;
    float sum[LANES][2] = {{0}}, total[LANES] = {0};
    if (slice < slices) {
        const long at = first * caches.value_row + key_head * caches.value_head + element;
#pragma unroll 4
        for (int i = slice; i < count; i += slices) {
            const float own = weights[i];
            const lane_floats<2> value = lane_load<2>(caches.values[0] + at + i * caches.value_row);
            total[0] += own;
            for (int j = 0; j < 2; j++) sum[0][j] += own * value.at[j];
#pragma unroll
            for (int lane = 1; lane < LANES; lane++) {
                const float change = weights[lane * LANE_DEVICE_ROWS + i], kept = step.value_factor * own;
                const lane_floats<2> tangent = lane_load<2>(caches.values[lane] + at + i * caches.value_row);
                total[lane] += change;
                for (int j = 0; j < 2; j++) sum[lane][j] += change * value.at[j] + kept * tangent.at[j];
            }
        }
        for (int lane = 0; lane < LANES; lane++) {
            totals[slice][lane] = total[lane];  // The same for all elements.
            for (int j = 0; j < 2; j++) sums[(slice * LANES + lane) * width + element + j] = sum[lane][j];
        }
    }
    __syncthreads();
    const int size = lane_device_partial_size(width, LANES);
    float * const partial = partials + (((long)token * heads + head) * gridDim.x + chunk) * size;
    for (int i = thread; i < LANES * width; i += LANE_ATTENTION_THREADS) {
        float added = 0;
        for (int j = 0; j < slices; j++) added += sums[j * LANES * width + i];
        partial[1 + LANES + i] = added;
    }
    if (thread < LANES) {
        float added = 0;
        for (int j = 0; j < slices; j++) added += totals[j][thread];
        partial[1 + thread] = added;
    }
    if (thread == 0) partial[0] = largest;
}

// A block for each head and token, a thread for each element of the head.
static __global__ void lane_combine_kernel(
    float * y, const float * partials, const float * head_weights, int width, int chunks, int lanes)
{
    const int head = blockIdx.x, heads = gridDim.x, token = blockIdx.y, tokens = gridDim.y, i = threadIdx.x;
    const int size = lane_device_partial_size(width, lanes);
    const float * const own = partials + ((long)token * heads + head) * chunks * size;
    float largest = -INFINITY;
    for (int chunk = 0; chunk < chunks; chunk++) largest = fmaxf(largest, own[(long)chunk * size]);
    float sum[LANE_DEVICE_LANES] = {0}, total[LANE_DEVICE_LANES] = {0};
    for (int chunk = 0; chunk < chunks; chunk++) {
        const float * const partial = own + (long)chunk * size;
        if (partial[0] == -INFINITY) continue;
        const float factor = expf(partial[0] - largest);
        for (int lane = 0; lane < lanes; lane++) {
            sum[lane] += factor * partial[1 + lanes + lane * width + i];
            total[lane] += factor * partial[1 + lane];
        }
    }
    const float output = sum[0] / total[0];
    for (int lane = 0; lane < lanes; lane++) {
        float value = output;
        if (lane > 0) {
            value = (sum[lane] - total[lane] * output) / total[0];
            if (head_weights) value += head_weights[(lane - 1) * heads + head] * output;
        }
        y[(((long)lane * tokens + token) * heads + head) * width + i] = value;
    }
}
