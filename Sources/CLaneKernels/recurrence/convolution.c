// The short convolution before a delta net: channels are shared out among the parts.
#include <string.h>
#include "kernels.h"

// A part's channels, first ..< last.
static bool channels_of(struct lane_share share, long count, long * first, long * last) {
    const long size = ((count + share.part_count - 1) / share.part_count + 15) / 16 * 16;
    *first = share.part * size;
    *last = *first + size < count ? *first + size : count;
    return *first < *last;
}

// One output of the channels: `inputs` are the last `length` ones, NULL for zeros.
static void convolve(float * y, const float * const * inputs, const float * weights, long length, long first, long last) {
    memset(y + first, 0, 4 * (last - first));
    for (long i = 0; i < length; i++) {
        if (!inputs[i]) continue;
        for (long channel = first; channel < last; channel++) y[channel] += weights[channel * length + i] * inputs[i][channel];
    }
}

// Of a lane: `tokens` columns at x and y. `before` are the length - 1 inputs before them, and become `after`; either may be NULL.
static void convolve_lane(float * y, const float * x, long tokens, const float * before, float * after, const float * weights,
    long length, long channels, long first, long last)
{
    const float * inputs[LANE_CONVOLUTION_LIMIT];
    // Input `i`, counted from the first of `before`.
#define INPUT(i) ((i) >= length - 1 ? x + ((i) - (length - 1)) * channels : before ? before + (i) * channels : NULL)
    for (long token = 0; token < tokens; token++) {
        for (long i = 0; i < length; i++) inputs[i] = INPUT(token + i);
        convolve(y + token * channels, inputs, weights, length, first, last);
    }
    for (long i = 0; after && i < length - 1; i++) {
        const float * input = INPUT(tokens + i);
        if (input) memcpy(after + i * channels + first, input + first, 4 * (last - first));
        else memset(after + i * channels + first, 0, 4 * (last - first));
    }
#undef INPUT
}

void lane_convolution(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_convolution_parameters * p = parameters;
    const struct ggml_tensor * x = result->src[0], * weights = result->src[1];
    const long channels = x->ne[0], length = weights->ne[0];
    const float * input = x->data;
    float * output = result->data;
    long first, last;
    if (!channels_of(share, channels, &first, &last)) return;
    if (!p->batch) {
        convolve_lane(output, input, x->ne[2], NULL, NULL, weights->data, length, channels, first, last);
        return;
    }
    for (int i = 0; i < p->batch->count; i++) {
        const struct lane_sequence * sequence = p->batch->sequences + i;
        const struct lane_states states = sequence->layers[p->layer].states;
        for (int lane = 0; lane < states.lane_count; lane++) {
            float * after = lane_state(states, sequence->state_after, lane);
            if (lane >= sequence->lane_count) {
                for (long j = 0; j < length - 1; j++) memset(after + j * channels + first, 0, 4 * (last - first));
                continue;
            }
            const long column = sequence->first_column + (long)lane * sequence->lane_stride;
            convolve_lane(output + column * channels, input + column * channels, sequence->token_count,
                lane_state(states, sequence->state_before, lane), after, weights->data, length, channels, first, last);
        }
    }
}

void lane_convolution_back(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    (void)parameters;
    const struct ggml_tensor * adjoint = result->src[0], * weights = result->src[1];
    const long channels = adjoint->ne[0], tokens = adjoint->ne[2], length = weights->ne[0];
    long first, last;
    if (!channels_of(share, channels, &first, &last)) return;
    const float * w = weights->data;
    for (long lane = 0; lane < adjoint->ne[3]; lane++) {
        const float * from = (const float *)adjoint->data + lane * tokens * channels;
        float * to = (float *)result->data + lane * tokens * channels;
        for (long token = 0; token < tokens; token++) {
            float * y = to + token * channels;
            memset(y + first, 0, 4 * (last - first));
            // What a position put in came out there and at the length - 1 positions after it.
            for (long later = 0; later < length && token + later < tokens; later++) {
                const float * out = from + (token + later) * channels;
                for (long channel = first; channel < last; channel++) y[channel] += w[channel * length + length - 1 - later] * out[channel];
            }
        }
    }
}
