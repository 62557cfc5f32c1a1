import TensorGraph

/// Checks a file's vocabulary before libllama reads it, which only asserts much of it.
enum TokenizerMetadata {
    enum Kind: String, CaseIterable {
        case sentencePiece = "llama"
        case bytePairEncoding = "gpt2"
        /// Byte-pair encoding of characters, with tokens for the bytes of others.
        case gemma4
    }

    /// - Returns: nil for a file without a vocabulary, or with llama.cpp's dummy for its own tests.
    static func check(_ metadata: MetadataReader, vocabularySize: Int) throws -> Kind? {
        guard let name = try metadata.optionalString("tokenizer.ggml.model"),
            !["none", "no_vocab", "test"].contains(name)
        else {
            return nil
        }
        // This one makes libllama end the process at the first text with a space.
        if try metadata.optionalString("tokenizer.ggml.pre") == "whitespace" {
            throw metadata.invalid("tokenizer.ggml.pre", "is 'whitespace'", remedy: "Such models are not supported.")
        }
        guard let kind = Kind(rawValue: name) else {
            throw metadata.invalid(
                "tokenizer.ggml.model", "is '\(name)'",
                remedy: "Supported are \(Kind.allCases.map { "'\($0.rawValue)'" }.joined(separator: " and ")).")
        }
        let tokens = try strings("tokenizer.ggml.tokens", metadata)
        guard !tokens.isEmpty else { throw metadata.invalid("tokenizer.ggml.tokens", "is empty") }
        guard tokens.count <= vocabularySize else {
            throw metadata.invalid(
                "tokenizer.ggml.tokens", "has \(tokens.count) tokens, the embedding matrix \(vocabularySize)")
        }
        try checkDistinct(tokens, metadata)
        try checkNumbers("tokenizer.ggml.scores", type: "f32", count: tokens.count, metadata)
        try checkNumbers("tokenizer.ggml.token_type", type: "i32", count: tokens.count, metadata)
        try checkByteTokens(tokens, metadata)
        switch kind {
        case .sentencePiece: try checkEveryByteHasToken(tokens, metadata)
        case .bytePairEncoding: try checkMerges(metadata)
        case .gemma4:
            try checkEveryByteHasToken(tokens, metadata)
            try checkMerges(metadata)
        }
        for role in ["bos", "eos", "eot", "eom"] { try checkTokenNumber(role, count: tokens.count, metadata) }
        return kind
    }

    private static func strings(_ key: String, _ metadata: MetadataReader) throws -> [String] {
        guard let value = metadata.value(key) else { throw metadata.invalid(key, "is missing") }
        // An empty array has lost its type.
        if value == .integers([]), metadata.metadata.elementTypeName(key) == "str" { return [] }
        guard case .strings(let strings) = value else {
            throw metadata.invalid(key, "is a \(value.typeName), expected an array of strings")
        }
        return strings
    }

    /// How files write that there is no token of a role, also unsigned; libllama takes it as if the key were missing.
    static let noToken = [-1, Int(UInt32.max)]
    static let tokenNumbers = -1...Int(UInt32.max)

    private static func checkTokenNumber(_ role: String, count: Int, _ metadata: MetadataReader) throws {
        let key = "tokenizer.ggml.\(role)_token_id"
        guard let number = try metadata.optionalInteger(key, in: tokenNumbers), !noToken.contains(number) else {
            return
        }
        guard number < count else { throw metadata.invalid(key, "is \(number), the vocabulary has \(count) tokens") }
    }

    /// Compares bytes: Swift holds strings equal that Unicode does, such as `é` in one and in two parts.
    private static func checkDistinct(_ tokens: [String], _ metadata: MetadataReader) throws {
        var seen: [[UInt8]: Int] = [:]
        for (index, token) in tokens.enumerated() {
            // libllama's name for a token without text.
            let name = token.isEmpty ? "[EMPTY_\(index)]" : token
            if let first = seen.updateValue(index, forKey: Array(name.utf8)) {
                throw metadata.invalid(
                    "tokenizer.ggml.tokens", "has the same text '\(name)' for tokens \(first) and \(index)")
            }
        }
    }

    private static func checkNumbers(_ key: String, type: String, count: Int, _ metadata: MetadataReader) throws {
        guard let value = metadata.value(key) else { return }
        let (actualType, actualCount) = (metadata.metadata.elementTypeName(key), metadata.metadata.elementCount(key))
        guard actualType == type, actualCount == count else {
            throw metadata.invalid(
                key,
                "is a \(value.typeName)"
                    + (actualCount.map { " with \($0) values of type \(actualType ?? "?")" } ?? "")
                    + ", expected \(count) values of type \(type)")
        }
        if case .floats(let floats) = value, let index = floats.firstIndex(where: \.isNaN) {
            throw metadata.invalid(key, "is not a number for token \(index)")
        }
    }

    /// Tokens of the type "byte" carry it in their names: `<0x0A>`.
    private static func checkByteTokens(_ tokens: [String], _ metadata: MetadataReader) throws {
        guard case .integers(let types)? = metadata.value("tokenizer.ggml.token_type") else { return }
        let byteType = 6
        if let index = tokens.indices.first(where: { types[$0] == byteType && !isByteName(tokens[$0]) }) {
            throw metadata.invalid(
                "tokenizer.ggml.tokens",
                "has '\(tokens[index])' for token \(index), which is a byte and needs a name such as <0x0A>")
        }
    }

    private static func isByteName(_ token: String) -> Bool {
        token.utf8.count == 6 && token.hasPrefix("<0x") && token.hasSuffix(">")
            && UInt8(token.dropFirst(3).dropLast(), radix: 16) != nil
    }

    /// SentencePiece spells what it has no token for with bytes; libllama ends the process where one is missing. Gemma 4 does likewise;
    /// there it leaves the byte out.
    private static func checkEveryByteHasToken(_ tokens: [String], _ metadata: MetadataReader) throws {
        let names = Set(tokens)
        for byte in UInt8.min...UInt8.max {
            let digits = String(byte, radix: 16, uppercase: true)
            let name = "<0x" + (digits.count == 1 ? "0" : "") + digits + ">"
            let character = String(UnicodeScalar(byte))
            guard names.contains(name) || (byte > 0 && byte < 0x80 && names.contains(character)) else {
                throw metadata.invalid("tokenizer.ggml.tokens", "has no token \(name)")
            }
        }
    }

    private static func checkMerges(_ metadata: MetadataReader) throws {
        for (index, merge) in try strings("tokenizer.ggml.merges", metadata).enumerated() {
            let parts = merge.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
                throw metadata.invalid(
                    "tokenizer.ggml.merges", "merge \(index) is '\(merge)', expected two parts divided by a space")
            }
        }
    }
}
