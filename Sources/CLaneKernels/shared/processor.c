// Whether this processor has the instructions that ggml was compiled for. Ours are chosen when the program runs; ggml's are fixed when
// it is built, and one that is missing ends the process.
#include "kernels.h"

const char * lane_missing_instructions(void) {
#if defined(__x86_64__)
    const struct { const char * name; bool is_compiled, is_there; } sets[] = {
        {"AVX", ggml_cpu_has_avx(), __builtin_cpu_supports("avx")},
        {"AVX2", ggml_cpu_has_avx2(), __builtin_cpu_supports("avx2")},
        {"FMA", ggml_cpu_has_fma(), __builtin_cpu_supports("fma")},
        {"F16C", ggml_cpu_has_f16c(), __builtin_cpu_supports("f16c")},
        {"BMI2", ggml_cpu_has_bmi2(), __builtin_cpu_supports("bmi2")},
        {"AVX-512", ggml_cpu_has_avx512(), __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")},
        {"AVX-512 VBMI", ggml_cpu_has_avx512_vbmi(), __builtin_cpu_supports("avx512vbmi")},
        {"AVX-512 VNNI", ggml_cpu_has_avx512_vnni(), __builtin_cpu_supports("avx512vnni")},
        {"AVX-VNNI", ggml_cpu_has_avx_vnni(), __builtin_cpu_supports("avxvnni")},
        {"AVX-512 BF16", ggml_cpu_has_avx512_bf16(), __builtin_cpu_supports("avx512bf16")},
    };
    for (unsigned long i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (sets[i].is_compiled && !sets[i].is_there) return sets[i].name;
    }
#endif
    return NULL;
}
