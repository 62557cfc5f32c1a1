// Attention of a few new tokens over the caches, for all lanes in one walk over keys, values and their tangents.
//
// With scores s, their tangents ds (times score_factor), e = exp(s - maximum) and Z = sum e, all sums over positions:
//     output         = sum(e v) / Z
//     output tangent = sum(e ds v) / Z - sum(e ds) / Z * output + value_factor * sum(e tv) / Z
// so that a running maximum suffices, as in flash attention (Dao et al., arXiv 2205.14135).
#include <math.h>
#include <string.h>
#include "attention_block.h"

size_t lane_attention_scratch_count(int head_width, int lane_count) {
    long width = padded(head_width);
    return 2 * lane_count * ROWS * width + lane_count * ROWS * POSITIONS + 2 * POSITIONS * width;
}

struct totals { float maximum[ROWS], weights[ROWS], tangents[LANE_LIMIT][ROWS]; };

// Copies queries into the scratch, clears the sums, and tells which positions the rows see.
static void begin(const struct block * b, const struct ggml_tensor * queries, struct totals * totals, long * start, long * end) {
    size_t size = 4 * b->lane_count * ROWS * b->width;
    int vector = b->kernels->vector_length;
    memset(b->memory.queries, 0, size);
    memset(b->memory.sums, 0, size);
    if (b->width > b->head_width) memset(b->memory.primal, 0, 4 * 2 * POSITIONS * b->width);  // primal and tangent
    memset(totals, 0, sizeof *totals);
    *start = row_position(b, 0);
    *end = 0;
    const float * sinks = b->parameters->sinks ? b->parameters->sinks->data : NULL;
    for (int row = 0; row < ROWS; row++) {
        totals->maximum[row] = sinks && row < b->row_count ? sinks[head_of(b, row)] : -__builtin_inff();
        totals->weights[row] = sinks && row < b->row_count ? 1 : 0;
    }
    for (int row = 0; row < b->row_count; row++) {
        for (int lane = 0; lane < b->lane_count; lane++) {
            const float * x = (const float *)queries->data + row_offset(b, queries, lane, row);
            float * y = row_of(b, b->memory.queries, lane, row);
            for (long i = 0; i < b->head_width; i += vector)
                memcpy(y + 4 * i, x + i, 4 * (b->head_width - i < vector ? b->head_width - i : vector));
        }
        if (first_seen(b, row) < *start) *start = first_seen(b, row);
        if (row_position(b, row) + 1 > *end) *end = row_position(b, row) + 1;
    }
    *start = *start / POSITIONS * POSITIONS;  // so that whole blocks lie within the cache
}

// Divides the sums of a row by the sum of its weights.
static void finish(const struct block * b, const struct ggml_tensor * queries, const struct totals * totals, int row,
    float * result) {
    const int vector = b->kernels->vector_length;
    const float * head_weights = b->layer->head_weights;
    float * output = result + row_offset(b, queries, 0, row);
    for (int lane = 0; lane < b->lane_count; lane++) {
        float * y = result + row_offset(b, queries, lane, row);
        const float * sums = row_of(b, b->memory.sums, lane, row);
        float share = (lane == 0 ? 1 : b->sequence->value_factor) / totals->weights[row];
        float along = lane == 0 ? 0 : -totals->tangents[lane][row] * share;
        if (lane > 0 && head_weights) along += head_weights[(lane - 1) * queries->ne[1] + head_of(b, row)];
        for (long i = 0; i < b->head_width; i += vector)
            for (long j = i; j < i + vector && j < b->head_width; j++)
                y[j] = sums[3 * i + j] * share + (lane == 0 ? 0 : along * output[j]);
    }
}

static bool weights_vary(const struct block * b) { return b->sequence->score_factor != 0; }

// Lanes whose keys and values pass in one walk: the primal's beside the first tangent's; further tangents need the primal's once
// more. Attention weights that are constants have no tangents.
static int first_walk(const struct block * b) { return b->lane_count > 1 && weights_vary(b) ? 1 : 0; }

static void score(const struct block * b, long start, long count) {
    const struct lane_caches * caches = &b->layer->caches;
    float * queries = b->memory.queries;
    for (int lane = first_walk(b); lane < (weights_vary(b) ? b->lane_count : 1); lane++) {
        struct lane_positions keys = positions_of(b, caches->keys, caches->values, lane, start, count);
        for (int row = 0; row < b->row_count; row += 4, keys.next_primal = NULL)
            b->kernels->scores(lane < 2 ? scores_of(b, 0, row) : NULL, lane > 0 ? scores_of(b, lane, row) : NULL,
                row_of(b, queries, 0, row), row_of(b, queries, lane, row), keys, b->row_count - row, b->width);
    }
}

// Soft-caps scores, which still lack the scale and go on lacking it; tangents take its slope.
static void cap(const struct block * b, long count) {
    const struct lane_attention_parameters * p = b->parameters;
    if (p->softcap == 0) return;
    for (int row = 0; row < b->row_count; row += 4) {
        float * s = scores_of(b, 0, row);
        for (long i = 0; i < 4 * count; i++) {
            float x = s[i] * p->scale / p->softcap, y = tanhf(x);
            float slope = b->sequence->softcap_derivative ? 1 - y * y : x == 0 ? 1 : y / x;
            s[i] = y * p->softcap / p->scale;
            for (int lane = 1; lane < b->lane_count && weights_vary(b); lane++) scores_of(b, lane, row)[i] *= slope;
        }
    }
}

// Turns scores into attention weights, and their tangents into those of the weights.
static void weigh(const struct block * b, long start, long count, struct totals * totals) {
    const struct lane_attention_parameters * p = b->parameters;
    // The factor on tangents of values, which is never 0, waits until all is summed.
    float score_factor = p->scale * b->sequence->score_factor / b->sequence->value_factor, shrink[4];
    for (int row = 0; row < b->row_count; row += 4) {
        float * weights = scores_of(b, 0, row);
        mask(b, row, start);
        bool rises = b->kernels->exponentials(weights, p->scale, totals->maximum + row, totals->weights + row, shrink);
        for (int lane = 0; lane < b->lane_count; lane++) {
            if (rises) {
                b->kernels->shrink(row_of(b, b->memory.sums, lane, row), shrink, b->width);
                for (int i = 0; i < 4; i++) totals->tangents[lane][row + i] *= shrink[i];
            }
            if (lane == 0 || !weights_vary(b)) continue;
            float * tangents = scores_of(b, lane, row);
            memset(tangents + 4 * count, 0, 16 * (POSITIONS - count));
            b->kernels->weigh(tangents, weights, score_factor, totals->tangents[lane] + row);
        }
    }
}

static void sum(const struct block * b, long start, long count) {
    const struct lane_caches * caches = &b->layer->caches;
    for (int lane = first_walk(b); lane < b->lane_count; lane++) {
        struct lane_positions values = positions_of(b, caches->values, caches->keys, lane, start, count);
        bool paired = lane > 0 && weights_vary(b);
        if (lane > 0 && !paired) values.primal = values.tangent;
        for (int row = 0; row < b->row_count; row += 4, values.next_primal = NULL) {
            float * sums = row_of(b, b->memory.sums, lane, row), * weights = scores_of(b, 0, row);
            if (paired)
                b->kernels->accumulate(lane == 1 ? row_of(b, b->memory.sums, 0, row) : NULL, sums, weights,
                    scores_of(b, lane, row), values, b->row_count - row, b->width);
            else b->kernels->accumulate(sums, NULL, weights, NULL, values, b->row_count - row, b->width);
        }
    }
}

static void attend(const struct block * b, const struct ggml_tensor * queries, float * result) {
    struct totals totals;
    long start, end;
    begin(b, queries, &totals, &start, &end);
    for (; start < end; start += POSITIONS) {
        long count = end - start < POSITIONS ? end - start : POSITIONS;
        score(b, start, count);
        cap(b, count);
        weigh(b, start, count, &totals);
        sum(b, start, count);
    }
    for (int row = 0; row < b->row_count; row++) finish(b, queries, &totals, row, result);
}

static long scratch_count(const struct lane_attention_parameters * p, long head_width) {
    return lane_attention_scratch_count((int)head_width, p->lane_limit);
}

void lane_attention(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_attention_parameters * p = parameters;
    const struct ggml_tensor * queries = result->src[0];
    if (thread_count > p->thread_limit) thread_count = p->thread_limit;
    if (thread >= thread_count) return;
    struct block b = {.parameters = p, .kernels = lane_kernels(), .head_width = queries->ne[0], .width = padded(queries->ne[0])};
    b.group = (int)queries->ne[1] / p->key_value_heads;

    int all = 0, item = 0;
    for (int i = 0; i < p->batch->count; i++) all += b.group * p->batch->sequences[i].query_count;
    const int share = (all * p->key_value_heads + thread_count - 1) / thread_count;  // at least one block for each thread
    for (int i = 0; i < p->batch->count; i++) {
        b.sequence = p->batch->sequences + i;
        b.layer = b.sequence->layers + p->layer;
        b.lane_count = b.sequence->lane_count;
        b.memory = divide(p->scratch + thread * scratch_count(p, b.head_width), b.width, b.lane_count);
        const int rows = b.group * b.sequence->query_count;
        int block = share < ROWS ? share : ROWS;
        if (block > rows) block = rows;
        const int blocks = rows == 0 ? 0 : (rows + block - 1) / block;
        // Later rows see more, so that blocks are dealt out in turn.
        for (int j = 0; j < blocks * p->key_value_heads; j++, item++) {
            if (item % thread_count != thread) continue;
            b.key_head = j % p->key_value_heads;
            b.first_row = j / p->key_value_heads * block;
            b.row_count = rows - b.first_row < block ? rows - b.first_row : block;
            attend(&b, queries, result->data);
        }
    }
}
