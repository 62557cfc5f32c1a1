// Norms, gates and attention of all lanes beside plain loops in double precision.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "CLaneKernels.h"
#include "check.h"

enum { LANES = 3, PARTS = 3 };

static const struct lane_group group_of_one = {1, LANES};

static float * numbers(long count) {
    float * x = malloc(count * sizeof(float));
    fill(x, count);
    return x;
}
static struct ggml_tensor tensor(void * data, long a, long b, long c, long d) {
    return (struct ggml_tensor){.type = GGML_TYPE_F32, .data = data, .ne = {a, b, c, d}};
}
static void run(lane_function * operation, struct ggml_tensor * result, void * parameters) {
    for (int i = 0; i < PARTS; i++) operation(result, (struct lane_share){i, PARTS, 0, i > 0}, parameters);
}
static double larger_error(double error, float ours, double expected) {
    return isnan(ours) ? INFINITY : fmax(error, fabs(ours - expected) / (1 + fabs(expected)));
}

static void check_norm(const char * processor) {
    static const long widths[] = {1, 7, 64, 100, 2048};
    double error = 0;
    for (int w = 0; w < 5; w++) {
        long width = widths[w];
        float * x = numbers(width * LANES), * gain = numbers(width), * y = numbers(width * LANES);
        struct ggml_tensor sources[2] = {tensor(x, width, 1, LANES, 1), tensor(gain, width, 1, 1, 1)};
        struct ggml_tensor result = {.data = y, .src = {&sources[0], &sources[1]}};
        struct lane_norm_parameters parameters = {1e-5f, true};
        run(lane_norm, &result, &(struct lane_norms){1, &group_of_one, &parameters});
        double square = 0;
        for (long i = 0; i < width; i++) square += (double)x[i] * x[i] / width;
        double factor = 1 / sqrt(square + 1e-5);
        for (int lane = 0; lane < LANES; lane++) {
            double share = 0;
            for (long i = 0; i < width && lane > 0; i++) share += (double)x[i] * x[lane * width + i] / width * factor * factor;
            for (long i = 0; i < width; i++)
                error = larger_error(error, y[lane * width + i], (x[lane * width + i] - share * x[i]) * factor * gain[i]);
        }
        free(x), free(gain), free(y);
    }
    char group[96];
    snprintf(group, sizeof group, "%s: norms", processor);
    report(group, 5, error, 1e-5);
}

static void check_gates(const char * processor) {
    enum { WIDTH = 203 };
    double error = 0;
    for (int gelu = 0; gelu < 2; gelu++) {
        float * gate = numbers(WIDTH * LANES), * up = numbers(WIDTH * LANES), * y = numbers(WIDTH * LANES);
        for (int i = 0; i < WIDTH * LANES; i++) gate[i] *= 6;
        struct ggml_tensor sources[2] = {tensor(gate, WIDTH, 1, LANES, 1), tensor(up, WIDTH, 1, LANES, 1)};
        struct ggml_tensor result = {.data = y, .src = {&sources[0], &sources[1]}};
        struct lane_gated_product_parameters parameters = {gelu ? LANE_GELU_TANH : LANE_SILU, false, 0.5f, 0.5f};
        run(lane_gated_product, &result, &(struct lane_gated_products){1, &group_of_one, &parameters});
        for (int i = 0; i < WIDTH * LANES; i++) {
            double g = gate[i % WIDTH], u = up[i % WIDTH];
            double sigmoid = 1 / (1 + exp(gelu ? -g * (1.5957691216 + 0.0713548162726 * g * g) : -g));
            error = larger_error(error, y[i], i < WIDTH ? g * sigmoid * u : sigmoid * (gate[i] * u + g * up[i]) / 2);
        }
        free(gate), free(up), free(y);
    }
    char group[96];
    snprintf(group, sizeof group, "%s: gates", processor);
    report(group, 2, error, 1e-5);
}

// ---- Attention: one token at position POSITIONS - 1 ----

enum { HEADS = 6, KEY_HEADS = 2, POSITIONS = 77, CAPACITY = 96 };
static const float scale = 0.3f, score_factor = 0.25f, value_factor = 0.5f;

// A cache of some type, and beside it what it holds.
struct cache { struct ggml_tensor stored; float * values; };
static struct cache cache(enum ggml_type type, long width) {
    long count = width * CAPACITY * KEY_HEADS, size = (long)ggml_type_size(type);
    struct cache c = {tensor(malloc(count * size), width, CAPACITY, KEY_HEADS, 1), numbers(count)};
    c.stored.type = type;
    c.stored.nb[1] = width * size;
    c.stored.nb[2] = width * size * CAPACITY;
    ggml_quantize_chunk(type, c.values, c.stored.data, 0, CAPACITY * KEY_HEADS, width, NULL);
    if (type != GGML_TYPE_F32) ggml_get_type_traits(type)->to_float(c.stored.data, c.values, count);
    return c;
}
static const float * row(struct cache c, int head, int position) {
    return c.values + (head / (HEADS / KEY_HEADS) * CAPACITY + position) * c.stored.ne[0];
}
static double dot(const float * a, const float * b, long width) {
    double sum = 0;
    for (long i = 0; i < width; i++) sum += (double)a[i] * b[i];
    return sum;
}

static double attention_error(const float * y, const float * queries, const struct cache * keys, const struct cache * values,
    int head) {
    long width = keys[0].stored.ne[0];
    double weights[POSITIONS], total = 0, error = 0;
    const float * query = queries + head * width;
    for (int p = 0; p < POSITIONS; p++) total += weights[p] = exp(scale * dot(query, row(keys[0], head, p), width));
    for (int lane = 0; lane < LANES; lane++) {
        double tangents[POSITIONS], mean = 0;
        for (int p = 0; p < POSITIONS; p++) {
            tangents[p] = score_factor * scale * (dot(query + lane * HEADS * width, row(keys[0], head, p), width)
                + dot(query, row(keys[lane], head, p), width));
            mean += weights[p] / total * tangents[p];
        }
        for (long i = 0; i < width; i++) {
            double expected = 0;
            for (int p = 0; p < POSITIONS; p++) {
                double own = row(values[lane], head, p)[i], primal = row(values[0], head, p)[i];
                expected += weights[p] / total * (lane == 0 ? own : value_factor * own + (tangents[p] - mean) * primal);
            }
            error = larger_error(error, y[(lane * HEADS + head) * width + i], expected);
        }
    }
    return error;
}

static void check_attention(const char * processor, enum ggml_type type) {
    static const long widths[] = {20, 64, 128};
    double error = 0;
    for (int w = 0; w < 3; w++) {
        long width = widths[w];
        struct cache keys[LANES], values[LANES];
        struct lane_layer layer = {0};
        struct lane_sequence sequence = {.start = POSITIONS - 1, .token_count = 1, .query_count = 1, .lane_count = LANES,
            .lane_stride = 1, .query_lane_stride = 1, .score_factor = score_factor, .value_factor = value_factor, .layers = &layer};
        const struct lane_batch batch = {1, &sequence};
        struct lane_attention_parameters parameters = {.batch = &batch, .key_value_heads = KEY_HEADS, .scale = scale,
            .thread_count = PARTS, .lane_limit = LANES};
        for (int lane = 0; lane < LANES; lane++) {
            keys[lane] = cache(type, width), values[lane] = cache(type, width);
            layer.caches.keys[lane] = &keys[lane].stored;
            layer.caches.values[lane] = &values[lane].stored;
        }
        size_t size = PARTS * lane_attention_scratch_count((int)width, LANES) * sizeof(float);
        parameters.scratch = aligned_alloc(64, (size + 63) / 64 * 64);
        float * queries = numbers(width * HEADS * LANES), * y = numbers(width * HEADS * LANES);
        struct ggml_tensor source = tensor(queries, width, HEADS, LANES, 1), result = {.data = y, .src = {&source}};
        run(lane_attention, &result, &parameters);
        for (int head = 0; head < HEADS; head++) error = fmax(error, attention_error(y, queries, keys, values, head));
        for (int lane = 0; lane < LANES; lane++) {
            free(keys[lane].stored.data), free(values[lane].stored.data);
            free(keys[lane].values), free(values[lane].values);
        }
        free(queries), free(y), free(parameters.scratch);
    }
    char group[96];
    snprintf(group, sizeof group, "%s: attention over %s", processor, ggml_type_name(type));
    report(group, 3, error, 2e-5);
}

void check_lanes(const char * processor) {
    check_norm(processor);
    check_gates(processor);
    check_attention(processor, GGML_TYPE_F32);
    check_attention(processor, GGML_TYPE_F16);
    check_attention(processor, GGML_TYPE_BF16);
}
