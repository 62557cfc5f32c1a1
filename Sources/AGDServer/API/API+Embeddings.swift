import AttributionGuidedDecoding
import Foundation
import Hummingbird

/// Texts as vectors.
struct EmbeddingList: Encodable, Sendable {
    struct Entry: Encodable, Sendable {
        var object = "embedding"
        var index: Int
        var embedding: Vector
    }
    struct Usage: Encodable, Sendable { var promptTokens, totalTokens: Int }
    var object = "list"
    var data: [Entry]
    var model: String
    var usage: Usage
}

extension EmbeddingList {
    /// A vector in the form that was asked for.
    enum Vector: Encodable, Sendable {
        case numbers([Float])
        /// Its numbers' bytes in single precision, the lowest first.
        case base64(String)

        init(_ numbers: [Float], inBase64: Bool) {
            guard inBase64 else {
                self = .numbers(numbers)
                return
            }
            let bytes = numbers.flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt32($0))) }
            }
            self = .base64(Data(bytes).base64EncodedString())
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .numbers(let numbers): try container.encode(numbers)
            case .base64(let text): try container.encode(text)
            }
        }
    }
}

extension API {
    func embeddings(_ work: AdmittedRequest) throws -> Answering {
        let (body, served) = (work.body, work.served)
        try Self.checkEmbeddings(served)
        let prompts = try RawPrompt.all(in: body, "input").map { raw in
            try GenerationRequest.naming("input") { try raw.prompt(served, "input") }
        }
        for prompt in prompts { try Self.checkLength(prompt, served) }
        try RequestCost(embedding: prompts, length: served.model.configuration.embeddingLength).check()
        let isBase64 = body["encoding_format"] == "base64"
        return {
            try await work.context.cancellingOnHangUp {
                var entries: [EmbeddingList.Entry] = []
                for (index, prompt) in prompts.enumerated() {
                    let vector = try await served.pool.withSession(work.admission, for: prompt, strategy: Greedy()) {
                        try await $0.embedding(of: prompt)
                    }
                    entries.append(.init(index: index, embedding: .init(vector, inBase64: isBase64)))
                }
                let count = prompts.reduce(0) { $0 + $1.tokens.count }
                telemetry.read(promptTokens: count, cached: 0)
                return try Response.json(
                    EmbeddingList(
                        data: entries, model: served.name, usage: .init(promptTokens: count, totalTokens: count)))
            }
        }
    }

    private static func checkEmbeddings(_ served: ServedModel) throws {
        let configuration = served.model.configuration
        guard !configuration.hasEmbeddings else { return }
        let key = "\(configuration.architecture).pooling_type"
        let reason =
            switch configuration.pooling {
            case nil, .unpooled?:
                "its file names no pooling (\(key)), as those of embedding models do, and hidden states of a model that was trained to write alone mean little when they are put together"
            case .firstToken?:
                "its file asks for the first token's hidden state (\(key)), which in a decoder knows nothing of the others"
            case .rank?: "it rates pairs of texts (\(key))"
            case .mean?, .last?: ""
            }
        throw APIError.invalid(
            "The model '\(served.name)' makes no embeddings: \(reason). Serve an embedding model, such as Qwen3-Embedding.",
            param: "model", code: "no_embeddings")
    }

    private static func checkLength(_ prompt: Prompt, _ served: ServedModel) throws {
        guard prompt.tokens.count > served.contextLength else { return }
        throw APIError.invalid(
            "A text has \(prompt.tokens.count) tokens; the context holds \(served.contextLength).", param: "input",
            code: "context_length_exceeded")
    }
}
