import TensorGraph

/// What distinguishes one family of decoder-only transformers from another.
///
/// The block itself is written once, in ``DecoderBlock``; a family is the data that it needs.
package struct Architecture: Sendable {
    /// Parts that not every family has.
    struct Parts: OptionSet {
        let rawValue: Int
        /// Biases on the query, key and value projections.
        static let projectionBias = Parts(rawValue: 1)
        /// RMSNorm over each head's query and key.
        static let queryKeyNorm = Parts(rawValue: 2)
        /// RMSNorm also after attention and after the feed-forward network.
        static let sandwichNorm = Parts(rawValue: 4)
        /// A table of factors on the rotary frequencies, where the file has one.
        static let ropeFactors = Parts(rawValue: 8)
    }

    let name: String
    let parts: Parts
    let ropeLayout: RotaryEmbedding.Layout
    let activation: ActivationFunction
    /// Reads what only this family has.
    var refine: @Sendable (inout ModelConfiguration, MetadataReader) throws -> Void = { _, _ in }

    static let all: [Architecture] = [.llama, .qwen2, .qwen3, .gemma3]

    static func named(_ name: String, for metadata: MetadataReader) throws -> Architecture {
        guard let architecture = all.first(where: { $0.name == name }) else {
            throw metadata.invalid(
                "general.architecture", "is '\(name)'",
                remedy: "Supported are \(all.map { "'\($0.name)'" }.joined(separator: ", ")).")
        }
        return architecture
    }
}
