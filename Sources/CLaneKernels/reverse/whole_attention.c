// Causal attention of all positions of a sequence to each other, and its way back, in blocks of queries and keys.
//
// With weights P = exp(S - L), where L is the logarithm of the sum of exp(S) of a query, outputs O = P V, adjoints G of these and
// D = <G, O> of each query (as in FlashAttention, Dao et al., arXiv 2205.14135):
//     to values P^T G,   to scores dS = P (G V^T - D),   to queries dS K,   to keys dS^T Q
// Scores of a block are kept [position][query], so that a vector has a position's scores of several queries.
#include <math.h>
#include <string.h>
#include "kernels.h"

enum { QUERIES = LANE_QUERY_BLOCK, KEYS = LANE_KEY_BLOCK, SCORES = KEYS * QUERIES };

static long padded(long width) { return (width + 15) / 16 * 16; }

// Working memory of a thread. Rows are padded with zeros; of lanes one follows the other.
struct memory {
    float * keys, * values;                              // [KEYS][width]
    float * queries, * query_columns;                    // [QUERIES][width], [width][QUERIES]
    float * adjoints, * adjoint_columns, * to_queries;   // likewise
    float * scores, * changes, * slopes;                 // [KEYS][QUERIES]
    float * means;                                       // [QUERIES]
};

static struct memory divide(float * scratch, long width, int lanes) {
    struct memory m;
    const long block = QUERIES * width;
    m.keys = scratch;
    m.values = m.keys + KEYS * width;
    m.queries = m.values + KEYS * width;
    m.query_columns = m.queries + block;
    m.adjoints = m.query_columns + block;
    m.adjoint_columns = m.adjoints + lanes * block;
    m.to_queries = m.adjoint_columns + lanes * block;
    m.scores = m.to_queries + lanes * block;
    m.changes = m.scores + SCORES;
    m.slopes = m.changes + SCORES;
    m.means = m.slopes + SCORES;
    return m;
}

size_t lane_whole_attention_scratch_count(long head_width, int lane_count) {
    const int lanes = lane_count > 0 ? lane_count : 1;
    return padded(head_width) * (2 * KEYS + 2 * QUERIES + 3 * lanes * QUERIES) + 3 * SCORES + lanes * QUERIES;
}

// A block of queries of one head.
struct block {
    const struct lane_whole_attention_parameters * parameters;
    const struct reverse_kernels * kernels;
    struct memory memory;
    const struct ggml_tensor * queries, * keys, * values;
    long head_width, width, heads, key_heads, tokens;
    long head, first, count;
};

static struct block new_block(const struct ggml_tensor * result, const struct lane_whole_attention_parameters * p, int thread) {
    const struct ggml_tensor * queries = result->src[0], * keys = result->src[1];
    const long width = padded(queries->ne[0]);
    const size_t size = lane_whole_attention_scratch_count(queries->ne[0], p->lane_count);
    return (struct block){
        .parameters = p, .kernels = &lane_kernels()->reverse, .memory = divide(p->scratch + thread * size, width, p->lane_count),
        .queries = queries, .keys = keys, .values = result->src[2], .head_width = queries->ne[0], .width = width,
        .heads = queries->ne[1], .key_heads = keys->ne[1], .tokens = queries->ne[2],
    };
}

// `count` rows of a head from position `first` on, of [headWidth, heads, tokens].
static void gather(float * y, const struct block * b, const float * x, long heads, long head, long first, long count) {
    const float * row = x + (first * heads + head) * b->head_width;
    for (long i = 0; i < count; i++, row += heads * b->head_width, y += b->width) {
        memcpy(y, row, b->head_width * sizeof(float));
        memset(y + b->head_width, 0, (b->width - b->head_width) * sizeof(float));
    }
}
static void scatter(float * y, const struct block * b, const float * rows, long lane) {
    for (long i = 0; i < b->count; i++)
        memcpy(y + ((lane * b->tokens + b->first + i) * b->heads + b->head) * b->head_width, rows + i * b->width,
            b->head_width * sizeof(float));
}

// [QUERIES][width] to [width][QUERIES], times a factor, with zeros for queries that there aren't.
static void transpose(float * y, const struct block * b, const float * x, float factor) {
    for (long i = 0; i < b->width; i++)
        for (long q = 0; q < QUERIES; q++) y[i * QUERIES + q] = q < b->count ? factor * x[q * b->width + i] : 0;
}

static void begin(const struct block * b) {
    gather(b->memory.queries, b, b->queries->data, b->heads, b->head, b->first, b->count);
    transpose(b->memory.query_columns, b, b->memory.queries, b->parameters->scale);
}

static long first_key(const struct block * b) {
    const long first = b->parameters->window > 0 ? b->first - b->parameters->window + 1 : 0;
    return first > 0 ? first : 0;
}

// The scores of keys start ..< start + count, and with `slopes` what soft-capping does to adjoints; -infinity where nothing is seen.
static void score(const struct block * b, long start, long count, float * slopes) {
    const struct lane_whole_attention_parameters * p = b->parameters;
    const long key_head = b->head / (b->heads / b->key_heads);
    float * scores = b->memory.scores;
    gather(b->memory.keys, b, b->keys->data, b->key_heads, key_head, start, count);
    gather(b->memory.values, b, b->values->data, b->key_heads, key_head, start, count);
    b->kernels->multiply(scores, QUERIES, b->memory.keys, b->width, 1, b->memory.query_columns, QUERIES, count, QUERIES, b->width, false);
    for (long i = 0; i < count * QUERIES && p->softcap > 0; i++) {
        const float x = scores[i] / p->softcap, y = tanhf(x);
        scores[i] = y * p->softcap;
        if (slopes) slopes[i] = p->softcap_derivative ? 1 - y * y : x == 0 ? 1 : y / x;
    }
    const bool ends = start + count > b->first, begins = p->window > 0 && start <= b->first + b->count - 1 - p->window;
    for (long k = 0; k < count && (ends || begins); k++)
        for (long q = 0; q < QUERIES; q++) {
            const long distance = b->first + q - (start + k);
            if (distance < 0 || (p->window > 0 && distance >= p->window)) scores[k * QUERIES + q] = -INFINITY;
        }
}

static void attend(const struct block * b, const float * sinks, float * outputs, float * normalisers) {
    float maximum[QUERIES], total[QUERIES], shrink[QUERIES], * sums = b->memory.to_queries;
    for (int q = 0; q < QUERIES; q++) {
        maximum[q] = sinks ? sinks[b->head] : -INFINITY;
        total[q] = sinks ? 1 : 0;
    }
    begin(b);
    memset(sums, 0, QUERIES * b->width * sizeof(float));
    const long end = b->first + b->count;
    for (long start = first_key(b), count; start < end; start += count) {
        count = end - start < KEYS ? end - start : KEYS;
        score(b, start, count, NULL);
        if (b->kernels->soften(b->memory.scores, count, maximum, total, shrink))
            for (long q = 0; q < b->count; q++)
                for (long i = 0; i < b->width; i++) sums[q * b->width + i] *= shrink[q];
        b->kernels->multiply(sums, b->width, b->memory.scores, 1, QUERIES, b->memory.values, b->width, b->count, b->width, count, true);
    }
    for (long q = 0; q < b->count; q++) {
        for (long i = 0; i < b->width; i++) sums[q * b->width + i] /= total[q];
        normalisers[b->head * b->tokens + b->first + q] = maximum[q] + logf(total[q]);
    }
    scatter(outputs, b, sums, 0);
}

static long block_count(long tokens) { return (tokens + QUERIES - 1) / QUERIES; }
static void move_to(struct block * b, long index) {
    b->first = index * QUERIES;
    b->count = b->tokens - b->first < QUERIES ? b->tokens - b->first : QUERIES;
}

void lane_whole_attention(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_whole_attention_parameters * p = parameters;
    struct block b = new_block(result, p, share.thread);
    float * outputs = result->data;
    const float * sinks = p->has_sinks ? result->src[3]->data : NULL;
    // Later queries see more, so that blocks are dealt out in turn.
    const long items = b.heads * block_count(b.tokens);
    for (long item = share.part; item < items; item += share.part_count) {
        b.head = item % b.heads;
        move_to(&b, item / b.heads);
        attend(&b, sinks, outputs, outputs + b.head_width * b.heads * b.tokens);
    }
}

long lane_whole_attention_back_count(long head_width, long heads, long tokens, int lane_count, int chunk_count) {
    return lane_count * tokens * heads * (head_width + 2 * chunk_count * padded(head_width));
}

// What reaches queries, and is added to what reaches keys and values, of which a lane's lie `lane_stride` after another's.
static void attend_back(const struct block * b, const float * outputs, const float * normalisers, const float * adjoints,
    float * to_queries, float * to_keys, float * to_values, long lane_stride) {
    const struct lane_whole_attention_parameters * p = b->parameters;
    const struct memory * m = &b->memory;
    const struct reverse_kernels * kernels = b->kernels;
    const long width = b->width, size = QUERIES * width, end = b->first + b->count;
    const bool vary = p->score_factor != 0;
    float own_normalisers[QUERIES] = {0};
    memcpy(own_normalisers, normalisers + b->head * b->tokens + b->first, b->count * sizeof(float));
    begin(b);
    for (int lane = 0; lane < p->lane_count; lane++) {
        float * own = m->adjoints + lane * size;
        gather(own, b, adjoints + lane * b->tokens * b->heads * b->head_width, b->heads, b->head, b->first, b->count);
        transpose(m->adjoint_columns + lane * size, b, own, 1);
        memset(m->to_queries + lane * size, 0, size * sizeof(float));
        for (long q = 0; q < QUERIES; q++) {
            float product = 0, positive;
            const float * output = outputs + ((b->first + q) * b->heads + b->head) * b->head_width;
            if (q < b->count) kernels->row_products(&product, &positive, own + q * width, output, b->head_width);
            m->means[lane * QUERIES + q] = product;
        }
    }
    float * slopes = p->softcap > 0 ? m->slopes : NULL;
    for (long start = first_key(b), count; start < end; start += count) {
        count = end - start < KEYS ? end - start : KEYS;
        score(b, start, count, slopes);
        kernels->attention_weights(m->scores, count, own_normalisers);
        for (int lane = 0; lane < p->lane_count; lane++) {
            float * keys = to_keys + lane * lane_stride + start * width, * values = to_values + lane * lane_stride + start * width;
            kernels->multiply(values, width, m->scores, QUERIES, 1, m->adjoints + lane * size, width, count, width, b->count, true);
            if (!vary) continue;
            kernels->multiply(m->changes, QUERIES, m->values, width, 1, m->adjoint_columns + lane * size, QUERIES, count, QUERIES, width,
                false);
            kernels->score_adjoints(m->changes, count, m->scores, m->means + lane * QUERIES, slopes, p->scale * p->score_factor);
            kernels->multiply(m->to_queries + lane * size, width, m->changes, 1, QUERIES, m->keys, width, b->count, width, count, true);
            kernels->multiply(keys, width, m->changes, QUERIES, 1, m->queries, width, count, width, b->count, true);
        }
    }
    for (int lane = 0; lane < p->lane_count; lane++) scatter(to_queries, b, m->to_queries + lane * size, lane);
}

// Where the blocks of a chunk begin: chunks are about equally much work.
static long chunk_begin(long blocks, int chunk, int chunk_count) { return lrintf(blocks * sqrtf((float)chunk / chunk_count)); }

void lane_whole_attention_back(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_whole_attention_parameters * p = parameters;
    struct block b = new_block(result, p, share.thread);
    const float * attended = result->src[3]->data, * adjoints = result->src[4]->data;
    const long all = b.head_width * b.heads * b.tokens, lane_stride = b.heads * b.tokens * b.width, blocks = block_count(b.tokens);
    float * to_queries = result->data, * shared = to_queries + p->lane_count * all;
    for (long item = share.part; item < b.heads * p->chunk_count; item += share.part_count) {
        const long chunk = item / b.heads;
        b.head = item % b.heads;
        float * to_keys = shared + chunk * p->lane_count * lane_stride + b.head * b.tokens * b.width;
        float * to_values = to_keys + p->chunk_count * p->lane_count * lane_stride;
        for (int lane = 0; lane < p->lane_count; lane++) {
            memset(to_keys + lane * lane_stride, 0, b.tokens * b.width * sizeof(float));
            memset(to_values + lane * lane_stride, 0, b.tokens * b.width * sizeof(float));
        }
        const long end = chunk_begin(blocks, (int)chunk + 1, p->chunk_count);
        for (long index = chunk_begin(blocks, (int)chunk, p->chunk_count); index < end; index++) {
            move_to(&b, index);
            attend_back(&b, attended, attended + all, adjoints, to_queries, to_keys, to_values, lane_stride);
        }
    }
}

void lane_shared_adjoints(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_shared_adjoints_parameters * p = parameters;
    const long group = p->heads / p->key_value_heads, width = padded(p->head_width), head_size = p->tokens * width;
    const long rows = p->lane_count * p->tokens * p->key_value_heads, chunk_size = p->lane_count * p->heads * head_size;
    const float * shared = (const float *)result->src[0]->data + p->lane_count * p->tokens * p->heads * p->head_width;
    for (long row = rows * share.part / share.part_count; row < rows * (share.part + 1) / share.part_count; row++) {
        const long key_head = row % p->key_value_heads, token = row / p->key_value_heads % p->tokens;
        const long lane = row / p->key_value_heads / p->tokens;
        for (int kind = 0; kind < 2; kind++) {
            float * y = (float *)result->data + (kind * rows + row) * p->head_width;
            memset(y, 0, p->head_width * sizeof(float));
            for (int chunk = 0; chunk < p->chunk_count; chunk++)
                for (long head = key_head * group; head < (key_head + 1) * group; head++) {
                    const float * x = shared + (kind * p->chunk_count + chunk) * chunk_size + (lane * p->heads + head) * head_size
                        + token * width;
                    for (long i = 0; i < p->head_width; i++) y[i] += x[i];
                }
            for (long i = 0; i < p->head_width && kind == 1; i++) y[i] *= p->value_factor;
        }
    }
}
