// Holds the kernels for 64-bit ARM to ggml's products and to plain loops. Run by check.sh under qemu.
#include <stdio.h>
#include <stdlib.h>
#include "ggml.h"
#include "CLaneKernels.h"
#include "check.h"

static int passed, failed;

float next_number(void) {
    static unsigned long long state = 88172645463325252;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (float)(state >> 40) / 8388608 - 1;
}

void fill(float * x, long count) {
    for (long i = 0; i < count; i++) x[i] = next_number();
}

void report(const char * group, int count, double error, double limit) {
    int ok = count > 0 && error <= limit;  // not for NaN
    ok ? passed++ : failed++;
    printf("%-6s %-52s %3d cases, largest error %.1e\n", ok ? "ok" : "FAILED", group, count, error);
}

static void say_nothing(enum ggml_log_level level, const char * text, void * data) {
    (void)level, (void)text, (void)data;
}

// check SET PROCESSOR, where SET is the instruction set that the processor is expected to offer.
int main(int count, char ** arguments) {
    if (count != 3) return 2;
    int expected = atoi(arguments[1]);
    ggml_log_set(say_nothing, NULL);
    if ((int)lane_instruction_set() != expected) {
        printf("%s: instruction set %d instead of %d\n", arguments[2], lane_instruction_set(), expected);
        failed++;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int set = LANE_PORTABLE; set <= expected; set++) {
        if (!lane_choose_instruction_set(set)) continue;
        check_products(arguments[2]);
        if (set == expected) check_lanes(arguments[2]);  // there is but one source for these
    }
    printf("%s: %d passed, %d failed\n", arguments[2], passed, failed);
    return failed > 0;
}
