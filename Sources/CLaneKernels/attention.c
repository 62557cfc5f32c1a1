// Attention of a few new tokens over the caches, for all lanes in one walk over keys, values and their tangents.
//
// With scores s, their tangents ds (times score_factor), e = exp(s - maximum) and Z = sum e, all sums over positions:
//     output         = sum(e v) / Z
//     output tangent = sum(e ds v) / Z - sum(e ds) / Z * output + value_factor * sum(e tv) / Z
// so that a running maximum suffices, as in flash attention (Dao et al., arXiv 2205.14135).
#include <string.h>
#include "kernels.h"

enum { POSITIONS = LANE_POSITION_BLOCK, ROWS = LANE_ROW_BLOCK };

static long padded(long width) { return (width + 15) / 16 * 16; }

// What a thread needs besides its result: queries and sums of a block of rows, one block of keys or values and one of
// their tangents, and the scores of the block.
struct scratch { float * queries, * sums, * primal, * tangent, * scores; };

size_t lane_attention_scratch_count(int head_width, int lane_count) {
    long width = padded(head_width);
    return 2 * lane_count * ROWS * width + 2 * POSITIONS * width + lane_count * ROWS * POSITIONS;
}

static struct scratch divide(float * memory, long width, int lane_count) {
    struct scratch s;
    s.queries = memory;
    s.sums = s.queries + lane_count * ROWS * width;
    s.primal = s.sums + lane_count * ROWS * width;
    s.tangent = s.primal + POSITIONS * width;
    s.scores = s.tangent + POSITIONS * width;
    return s;
}

void lane_store(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_caches * caches = parameters;
    const struct ggml_tensor * positions = result->src[2];
    for (int kind = 0; kind < 2; kind++) {
        const struct ggml_tensor * source = result->src[kind];
        long width = source->ne[0], heads = source->ne[1], tokens = source->ne[2], rows = tokens * source->ne[3];
        for (long row = thread; row < rows; row += thread_count) {
            struct ggml_tensor * cache = (kind == 0 ? caches->keys : caches->values)[row / tokens];
            for (long head = 0; head < heads; head++) {
                const float * x = (const float *)source->data + (row * heads + head) * width;
                void * y = (char *)cache->data + head * cache->nb[2] + ((const int32_t *)positions->data)[row % tokens] * cache->nb[1];
                if (cache->type == GGML_TYPE_F16) ggml_fp32_to_fp16_row(x, y, width);
                else if (cache->type == GGML_TYPE_BF16) ggml_fp32_to_bf16_row(x, y, width);
                else memcpy(y, x, 4 * width);
            }
        }
    }
}

// Rows are the queries that share a key head: (token, head of the group), heads first.
struct block {
    const struct lane_attention_parameters * parameters;
    const struct lane_kernels * kernels;
    struct scratch memory;
    int key_head, group, lane_count, first_row, row_count;
    long head_width, width;  // as it is, and padded with zeros
    const int32_t * positions;
};

static long row_position(const struct block * b, int row) { return b->positions[(b->first_row + row) / b->group]; }

static long first_seen(const struct block * b, int row) {
    long first = b->parameters->window > 0 ? row_position(b, row) - b->parameters->window + 1 : 0;
    return first > 0 ? first : 0;
}

// Elements of a row in the queries and in the result, which are laid out alike.
static long row_offset(const struct block * b, const struct ggml_tensor * queries, int lane, int row) {
    int index = b->first_row + row;
    long token = index / b->group, head = b->key_head * b->group + index % b->group;
    return ((lane * queries->ne[2] + token) * queries->ne[1] + head) * queries->ne[0];
}

// Rows of a cache from `start` on, as floats; what lies beyond `count` or the head's width is zero.
static void load_block(const struct block * b, float * y, const struct ggml_tensor * cache, long start, long count) {
    const char * rows = (const char *)cache->data + b->key_head * cache->nb[2] + start * cache->nb[1];
    size_t size = count * cache->nb[1];
    // The next block, which is behind this one in memory.
    for (size_t byte = 0; byte < size; byte += 64) __builtin_prefetch(rows + POSITIONS * cache->nb[1] + byte);
    if (b->width == b->head_width) b->kernels->load(y, rows, cache->type, count * b->width);
    else for (long i = 0; i < count; i++) b->kernels->load(y + i * b->width, rows + i * cache->nb[1], cache->type, b->head_width);
    if (count < POSITIONS) memset(y + count * b->width, 0, 4 * (POSITIONS - count) * b->width);
}

// Hides what a row doesn't see of the positions from `start` on.
static void mask(const struct block * b, int row, long start) {
    float * s = b->memory.scores + row * POSITIONS;
    long first = first_seen(b, row) - start, last = row_position(b, row) - start;
    for (long i = 0; i < first && i < POSITIONS; i++) s[i] = -__builtin_inff();
    for (long i = last < 0 ? 0 : last + 1; i < POSITIONS; i++) s[i] = -__builtin_inff();
}

static void attend(const struct block * b, const struct ggml_tensor * queries, const struct ggml_tensor * head_weights, float * result) {
    const struct lane_attention_parameters * p = b->parameters;
    const struct lane_kernels * kernels = b->kernels;
    struct scratch m = b->memory;
    const long lane_floats = b->row_count * b->width, lane_scores = (long)b->row_count * POSITIONS;
    float maximum[ROWS], total[ROWS], weighted[LANE_LIMIT][ROWS];
    bool weights_vary = p->score_factor != 0;
    // The factor on tangents of values, which is never 0, waits until all is summed.
    float score_factor = p->scale * p->score_factor / p->value_factor;

    memset(m.queries, 0, 4 * b->lane_count * lane_floats);
    memset(m.sums, 0, 4 * b->lane_count * lane_floats);
    if (b->width > b->head_width) memset(m.primal, 0, 4 * 2 * POSITIONS * b->width);  // primal and tangent
    long start = row_position(b, 0), end = 0;
    for (int row = 0; row < b->row_count; row++) {
        maximum[row] = -__builtin_inff();
        total[row] = 0;
        for (int lane = 0; lane < b->lane_count; lane++) {
            weighted[lane][row] = 0;
            memcpy(m.queries + lane * lane_floats + row * b->width,
                (const float *)queries->data + row_offset(b, queries, lane, row), 4 * b->head_width);
        }
        if (first_seen(b, row) < start) start = first_seen(b, row);
        if (row_position(b, row) + 1 > end) end = row_position(b, row) + 1;
    }

    for (; start < end; start += POSITIONS) {
        long count = end - start < POSITIONS ? end - start : POSITIONS;
        load_block(b, m.primal, p->caches.keys[0], start, count);
        kernels->scores(m.scores, m.queries, m.primal, NULL, NULL, b->row_count, b->width);
        for (int lane = 1; lane < b->lane_count && weights_vary; lane++) {
            load_block(b, m.tangent, p->caches.keys[lane], start, count);
            kernels->scores(m.scores + lane * lane_scores, m.queries + lane * lane_floats, m.primal, m.queries, m.tangent,
                b->row_count, b->width);
        }
        for (int row = 0; row < b->row_count; row++) {
            mask(b, row, start);
            float largest = kernels->largest(m.scores + row * POSITIONS) * p->scale;
            if (largest > maximum[row]) {
                float shrink = __builtin_expf(maximum[row] - largest);
                maximum[row] = largest;
                total[row] *= shrink;
                for (int lane = 0; lane < b->lane_count; lane++) {
                    weighted[lane][row] *= shrink;
                    kernels->scale(m.sums + lane * lane_floats + row * b->width, shrink, b->width);
                }
            }
            // A row that has seen nothing yet has no maximum; all its weights are 0.
            total[row] += kernels->exponentials(m.scores + row * POSITIONS, p->scale, largest > -__builtin_inff() ? maximum[row] : 0);
        }
        load_block(b, m.primal, p->caches.values[0], start, count);
        kernels->accumulate(m.sums, m.scores, m.primal, b->row_count, b->width);
        for (int lane = 1; lane < b->lane_count; lane++) {
            float * sums = m.sums + lane * lane_floats, * tangents = m.scores + lane * lane_scores;
            if (weights_vary) {
                for (int row = 0; row < b->row_count; row++)
                    weighted[lane][row] += kernels->weigh(
                        tangents + row * POSITIONS, m.scores + row * POSITIONS, score_factor);
                kernels->accumulate(sums, tangents, m.primal, b->row_count, b->width);
            }
            load_block(b, m.tangent, p->caches.values[lane], start, count);
            kernels->accumulate(sums, m.scores, m.tangent, b->row_count, b->width);
        }
    }

    for (int row = 0; row < b->row_count; row++) {
        float * output = result + row_offset(b, queries, 0, row);
        const float * sums = m.sums + row * b->width;
        for (long i = 0; i < b->head_width; i++) output[i] = sums[i] / total[row];
        int head = b->key_head * b->group + (b->first_row + row) % b->group;
        for (int lane = 1; lane < b->lane_count; lane++) {
            float * tangent = result + row_offset(b, queries, lane, row);
            float share = p->value_factor / total[row], along = -weighted[lane][row] * share;
            if (head_weights) along += ((const float *)head_weights->data)[(lane - 1) * queries->ne[1] + head];
            for (long i = 0; i < b->head_width; i++) tangent[i] = sums[lane * lane_floats + i] * share + along * output[i];
        }
    }
}

void lane_attention(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_attention_parameters * p = parameters;
    const struct ggml_tensor * queries = result->src[0];
    if (thread_count > p->thread_limit) thread_count = p->thread_limit;
    if (thread >= thread_count) return;
    struct block b = {.parameters = p, .kernels = lane_kernels(), .head_width = queries->ne[0], .width = padded(queries->ne[0])};
    b.lane_count = (int)queries->ne[3];
    b.group = (int)queries->ne[1] / p->key_value_heads;
    b.positions = result->src[1]->data;
    b.memory = divide(p->scratch + thread * lane_attention_scratch_count((int)b.head_width, b.lane_count), b.width, b.lane_count);

    int rows = b.group * (int)queries->ne[2];
    int share = (rows * p->key_value_heads + thread_count - 1) / thread_count;  // at least one block for each thread
    int block = share < ROWS ? share : ROWS;
    if (block > rows) block = rows;
    int blocks = (rows + block - 1) / block;
    // Later rows see more, so that blocks are dealt out in turn.
    for (int item = thread; item < blocks * p->key_value_heads; item += thread_count) {
        b.key_head = item % p->key_value_heads;
        b.first_row = item / p->key_value_heads * block;
        b.row_count = rows - b.first_row < block ? rows - b.first_row : block;
        attend(&b, queries, result->src[3], result->data);
    }
}
