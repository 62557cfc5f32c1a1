// Norms, gates, and attention with its caches, of lanes with numbers at their ends.
#include <stdlib.h>
#include "CLaneKernels.h"
#include "ends.h"

enum { LANES = 3, THREADS = 3, TOKENS = 5, HEADS = 6, KEY_HEADS = 2, CAPACITY = 96 };

static float * numbers(long count, int kind) {
    float * x = malloc(count * sizeof *x);
    fill_with_ends(x, count, kind);
    return x;
}

static struct ggml_tensor tensor(void * data, long a, long b, long c, long d) {
    return (struct ggml_tensor){.type = GGML_TYPE_F32, .data = data, .ne = {a, b, c, d},
        .nb = {4, 4 * a, 4 * a * b, 4 * a * b * c}};
}

static long run(ggml_custom_op_t operation, struct ggml_tensor * result, void * parameters) {
    for (int thread = 0; thread < THREADS; thread++) operation(result, thread, THREADS, parameters);
    return 1;
}

static long norms_and_gates(long width, int kind) {
    long count = 0;
    float * x = numbers(width * TOKENS * LANES, kind), * z = numbers(width * TOKENS * LANES, (kind + 5) % END_KINDS);
    float * y = malloc(width * TOKENS * LANES * sizeof *y);
    struct ggml_tensor first = tensor(x, width, 1, TOKENS, LANES), second = tensor(z, width, 1, TOKENS, LANES);
    struct ggml_tensor gain = tensor(z, width, 1, 1, 1), result = tensor(y, width, 1, TOKENS, LANES);
    for (int derivative = 0; derivative < 2; derivative++) {
        struct lane_norm_parameters norm = {1e-6f, derivative};
        result.src[0] = &first, result.src[1] = &gain;
        count += run(lane_norm, &result, &norm);
        for (int activation = LANE_SILU; activation <= LANE_GELU_TANH; activation++) {
            struct lane_gated_product_parameters gate = {activation, derivative, 0.5f, 0.5f};
            result.src[1] = &second;
            count += run(lane_gated_product, &result, &gate);
        }
    }
    free(x), free(z), free(y);
    return count;
}

static struct ggml_tensor cache(enum ggml_type type, long width) {
    const size_t size = ggml_type_size(type);
    struct ggml_tensor c = tensor(calloc(width * CAPACITY * KEY_HEADS, size), width, CAPACITY, KEY_HEADS, 1);
    c.type = type;
    c.nb[0] = size, c.nb[1] = width * size, c.nb[2] = c.nb[1] * CAPACITY, c.nb[3] = c.nb[2] * KEY_HEADS;
    return c;
}

// New tokens are stored at the end of what is there already, of all kinds of numbers, and attend.
static long attention(enum ggml_type type, long width, int kind, struct lane_attention_parameters parameters) {
    struct ggml_tensor caches[2 * LANES];
    for (int lane = 0; lane < LANES; lane++) {
        caches[lane] = cache(type, width), caches[LANES + lane] = cache(type, width);
        parameters.caches.keys[lane] = &caches[lane], parameters.caches.values[lane] = &caches[LANES + lane];
    }
    const size_t size = THREADS * lane_attention_scratch_count((int)width, LANES) * sizeof(float);
    parameters.scratch = aligned_alloc(64, (size + 63) / 64 * 64);
    parameters.thread_limit = THREADS, parameters.key_value_heads = KEY_HEADS;
    float * queries = numbers(width * HEADS * TOKENS * LANES, kind), * y = malloc(width * HEADS * TOKENS * LANES * sizeof *y);
    float * keys = numbers(width * KEY_HEADS * TOKENS * LANES, (kind + 3) % END_KINDS);
    float * weights = numbers(HEADS * (LANES - 1), (kind + 7) % END_KINDS), * sinks = numbers(HEADS, (kind + 1) % END_KINDS);
    struct ggml_tensor sink = tensor(sinks, HEADS, 1, 1, 1);
    if (parameters.sinks) parameters.sinks = &sink;
    int32_t positions[TOKENS];
    long count = 0;
    for (int start = 0; start + TOKENS <= 70; start += 35) {
        for (int t = 0; t < TOKENS; t++) positions[t] = start + t;
        struct ggml_tensor new = tensor(keys, width, KEY_HEADS, TOKENS, LANES), place = tensor(positions, TOKENS, 1, 1, 1);
        struct ggml_tensor stored = {.src = {&new, &new, &place}};
        place.type = GGML_TYPE_I32;
        count += run(lane_store, &stored, &parameters.caches);
        struct ggml_tensor query = tensor(queries, width, HEADS, TOKENS, LANES), head = tensor(weights, 1, 1, HEADS, LANES - 1);
        struct ggml_tensor result = tensor(y, width, HEADS, TOKENS, LANES);
        result.src[0] = &query, result.src[1] = &place, result.src[2] = &stored, result.src[3] = start ? &head : NULL;
        count += run(lane_attention, &result, &parameters);
    }
    for (int i = 0; i < 2 * LANES; i++) free(caches[i].data);
    free(parameters.scratch), free(queries), free(y), free(keys), free(weights), free(sinks);
    return count;
}

long lanes_at_ends(void) {
    static const enum ggml_type types[] = {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16};
    static const long widths[] = {20, 64, 128};
    static const struct ggml_tensor wanted;  // Sinks of the kind's own numbers.
    static const struct lane_attention_parameters parameters[] = {
        {.scale = 0.3f, .score_factor = 0.25f, .value_factor = 0.5f},
        {.scale = 1e30f, .score_factor = 0, .value_factor = 1, .window = 3},
        {.scale = 0.3f, .score_factor = 1, .value_factor = 1, .softcap = 50, .sinks = &wanted},
        {.scale = 1e-30f, .score_factor = 0.5f, .value_factor = 0.5f, .softcap = 30, .softcap_derivative = true, .window = 40},
    };
    long count = 0;
    for (int kind = 0; kind < END_KINDS; kind++)
        for (int w = 0; w < 3; w++) {
            count += norms_and_gates(widths[w] + kind % 2, kind);
            for (int t = 0; t < 3; t++)
                for (size_t p = 0; p < sizeof parameters / sizeof *parameters; p++)
                    count += attention(types[t], widths[w], kind, parameters[p]);
        }
    return count;
}
