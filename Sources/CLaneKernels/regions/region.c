// Where regions begin inside the model: what they hold of the primal is added to their tangents. And what is added to the primal there.
#include "kernels.h"

#include <string.h>

// y += weight * x, element by element.
static void add_neurons(float * y, const float * x, const float * weights, long width) {
    for (long i = 0; i < width; i++) y[i] += weights[i] * x[i];
}

// y += weight * activation * decoder for each feature of x + addition.
static void add_features(float * y, const float * x, const struct lane_layer * layer, const float * weights, long width) {
    const struct lane_features * features = &layer->features;
    for (int f = 0; f < features->count; f++) {
        if (weights[f] == 0) continue;
        const float * encoder = features->encoders + f * width, * decoder = features->decoders + f * width;
        double product = 0;
        for (long i = 0; i < width; i++) product += (double)encoder[i] * (layer->addition ? x[i] + layer->addition[i] : x[i]);
        const float activation = (float)product + features->biases[f];
        if (!(activation > features->thresholds[f])) continue;
        for (long i = 0; i < width; i++) y[i] += weights[f] * activation * decoder[i];
    }
}

void lane_region(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_region_parameters * p = parameters;
    const struct ggml_tensor * x = result->src[0];
    const long width = x->ne[0] * x->ne[1];
    const float * input = x->data;
    float * output = result->data;
    for (int index = 0; index < p->batch->count; index++) {
        const struct lane_sequence * sequence = p->batch->sequences + index;
        const struct lane_layer * layer = sequence->layers + p->layer;
        for (int lane = 0; lane < sequence->lane_count; lane++) {
            for (int token = 0; token < sequence->query_count; token++) {
                const long primal = sequence->first_query_column + token;
                const long column = primal + (long)lane * sequence->query_lane_stride;
                if (column % share.part_count != share.part) continue;
                float * y = output + column * width;
                memcpy(y, input + column * width, width * sizeof(float));
                if (lane == 0) {
                    if (p->residual_stream && layer->addition)
                        for (long i = 0; i < width; i++) y[i] += layer->addition[i];
                    continue;
                }
                if (p->residual_stream) {
                    if (layer->features.count > 0)
                        add_features(
                            y, input + primal * width, layer, layer->features.weights + (lane - 1) * layer->features.count, width);
                } else if (layer->neuron_weights) {
                    add_neurons(y, input + primal * width, layer->neuron_weights + (lane - 1) * width, width);
                }
            }
        }
    }
}
