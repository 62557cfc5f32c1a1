// Operations that reverse mode needs besides those for lanes: over all positions of one sequence, and back.
//
// An activation is float32 [width, heads, tokens], contiguous. Adjoints lie in lanes of such, one for each target, one after the
// other. Included by CLaneKernels.h.
#pragma once

// The transpose of a matrix [width, rows] as a file has it, in panels: blocks of q8_0 for quantised weights, else floats. Its columns
// are `rows` high, with zeros up to a multiple of 32. No sources; the result has lane_panels_size(type, columns, width) bytes.
struct lane_transpose_parameters {
    const struct ggml_tensor * weights;
    float * scratch;  // LANE_TRANSPOSE_SCRATCH floats a thread
};
enum { LANE_TRANSPOSE_SCRATCH = 32 * 256 };
enum ggml_type lane_transposed_type(enum ggml_type type);
void lane_transpose(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Adjoints through RMSNorm. Sources: adjoints; x; gain [width]. Parameters: struct lane_norm_parameters.
void lane_norm_back(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Adjoints through activation(gate) * up. Sources: adjoints; gate; up. The result has the gate's adjoints, and up's after them.
// Parameters: struct lane_gated_product_parameters.
void lane_gated_product_back(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Rotary position embedding of [width, heads, tokens, lanes], or its transpose. Sources: x; the table of cosines and sines
// [dimensions, 1, tokens].
struct lane_rotate_parameters {
    bool halves, back;
};
void lane_rotate(struct ggml_tensor * result, struct lane_share share, void * parameters);

// For each row of x [width, rows of all lanes] and the rows of y [width, rows], which serve all lanes: the sum of their products, and
// after all of these the sum of what of them is positive. No parameters.
void lane_row_products(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Causal softmax attention of all positions of a sequence to each other, in blocks, so that no more of the attention weights than one
// block of a head is held. Sources: queries [headWidth, heads, tokens]; keys and values [headWidth, keyValueHeads, tokens]; for
// each head the logit of a sink, if there are any. The result are the outputs [headWidth, heads, tokens], and after them for each
// head and token the logarithm of the sum that its weights are divided by, [tokens, heads].
struct lane_whole_attention_parameters {
    int window;  // positions seen, the own one included; 0: all
    float scale;
    float softcap;  // scores are softcap * tanh(scale * q.k / softcap); 0: they aren't capped
    // Of the way back.
    bool softcap_derivative;  // the derivative of soft-capping, instead of its ratio
    float score_factor;       // on the adjoints of scores; 0: attention weights are constants
    float value_factor;       // on the adjoints of values
    int lane_count, chunk_count;
    bool has_sinks;
    float * scratch;  // thread_count times lane_whole_attention_scratch_count() floats
};
size_t lane_whole_attention_scratch_count(long head_width, int lane_count);
void lane_whole_attention(struct ggml_tensor * result, struct lane_share share, void * parameters);

// Its way back. Sources: those of attention without sinks; its result; adjoints of the outputs, [headWidth, heads, tokens, lanes].
// The result has adjoints of queries, in the same order; and after them for each of `chunk_count` chunks of queries, lane and head what
// reaches keys [padded headWidth, tokens], and after all of these what reaches values. lane_whole_attention_back_count() floats.
long lane_whole_attention_back_count(long head_width, long heads, long tokens, int lane_count, int chunk_count);
void lane_whole_attention_back(struct ggml_tensor * result, struct lane_share share, void * parameters);
// Adds that up over chunks, and heads that share keys. Source: the result before. The result has adjoints of keys [headWidth,
// keyValueHeads, tokens, lanes], and after them those of values.
struct lane_shared_adjoints_parameters {
    long head_width, heads, key_value_heads, tokens;
    int lane_count, chunk_count;
    float value_factor;
};
void lane_shared_adjoints(struct ggml_tensor * result, struct lane_share share, void * parameters);
