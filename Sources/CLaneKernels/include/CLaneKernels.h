// Operations on all lanes of an activation at once, as custom operations of ggml on the CPU.
//
// An activation is float32 [width, heads, columns], contiguous: one group of tokens after the other, in a group one lane after
// the other, in a lane one token after the other. Lane 0 is the primal, every other lane a tangent. Lane 0 is computed in the
// same way whatever the lanes, tokens and groups beside it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
// Through CLlama, to which ggml's declarations belong: in two modules Swift may find them in neither.
#include "../../CLlama/shim.h"

enum lane_instruction_set { LANE_PORTABLE, LANE_NEON, LANE_AVX2, LANE_AVX512 };  // NEON: with integer dot products

// The instruction set in use: the best that this processor has, unless another was chosen.
enum lane_instruction_set lane_instruction_set(void);
// Chooses an instruction set, for tests; false where the processor doesn't have it.
bool lane_choose_instruction_set(enum lane_instruction_set set);
// The name of instructions that ggml was compiled for and this processor lacks; NULL where it has all of them.
const char * lane_missing_instructions(void);

// What is asked of a thread: one of an operation's parts. `thread` counts below the operation's limit, and tells whose working
// memory to use.
struct lane_share {
    int part, part_count, thread;
    bool again;  // the thread's last part was of the same operation
};
typedef void lane_function(struct ggml_tensor * result, struct lane_share share, void * parameters);

// An operation of a graph.
struct lane_step {
    lane_function * function;
    struct ggml_tensor * result;
    void * parameters;
    int part_count, thread_limit;
};
// The operation as a ggml_custom_op_t, whose last parameter is the step: each of ggml's threads does a part.
void lane_step_run(struct ggml_tensor * result, int thread, int thread_count, void * step);

// Threads that go through steps together. One thread at a time may use a team, and is one of its threads; NULL for lack of memory.
struct lane_team;
struct lane_team * lane_team_new(int thread_count);
void lane_team_free(struct lane_team * team);
// Returns when all is done.
void lane_team_run(struct lane_team * team, const struct lane_step * steps, long count);
// Must be called before steps that were run are freed.
void lane_team_forget(struct lane_team * team, const struct lane_step * steps);

enum lane_activation { LANE_SILU, LANE_GELU_TANH };
enum { LANE_LIMIT = 16 };

struct lane_group {
    long token_count;
    int lane_count;
};

// RMSNorm. Sources: x; gain [width]. Parameters: struct lane_norms.
struct lane_norm_parameters {
    float epsilon;
    bool derivative;  // the true derivative for the tangents, instead of a constant 1 / rms
};
struct lane_norms {
    int group_count;
    const struct lane_group * groups;
    const struct lane_norm_parameters * parameters;  // of each group
};
void lane_norm(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Softmax of each row. Source: x. No parameters.
void lane_softmax(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Sources: a; b, of the same shape. No parameters.
void lane_sum(struct ggml_tensor * result, struct lane_share share, void * parameters);

// activation(gate) * up. Sources: gate; up. Parameters: struct lane_gated_products.
struct lane_gated_product_parameters {
    enum lane_activation activation;
    bool derivative;     // the activation's derivative for the tangents, instead of its ratio to the gate
    float gate_factor;   // on the tangents of the activated gate
    float up_factor;     // on the tangents of up
};
struct lane_gated_products {
    int group_count;
    const struct lane_group * groups;
    const struct lane_gated_product_parameters * parameters;  // of each group
};
void lane_gated_product(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Where keys and values of one layer are kept: for each lane [headWidth, rows, keyValueHeads], float32, float16, bfloat16, q8_0 or
// q4_0, all keys alike and all values. Position p lies in row p % rows, which is a multiple of 32, since positions are read in
// blocks. The caches are no sources, so that no scheduler copies them.
struct lane_caches {
    struct ggml_tensor * keys[LANE_LIMIT];
    struct ggml_tensor * values[LANE_LIMIT];
};

// Features of a layer's residual stream x: <encoder, x> + bias where that is above the threshold, else 0, times the decoder.
struct lane_features {
    const float * encoders, * decoders;   // [width, count]
    const float * biases, * thresholds;  // [count]
    const float * weights;               // [count, tangents]
    int count;                           // 0: there are none
};

// What a recurrent layer keeps of a sequence in place of keys and values, in slots: for each lane `size` floats, the states of its
// convolution first. Of a layer of another kind there is nothing.
struct lane_states {
    float * memory;  // [size, lane_count, slots]
    long size, convolution_size;
    int lane_count;
};

// What a layer must know of one sequence: its caches, and where its regions begin in the layer.
struct lane_layer {
    struct lane_caches caches;
    struct lane_states states;
    const float * head_weights;    // [heads, tangents], whose products with the primal's output are added to the tangents; or NULL
    const float * neuron_weights;  // [neurons, tangents], likewise; or NULL
    struct lane_features features;
    const float * addition;  // [width], added to the primal's residual stream behind the layer; or NULL
};

// New tokens of one sequence. The column of a token's lane is first + lane * stride + token, counted among the sequence's own.
struct lane_sequence {
    int start, token_count;  // position of the first new token; their number
    int query_count;         // so many of them, the last ones, attend
    int lane_count;
    int first_column, lane_stride;              // in keys and values
    int first_query_column, query_lane_stride;  // in queries and results
    bool softcap_derivative;  // for tangents the derivative of soft-capping, instead of its ratio
    float score_factor;       // on the tangents of scores; 0: attention weights are constants
    float value_factor;       // on the tangents of values
    const float * key_biases;  // [key_bias_count], added to the scores of keys by position; -infinity hides one from those behind it
    int key_bias_count;        // positions from here on have none
    const float * key_factors;  // [key_factor_count], that scores of keys are multiplied by, by position
    int key_factor_count;       // positions from here on have none
    const bool * factor_layers;  // for each layer whether it has any
    int state_before, state_after;  // slots of the states before the new tokens, -1 where all are zero, and behind them
    const struct lane_layer * layers;
};
// The sequences whose tokens are evaluated together. It is read when an operation is computed, and may change until then.
struct lane_batch {
    int count;
    struct lane_sequence * sequences;
};

// Writes new keys and values to the caches. Sources: keys and values [headWidth, keyValueHeads, columns]. The result carries
// nothing; whoever reads the caches names it as a source.
struct lane_store_parameters {
    const struct lane_batch * batch;
    int layer;
};
void lane_store(struct ggml_tensor * result, struct lane_share share, void * parameters);

// All that happens to queries, keys and values between their products and attention: the norms of heads, where there are gains;
// rotary position embeddings; keys and values go to the caches. Sources: queries; keys, values, of the same columns; of queries and of
// keys rotations [dimensions, 1, columns], the cosines of all angles and then their sines. The result are the queries.
struct lane_place_parameters {
    const struct lane_batch * batch;
    int layer;
    const struct ggml_tensor * query_gain, * key_gain;  // [headWidth], or NULL
    struct lane_norms query_norms, key_norms;
    bool halves;  // elements i and i + dimensions / 2 are turned together, instead of 2 i and 2 i + 1
};
void lane_place(struct ggml_tensor * result, struct lane_share share, void * parameters);
// 1 in the first half of each row, 0 in the second: rotated, these are cosines and sines. No parameters.
void lane_rotation_units(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Causal softmax attention over the caches. Sources: queries [headWidth, heads, columns]; the result of lane_store.
struct lane_attention_parameters {
    const struct lane_batch * batch;
    int layer;
    int key_value_heads;
    int window;  // positions seen, the own one included; 0: all
    float scale;
    float softcap;  // scores are softcap * tanh(scale * q.k / softcap); 0: they aren't capped
    const struct ggml_tensor * sinks;  // [heads], a logit more for each head, without a value; NULL: none
    float * scratch;                   // thread_count times lane_attention_scratch_count() floats
    int thread_count, lane_limit;
};
size_t lane_attention_scratch_count(int head_width, int lane_count);
void lane_attention(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Where regions begin behind attention: what their neurons or features hold of the primal is added to the tangents, and to the primal
// what the sequence adds. Source: the neurons of the sequences' queries, or the residual stream.
struct lane_region_parameters {
    const struct lane_batch * batch;
    int layer;
    bool residual_stream;
};
void lane_region(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Quantised weights [width, rows] in panels of 16 rows, which all instruction sets read.
enum { PANEL_ROWS = 16 };
// Whether there are panels for a type, and rows of this width.
bool lane_panels_take(enum ggml_type type, long width);
size_t lane_panels_size(enum ggml_type type, long width, long rows);
// Fills panels first ..< last, of all (rows + 15) / 16, from rows as a file has them.
void lane_panels_fill(void * panels, enum ggml_type type, const void * weights, long width, long rows, long first, long last);

// Columns [width, count] on their way into a product: RMSNorm can be part of it.
struct lane_column_parameters {
    long width;
    const struct ggml_tensor * gain;  // of the norm; NULL: none
    struct lane_norms norms;
    bool whole_scales;  // the scales of quantised columns are floats, instead of rounded to halves as ggml's
};

// Quantises columns for products with weights of a type, once for all threads and all matrices that take the same. Source: the
// columns. The result has lane_columns_size() bytes.
struct lane_prepare_parameters {
    struct lane_column_parameters input;
    enum ggml_type weights;
    long count;
    float * scratch;  // `width` floats a thread
};
bool lane_same_columns(enum ggml_type a, enum ggml_type b);
size_t lane_columns_size(enum ggml_type weights, long width, long count);
void lane_prepare_columns(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Linear layers, W x + b, of some matrices with the same columns, each block of weights decoded once for all of them. Of each group
// the primal alone gets the bias. The result has for each matrix, one after the other, [rows, count]. Sources: columns; with panels and
// more than lane_few_columns() of them, columns as lane_prepare_columns() made them. The weights are no source: ggml lets only its own
// products name weights in a layout of another's. Parts must not be more than panels, or rows where there are none.
//
// With panels, what comes before and after can be part of it, which saves a wait of all threads for each other, and a walk through
// memory: RMSNorm of few columns; a source [rows, count] that is added to the only matrix's result; and of two matrices' results the
// gated product [rows, count], which follows them.
enum { LANE_MATRIX_LIMIT = 4, LANE_FEW_COLUMNS = 8 };
// How many columns are multiplied straight from panels, LANE_FEW_COLUMNS at most: as many as there are registers for.
int lane_few_columns(void);
struct lane_matrix {
    const void * panels;  // or NULL: the weights as a file has them, the only matrix then
    const struct ggml_tensor * made;  // panels that an operation of the graph makes; or NULL
    enum ggml_type type;
    long rows;
    const struct ggml_tensor * weights;
    const struct ggml_tensor * bias;  // float32 [rows], or NULL
};
struct lane_product_parameters {
    struct lane_matrix matrices[LANE_MATRIX_LIMIT];
    int column_sources[LANE_MATRIX_LIMIT];  // which source has a matrix's columns
    int matrix_count, columns;
    int sum_source;                         // which source is added; 0: none
    struct lane_column_parameters input;
    int group_count;
    const struct lane_group * groups;
    bool gated;
    struct lane_gated_products gate;
    char * scratch;  // lane_product_scratch_size() bytes a thread, aligned to 64
};
// Whether there is a kernel for so many columns and weights that lie as a file has them.
bool lane_rows_take(const struct ggml_tensor * weights, long columns);
size_t lane_product_scratch_size(long width);
void lane_product(struct ggml_tensor * result, struct lane_share share, void * parameters);

#include "DeviceKernels.h"
#include "ReverseKernels.h"
#include "RecurrenceKernels.h"
