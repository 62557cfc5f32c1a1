import CLlama
import Foundation

/// llama.cpp's own decoding, from the library that the package links, as an outside oracle.
struct LlamaReference {
    enum Failure: Error { case load, context, decode }

    /// The least that libllama makes room for; it decides between tables of rotary factors.
    static let contextLength = 256

    /// Greedy tokens after `prompt`, with a float32 cache; end-of-generation tokens count as any other.
    static func greedyTokens(model path: String, after prompt: [Int], count: Int) throws -> [Int] {
        try withContext(path, length: prompt.count + count) { context, vocabularySize in
            var generated: [Int] = []
            var pending = prompt
            while true {
                let logits = try Self.logits(of: pending, context, vocabularySize)
                let best = (0..<vocabularySize).reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
                generated.append(best)
                if generated.count == count { return generated }
                pending = [best]
            }
        }
    }

    /// The logits after each token, `[tokens][vocabularySize]`.
    static func logits(model path: String, of tokens: [Int]) throws -> [[Float]] {
        try withContext(path, length: tokens.count) { context, vocabularySize in
            try tokens.map { try logits(of: [$0], context, vocabularySize) }
        }
    }

    /// The pooled hidden states, of length 1.
    static func embedding(model path: String, of tokens: [Int], pooling: llama_pooling_type) throws -> [Float] {
        try withContext(path, length: tokens.count, { ($0.embeddings, $0.pooling_type) = (true, pooling) }) {
            context, _ in
            var pending = tokens.map { llama_token($0) }
            let status = pending.withUnsafeMutableBufferPointer {
                llama_decode(context, llama_batch_get_one($0.baseAddress, Int32($0.count)))
            }
            guard status == 0, let pooled = llama_get_embeddings_seq(context, 0) else { throw Failure.decode }
            let width = Int(llama_model_n_embd(llama_get_model(context)))
            let vector = Array(UnsafeBufferPointer(start: pooled, count: width))
            let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            return vector.map { Float(Double($0) / length) }
        }
    }

    private static func logits(of tokens: [Int], _ context: OpaquePointer, _ vocabularySize: Int) throws -> [Float] {
        var pending = tokens.map { llama_token($0) }
        let status = pending.withUnsafeMutableBufferPointer {
            llama_decode(context, llama_batch_get_one($0.baseAddress, Int32($0.count)))
        }
        guard status == 0, let logits = llama_get_logits_ith(context, -1) else { throw Failure.decode }
        return Array(UnsafeBufferPointer(start: logits, count: vocabularySize))
    }

    private static func withContext<Result>(
        _ path: String, length: Int, _ change: (inout llama_context_params) -> Void = { _ in },
        _ body: (OpaquePointer, Int) throws -> Result
    ) throws -> Result {
        llama_log_set({ _, _, _ in }, nil)
        guard let model = llama_model_load_from_file(path, llama_model_default_params()) else { throw Failure.load }
        defer { llama_model_free(model) }
        var parameters = llama_context_default_params()
        parameters.n_ctx = UInt32(max(length, contextLength))
        parameters.n_batch = parameters.n_ctx
        parameters.n_threads = 1
        parameters.n_threads_batch = 1
        parameters.type_k = GGML_TYPE_F32
        parameters.type_v = GGML_TYPE_F32
        parameters.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED
        change(&parameters)
        guard let context = llama_init_from_model(model, parameters) else { throw Failure.context }
        defer { llama_free(context) }
        return try body(context, Int(llama_vocab_n_tokens(llama_model_get_vocab(model))))
    }

    /// Writes a quantised copy of a model.
    static func quantise(_ path: String, to destination: String, _ type: llama_ftype) throws {
        llama_log_set({ _, _, _ in }, nil)
        var parameters = llama_model_quantize_default_params()
        parameters.ftype = type
        parameters.nthread = 1
        guard llama_model_quantize(path, destination, &parameters) == 0 else { throw Failure.load }
    }
}
