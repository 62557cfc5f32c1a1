// Layers that keep a state in place of keys and values: a short convolution and a gated delta net (arXiv 2412.06464) on its result.
// Included by CLaneKernels.h.
//
// With its keys, queries, decays and steps as constants a delta net is linear in its values, so that a tangent is a state of its own
// under the same recurrence. Adjoints go through it from the last position to the first.
#pragma once

// A convolution over each channel's last `length` inputs, the newest last. Sources: x [channels, 1, columns]; weights [length, channels].
// Its states are a sequence's last length - 1 inputs of each lane; without a batch, the columns are one sequence from its beginning.
enum { LANE_CONVOLUTION_LIMIT = 8 };  // the greatest length
struct lane_convolution_parameters {
    const struct lane_batch * batch;  // or NULL
    int layer;
};
void lane_convolution(struct ggml_tensor * result, struct lane_share share, void * parameters);
// Its way back. Sources: adjoints [channels, 1, tokens, lanes]; weights. No parameters.
void lane_convolution_back(struct ggml_tensor * result, struct lane_share share, void * parameters);

// For each head a state S [keyWidth, valueWidth], both `width`, which at each position becomes a S (I - b k k') + b v k', and the output
// S q. `k` and `q` have length 1, `q` times 1 / sqrt(width); a = exp(rate * softplus(decay + bias)), b = sigmoid(step). Sources: queries and
// keys of all key heads and values of all value heads, one after the other [channels, 1, columns]; decays and steps [valueHeads, 1,
// columns]. The result is [width * valueHeads, 1, columns]; regions may begin at it.
struct lane_delta_net_parameters {
    const struct lane_batch * batch;  // NULL: the columns are one sequence from its beginning
    int layer;
    int width, key_heads, value_heads;
    bool repeats;  // value head h reads key head h % key_heads; else neighbours share one
    float epsilon;  // the least length of a key or query that is divided by
    const struct ggml_tensor * decay_rate, * decay_bias;  // [valueHeads]
    int lane_count;  // of adjoints
    float * scratch;  // lane_delta_net_scratch_count() floats a thread
};
size_t lane_delta_net_scratch_count(int width);
void lane_delta_net(struct ggml_tensor * result, struct lane_share share, void * parameters);
// Its way back to the values. Sources: those of the delta net; adjoints [width * valueHeads, 1, tokens, lanes]. The result is
// [width * valueHeads, 1, tokens, lanes].
void lane_delta_net_back(struct ggml_tensor * result, struct lane_share share, void * parameters);
