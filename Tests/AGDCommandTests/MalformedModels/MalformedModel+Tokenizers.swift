/// Vocabularies that no text can be read with.
extension MalformedModel {
    static let tokenizers: [MalformedModel] = [
        .init("an unknown kind of tokenizer", "tokenizer.ggml.model", "bert", "Supported") {
            $0["tokenizer.ggml.model"] = .string("bert")
        },
        .init("the kind of tokenizer as a number", "tokenizer.ggml.model", "string") {
            $0["tokenizer.ggml.model"] = .uint32(1)
        },
        .init("no tokens", "tokenizer.ggml.tokens", "missing") { $0["tokenizer.ggml.tokens"] = nil },
        .init("an empty vocabulary", "tokenizer.ggml.tokens", "empty") { $0["tokenizer.ggml.tokens"] = .strings([]) },
        .init("tokens that are numbers", "tokenizer.ggml.tokens", "integers") {
            $0["tokenizer.ggml.tokens"] = .int32s([1, 2])
        },
        .init("one string for all tokens", "tokenizer.ggml.tokens", "string") {
            $0["tokenizer.ggml.tokens"] = .string("a b")
        },
        .init("more tokens than embeddings", "tokenizer.ggml.tokens", "261", "260") {
            $0.changeTokens { $0.append("more") }
        },
        .init("a token twice", "tokenizer.ggml.tokens", "same text", "5", "6") { $0.changeTokens { $0[6] = $0[5] } },
        .init("a token with the name that stands for an empty one", "tokenizer.ggml.tokens", "[EMPTY_5]") {
            $0.changeTokens {
                $0[5] = ""; $0[6] = "[EMPTY_5]"
            }
        },
        .init("tokens that are no text", "tokenizer.ggml.tokens", "UTF-8") {
            $0["tokenizer.ggml.tokens"] = .texts((0..<260).map { [0xFF, UInt8($0 & 0xFF)] })
        },
        .init("too few scores", "tokenizer.ggml.scores", "260", vocabulary: .sentencePiece) {
            $0["tokenizer.ggml.scores"] = .float32s([0])
        },
        .init("scores that are integers", "tokenizer.ggml.scores", "f32", vocabulary: .sentencePiece) {
            $0["tokenizer.ggml.scores"] = .int32s(Array(repeating: 0, count: 260))
        },
        .init("scores that are no numbers", "tokenizer.ggml.scores", "token 7", vocabulary: .sentencePiece) {
            $0["tokenizer.ggml.scores"] = .float32s((0..<260).map { $0 == 7 ? .nan : 0 })
        },
        .init("a score for everything", "tokenizer.ggml.scores", "float", vocabulary: .sentencePiece) {
            $0["tokenizer.ggml.scores"] = .float32(1)
        },
        .init("too few token types", "tokenizer.ggml.token_type", "3") {
            $0["tokenizer.ggml.token_type"] = .int32s([1, 1, 1])
        },
        .init("token types of the wrong type", "tokenizer.ggml.token_type", "u32", "i32") {
            $0["tokenizer.ggml.token_type"] = .uint32s(Array(repeating: 1, count: 260))
        },
        .init(
            "a byte token that names no byte", "tokenizer.ggml.tokens", "token 0", "<0x0A>", vocabulary: .sentencePiece
        ) {
            $0["tokenizer.ggml.token_type"] = .int32s(Array(repeating: 6, count: 260))
        },
        .init("a byte without a token", "tokenizer.ggml.tokens", "<0x41>", vocabulary: .sentencePiece) {
            $0.changeTokens { $0[4 + 0x41] = "something" }
            $0["tokenizer.ggml.token_type"] = nil
        },
        .init("a byte without a token, for Gemma 4", "tokenizer.ggml.tokens", "<0x41>", vocabulary: .gemma4) {
            $0.changeTokens { $0[4 + 0x41] = "something" }
            $0["tokenizer.ggml.token_type"] = nil
        },
        .init("BOS outside the vocabulary", "tokenizer.ggml.bos_token_id", "260") {
            $0["tokenizer.ggml.bos_token_id"] = .uint32(260)
        },
        .init("EOS as a string", "tokenizer.ggml.eos_token_id", "integer") {
            $0["tokenizer.ggml.eos_token_id"] = .string("</s>")
        },
        .init("a negative end of turn", "tokenizer.ggml.eot_token_id", "-2") {
            $0["tokenizer.ggml.eot_token_id"] = .int32(-2)
        },
        .init("BOS added to every prompt, and none of that name", "tokenizer.ggml.bos_token_id", "none") {
            $0["tokenizer.ggml.bos_token_id"] = .uint32(.max)
            $0["tokenizer.ggml.add_bos_token"] = .bool(true)
        },
        .init("a pre-tokenizer that ends libllama's process", "tokenizer.ggml.pre", "whitespace", "not supported") {
            $0["tokenizer.ggml.pre"] = .string("whitespace")
        },
        .init("padding as a string", "padding_token_id") { $0["tokenizer.ggml.padding_token_id"] = .string("<pad>") },
        .init("BOS wanted but not named", "tokenizer.ggml.bos_token_id", "missing") { file in
            file["tokenizer.ggml.bos_token_id"] = nil
            file["tokenizer.ggml.add_bos_token"] = .bool(true)
            file.changeTokens { $0 = Array($0.prefix(10)) }
            file["tokenizer.ggml.token_type"] = nil
        },
        .init("suppressed tokens as text", "suppress_tokens") {
            $0["tokenizer.ggml.suppress_tokens"] = .strings(["a"])
        },
        .init("every token suppressed", "tokenizer.ggml.suppress_tokens", "every token") {
            $0["tokenizer.ggml.suppress_tokens"] = .int32s(Array(0..<260))
        },
        .init("a template for tools that is a number", "tokenizer.chat_template.tool_use", "string") {
            $0["tokenizer.chat_template.tool_use"] = .uint32(1)
        },
        .init("the wish for BOS as a string", "add_bos_token") { $0["tokenizer.ggml.add_bos_token"] = .string("yes") },
        .init("the space prefix as a number", "tokenizer.ggml.add_space_prefix", "bool", vocabulary: .sentencePiece) {
            $0["tokenizer.ggml.add_space_prefix"] = .uint32(1)
        },
        .init("an unknown pre-tokenizer", "tokenizer", "pre-tokenizer", "'mine'") {
            $0["tokenizer.ggml.pre"] = .string("mine")
        },
        .init("the pre-tokenizer as a number", "tokenizer.ggml.pre") { $0["tokenizer.ggml.pre"] = .uint32(1) },
        .init("no merges", "tokenizer.ggml.merges", "missing") { $0["tokenizer.ggml.merges"] = nil },
        .init("merges that are numbers", "tokenizer.ggml.merges", "integers") {
            $0["tokenizer.ggml.merges"] = .int32s([1])
        },
        .init("a merge of one part", "tokenizer.ggml.merges", "'ab'") {
            $0["tokenizer.ggml.merges"] = .strings(["ab"])
        },
        .init("a merge of three parts", "tokenizer.ggml.merges", "'a b c'") {
            $0["tokenizer.ggml.merges"] = .strings(["a b c"])
        },
        .init("an empty merge", "tokenizer.ggml.merges", "merge 0") { $0["tokenizer.ggml.merges"] = .strings([""]) },
        .init("a merge that is no text", "tokenizer.ggml.merges", "UTF-8") {
            $0["tokenizer.ggml.merges"] = .texts([[0xC3, 0x20, 0x28]])
        },
        .init("a chat template that is a number", "tokenizer.chat_template", "string") {
            $0["tokenizer.chat_template"] = .uint32(1)
        },
        .init("a chat template that is no text", "tokenizer.chat_template", "UTF-8") {
            $0["tokenizer.chat_template"] = .text([0xFF, 0xFE])
        },
        .init("chat templates in an array", "tokenizer.chat_template", "array") {
            $0["tokenizer.chat_template"] = .strings(["a"])
        },
    ]
}
