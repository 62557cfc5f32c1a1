// The kernels for lanes on the CPU, against the formulas they stand for in double precision: each thread of a block is a thread here.
// Tools/cuda/check.sh compiles and runs it; no graphics processor is needed.
#include <barrier>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#define __global__
#define __device__
#define __shared__ static
static int min(int a, int b) { return a < b ? a : b; }

struct position { unsigned x = 1, y = 1, z = 1; };
static thread_local position threadIdx;
static position blockIdx, blockDim, gridDim;
static float block_memory[16384];
static std::barrier<> * block_barrier;
static void __syncthreads() { block_barrier->arrive_and_wait(); }
#define LANE_BLOCK_MEMORY(name) float * name = block_memory
#include "kernels.cuh"

template <typename Kernel, typename... Arguments>
static void launch(position grid, unsigned threads, Kernel kernel, Arguments... arguments) {
    gridDim = grid;
    blockDim = {threads, 1, 1};
    for (unsigned z = 0; z < grid.z; z++)
        for (unsigned y = 0; y < grid.y; y++)
            for (unsigned x = 0; x < grid.x; x++) {
                blockIdx = {x, y, z};
                std::barrier<> barrier(threads);
                block_barrier = &barrier;
                std::vector<std::thread> all;
                for (unsigned i = 0; i < threads; i++)
                    all.emplace_back([=] {
                        threadIdx = {i, 0, 0};
                        kernel(arguments...);
                    });
                for (std::thread & thread : all) thread.join();
            }
}

static std::mt19937 generator(7);
static std::vector<float> numbers(size_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> result(count);
    for (float & x : result) x = normal(generator);
    return result;
}

static int failures = 0;
static void expect_close(const char * what, const std::vector<float> & found, const std::vector<double> & expected, double tolerance) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < expected.size(); i++) {
        difference += (found[i] - expected[i]) * (found[i] - expected[i]);
        size += expected[i] * expected[i];
    }
    const double error = std::sqrt(difference / size);
    const bool holds = found.size() == expected.size() && error < tolerance;  // not for what is no number
    std::printf("%s: relative error %.1e%s\n", what, error, holds ? "" : ", too much");
    failures += !holds;
}

// Two groups: three tokens with two tangents by constants, and two tokens with one by derivatives.
static lane_device_step two_groups() {
    lane_device_step step = {};
    step.epsilon = 1e-3f;
    step.group_count = 2;
    step.groups[0] = {0, 3, 3, false, 0.5f, 0.25f};
    step.groups[1] = {9, 2, 2, true, 1, 1};
    return step;
}
enum { COLUMNS = 13 };

template <typename Body> static void each_token(const lane_device_step & step, Body body) {
    for (int g = 0; g < step.group_count; g++)
        for (int token = 0; token < step.groups[g].token_count; token++)
            for (int lane = 0; lane < step.groups[g].lane_count; lane++) {
                const lane_device_group & group = step.groups[g];
                body(group, group.first_column + token, group.first_column + lane * group.token_count + token, lane);
            }
}

static void check_norm(int width, int heads, bool gained) {
    const lane_device_step step = two_groups();
    const std::vector<float> x = numbers((size_t)COLUMNS * heads * width), gain = numbers(width);
    std::vector<float> y(x.size(), NAN);
    launch({5u * heads, 1, 1}, LANE_THREADS, lane_norm_kernel, step, y.data(), x.data(), gained ? gain.data() : nullptr, width, heads);
    std::vector<double> expected(x.size());
    each_token(step, [&](const lane_device_group & group, int primal, int column, int lane) {
        for (int head = 0; head < heads; head++) {
            const float * p = &x[((size_t)primal * heads + head) * width], * t = &x[((size_t)column * heads + head) * width];
            double squares = 0, products = 0;
            for (int i = 0; i < width; i++) squares += (double)p[i] * p[i], products += (double)p[i] * t[i];
            const double mean = squares / width + step.epsilon;
            const double share = lane > 0 && group.derivative ? products / width / mean : 0;
            for (int i = 0; i < width; i++)
                expected[((size_t)column * heads + head) * width + i] = (t[i] - share * p[i]) / std::sqrt(mean) * (gained ? gain[i] : 1);
        }
    });
    expect_close("norm", y, expected, 1e-6);
}

static void check_gate(int width, bool gelu) {
    lane_device_step step = two_groups();
    step.gelu = gelu;
    const std::vector<float> gate = numbers((size_t)COLUMNS * width), up = numbers((size_t)COLUMNS * width);
    std::vector<float> y(gate.size(), NAN);
    const unsigned blocks = (5 * width + LANE_THREADS - 1) / LANE_THREADS;
    launch({blocks, 1, 1}, LANE_THREADS, lane_gated_product_kernel, step, y.data(), gate.data(), up.data(), width, 5L * width);
    auto activation = [&](double g) {
        return gelu ? g / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g))) : g / (1 + std::exp(-g));
    };
    std::vector<double> expected(gate.size());
    each_token(step, [&](const lane_device_group & group, int primal, int column, int lane) {
        for (int i = 0; i < width; i++) {
            const double g = gate[(size_t)primal * width + i], u = up[(size_t)primal * width + i], a = activation(g);
            const double slope = group.derivative ? (activation(g + 1e-5) - activation(g - 1e-5)) / 2e-5 : a / g;
            const size_t at = (size_t)column * width + i;
            expected[at] = lane == 0 ? a * u : group.gate_factor * slope * gate[at] * u + group.up_factor * a * up[at];
        }
    });
    expect_close(gelu ? "gated product, GELU" : "gated product, SiLU", y, expected, 1e-6);
}

template <typename T, int LANES> static void check_attention(const char * what, int width, int rows, float score_factor) {
    const int heads = 6, key_heads = 2, tokens = 2, capacity = rows + 32, chunks = (rows + LANE_DEVICE_ROWS - 1) / LANE_DEVICE_ROWS;
    lane_device_step step = {};
    step.lane_count = LANES;
    step.scale = 0.3f;
    step.score_factor = score_factor;
    step.value_factor = 0.5f;
    std::vector<std::vector<T>> kept(2 * LANES);
    lane_device_caches<T> caches = {};
    caches.key_row = caches.value_row = width;
    caches.key_head = caches.value_head = (long)capacity * width;
    for (int i = 0; i < 2 * LANES; i++) {
        for (float x : numbers((size_t)key_heads * capacity * width)) kept[i].push_back((T)x);
        (i < LANES ? caches.keys[i] : caches.values[i - LANES]) = kept[i].data();
    }
    // The last two rows are stored, and what they held is replaced.
    const std::vector<float> keys = numbers((size_t)LANES * tokens * key_heads * width), values = numbers(keys.size());
    const std::vector<int64_t> places = {rows - 2, rows - 1};
    launch({(unsigned)tokens, (unsigned)key_heads, LANES}, 64, lane_store_kernel<T>, caches, keys.data(), values.data(), places.data(), width, tokens);
    const std::vector<float> queries = numbers((size_t)LANES * tokens * heads * width), head_weights = numbers((LANES - 1) * heads + 1);
    std::vector<float> mask((size_t)tokens * rows, 0);
    for (int i = 0; i < rows; i++) {
        if (i % 5 == 0 || i / LANE_DEVICE_ROWS == 1) mask[i] = -INFINITY;  // A whole chunk that the first token doesn't see.
        if (i % 7 == 0) mask[rows + i] = 0.5f;
    }
    std::vector<float> partials((size_t)tokens * heads * chunks * lane_device_partial_size(width, LANES), NAN);
    launch({(unsigned)chunks, (unsigned)heads, (unsigned)tokens}, LANE_ATTENTION_THREADS, lane_attend_kernel<T, LANES>, step, caches,
        partials.data(), queries.data(), mask.data(), (long)rows, rows, width, heads / key_heads);
    std::vector<float> y((size_t)LANES * tokens * heads * width, NAN);
    launch({(unsigned)heads, (unsigned)tokens, 1}, width, lane_combine_kernel, y.data(), partials.data(),
        LANES > 1 ? head_weights.data() : nullptr, width, chunks, LANES);

    std::vector<double> expected(y.size());
    for (int token = 0; token < tokens; token++)
        for (int head = 0; head < heads; head++) {
            const int key_head = head / (heads / key_heads);
            auto query = [&](int lane, int i) { return (double)queries[((size_t)(lane * tokens + token) * heads + head) * width + i]; };
            auto cached = [&](int which, int row, int i) -> double {
                if (row < rows - 2) return (float)kept[which][((size_t)key_head * capacity + row) * width + i];
                const std::vector<float> & fresh = which < LANES ? keys : values;
                return (float)(T)fresh[((size_t)(which % LANES * tokens + row - rows + 2) * key_heads + key_head) * width + i];
            };
            std::vector<double> weights(rows), changes[LANES];
            double total = 0;
            for (int row = 0; row < rows; row++) {
                double product = 0;
                for (int i = 0; i < width; i++) product += query(0, i) * cached(0, row, i);
                total += weights[row] = std::exp(step.scale * product + mask[(size_t)token * rows + row]);
            }
            for (double & weight : weights) weight /= total;
            for (int lane = 1; lane < LANES; lane++) {
                double mean = 0;
                for (int row = 0; row < rows; row++) {
                    double product = 0;
                    for (int i = 0; i < width; i++) product += query(lane, i) * cached(0, row, i) + query(0, i) * cached(lane, row, i);
                    changes[lane].push_back(step.scale * score_factor * product);
                    mean += weights[row] * changes[lane][row];
                }
                for (int row = 0; row < rows; row++) changes[lane][row] = weights[row] * (changes[lane][row] - mean);
            }
            for (int i = 0; i < width; i++) {
                double output = 0;
                for (int row = 0; row < rows; row++) output += weights[row] * cached(LANES, row, i);
                for (int lane = 0; lane < LANES; lane++) {
                    double value = output;
                    if (lane > 0) {
                        value = head_weights[(lane - 1) * heads + head] * output;
                        for (int row = 0; row < rows; row++)
                            value += changes[lane][row] * cached(LANES, row, i) + step.value_factor * weights[row] * cached(LANES + lane, row, i);
                    }
                    expected[((size_t)(lane * tokens + token) * heads + head) * width + i] = value;
                }
            }
        }
    expect_close(what, y, expected, 3e-6);
}

int main() {
    check_norm(64, 1, true);
    check_norm(300, 3, true);
    check_norm(24, 2, false);
    check_gate(200, false);
    check_gate(97, true);
    check_attention<float, 1>("attention, no tangent", 64, 300, 0.25f);
    check_attention<float, 2>("attention, one tangent", 64, 300, 0.25f);
    check_attention<float, 3>("attention, two tangents", 40, 96, 1);
    check_attention<float, 2>("attention with constant weights", 16, 200, 0);
    check_attention<float, 2>("attention, wide heads", 256, 130, 0.25f);
    check_attention<_Float16, 3>("attention, caches of halves", 128, 160, 0.25f);
    if (failures) std::printf("%d of them failed\n", failures);
    return failures != 0;
}
