// Which instruction set the kernels use; found out when first asked for.
#include <stdatomic.h>
#include "kernels.h"

static bool available(enum lane_instruction_set set) {
    switch (set) {
    case LANE_PORTABLE: return true;
#if defined(__x86_64__)
    case LANE_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case LANE_AVX512:
        return available(LANE_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    default: return false;
    }
}

static _Atomic int chosen = -1;

enum lane_instruction_set lane_instruction_set(void) {
    int set = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (set >= 0) return set;
    set = LANE_AVX512;
    while (!available(set)) set--;
    atomic_store_explicit(&chosen, set, memory_order_relaxed);
    return set;
}

bool lane_choose_instruction_set(enum lane_instruction_set set) {
    if (!available(set)) return false;
    atomic_store(&chosen, set);
    return true;
}

const struct lane_kernels * lane_kernels(void) {
    switch (lane_instruction_set()) {
#if defined(__x86_64__)
    case LANE_AVX512: return &lane_kernels_avx512;
    case LANE_AVX2: return &lane_kernels_avx2;
#endif
    default: return &lane_kernels_portable;
    }
}
