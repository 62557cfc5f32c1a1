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
    return scratch_count(padded(head_width), lane_count, WIDE_ROWS);
}

struct totals { float maximum[WIDE_ROWS], weights[WIDE_ROWS], tangents[LANE_LIMIT][WIDE_ROWS]; };

// Copies queries into the scratch, clears the sums, and tells which positions the rows see.
static void begin(const struct block * b, const struct ggml_tensor * queries, struct totals * totals, long * start, long * end) {
    size_t size = 4 * b->lane_count * b->row_limit * b->width;
    int vector = b->kernels->vector_length;
    memset(b->memory.queries, 0, size);
    memset(b->memory.sums, 0, size);
    if (b->width > b->head_width) memset(b->memory.primal, 0, 4 * 2 * POSITIONS * b->width);  // primal and tangent
    memset(totals, 0, sizeof *totals);
    *start = row_position(b, 0);
    *end = 0;
    const float * sinks = b->parameters->sinks ? b->parameters->sinks->data : NULL;
    for (int row = 0; row < b->row_limit; row++) {
        totals->maximum[row] = sinks && row < b->row_count ? sinks[head_of(b, row)] : -__builtin_inff();
        totals->weights[row] = sinks && row < b->row_count ? 1 : 0;
    }
    for (int row = 0; row < b->row_count; row++) {
        for (int lane = 0; lane < b->lane_count; lane++) {
            const float * x = (const float *)queries->data + row_offset(b, queries, lane, row);
            if (b->wide) {
                float * columns = wide_of(b, b->memory.queries, lane) + row;
                for (long i = 0; i < b->head_width; i++) columns[i * WIDE_ROWS] = x[i];
                continue;
            }
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
        const float * sums = b->wide ? wide_of(b, b->memory.sums, lane) + row : row_of(b, b->memory.sums, lane, row);
        float share = (lane == 0 ? 1 : b->sequence->value_factor) / totals->weights[row];
        float along = lane == 0 ? 0 : -totals->tangents[lane][row] * share;
        if (lane > 0 && head_weights) along += head_weights[(lane - 1) * queries->ne[1] + head_of(b, row)];
        for (long i = 0; i < b->head_width; i += vector)
            for (long j = i; j < i + vector && j < b->head_width; j++)
                y[j] = sums[b->wide ? WIDE_ROWS * j : 3 * i + j] * share + (lane == 0 ? 0 : along * output[j]);
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
        struct lane_positions keys = positions_of(b, caches->keys, caches->values, lane, first_walk(b), start, count);
        if (b->wide) {
            b->kernels->wide_scores(lane < 2 ? scores_of(b, 0, 0) : NULL, lane > 0 ? scores_of(b, lane, 0) : NULL,
                wide_of(b, queries, 0), wide_of(b, queries, lane), keys, b->width);
            continue;
        }
        for (int row = 0; row < b->row_count; row += 4, keys.next_primal = NULL)
            b->kernels->scores(lane < 2 ? scores_of(b, 0, row) : NULL, lane > 0 ? scores_of(b, lane, row) : NULL,
                row_of(b, queries, 0, row), row_of(b, queries, lane, row), keys, b->row_count - row, b->width);
    }
}

// Multiplies scores, and their tangents, by the sequence's factors for positions from `start` on.
static void scale_keys(const struct block * b, long start) {
    const struct lane_sequence * s = b->sequence;
    const long end = s->key_factor_count - start;
    if (end <= 0 || !s->factor_layers[b->parameters->layer]) return;
    for (int row = 0; row < b->row_count; row += 4)
        for (int lane = 0; lane < (weights_vary(b) ? b->lane_count : 1); lane++) {
            float * x = scores_of(b, lane, row);
            for (long i = 0; i < 4 * end && i < 4 * POSITIONS; i++) x[i] *= s->key_factors[start + i / 4];
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
    const float score_factor = p->scale * b->sequence->score_factor / b->sequence->value_factor;
    float shrink[WIDE_ROWS];
    for (int row = 0; row < WIDE_ROWS; row++) shrink[row] = 1;
    bool rises = false;
    for (int row = 0; row < b->row_count; row += 4) {
        float * weights = scores_of(b, 0, row);
        bias(b, row, start);
        mask(b, row, start);
        const bool here = b->kernels->exponentials(weights, p->scale, totals->maximum + row, totals->weights + row, shrink + row);
        rises |= here;
        for (int lane = 0; lane < b->lane_count; lane++) {
            if (here) {
                if (!b->wide) b->kernels->shrink(row_of(b, b->memory.sums, lane, row), shrink + row, b->width);
                for (int i = row; i < row + 4; i++) totals->tangents[lane][i] *= shrink[i];
            }
            if (lane == 0 || !weights_vary(b)) continue;
            float * tangents = scores_of(b, lane, row);
            memset(tangents + 4 * count, 0, 16 * (POSITIONS - count));
            b->kernels->weigh(tangents, weights, score_factor, totals->tangents[lane] + row);
        }
    }
    for (int lane = 0; lane < b->lane_count && b->wide && rises; lane++)
        b->kernels->wide_shrink(wide_of(b, b->memory.sums, lane), shrink, b->width);
}

// Scores of fours of rows, [position][4] each, side by side.
static const float * by_rows(const struct block * b, float * y, int lane) {
    for (int row = 0; row < WIDE_ROWS; row += 4)
        for (int position = 0; position < POSITIONS; position++)
            memcpy(y + position * WIDE_ROWS + row, scores_of(b, lane, row) + 4 * position, 16);
    return y;
}

static void sum(const struct block * b, long start, long count) {
    const struct lane_caches * caches = &b->layer->caches;
    for (int lane = first_walk(b); lane < b->lane_count; lane++) {
        struct lane_positions values = positions_of(b, caches->values, caches->keys, lane, first_walk(b), start, count);
        bool paired = lane > 0 && weights_vary(b);
        if (lane > 0 && !paired) values.primal = values.tangent;
        if (b->wide) {
            float * sums = wide_of(b, b->memory.sums, lane);
            const float * weights = by_rows(b, b->memory.weights, 0);
            if (paired) b->kernels->wide_accumulate(lane == 1 ? wide_of(b, b->memory.sums, 0) : NULL, sums, weights,
                by_rows(b, b->memory.changes, lane), values, b->width);
            else b->kernels->wide_accumulate(sums, NULL, weights, NULL, values, b->width);
            continue;
        }
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
        scale_keys(b, start);
        cap(b, count);
        weigh(b, start, count, &totals);
        sum(b, start, count);
    }
    for (int row = 0; row < b->row_count; row++) finish(b, queries, &totals, row, result);
}

void lane_attention(struct ggml_tensor * result, struct lane_share part, void * parameters) {
    const struct lane_attention_parameters * p = parameters;
    const struct ggml_tensor * queries = result->src[0];
    struct block b = {.parameters = p, .kernels = lane_kernels(), .head_width = queries->ne[0], .width = padded(queries->ne[0])};
    b.group = (int)queries->ne[1] / p->key_value_heads;
    float * scratch = p->scratch + part.thread * lane_attention_scratch_count((int)b.head_width, p->lane_limit);

    int all = 0, item = 0;
    for (int i = 0; i < p->batch->count; i++) all += b.group * p->batch->sequences[i].query_count;
    const int share = (all * p->key_value_heads + p->thread_count - 1) / p->thread_count;  // at least one block for each thread
    for (int i = 0; i < p->batch->count; i++) {
        b.sequence = p->batch->sequences + i;
        b.layer = b.sequence->layers + p->layer;
        b.lane_count = b.sequence->lane_count;
        const int rows = b.group * b.sequence->query_count;
        b.wide = b.kernels->wide_scores && share > ROWS && rows > ROWS;
        b.row_limit = b.wide ? WIDE_ROWS : ROWS;
        b.memory = divide(scratch, b.width, b.lane_count, b.row_limit);
        int block = share < b.row_limit ? share : b.row_limit;
        if (block > rows) block = rows;
        const int blocks = rows == 0 ? 0 : (rows + block - 1) / block;
        // Later rows see more, so that blocks are dealt out in turn.
        for (int j = 0; j < blocks * p->key_value_heads; j++, item++) {
            if (item % part.part_count != part.part) continue;
            b.key_head = j % p->key_value_heads;
            b.first_row = j / p->key_value_heads * block;
            b.row_count = rows - b.first_row < block ? rows - b.first_row : block;
            attend(&b, queries, result->data);
        }
    }
}
