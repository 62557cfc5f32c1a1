// Matrix products as a ggml operation.
#include "panels.h"
#include "product.h"

enum {
    // Panels and columns go through the first cache together, in pieces.
    CHUNK_ELEMENTS = 1024, CHUNK_PANELS = 2,
    // So many columns are quantised at a time.
    BATCH_COLUMNS = 128,
    // The processor's own prefetching stops at the end of a page and comes late for what one or two threads can take.
    FETCH_AHEAD = 8 << 10,
};

// ---- Which kernels ----

static struct row_kernel row_kernel(enum ggml_type type) {
    switch (lane_instruction_set()) {
#if defined(__x86_64__)
    case LANE_AVX512: return row_product_avx512(type);
    case LANE_AVX2: return row_product_avx2(type);
#endif
    default: return row_product_portable(type);
    }
}

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

bool lane_rows_take(const struct ggml_tensor * weights, long columns) {
    return columns <= ROW_COLUMN_LIMIT && weights->buffer && ggml_backend_buffer_is_host(weights->buffer)
        && ggml_is_matrix(weights) && ggml_is_contiguous(weights) && weights->ne[0] % 32 == 0 && row_kernel(weights->type).product;
}

// ---- Panels ----

struct work {
    float * y;
    long stride, rows;
    struct panel_format format;
    const struct panel_kernels * kernels;
    const struct panel_type * type;
    const char * panels;
    long blocks;
};

static int rows_of(const struct work * w, long panel) {
    const long rows = w->rows - PANEL_ROWS * panel;
    return (int)(rows < PANEL_ROWS ? rows : PANEL_ROWS);
}

static void few_columns(const struct work * w, const void * columns, int count, long first, long last) {
    panel_product * product = w->kernels->products[w->type->format][count - 1];
    const long size = w->blocks * panel_block_size(w->format);
    for (long i = first; i < last; i++) {
        const char * panel = w->panels + i * size;
        product(w->y + PANEL_ROWS * i, w->stride, rows_of(w, i), false, panel, panel + FETCH_AHEAD, columns, w->blocks, w->type->table);
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
                w->kernels->decode[w->type->format](decoded + i * chunk * decoded_size, packed, packed + chunk * block_size, blocks, w->type->table);
            }
            for (int column = 0, index, size; column < count; column += size) {
                size = tile_size(w->kernels->tile_sizes, count - column, &index);
                const char * x = columns + (column * w->blocks + size * block) * column_size;
                for (long i = 0; i < panels; i++) {
                    const char * p = decoded + i * chunk * decoded_size;
                    tiles[index](w->y + PANEL_ROWS * (panel + i) + column * w->stride, w->stride, rows_of(w, panel + i), block > 0, p, p, x, blocks, NULL);
                }
            }
        }
    }
}

// Quantises columns, those of a tile side by side.
static void prepare(const struct work * w, char * columns, const float * x, long width, int count) {
    const long column_size = panel_column_size(w->format);
    const int zero = w->format.has_signs ? w->kernels->signed_zero : w->type->zero;
    for (int first = 0, index, size; first < count; first += size) {
        size = count <= PANEL_FEW_COLUMNS ? count : tile_size(w->kernels->tile_sizes, count - first, &index);
        for (int c = 0; c < size; c++)
            panel_prepare_column(columns + (first * w->blocks + c) * column_size, size * column_size, x + (first + c) * width, width, w->type, zero);
    }
}

static size_t decoded_size(void) {
    size_t largest = 0;
    for (int name = 0; name < PANEL_FORMAT_COUNT; name++) {
        struct panel_format f = panel_decoded(panel_format(name));
        size_t size = CHUNK_PANELS * (CHUNK_ELEMENTS / panel_block_width(f)) * panel_block_size(f);
        if (size > largest) largest = size;
    }
    return largest;
}

static void panels_product(const struct lane_product_parameters * p, const struct ggml_tensor * columns, float * y, char * scratch, int thread, int thread_count) {
    const struct panel_type * type = panel_type(p->type);
    if (!type) return;
    const struct panel_format f = panel_format(type->format);
    struct work w = {y, p->rows, p->rows, f, panel_kernels(), type, p->panels, p->width / panel_block_width(f)};
    const long panels = (p->rows + PANEL_ROWS - 1) / PANEL_ROWS;
    const long first = panels * thread / thread_count, last = panels * (thread + 1) / thread_count;
    const long all = ggml_nrows(columns);
    char * prepared = scratch + decoded_size();
    // Every thread prepares all columns for itself: little work, and no waiting for each other.
    for (long done = 0; first < last && done < all; done += BATCH_COLUMNS, w.y += BATCH_COLUMNS * w.stride) {
        const int count = (int)(all - done < BATCH_COLUMNS ? all - done : BATCH_COLUMNS);
        prepare(&w, prepared, (const float *)columns->data + done * p->width, p->width, count);
        if (count <= PANEL_FEW_COLUMNS) few_columns(&w, prepared, count, first, last);
        else many_columns(&w, scratch, prepared, count, first, last);
    }
}

// ---- The operation ----

size_t lane_product_scratch_size(long width) {
    const size_t blocks = (width + 31) / 32;
    const size_t rows = ROW_COLUMN_LIMIT * blocks * sizeof(struct column_floats);
    const size_t panels = decoded_size() + BATCH_COLUMNS * ((blocks + 7) / 8) * sizeof(struct panel_column_256);
    return ((rows > panels ? rows : panels) + 63) / 64 * 64;
}

static void rows_product(const struct ggml_tensor * weights, const struct ggml_tensor * columns, float * y, char * prepared, int thread, int thread_count) {
    struct row_kernel kernel = row_kernel(weights->type);
    const long first = weights->ne[1] * thread / thread_count, last = weights->ne[1] * (thread + 1) / thread_count;
    if (!kernel.product || first == last) return;
    const int count = (int)ggml_nrows(columns);
    const long blocks = weights->ne[0] / 32;
    kernel.column->prepare(prepared, columns->data, count * blocks);
    kernel.product(y, weights->ne[1], weights->data, prepared, count, blocks, first, last);
}

void lane_product(struct ggml_tensor * result, int thread, int thread_count, void * parameters) {
    const struct lane_product_parameters * p = parameters;
    if (thread_count > p->thread_limit) thread_count = p->thread_limit;
    if (thread >= thread_count) return;
    char * scratch = p->scratch + thread * lane_product_scratch_size(p->width);
    if (p->panels) panels_product(p, result->src[0], result->data, scratch, thread, thread_count);
    else rows_product(p->weights, result->src[0], result->data, scratch, thread, thread_count);
}
