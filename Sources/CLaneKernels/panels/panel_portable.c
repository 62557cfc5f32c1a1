// Products of panels for any processor, in loops that the compiler turns into vectors.
#include <string.h>
#include "panels.h"

#define LANE_VECTOR 8
#if defined(__aarch64__)
#define LANE_CONVERTS_HALF
#endif
#include "vector.inc"

enum { PARTS = 2 };
typedef struct { int8_t of[4 * LANE_VECTOR]; } codes;
typedef integers partial;

INLINE codes code(struct panel_format f, const int8_t * table, const char * p, int quad, int part) {
    codes y;
    const uint8_t * lines = (const uint8_t *)p + 4 * LANE_VECTOR * part;
    for (int i = 0; i < 4 * LANE_VECTOR; i++) {
        int x = 0, low = 0;
        const uint8_t * line = lines + i;
        if (f.bits == 8 || f.decoded) x = line[64 * quad];
        else {
            if (f.bits & 4) {
                x = line[64 * (quad % 4)] >> quad / 4 * 4 & 15;
                low = 4;
                line += 256;
            }
            if (f.bits & 2) {
                x |= (line[64 * (quad % 2)] >> quad / 2 * 2 & 3) << low;
                low += 2;
                line += 128;
            }
            if (f.bits & 1) x |= (line[0] >> quad & 1) << low;
        }
        y.of[i] = f.looked_up && !f.decoded ? table[x] : (int8_t)x;
    }
    return y;
}
INLINE void put(char * p, codes x) { memcpy(p, &x, sizeof x); }

INLINE partial begin(int32_t correction) {
    integers y;
    UNROLLED for (int i = 0; i < LANE_VECTOR; i++) y[i] = correction;
    return y;
}
// Two products of bytes fit 16 bits, since no element of a column is -128.
INLINE partial more(struct panel_format f, partial sum, codes w, const int8_t * x, int n) {
    typedef int16_t pairs __attribute__((vector_size(4 * LANE_VECTOR)));
    pairs both, even, odd;
    memcpy(&both, &w, sizeof both);
    UNROLLED for (int i = 0; i < 2 * LANE_VECTOR; i++) {
        even[i] = x[2 * (i % 2)];
        odd[i] = x[2 * (i % 2) + 1];
    }
    pairs products = (both << 8 >> 8) * even + (both >> 8) * odd;
    integers two = (integers)products;
    return sum + (two << 16 >> 16) + (two >> 16);
}
INLINE vector end(partial sum) { return __builtin_convertvector(sum, vector); }

INLINE vector halves(const char * p) { return half_to_float((const uint16_t *)p); }
INLINE vector bfloats(const char * p) { return bfloat_to_float((const uint16_t *)p); }
INLINE vector signed_bytes(const char * p) {
    typedef int8_t narrow __attribute__((vector_size(LANE_VECTOR)));
    narrow x;
    memcpy(&x, p, sizeof x);
    return __builtin_convertvector(x, vector);
}
INLINE vector minima(const char * p, int groups, const int16_t * sums) {
    int32_t totals[LANE_VECTOR] = {0};
    for (int pair = 0; pair < groups / 2; pair++)
        for (int i = 0; i < LANE_VECTOR; i++) {
            const uint8_t * both = (const uint8_t *)p + 32 * pair + 2 * i;
            totals[i] += both[0] * sums[2 * pair] + both[1] * sums[2 * pair + 1];
        }
    integers total;
    memcpy(&total, totals, sizeof total);
    return end(total);
}
INLINE vector same(float x) { return all(x); }
INLINE vector times(vector a, vector b) { return a * b; }
INLINE vector plus_product(vector total, vector a, vector b) { return total + a * b; }
INLINE vector load_floats(const float * p) { return load(p); }
INLINE void fetch(const char * p, int lines) { UNROLLED for (int i = 0; i < lines; i++) __builtin_prefetch(p + 64 * i); }

#define EACH_QUAD
#define EACH_FEW_SIZE(F, name, ...) F(name, 1 __VA_OPT__(,) __VA_ARGS__) F(name, 2 __VA_OPT__(,) __VA_ARGS__) \
    F(name, 3 __VA_OPT__(,) __VA_ARGS__) F(name, 4 __VA_OPT__(,) __VA_ARGS__)
#define EACH_TILE_SIZE(F, name, ...) F(name, 4 __VA_OPT__(,) __VA_ARGS__) F(name, 1 __VA_OPT__(,) __VA_ARGS__)
#include "panel_loops.inc"

const struct panel_kernels panel_kernels_portable = PANEL_KERNELS(0, 4);
