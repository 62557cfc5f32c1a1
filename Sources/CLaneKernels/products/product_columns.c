// Columns as products of rows take them: rounded as ggml does for the same weights.
#include <string.h>
#include "ggml-cpu.h"
#include "product.h"

static void prepare_float(void * y, const float * x, long blocks) { memcpy(y, x, blocks * sizeof(struct column_floats)); }

static void prepare_half(void * y, const float * x, long blocks) {
    ggml_fp16_t rounded[32];
    for (long i = 0; i < blocks; i++) {
        ggml_cpu_fp32_to_fp16(x + 32 * i, rounded, 32);
        ggml_cpu_fp16_to_fp32(rounded, (float *)y + 32 * i, 32);
    }
}

static void prepare_bfloat(void * y, const float * x, long blocks) {
    ggml_bf16_t rounded[32];
    for (long i = 0; i < blocks; i++) {
        ggml_fp32_to_bf16_row(x + 32 * i, rounded, 32);
        ggml_cpu_bf16_to_fp32(rounded, (float *)y + 32 * i, 32);
    }
}

static void prepare_narrow_half(void * y, const float * x, long blocks) { ggml_cpu_fp32_to_fp16(x, y, 32 * blocks); }

static void prepare_narrow_bfloat(void * y, const float * x, long blocks) { ggml_fp32_to_bf16_row(x, y, 32 * blocks); }

const struct column_format column_format_float = {sizeof(struct column_floats), prepare_float};
const struct column_format column_format_half = {sizeof(struct column_floats), prepare_half};
const struct column_format column_format_bfloat = {sizeof(struct column_floats), prepare_bfloat};
const struct column_format column_format_narrow_half = {sizeof(struct column_narrow), prepare_narrow_half};
const struct column_format column_format_narrow_bfloat = {sizeof(struct column_narrow), prepare_narrow_bfloat};
