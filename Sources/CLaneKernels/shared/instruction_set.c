// Which instruction set the kernels use; found out when first asked for.
#include <stdatomic.h>
#include "kernels.h"
#if defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#if defined(__aarch64__)
static bool has_integer_dot_products(void) {
#if defined(__APPLE__)
    int found = 0;
    size_t size = sizeof found;
    return sysctlbyname("hw.optional.arm.FEAT_DotProd", &found, &size, NULL, 0) == 0 && found;
#elif defined(__linux__)
    return getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
#else
    return false;
#endif
}
#endif

static bool available(enum lane_instruction_set set) {
    switch (set) {
    case LANE_PORTABLE: return true;
#if defined(__x86_64__)
    case LANE_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case LANE_AVX512:
        return available(LANE_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#elif defined(__aarch64__)
    case LANE_NEON: return has_integer_dot_products();
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
