import Foundation
import Testing

@testable import TestFixtures

/// A way to break a model file, and what the error must name besides the file.
struct MalformedModel: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let mentions: [String]
    let architecture: String
    let vocabulary: GGUFWriter.Vocabulary
    let damage: @Sendable (inout GGUFWriter) -> Void

    init(
        _ description: String, _ mentions: String..., architecture: String = "llama",
        vocabulary: GGUFWriter.Vocabulary = .bytePairEncoding, damage: @escaping @Sendable (inout GGUFWriter) -> Void
    ) {
        testDescription = description
        self.mentions = mentions
        self.architecture = architecture
        self.vocabulary = vocabulary
        self.damage = damage
    }

    func file() throws -> TemporaryFile {
        var writer = GGUFWriter.model(architecture, vocabulary)
        damage(&writer)
        return try TemporaryFile(writer.serialized().file, name: "model.gguf")
    }
}

extension GGUFWriter {
    mutating func changeTokens(_ body: (inout [String]) -> Void) {
        guard case .strings(var tokens)? = self["tokenizer.ggml.tokens"] else { return }
        body(&tokens)
        self["tokenizer.ggml.tokens"] = .strings(tokens)
    }
}
