// Products of panels with any number of columns: few straight from the panels, in registers; many from chunks of panels that are
// decoded into the first cache.
#include "kernels.h"
#include "product.h"

enum {
    // What of two panels is decoded at a time; a byte for a weight, and their headers, which are a seventh of that at most.
    CHUNK_ELEMENTS = 1024, CHUNK_FLOATS = 256, CHUNK_PANELS = 2,
    DECODED_BYTES = CHUNK_PANELS * CHUNK_ELEMENTS * PANEL_ROWS / 4 * 5,
    // The processor's own prefetching stops at the end of a page and comes late for what one or two threads can take.
    FETCH_AHEAD = 8 << 10,
};

const struct panel_kernels * panel_kernels(void) {
    switch (lane_instruction_set()) {
#if defined(__x86_64__)
    case LANE_AVX512: return __builtin_cpu_supports("avx512vnni") ? &panel_kernels_avx512 : &panel_kernels_avx2;
    case LANE_AVX2: return &panel_kernels_avx2;
#elif defined(__aarch64__)
    case LANE_NEON: return &panel_kernels_neon;
#endif
    default: return &panel_kernels_portable;
    }
}

struct work {
    float * y;
    long stride, rows;
    struct panel_format format;
    const struct panel_kernels * kernels;
    const struct panel_type * type;
    const char * panels;
    long blocks;
};

static long panels_in(const struct lane_matrix * matrix) { return (matrix->rows + PANEL_ROWS - 1) / PANEL_ROWS; }

static int rows_of(const struct work * w, long panel) {
    const long rows = w->rows - PANEL_ROWS * panel;
    return (int)(rows < PANEL_ROWS ? rows : PANEL_ROWS);
}

// While the first columns pass over a panel, what comes next is fetched.
static void few_columns(const struct work * w, const char * columns, int count, long first, long last) {
    const long panel_size = w->blocks * panel_block_size(w->format), column_size = w->blocks * panel_column_size(w->format);
    for (long i = first; i < last; i++) {
        const char * panel = w->panels + i * panel_size;
        for (int column = 0, index, size; column < count; column += size) {
            size = panel_tile_size(w->kernels, count, count - column, &index);
            w->kernels->products[w->type->format][index](w->y + PANEL_ROWS * i + column * w->stride, w->stride, rows_of(w, i), false,
                panel, column == 0 ? panel + FETCH_AHEAD : panel, columns + column * column_size, w->blocks, w->type->table);
        }
    }
}

// Some panels' chunks are decoded, and all columns pass over them.
static void many_columns(const struct work * w, char * decoded, const char * columns, int count, long first, long last) {
    const struct panel_format f = w->format, whole = panel_decoded(f);
    const long block_size = panel_block_size(f), decoded_size = panel_block_size(whole), column_size = panel_column_size(f);
    const long chunk = (f.numbers == PANEL_CODES ? CHUNK_ELEMENTS : CHUNK_FLOATS) / panel_block_width(f);
    panel_product * const * tiles = w->kernels->tiles(whole);
    for (long panel = first; panel < last; panel += CHUNK_PANELS) {
        const long panels = last - panel < CHUNK_PANELS ? last - panel : CHUNK_PANELS;
        for (long block = 0; block < w->blocks; block += chunk) {
            const long blocks = w->blocks - block < chunk ? w->blocks - block : chunk;
            for (long i = 0; i < panels; i++) {
                const char * packed = w->panels + ((panel + i) * w->blocks + block) * block_size;
                w->kernels->decode[w->type->format](
                    decoded + i * chunk * decoded_size, packed, packed + chunk * block_size, blocks, w->type->table);
            }
            for (int column = 0, index, size; column < count; column += size) {
                size = panel_tile_size(w->kernels, count, count - column, &index);
                const char * x = columns + (column * w->blocks + size * block) * column_size;
                for (long i = 0; i < panels; i++) {
                    const char * p = decoded + i * chunk * decoded_size;
                    float * y = w->y + PANEL_ROWS * (panel + i) + column * w->stride;
                    tiles[index](y, w->stride, rows_of(w, panel + i), block > 0, p, p, x, blocks, NULL);
                }
            }
        }
    }
}

static bool all_same_columns(const struct lane_product_parameters * p) {
    for (int m = 1; m < p->matrix_count; m++)
        if (!lane_same_columns(p->matrices[0].type, p->matrices[m].type)) return false;
    return true;
}

int lane_few_columns(void) { return panel_kernels()->few_columns; }

static size_t few_size(long width) { return LANE_FEW_COLUMNS * ((width + 255) / 256) * 8 * sizeof(struct panel_column_floats); }

// Some panels of one matrix: first ..< last.
struct share { struct work work; const struct lane_matrix * matrix; long first, last; };

static struct share share_of(const struct lane_product_parameters * p, const struct lane_matrix * matrix, float * y, long first, long last) {
    const struct panel_type * type = panel_type(matrix->type);
    const struct panel_format f = panel_format(type->format);
    const struct work work = {
        y, matrix->rows, matrix->rows, f, panel_kernels(), type, matrix->made ? matrix->made->data : matrix->panels,
        p->input.width / panel_block_width(f),
    };
    return (struct share){work, matrix, first, last};
}

// Cuts the panels of all matrices, one after the other, into parts; those of gated matrices each by itself, since the results that
// meet must be the same part's.
static int shares_of(struct share * shares, const struct lane_product_parameters * p, float * y, long columns, struct lane_share part) {
    long all = 0, before = 0;
    int count = 0;
    for (int m = 0; m < p->matrix_count; m++) all += panels_in(&p->matrices[m]);
    if (p->gated) all /= 2;
    const long first = all * part.part / part.part_count, last = all * (part.part + 1) / part.part_count;
    for (int m = 0; m < p->matrix_count; m++) {
        const struct lane_matrix * matrix = &p->matrices[m];
        const long panels = panels_in(matrix), from = first - before, to = last - before;
        if (!p->gated) before += panels;
        if (from < panels && to > 0 && first < last)
            shares[count++] = share_of(p, matrix, y, from > 0 ? from : 0, to < panels ? to : panels);
        y += matrix->rows * columns;
    }
    return count;
}

static long first_row(const struct share * s) { return PANEL_ROWS * s->first; }
static long last_row(const struct share * s) {
    const long last = PANEL_ROWS * s->last;
    return last < s->work.rows ? last : s->work.rows;
}

static void add(const struct share * s, const struct ggml_tensor * other, long count) {
    for (long c = 0; c < count; c++)
        for (long i = c * s->work.stride + first_row(s); i < c * s->work.stride + last_row(s); i++)
            s->work.y[i] += ((const float *)other->data)[i];
}

// From the results of two matrices, which lie one after the other, that of the gated product behind them.
static void gate(const struct lane_product_parameters * p, const struct share * s, float * y, long columns) {
    const long rows = s->work.rows, all = rows * columns;
    long start = first_row(s);
    for (int group = 0; group < p->gate.group_count; group++) {
        const struct lane_group * g = p->gate.groups + group;
        for (long token = 0; token < g->token_count; token++) {
            const float * x = y + start + token * rows;
            lane_kernels()->gated_product(y + 2 * all + start + token * rows, x, x + all, last_row(s) - first_row(s),
                rows * g->token_count, g->lane_count, p->gate.parameters + group);
        }
        start += rows * g->token_count * g->lane_count;
    }
}

void panels_product(const struct lane_product_parameters * p, struct ggml_tensor * result, char * scratch, struct lane_share part) {
    const int count = p->columns;
    struct share shares[LANE_MATRIX_LIMIT];
    const int share_count = shares_of(shares, p, result->data, count, part);
    for (int i = 0; i < share_count; i++) {
        const struct share * s = &shares[i];
        const struct ggml_tensor * columns = result->src[p->column_sources[s->matrix - p->matrices]];
        const char * prepared = columns->data;
        if (count <= s->work.kernels->few_columns) {
            // Every thread prepares few columns for itself: little work, and no waiting for each other.
            const bool ready = i > 0 ? lane_same_columns(s->matrix->type, shares[i - 1].matrix->type)
                : part.again && all_same_columns(p);
            if (!ready)
                panel_prepare_columns(scratch, &p->input, s->matrix->type, columns->data, count, 0, 1,
                    (float *)(scratch + few_size(p->input.width)));
            prepared = scratch;
        }
        if (count <= s->work.kernels->direct_columns) few_columns(&s->work, prepared, count, s->first, s->last);
        else many_columns(&s->work, scratch, prepared, count, s->first, s->last);
        product_add_bias(p, s->work.y, s->matrix, first_row(s), last_row(s));
        if (p->sum_source > 0) add(s, result->src[p->sum_source], count);
    }
    if (p->gated && share_count > 0) gate(p, &shares[0], result->data, count);
}

size_t panels_scratch_size(long width) {
    const size_t few = few_size(width) + width * sizeof(float);
    return few > DECODED_BYTES ? few : DECODED_BYTES;
}
