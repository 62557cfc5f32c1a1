// Elementwise operations, and attention with what comes before and after it, of lanes with numbers at their ends.
#include <stdlib.h>
#include "CLaneKernels.h"
#include "ends.h"

enum { LANES = 3, PARTS = 3, HEADS = 6, KEY_HEADS = 2, CAPACITY = 96, FEW_TOKENS = 5, FEATURES = 2 };

static float * numbers(long count, int kind) {
    float * x = malloc(count * sizeof *x);
    fill_with_ends(x, count, kind % END_KINDS);
    return x;
}

static struct ggml_tensor tensor(void * data, long a, long b, long c) {
    return (struct ggml_tensor){.type = GGML_TYPE_F32, .data = data, .ne = {a, b, c, 1}};
}

static long run(lane_function * operation, struct ggml_tensor * result, void * parameters) {
    struct lane_step step = {operation, result, parameters, PARTS, PARTS};
    for (int thread = 0; thread < PARTS; thread++) lane_step_run(result, thread, PARTS, &step);
    return 1;
}

static long elementwise(long width, int kind) {
    static const struct lane_group groups[] = {{FEW_TOKENS, LANES}, {2, 1}};
    const long columns = FEW_TOKENS * LANES + 2;
    float * x = numbers(width * columns, kind), * z = numbers(width * columns, kind + 5), * y = malloc(width * columns * sizeof *y);
    struct ggml_tensor first = tensor(x, width, 1, columns), second = tensor(z, width, 1, columns);
    struct ggml_tensor result = tensor(y, width, 1, columns);
    result.src[0] = &first, result.src[1] = &second;
    long count = run(lane_softmax, &result, NULL) + run(lane_sum, &result, NULL) + run(lane_rotation_units, &result, NULL);
    for (int derivative = 0; derivative < 2; derivative++) {
        const struct lane_norm_parameters norms[] = {{1e-6f, derivative}, {0, derivative}};
        count += run(lane_norm, &result, &(struct lane_norms){2, groups, norms});
        for (int activation = LANE_SILU; activation <= LANE_GELU_TANH; activation++) {
            const struct lane_gated_product_parameters gates[] = {{activation, derivative, 0.5f, 0.5f}, {activation, derivative, 1, 1}};
            count += run(lane_gated_product, &result, &(struct lane_gated_products){2, groups, gates});
        }
    }
    free(x), free(z), free(y);
    return count;
}

static struct ggml_tensor cache(enum ggml_type type, long width, int kind) {
    struct ggml_tensor c = tensor(NULL, width, CAPACITY, KEY_HEADS);
    c.type = type;
    c.nb[0] = ggml_type_size(type), c.nb[1] = ggml_row_size(type, width), c.nb[2] = c.nb[1] * CAPACITY, c.nb[3] = c.nb[2] * KEY_HEADS;
    c.data = malloc(c.nb[3]);
    fill_with_words(c.data, (long)c.nb[3], kind);
    return c;
}

// What layers and lanes differ in.
struct setting {
    float scale, softcap, score_factor, value_factor;
    int window;
    bool softcap_derivative, has_sinks, has_gains, halves;
};

// New tokens are stored behind and among what is cached already, and attend; what their regions hold is added to the tangents. One
// sequence has `token_count` tokens in several lanes, the other a few in one lane, of which the last attends.
static long attention_at(struct lane_team * team, struct lane_layer * layers, long width, int kind, int start, int token_count,
    const struct setting * s) {
    const long lane_columns = LANES * token_count, columns = lane_columns + FEW_TOKENS, query_columns = lane_columns + 1;
    const long size = width * HEADS, turned = s->halves ? width : width / 2;
    float * x = numbers(size * columns, kind), * z = numbers(size * columns, kind + 3);
    float * y[4];
    for (int i = 0; i < 4; i++) y[i] = malloc(size * query_columns * sizeof *y[i]);
    layers[0].head_weights = x, layers[0].neuron_weights = z;
    layers[0].features = (struct lane_features){z + 1, x + 2, x, z, x + 1, FEATURES};

    struct lane_sequence sequences[] = {
        {.start = start, .token_count = token_count, .query_count = token_count, .lane_count = LANES, .lane_stride = token_count,
            .query_lane_stride = token_count, .layers = &layers[0]},
        {.start = start, .token_count = FEW_TOKENS, .query_count = 1, .lane_count = 1, .first_column = (int)lane_columns,
            .lane_stride = FEW_TOKENS, .first_query_column = (int)lane_columns, .query_lane_stride = 1, .layers = &layers[1]},
    };
    for (int i = 0; i < 2; i++) {
        sequences[i].softcap_derivative = s->softcap_derivative;
        sequences[i].score_factor = s->score_factor, sequences[i].value_factor = s->value_factor;
    }
    const struct lane_batch batch = {2, sequences};
    const struct lane_group groups[] = {{token_count, LANES}, {FEW_TOKENS, 1}}, query_groups[] = {{token_count, LANES}, {1, 1}};
    const struct lane_norm_parameters norms[] = {{1e-6f, true}, {0, false}};
    const struct ggml_tensor gain = tensor(z, width, 1, 1), sinks = tensor(x, HEADS, 1, 1);

    struct ggml_tensor queries = tensor(x, width, HEADS, query_columns), keys = tensor(z, width, KEY_HEADS, columns);
    struct ggml_tensor values = tensor(x + 1, width, KEY_HEADS, columns);
    struct ggml_tensor query_turns = tensor(z, turned, 1, query_columns), key_turns = tensor(x, turned, 1, columns);
    struct ggml_tensor stored = {.src = {&keys, &values}}, results[4];
    for (int i = 0; i < 4; i++) {
        results[i] = tensor(y[i], width, HEADS, query_columns);
        if (i > 0) results[i].src[0] = &results[i - 1];
    }
    struct ggml_tensor * const sources[] = {&queries, &keys, &values, &query_turns, &key_turns};
    for (int i = 0; i < 5; i++) results[0].src[i] = sources[i];

    struct lane_store_parameters store = {&batch, 0};
    struct lane_place_parameters place = {&batch, 0, s->has_gains ? &gain : NULL, s->has_gains ? &gain : NULL, {2, query_groups, norms},
        {2, groups, norms}, s->halves};
    const size_t scratch_size = PARTS * lane_attention_scratch_count((int)width, LANES) * sizeof(float);
    struct lane_attention_parameters attention = {&batch, 0, KEY_HEADS, s->window, s->scale, s->softcap, s->has_sinks ? &sinks : NULL,
        aligned_alloc(64, (scratch_size + 63) / 64 * 64), PARTS, LANES};
    struct lane_region_parameters neurons = {&batch, 0, false}, features = {&batch, 0, true};
    const struct lane_step steps[] = {
        {lane_store, &stored, &store, PARTS, PARTS}, {lane_place, &results[0], &place, PARTS, PARTS},
        {lane_attention, &results[1], &attention, PARTS, PARTS}, {lane_region, &results[2], &neurons, PARTS, PARTS},
        {lane_region, &results[3], &features, PARTS, PARTS},
    };
    const long count = sizeof steps / sizeof *steps;
    lane_team_run(team, steps, count);
    lane_team_forget(team, steps);
    for (int i = 0; i < 4; i++) free(y[i]);
    free(attention.scratch), free(x), free(z);
    return count;
}

static long attention(struct lane_team * team, enum ggml_type key_type, enum ggml_type value_type, long width, int kind,
    const struct setting * setting) {
    struct ggml_tensor keys[LANES + 1], values[LANES + 1];
    struct lane_layer layers[2] = {0};
    for (int i = 0; i <= LANES; i++) {
        keys[i] = cache(key_type, width, kind), values[i] = cache(value_type, width, kind);
        struct lane_caches * caches = &layers[i / LANES].caches;
        caches->keys[i % LANES] = &keys[i], caches->values[i % LANES] = &values[i];
    }
    // Few rows; as many as make wide blocks; and such as go on where the cache begins.
    long count = attention_at(team, layers, width, kind, 0, FEW_TOKENS, setting);
    count += attention_at(team, layers, width, kind, 40, 20, setting);
    count += attention_at(team, layers, width, kind, CAPACITY - 7, 20, setting);
    for (int i = 0; i <= LANES; i++) free(keys[i].data), free(values[i].data);
    return count;
}

long lanes_at_ends(void) {
    static const enum ggml_type types[] = {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0};
    enum { TYPES = sizeof types / sizeof *types };
    static const long widths[] = {20, 64, 128};
    static const struct setting settings[] = {
        {.scale = 0.3f, .score_factor = 0.25f, .value_factor = 0.5f, .has_gains = true},
        {.scale = 1e30f, .score_factor = 0, .value_factor = 1, .window = 3, .halves = true},
        {.scale = 0.3f, .score_factor = 1, .value_factor = 1, .softcap = 50, .has_sinks = true, .halves = true, .has_gains = true},
        {.scale = 1e-30f, .score_factor = 0.5f, .value_factor = 1e-30f, .softcap = 30, .softcap_derivative = true, .window = 40},
    };
    struct lane_team * team = lane_team_new(PARTS);
    if (!team) return 0;
    long count = 0;
    for (int kind = 0; kind < END_KINDS; kind++) {
        for (int w = 0; w < 3; w++) count += elementwise(widths[w] + kind % 2, kind);
        for (int t = 0; t < TYPES; t++)
            for (int i = 0; i < (int)(sizeof settings / sizeof *settings); i++) {
                const enum ggml_type keys = types[t], values = types[(t + kind % 2) % TYPES];
                long width = widths[(kind + t + i) % 3];
                if (ggml_is_quantized(keys) || ggml_is_quantized(values)) width = (width + 31) / 32 * 32;
                count += attention(team, keys, values, width, kind, &settings[i]);
            }
    }
    lane_team_free(team);
    return count;
}
