import CLlama
import TensorGraph

/// The vocabulary of a model and its tokenisation, which libllama does.
public final class Tokenizer: @unchecked Sendable {  // libllama's vocabulary is immutable after loading.
    private let model: OpaquePointer
    private let vocabulary: OpaquePointer
    /// The chat template inside the file, in Jinja; nil where there is none.
    public let chatTemplateSource: String?
    public let tokenCount: Int

    /// Loads the vocabulary of a model file; nil where the file has none.
    init?(_ metadata: MetadataReader, vocabularySize: Int) throws {
        guard try Self.check(metadata, vocabularySize: vocabularySize) else { return nil }
        var parameters = llama_model_default_params()
        parameters.vocab_only = true
        let (model, report) = BackendLog.capturing { llama_model_load_from_file(metadata.file.path, parameters) }
        guard let model, let vocabulary = llama_model_get_vocab(model) else {
            throw metadata.invalid("tokenizer.ggml.model", report.isEmpty ? "the vocabulary can't be loaded" : report)
        }
        self.model = model
        self.vocabulary = vocabulary
        tokenCount = Int(llama_vocab_n_tokens(vocabulary))
        chatTemplateSource = try metadata.optionalString("tokenizer.chat_template")
    }

    deinit { llama_model_free(model) }

    /// What libllama would only assert. False means that the file has no vocabulary.
    private static func check(_ metadata: MetadataReader, vocabularySize: Int) throws -> Bool {
        guard let kind = try metadata.optionalString("tokenizer.ggml.model"), !["none", "no_vocab"].contains(kind)
        else {
            return false
        }
        guard ["llama", "gpt2"].contains(kind) else {
            throw metadata.invalid("tokenizer.ggml.model", "is '\(kind)'", remedy: "Supported are 'llama' and 'gpt2'.")
        }
        guard case .strings(let tokens)? = metadata.file.metadata["tokenizer.ggml.tokens"], !tokens.isEmpty else {
            throw metadata.invalid("tokenizer.ggml.tokens", "is missing or not an array of strings")
        }
        guard tokens.count <= vocabularySize else {
            throw metadata.invalid(
                "tokenizer.ggml.tokens", "has \(tokens.count) tokens, the embedding matrix \(vocabularySize)")
        }
        guard Set(tokens).count == tokens.count else {
            throw metadata.invalid("tokenizer.ggml.tokens", "names a token twice")
        }
        for (key, type) in [("tokenizer.ggml.scores", "f32"), ("tokenizer.ggml.token_type", "i32")] {
            guard let value = metadata.file.metadata[key] else { continue }
            let count =
                switch value {
                case .integers(let integers): integers.count
                case .floats(let floats): floats.count
                default: -1
                }
            guard metadata.file.arrayElementTypes[key] == type, count == tokens.count else {
                throw metadata.invalid(key, "is a \(value.typeName), expected \(tokens.count) values of type \(type)")
            }
        }
        return true
    }

    /// Tokens of `text`.
    /// - Parameters:
    ///   - addsSpecialTokens: begins with BOS where the model wants it.
    ///   - parsesSpecialTokens: text such as `<|im_start|>` becomes its control token.
    public func tokenize(_ text: String, addsSpecialTokens: Bool = false, parsesSpecialTokens: Bool = false) -> [Int] {
        var text = text
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                var tokens = [llama_token](repeating: 0, count: characters.count + 16)
                let count = llama_tokenize(
                    vocabulary, characters.baseAddress, Int32(characters.count), &tokens, Int32(tokens.count),
                    addsSpecialTokens, parsesSpecialTokens)
                return tokens.prefix(Int(max(0, count))).map { Int($0) }
            }
        }
    }

    /// The bytes that `token` stands for; they may be part of a character.
    /// - Parameter showsSpecialTokens: control tokens have their names, else nothing.
    public func bytes(of token: Int, showsSpecialTokens: Bool = false) -> [UInt8] {
        guard token >= 0, token < tokenCount else { return [] }
        var buffer = [CChar](repeating: 0, count: 64)
        var count = llama_token_to_piece(
            vocabulary, llama_token(token), &buffer, Int32(buffer.count), 0, showsSpecialTokens)
        if count < 0 {
            buffer = [CChar](repeating: 0, count: Int(-count))
            count = llama_token_to_piece(
                vocabulary, llama_token(token), &buffer, Int32(buffer.count), 0, showsSpecialTokens)
        }
        return buffer.prefix(Int(max(0, count))).map { UInt8(bitPattern: $0) }
    }

    /// `token` as text, with its name where it is a control token; incomplete characters are shown as U+FFFD.
    public func text(of token: Int) -> String {
        String(decoding: bytes(of: token, showsSpecialTokens: true), as: UTF8.self)
    }

    /// Whether `token` ends an answer: EOS, end of turn and their like.
    public func endsGeneration(_ token: Int) -> Bool {
        token >= 0 && token < tokenCount && llama_vocab_is_eog(vocabulary, llama_token(token))
    }

    /// Whether the model's prompts begin with BOS.
    public var addsBeginningOfSequence: Bool { llama_vocab_get_add_bos(vocabulary) }
}
