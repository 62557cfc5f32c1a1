import CLlama
import TensorGraph

/// The vocabulary of a model and its tokenisation, which libllama does.
public final class Tokenizer: @unchecked Sendable {  // libllama's vocabulary is immutable after loading.
    private let model: OpaquePointer
    private let vocabulary: OpaquePointer
    /// The chat template inside the file, in Jinja; nil where there is none.
    public let chatTemplateSource: String?
    /// The file's own template for conversations with tools (`tool_use`), where it has two.
    public let toolTemplateSource: String?
    /// Tokens that the file wants never to be chosen (`tokenizer.ggml.suppress_tokens`), in order.
    package let suppressedTokens: [Int]
    /// Tokens of the vocabulary.
    public let tokenCount: Int
    /// Tokens that every prompt begins and ends with: BOS and EOS where the model wants them.
    package let addedTokens: (first: [Int], last: [Int])
    /// Whether text is tokenised with a space before it, as in SentencePiece.
    package let addsSpacePrefix: Bool

    /// Loads the vocabulary of a model file; nil where the file has none.
    init?(_ metadata: MetadataReader, vocabularySize: Int) throws {
        guard let kind = try TokenizerMetadata.check(metadata, vocabularySize: vocabularySize) else { return nil }
        toolTemplateSource = try metadata.optionalString("tokenizer.chat_template.tool_use")
        chatTemplateSource = try metadata.optionalString("tokenizer.chat_template") ?? toolTemplateSource
        addsSpacePrefix = try metadata.optionalBool("tokenizer.ggml.add_space_prefix") ?? true && kind == .sentencePiece
        var parameters = llama_model_default_params()
        parameters.vocab_only = true
        let (model, report) = BackendLog.capturing { llama_model_load_from_file(metadata.path, parameters) }
        guard let model, let vocabulary = llama_model_get_vocab(model) else {
            throw metadata.invalid("tokenizer", report.isEmpty ? "the vocabulary can't be loaded" : report)
        }
        self.model = model
        self.vocabulary = vocabulary
        tokenCount = Int(llama_vocab_n_tokens(vocabulary))
        suppressedTokens = Self.suppressedTokens(of: vocabulary)
        guard suppressedTokens.count < tokenCount else {
            throw metadata.invalid("tokenizer.ggml.suppress_tokens", "names every token, so that none can be chosen")
        }
        addedTokens = (
            llama_vocab_get_add_bos(vocabulary) ? [Int(llama_vocab_bos(vocabulary))] : [],
            llama_vocab_get_add_eos(vocabulary) ? [Int(llama_vocab_eos(vocabulary))] : []
        )
        for (tokens, key) in [
            (addedTokens.first, "tokenizer.ggml.bos_token_id"), (addedTokens.last, "tokenizer.ggml.eos_token_id"),
        ] where !tokens.isEmpty {
            // Where a file says that there is none, libllama takes the one that is usual for this kind of vocabulary.
            let isNone =
                try metadata.optionalInteger(key, in: TokenizerMetadata.tokenNumbers)
                .map(TokenizerMetadata.noToken.contains) ?? false
            if isNone || tokens == [Int(LLAMA_TOKEN_NULL)] {
                throw metadata.invalid(
                    key, "is \(isNone ? "none" : "missing"), but the tokenizer adds this token to every prompt")
            }
        }
    }

    deinit { llama_model_free(model) }

    /// libllama's reader of a grammar, for whoever asks to free; nil for text that is none.
    func grammarSampler(_ text: String) -> UnsafeMutablePointer<llama_sampler>? {
        llama_sampler_init_grammar(vocabulary, text, "root")
    }

    private static func suppressedTokens(of vocabulary: OpaquePointer) -> [Int] {
        var count: Int32 = 0
        guard let tokens = llama_vocab_get_suppress_tokens(vocabulary, &count) else { return [] }
        return Set(UnsafeBufferPointer(start: tokens, count: Int(count)).map { Int($0) }).sorted()
    }

    /// Tokens of `text`.
    /// - Parameters:
    ///   - addsSpecialTokens: begins with BOS where the model wants it.
    ///   - parsesSpecialTokens: text such as `<|im_start|>` becomes its control token.
    /// - Throws: ``TokenError/textTooLong(byteCount:)`` beyond 8 MiB, which no context holds.
    public func tokenize(_ text: String, addsSpecialTokens: Bool = false, parsesSpecialTokens: Bool = false) throws
        -> [Int]
    {
        let tooLong = TokenError.textTooLong(byteCount: text.utf8.count)
        guard text.utf8.count <= Self.longestText else { throw tooLong }
        func tokens() -> [Int] { self.tokens(of: text, addsSpecialTokens, parsesSpecialTokens) }
        if text.utf8.count < 1024 { return tokens() }
        // Where libllama has no code of its own for a tokenizer's regular expression it uses C++'s, which recurses for
        // every character of a match; 320 bytes were measured.
        guard let all = LargeStack.run(byteCount: (1 << 20) + 768 * text.utf8.count, tokens) else { throw tooLong }
        return all
    }

    /// Bytes; a stack for this much text takes 6 GiB of address space.
    package static let longestText = 8 << 20

    private func tokens(of text: String, _ addsSpecialTokens: Bool, _ parsesSpecialTokens: Bool) -> [Int] {
        var text = text
        let tokens = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                func tokens(capacity: Int) -> (count: Int, tokens: [llama_token]) {
                    var tokens = [llama_token](repeating: 0, count: capacity)
                    let count = llama_tokenize(
                        vocabulary, characters.baseAddress, Int32(characters.count), &tokens, Int32(capacity),
                        addsSpecialTokens, parsesSpecialTokens)
                    return (Int(count), tokens)
                }
                // A negative count tells how many there are when they don't fit.
                let first = tokens(capacity: characters.count + 16)
                let all = first.count < 0 ? tokens(capacity: -first.count) : first
                return all.tokens.prefix(max(0, all.count))
            }
        }
        return tokens.map { Int($0) }
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

    /// `token` as text, with its name where it is a control token; bytes of a character that it shares with other tokens
    /// as `\xE4`.
    public func text(of token: Int) -> String { TokenText.text(of: bytes(of: token, showsSpecialTokens: true)) }

    /// The bytes of a token that is not whole characters, whose ``text(of:)`` can't be exact; nil for any other.
    public func inexactBytes(of token: Int) -> [UInt8]? {
        TokenText.inexactBytes(bytes(of: token, showsSpecialTokens: true))
    }

    /// Whether `token` ends an answer: EOS, end of turn and their like.
    public func endsGeneration(_ token: Int) -> Bool {
        token >= 0 && token < tokenCount && llama_vocab_is_eog(vocabulary, llama_token(token))
    }

    /// The texts of BOS and EOS, which chat templates write; empty where there is no such token.
    package var beginningText: String { text(of: Int(llama_vocab_bos(vocabulary))) }
    package var endText: String { text(of: Int(llama_vocab_eos(vocabulary))) }

    /// Whether the model's prompts begin with BOS.
    public var addsBeginningOfSequence: Bool { !addedTokens.first.isEmpty }

    /// What a token is beside text.
    package enum TokenKind {
        case text
        /// A control token: it is written by its name only where control tokens are asked for.
        case control
        /// Found in any text before that is divided further.
        case userDefined
    }

    package func kind(of token: Int) -> TokenKind {
        guard token >= 0, token < tokenCount else { return .text }
        let attributes = llama_vocab_get_attr(vocabulary, llama_token(token)).rawValue
        if attributes & (LLAMA_TOKEN_ATTR_CONTROL.rawValue | LLAMA_TOKEN_ATTR_UNKNOWN.rawValue) != 0 { return .control }
        return attributes & LLAMA_TOKEN_ATTR_USER_DEFINED.rawValue != 0 ? .userDefined : .text
    }
}
