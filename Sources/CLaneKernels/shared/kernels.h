// The inner loops, compiled once for each instruction set from the same source (the files *.inc).
#pragma once

#include "CLaneKernels.h"
#include "inlining.h"
#include "panels.h"
#include "reverse_kernels.h"

enum {
    LANE_POSITION_BLOCK = 32,  // cached positions that are looked at together
    LANE_ROW_BLOCK = 16,       // queries that are looked at together, a multiple of four
    LANE_WIDE_ROW_BLOCK = 48,  // the same where there are many
};

// Up to LANE_POSITION_BLOCK cached rows of lane 0 and of a tangent, `stride` bytes apart; and the rows that are read after
// them, to be fetched meanwhile.
struct lane_positions {
    const char * primal, * tangent, * next_primal, * next_tangent;
    long stride, next_stride;
    enum ggml_type type;
    int count;
};

struct lane_kernels {
    int vector_length;
    // One row of a lane: y = gain * x / rms(primal). `x` is `primal` for lane 0.
    void (*norm)(float * y, const float * x, const float * primal, const float * gain, long width,
        const struct lane_norm_parameters * parameters);
    // `count` elements of all lanes.
    void (*gated_product)(float * y, const float * gate, const float * up, long count, long lane_stride, int lane_count,
        const struct lane_gated_product_parameters * parameters);
    void (*softmax)(float * y, const float * x, long count);
    // Columns for weights in blocks of 32, `stride` bytes apart, and a block of one for weights in blocks of 256.
    void (*quantise_32)(char * y, long stride, const float * x, long blocks, bool with_sums, int zero, bool whole_scales);
    void (*quantise_256)(struct panel_column_256 * y, const float * x);

    // Attention of four queries ("rows"), of which the first `rows` count, over one block of positions. `width` is a multiple
    // of 16. Queries and sums are [width / vector_length][4][vector_length], scores and weights [position][4].

    // `count` elements of a cache as floats, while memory is asked for what lies at `next`.
    void (*load)(float * y, const void * x, enum ggml_type type, long count, const char * next);
    // s = q.k and ds = dq.k + q.dk; only one of them where the other is NULL.
    void (*scores)(float * s, float * ds, const float * q, const float * dq, struct lane_positions k, int rows, long width);
    // y += e v and dy += de v + e dv; only one of them where the other is NULL.
    void (*accumulate)(float * y, float * dy, const float * e, const float * de, struct lane_positions v, int rows, long width);
    // s becomes exp(s * scale - maximum), 0 for -infinity, and is added to `total`. Where a row's maximum rises, what was summed
    // before must be multiplied by `shrink`; true if any does.
    bool (*exponentials)(float * s, float scale, float * maximum, float * total, float * shrink);
    // Each row of the sums times its factor.
    void (*shrink)(float * sums, const float * factors, long width);
    // ds becomes ds * weights * factor, and is added to `total`.
    void (*weigh)(float * ds, const float * weights, float factor, float * total);

    // The same of LANE_WIDE_ROW_BLOCK rows over positions that are floats, with the same results to the last bit: queries, sums, and the
    // weights for sums, have an element of all rows side by side; scores lie as before. NULL: there are none.
    void (*wide_scores)(float * s, float * ds, const float * q, const float * dq, struct lane_positions k, long width);
    void (*wide_accumulate)(float * y, float * dy, const float * e, const float * de, struct lane_positions v, long width);
    void (*wide_shrink)(float * sums, const float * factors, long width);

    // state = decay * state + c u', and sums = state' w, for a state [width, rows]. Without `c` nothing is added, without `w` nothing summed.
    void (*rank_one)(float * state, float decay, const float * c, const float * u, const float * w, float * sums, long rows, long width);

    struct reverse_kernels reverse;
};

// A lane's states in a slot; NULL where there is no slot.
INLINE float * lane_state(struct lane_states states, int slot, int lane) {
    return slot < 0 ? NULL : states.memory + ((long)slot * states.lane_count + lane) * states.size;
}

// Which group a column belongs to, and which column is its token's primal.
struct lane_column { int group; long primal; };
INLINE struct lane_column lane_column_at(const struct lane_group * groups, int count, long column) {
    long first = 0;
    for (int group = 0; group < count; group++) {
        const long end = first + groups[group].token_count * groups[group].lane_count;
        if (column < end) return (struct lane_column){group, first + (column - first) % groups[group].token_count};
        first = end;
    }
    return (struct lane_column){0, column};
}

extern const struct lane_kernels lane_kernels_portable, lane_kernels_avx2, lane_kernels_avx512;

// A row whose first `count` elements are turned in pairs, by angles whose cosines and sines are in `table`, or turned back.
void lane_rotate_row(float * y, const float * x, const float * table, long count, long width, bool halves, bool back);

// Those of the instruction set in use.
const struct lane_kernels * lane_kernels(void);
