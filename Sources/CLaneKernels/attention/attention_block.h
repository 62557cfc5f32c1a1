// A block of queries and the cached positions it looks at: where they are in memory, and who sees what.
#pragma once

#include <string.h>
#include "kernels.h"

enum { POSITIONS = LANE_POSITION_BLOCK, ROWS = LANE_ROW_BLOCK, WIDE_ROWS = LANE_WIDE_ROW_BLOCK };

static inline long padded(long width) { return (width + 15) / 16 * 16; }

// What a thread needs besides its result: queries, sums and scores of a block of rows; one block of cached positions as floats, where
// their width must be padded or the block of rows is wide; and of wide blocks the scores again, by rows.
struct scratch { float * queries, * sums, * scores, * primal, * tangent, * weights, * changes; };

static inline size_t scratch_count(long width, int lane_count, long rows) {
    return 2 * lane_count * rows * width + lane_count * rows * POSITIONS + 2 * POSITIONS * width + 2 * POSITIONS * rows;
}

static inline struct scratch divide(float * memory, long width, int lane_count, long rows) {
    struct scratch s;
    s.queries = memory;
    s.sums = s.queries + lane_count * rows * width;
    s.scores = s.sums + lane_count * rows * width;
    s.primal = s.scores + lane_count * rows * POSITIONS;
    s.tangent = s.primal + POSITIONS * width;
    s.weights = s.tangent + POSITIONS * width;
    s.changes = s.weights + POSITIONS * rows;
    return s;
}

// Rows are the queries that share a key head: (token, head of the group), heads first.
struct block {
    const struct lane_attention_parameters * parameters;
    const struct lane_sequence * sequence;
    const struct lane_layer * layer;
    const struct lane_kernels * kernels;
    struct scratch memory;
    bool wide;
    int row_limit, key_head, group, lane_count, first_row, row_count;
    long head_width, width;  // as it is, and padded with zeros
};

static inline long row_position(const struct block * b, int row) {
    const struct lane_sequence * s = b->sequence;
    return s->start + s->token_count - s->query_count + (b->first_row + row) / b->group;
}

static inline long first_seen(const struct block * b, int row) {
    long first = b->parameters->window > 0 ? row_position(b, row) - b->parameters->window + 1 : 0;
    return first > 0 ? first : 0;
}

static inline int head_of(const struct block * b, int row) { return b->key_head * b->group + (b->first_row + row) % b->group; }

// Elements of a row in the queries and in the result, which are laid out alike.
static inline long row_offset(const struct block * b, const struct ggml_tensor * queries, int lane, int row) {
    int index = b->first_row + row;
    long token = index / b->group, head = b->key_head * b->group + index % b->group;
    long column = b->sequence->first_query_column + lane * b->sequence->query_lane_stride + token;
    return (column * queries->ne[1] + head) * queries->ne[0];
}

// What lies in memory from position `start` on.
static inline const char * address(const struct block * b, const struct ggml_tensor * cache, long start) {
    return (const char *)cache->data + b->key_head * cache->nb[2] + start % cache->ne[1] * cache->nb[1];
}

// Whether the kernels read decoded rows: quantised ones, those whose width isn't the kernels', and all in wide blocks.
static inline bool is_decoded(const struct block * b, const struct ggml_tensor * cache) {
    return b->width != b->head_width || b->wide || ggml_is_quantized(cache->type);
}

// `count` rows from `start` on, decoded in `buffer`, while memory is asked for the rows that are decoded after them.
static inline const char * decoded(const struct block * b, float * buffer, const struct ggml_tensor * cache, long start, long count,
    const struct ggml_tensor * next, long next_start) {
    const char * rows = address(b, cache, start), * next_rows = address(b, next, next_start);
    // Rows that aren't padded are one array.
    long length = b->width == b->head_width ? count * b->width : b->head_width;
    for (long i = 0; i < count * b->head_width; i += length) {
        long offset = i / b->head_width * cache->nb[1];
        b->kernels->load(buffer + i / b->head_width * b->width, rows + offset, cache->type, length, next_rows + offset);
    }
    return (const char *)buffer;
}

// Of lane 0 and of `lane`, if that is another. `next` are the caches that are walked after these. Each row is decoded once for all
// queries, and those of lane 0 once for all lanes, `first_lane` being the first.
static inline struct lane_positions positions_of(const struct block * b, struct ggml_tensor * const * caches,
    struct ggml_tensor * const * next, int lane, int first_lane, long start, long count) {
    long next_start = next == b->layer->caches.values ? start : start + POSITIONS;
    if (is_decoded(b, caches[0])) {
        if (lane == first_lane) decoded(b, b->memory.primal, caches[0], start, count, next[0], next_start);
        if (lane > 0) decoded(b, b->memory.tangent, caches[lane], start, count, next[lane], next_start);
        return (struct lane_positions){
            .primal = (const char *)b->memory.primal,
            .tangent = lane > 0 ? (const char *)b->memory.tangent : NULL,
            .stride = 4 * b->width,
            .type = GGML_TYPE_F32,
            .count = (int)count,
        };
    }
    return (struct lane_positions){
        .primal = address(b, caches[0], start),
        .tangent = lane > 0 ? address(b, caches[lane], start) : NULL,
        .next_primal = address(b, next[0], next_start),
        .next_tangent = address(b, next[lane], next_start),
        .stride = (long)caches[0]->nb[1],
        .next_stride = (long)next[0]->nb[1],
        .type = caches[0]->type,
        .count = (int)count,
    };
}

// Where a row's queries or sums begin: rows lie in fours, a vector of each in turn.
static inline float * row_of(const struct block * b, float * fours, int lane, int row) {
    return fours + (lane * b->row_limit + row) / 4 * 4 * b->width + row % 4 * b->kernels->vector_length;
}
static inline float * scores_of(const struct block * b, int lane, int row) {
    return b->memory.scores + (lane * b->row_limit + row) * POSITIONS;
}
// The same of a wide block, where an element of all rows lies side by side.
static inline float * wide_of(const struct block * b, float * columns, int lane) { return columns + lane * b->row_limit * b->width; }

// Adds the sequence's biases to the scores of positions from `start` on, which lack the scale. A row goes on seeing itself.
static inline void bias(const struct block * b, int first_row, long start) {
    const float * biases = b->sequence->key_biases;
    const long end = b->sequence->key_bias_count - start;
    for (int row = first_row; row < first_row + 4 && row < b->row_count; row++) {
        float * s = scores_of(b, 0, first_row) + row % 4;
        const long own = row_position(b, row) - start;
        for (long i = 0; i < end && i < POSITIONS; i++)
            if (i != own || biases[start + i] > -__builtin_inff()) s[4 * i] += biases[start + i] / b->parameters->scale;
    }
}

// Hides what rows don't see of the positions from `start` on.
static inline void mask(const struct block * b, int first_row, long start) {
    for (int row = first_row; row < first_row + 4 && row < b->row_count; row++) {
        float * s = scores_of(b, 0, first_row) + row % 4;
        long first = first_seen(b, row) - start, last = row_position(b, row) - start;
        for (long i = 0; i < first && i < POSITIONS; i++) s[4 * i] = -__builtin_inff();
        for (long i = last < 0 ? 0 : last + 1; i < POSITIONS; i++) s[4 * i] = -__builtin_inff();
    }
}
