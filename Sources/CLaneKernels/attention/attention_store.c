// New keys and values on their way into the caches, and rotary position embeddings on the way.
#include <string.h>
#include "ggml-cpu.h"
#include "kernels.h"

// Writes the row of a head at a position.
static void store_row(struct ggml_tensor * cache, long head, long position, const float * x) {
    void * y = (char *)cache->data + head * cache->nb[2] + position % cache->ne[1] * cache->nb[1];
    switch (cache->type) {
    case GGML_TYPE_F32: memcpy(y, x, 4 * cache->ne[0]); break;
    case GGML_TYPE_F16: ggml_cpu_fp32_to_fp16(x, y, cache->ne[0]); break;
    case GGML_TYPE_BF16: ggml_fp32_to_bf16_row(x, y, cache->ne[0]); break;
    default: ggml_get_type_traits(cache->type)->from_float_ref(x, y, cache->ne[0]);
    }
}

// A row of keys or values of all heads, and where it belongs.
struct new_row { struct ggml_tensor * cache; long column, position; };

// Calls `body` with each new row of the batch that is a part's: rows are dealt out in turn, `counter` after those before.
#define EACH_NEW_ROW(share, batch, layer, kind, counter, body)                                                                  \
    for (int sequence = 0; sequence < (batch)->count; sequence++) {                                                             \
        const struct lane_sequence * s = (batch)->sequences + sequence;                                                         \
        const struct lane_caches * caches = &s->layers[layer].caches;                                                           \
        for (int lane = 0; lane < s->lane_count; lane++)                                                                        \
            for (int token = 0; token < s->token_count; token++, (counter)++) {                                                 \
                if ((counter) % (share).part_count != (share).part) continue;                                                   \
                const struct new_row new = {((kind) == 0 ? caches->keys : caches->values)[lane],                                \
                    s->first_column + lane * s->lane_stride + token, s->start + token};                                         \
                body                                                                                                            \
            }                                                                                                                   \
    }

void lane_store(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_store_parameters * p = parameters;
    long counter = 0;
    for (int kind = 0; kind < 2; kind++) {
        const struct ggml_tensor * source = result->src[kind];
        const long width = source->ne[0], heads = source->ne[1];
        EACH_NEW_ROW(share, p->batch, p->layer, kind, counter, {
            for (long head = 0; head < heads; head++)
                store_row(new.cache, head, new.position, (const float *)source->data + (new.column * heads + head) * width);
        })
    }
}

void lane_rotation_units(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    (void)parameters;
    const long width = result->ne[0], rows = ggml_nrows(result);
    for (long row = share.part; row < rows; row += share.part_count)
        for (long i = 0; i < width; i++) ((float *)result->data)[row * width + i] = i < width / 2;
}

void lane_rotate_row(float * restrict y, const float * restrict x, const float * restrict table, long count, long width, bool halves,
    bool back) {
    const float * cosines = table, * sines = table + count / 2, sign = back ? -1 : 1;
    if (halves) {
        for (long i = 0; i < count / 2; i++) {
            const float sine = sign * sines[i];
            y[i] = x[i] * cosines[i] - x[i + count / 2] * sine;
            y[i + count / 2] = x[i] * sine + x[i + count / 2] * cosines[i];
        }
    } else {
        for (long i = 0; i < count / 2; i++) {
            const float sine = sign * sines[i];
            y[2 * i] = x[2 * i] * cosines[i] - x[2 * i + 1] * sine;
            y[2 * i + 1] = x[2 * i] * sine + x[2 * i + 1] * cosines[i];
        }
    }
    memcpy(y + count, x + count, 4 * (width - count));
}

// A head of queries or keys: normed, where there is a gain, and turned.
static void turn(const struct ggml_tensor * source, const struct ggml_tensor * gain, const struct lane_norms * norms,
    const struct ggml_tensor * table, bool halves, long column, long head, float * y) {
    const long width = source->ne[0], heads = source->ne[1];
    const float * data = source->data, * x = data + (column * heads + head) * width;
    float normed[width];
    if (gain) {
        const struct lane_column c = lane_column_at(norms->groups, norms->group_count, column);
        lane_kernels()->norm(normed, x, data + (c.primal * heads + head) * width, gain->data, width, norms->parameters + c.group);
        x = normed;
    }
    lane_rotate_row(y, x, (const float *)table->data + column * table->ne[0], table->ne[0], width, halves, false);
}

void lane_place(struct ggml_tensor * result, struct lane_share share, void * parameters) {
    const struct lane_place_parameters * p = parameters;
    const struct ggml_tensor * queries = result->src[0], * keys = result->src[1], * values = result->src[2];
    const struct ggml_tensor * query_table = result->src[3], * key_table = result->src[4];
    const long width = queries->ne[0], heads = queries->ne[1], key_heads = keys->ne[1];
    float turned[width];
    long counter = 0;
    for (long column = 0; column < queries->ne[2]; column++, counter++)
        for (long head = 0; head < heads && counter % share.part_count == share.part; head++)
            turn(queries, p->query_gain, &p->query_norms, query_table, p->halves, column, head,
                (float *)result->data + (column * heads + head) * width);
    EACH_NEW_ROW(share, p->batch, p->layer, 0, counter, {
        for (long head = 0; head < key_heads; head++) {
            turn(keys, p->key_gain, &p->key_norms, key_table, p->halves, new.column, head, turned);
            store_row(new.cache, head, new.position, turned);
        }
    })
    EACH_NEW_ROW(share, p->batch, p->layer, 1, counter, {
        for (long head = 0; head < key_heads; head++)
            store_row(new.cache, head, new.position, (const float *)values->data + (new.column * key_heads + head) * width);
    })
}
