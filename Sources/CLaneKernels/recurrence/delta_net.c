// The gated delta net: heads are shared out among the parts, whose states don't know of each other.
#include <math.h>
#include <string.h>
#include "kernels.h"

// What a head is told at a position.
struct gates { float decay, step; };
static struct gates gates_at(const struct lane_delta_net_parameters * p, const struct ggml_tensor * result, long column, long head) {
    const float decay = ((const float *)result->src[1]->data)[column * p->value_heads + head] + ((const float *)p->decay_bias->data)[head];
    const float step = ((const float *)result->src[2]->data)[column * p->value_heads + head];
    const float softplus = decay > 20 ? decay : log1pf(expf(decay));
    return (struct gates){expf(((const float *)p->decay_rate->data)[head] * softplus), 1 / (1 + expf(-step))};
}

// y = factor * x / |x|.
static void scale_to_length(float * y, const float * x, long width, float factor, float epsilon) {
    double squares = 0;
    for (long i = 0; i < width; i++) squares += (double)x[i] * x[i];
    const float length = sqrt(squares), scale = factor / (length > epsilon ? length : epsilon);
    for (long i = 0; i < width; i++) y[i] = x[i] * scale;
}

// Query and key of a head at a column of primals.
static void read_keys(float * query, float * key, const struct lane_delta_net_parameters * p, const float * column, long head) {
    const long key_head = p->repeats ? head % p->key_heads : head / (p->value_heads / p->key_heads);
    scale_to_length(query, column + key_head * p->width, p->width, 1 / sqrtf(p->width), p->epsilon);
    scale_to_length(key, column + (p->key_heads + key_head) * p->width, p->width, 1, p->epsilon);
}

// Query, key, what changes the state; and a state.
size_t lane_delta_net_scratch_count(int width) { return (size_t)width * (width + 3); }

// A lane's next position. `state` has a row for each element of keys.
static void next(float * y, float * state, const float * query, const float * key, const float * value, float * change, struct gates gates,
    long width)
{
    const struct lane_kernels * kernels = lane_kernels();
    kernels->rank_one(state, gates.decay, NULL, NULL, key, change, width, width);
    for (long j = 0; j < width; j++) change[j] = gates.step * (value[j] - change[j]);
    kernels->rank_one(state, 1, key, change, query, y, width, width);
}

// Where the columns of a head's lanes are, and its states after them, one lane's `state_stride` behind the other's.
struct head_lanes {
    long first_column, lane_stride, token_count;
    int count;
    float * states;
    long state_stride;
    const float * region;  // what of the primal's outputs tangents get, a weight for each of them; or NULL
    long region_stride;
};

static void evaluate(struct ggml_tensor * result, const struct lane_delta_net_parameters * p, struct head_lanes lanes, long head,
    float * scratch)
{
    const long width = p->width, channels = (2L * p->key_heads + p->value_heads) * width, outputs = p->value_heads * width;
    float * query = scratch, * key = scratch + width, * change = scratch + 2 * width;
    const float * input = result->src[0]->data;
    float * output = (float *)result->data + head * width;
    for (long token = 0; token < lanes.token_count; token++) {
        const long primal = lanes.first_column + token;
        const struct gates gates = gates_at(p, result, primal, head);
        read_keys(query, key, p, input + primal * channels, head);
        for (int lane = 0; lane < lanes.count; lane++) {
            const long column = primal + lane * lanes.lane_stride;
            float * y = output + column * outputs;
            next(y, lanes.states + lane * lanes.state_stride, query, key, input + column * channels + (2L * p->key_heads + head) * width,
                change, gates, width);
            if (lane == 0 || !lanes.region) continue;
            const float weight = lanes.region[(lane - 1) * lanes.region_stride];
            for (long j = 0; j < width; j++) y[j] += weight * output[primal * outputs + j];
        }
    }
}

static void evaluate_sequence(struct ggml_tensor * result, const struct lane_delta_net_parameters * p,
    const struct lane_sequence * sequence, long head, float * scratch)
{
    const struct lane_layer * layer = sequence->layers + p->layer;
    const struct lane_states states = layer->states;
    const long size = (long)p->width * p->width, place = states.convolution_size + head * size;
    for (int lane = 0; lane < states.lane_count; lane++) {
        float * after = lane_state(states, sequence->state_after, lane) + place;
        const float * before = lane_state(states, sequence->state_before, lane);
        if (before && lane < sequence->lane_count) memcpy(after, before + place, 4 * size);
        else memset(after, 0, 4 * size);
    }
    const struct head_lanes lanes = {
        sequence->first_column, sequence->lane_stride, sequence->token_count, sequence->lane_count,
        lane_state(states, sequence->state_after, 0) + place, states.size,
        layer->head_weights ? layer->head_weights + head : NULL, p->value_heads,
    };
    evaluate(result, p, lanes, head, scratch);
}

void lane_delta_net(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_delta_net_parameters * p = parameters;
    float * scratch = p->scratch + share.thread * lane_delta_net_scratch_count(p->width);
    for (long head = share.part; head < p->value_heads; head += share.part_count) {
        for (int i = 0; p->batch && i < p->batch->count; i++) evaluate_sequence(result, p, p->batch->sequences + i, head, scratch);
        if (p->batch) continue;
        float * state = scratch + 3 * p->width;
        memset(state, 0, 4L * p->width * p->width);
        const struct head_lanes primal = {.token_count = result->src[0]->ne[2], .count = 1, .states = state};
        evaluate(result, p, primal, head, scratch);
    }
}

// The adjoint of a state, behind position t, is q o' and what the next position makes of its own: a (I - b k k') times that.
void lane_delta_net_back(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_delta_net_parameters * p = parameters;
    const struct lane_kernels * kernels = lane_kernels();
    const long width = p->width, channels = (2L * p->key_heads + p->value_heads) * width, outputs = p->value_heads * width;
    const long tokens = result->src[0]->ne[2];
    float * scratch = p->scratch + share.thread * lane_delta_net_scratch_count(p->width);
    float * query = scratch, * key = scratch + width, * sums = scratch + 2 * width, * state = scratch + 3 * width;
    for (long part = share.part; part < p->value_heads * p->lane_count; part += share.part_count) {
        const long head = part % p->value_heads, lane = part / p->value_heads;
        memset(state, 0, 4 * width * width);
        for (long token = tokens - 1; token >= 0; token--) {
            const long place = (lane * tokens + token) * outputs + head * width;
            const struct gates gates = gates_at(p, result, token, head);
            read_keys(query, key, p, (const float *)result->src[0]->data + token * channels, head);
            kernels->rank_one(state, 1, query, (const float *)result->src[3]->data + place, key, sums, width, width);
            float * value = (float *)result->data + place;
            for (long j = 0; j < width; j++) value[j] = gates.step * sums[j];
            for (long i = 0; i < width; i++) key[i] *= -gates.decay * gates.step;
            kernels->rank_one(state, gates.decay, key, sums, NULL, NULL, width, width);
        }
    }
}
