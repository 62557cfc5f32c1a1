// Products of panels with any number of columns: few straight from the panels, many from chunks of panels that are decoded
// into the first cache.
#include "panels.h"
#include "product.h"

enum {
    // What of two panels is decoded at a time; a byte for a weight, and their headers, which are a seventh of that at most.
    CHUNK_ELEMENTS = 1024, CHUNK_PANELS = 2,
    DECODED_BYTES = CHUNK_PANELS * CHUNK_ELEMENTS * PANEL_ROWS / 4 * 5,
    // So many columns are quantised at a time.
    BATCH_COLUMNS = 128,
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

// What is added to weights to make them positive.
static int zero_of(const struct work * w) { return w->format.has_signs ? w->kernels->signed_zero : w->type->zero; }

static int rows_of(const struct work * w, long panel) {
    const long rows = w->rows - PANEL_ROWS * panel;
    return (int)(rows < PANEL_ROWS ? rows : PANEL_ROWS);
}

static void few_columns(const struct work * w, const void * columns, int count, long first, long last) {
    panel_product * product = w->kernels->products[w->type->format][count - 1];
    const long size = w->blocks * panel_block_size(w->format);
    for (long i = first; i < last; i++) {
        const char * panel = w->panels + i * size;
        product(w->y + PANEL_ROWS * i, w->stride, rows_of(w, i), false, panel, panel + FETCH_AHEAD, columns, w->blocks,
            w->type->table);
    }
}

// Where the tile that starts at a column ends, and which of the sizes that is.
static int tile_size(const int * sizes, int columns, int * index) {
    for (*index = 0; sizes[*index] > columns; ++*index);
    return sizes[*index];
}

// Some panels' chunks are decoded, and all columns pass over them.
static void many_columns(const struct work * w, char * decoded, const char * columns, int count, long first, long last) {
    const struct panel_format f = w->format, whole = panel_decoded(f);
    const long block_size = panel_block_size(f), decoded_size = panel_block_size(whole), column_size = panel_column_size(f);
    const long chunk = CHUNK_ELEMENTS / panel_block_width(f);
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
                size = tile_size(w->kernels->tile_sizes, count - column, &index);
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

// Quantises columns, those of a tile side by side.
static void prepare(const struct work * w, char * columns, const float * x, long width, int count) {
    const long column_size = panel_column_size(w->format), whole_size = column_size * w->blocks;
    for (int first = 0, index, size; first < count; first += size) {
        size = count <= PANEL_FEW_COLUMNS ? count : tile_size(w->kernels->tile_sizes, count - first, &index);
        for (int c = 0; c < size; c++)
            panel_prepare_column(columns + first * whole_size + c * column_size, size * column_size, x + (first + c) * width,
                width, w->type, zero_of(w));
    }
}

static bool same_columns(const struct work * a, const struct work * b) {
    const struct panel_format f = a->format, g = b->format;
    return f.large == g.large && f.group == g.group && f.minima == g.minima && zero_of(a) == zero_of(b)
        && a->type->unit == b->type->unit;
}

// A thread's share of one matrix: panels first ..< last.
struct share { struct work work; const struct ggml_tensor * bias; long first, last; };

// Cuts the panels of all matrices, one after the other, into as many parts as there are threads.
static int shares_of(struct share * shares, const struct lane_product_parameters * p, float * y, long columns, int thread,
    int thread_count) {
    long all = 0, before = 0;
    int count = 0;
    for (int m = 0; m < p->matrix_count; m++) all += panels_in(&p->matrices[m]);
    const long first = all * thread / thread_count, last = all * (thread + 1) / thread_count;
    for (int m = 0; m < p->matrix_count; m++) {
        const struct lane_matrix * matrix = &p->matrices[m];
        const struct panel_type * type = panel_type(matrix->type);
        const long panels = panels_in(matrix), from = first - before, to = last - before;
        before += panels;
        if (type && from < panels && to > 0) {
            const struct panel_format f = panel_format(type->format);
            const struct work work = {
                y, matrix->rows, matrix->rows, f, panel_kernels(), type, matrix->panels, p->width / panel_block_width(f),
            };
            shares[count++] = (struct share){work, matrix->bias, from > 0 ? from : 0, to < panels ? to : panels};
        }
        y += matrix->rows * columns;
    }
    return count;
}

void panels_product(const struct lane_product_parameters * p, const struct ggml_tensor * columns, float * y, char * scratch,
    int thread, int thread_count) {
    const long all = ggml_nrows(columns);
    char * prepared = scratch + DECODED_BYTES;
    struct share shares[LANE_MATRIX_LIMIT];
    const int count = shares_of(shares, p, y, all, thread, thread_count);
    for (long done = 0; done < all; done += BATCH_COLUMNS) {
        const int batch = (int)(all - done < BATCH_COLUMNS ? all - done : BATCH_COLUMNS);
        for (int i = 0; i < count; i++) {
            struct work * w = &shares[i].work;
            // Every thread prepares all columns for itself: little work, and no waiting for each other.
            if (i == 0 || !same_columns(w, &shares[i - 1].work))
                prepare(w, prepared, (const float *)columns->data + done * p->width, p->width, batch);
            if (batch <= PANEL_FEW_COLUMNS) few_columns(w, prepared, batch, shares[i].first, shares[i].last);
            else many_columns(w, scratch, prepared, batch, shares[i].first, shares[i].last);
            const long last = PANEL_ROWS * shares[i].last;
            product_add_bias(p, w->y, w->stride, shares[i].bias, done, batch, PANEL_ROWS * shares[i].first,
                last < w->rows ? last : w->rows);
            w->y += BATCH_COLUMNS * w->stride;
        }
    }
}

size_t panels_scratch_size(long width) {
    return DECODED_BYTES + BATCH_COLUMNS * ((width + 255) / 256) * sizeof(struct panel_column_256);
}
