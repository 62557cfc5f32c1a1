// Columns as the kernels take them: quantised or rounded as ggml does for the same weights.
#include <string.h>
#include "ggml-cpu.h"
#include "kernels.h"

static void prepare_32(void * result, const float * x, long blocks) {
    struct { uint16_t scale; int8_t values[32]; } block;  // ggml's q8_0
    ggml_from_float_t quantise = ggml_get_type_traits_cpu(GGML_TYPE_Q8_0)->from_float;
    struct column_block_32 * y = result;
    for (long i = 0; i < blocks; i++) {
        quantise(x + 32 * i, &block, 32);
        y[i].scale = ggml_fp16_to_fp32(block.scale);
        memcpy(y[i].values, block.values, 32);
        int sum = 0;
        for (int j = 0; j < 32; j++) {
            sum += block.values[j];
            y[i].shifted[j] = (uint8_t)(block.values[j] + 128);
        }
        y[i].sum = sum;
    }
}

static void prepare_64(void * result, const float * x, long blocks) {
    struct column_block_32 halves[2];
    struct column_block_64 * y = result;
    for (long i = 0; i < blocks; i++) {
        prepare_32(halves, x + 64 * i, 2);
        for (int j = 0; j < 2; j++) {
            y[i].scales[j] = halves[j].scale;
            memcpy(y[i].shifted + 32 * j, halves[j].shifted, 32);
        }
    }
}

static void prepare_256(void * y, const float * x, long blocks) { lane_kernels()->quantise(y, x, blocks); }

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

const struct column_format column_format_32 = {32, sizeof(struct column_block_32), prepare_32};
const struct column_format column_format_64 = {64, sizeof(struct column_block_64), prepare_64};
const struct column_format column_format_256 = {256, sizeof(struct column_block_256), prepare_256};
const struct column_format column_format_float = {32, sizeof(struct column_floats), prepare_float};
const struct column_format column_format_half = {32, sizeof(struct column_floats), prepare_half};
const struct column_format column_format_bfloat = {32, sizeof(struct column_floats), prepare_bfloat};
const struct column_format column_format_narrow_half = {32, sizeof(struct column_narrow), prepare_narrow_half};
const struct column_format column_format_narrow_bfloat = {32, sizeof(struct column_narrow), prepare_narrow_bfloat};
