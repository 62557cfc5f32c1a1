import AttributionGuidedDecoding
import Foundation

/// The direction in which pairs of prompts differ: the mean difference of the residual stream behind a layer, at the prompts' last
/// positions, as for steering vectors (Panickssery et al., arXiv 2312.06681).
public struct ContrastDirection: Sendable {
    /// Behind each layer, `[layers][width]`.
    public let vectors: [[Float]]
    /// Pairs that they are means of.
    public let pairCount: Int

    /// - Parameters:
    ///   - isChat: whether prompts without a system message are conversations.
    ///   - progress: called with the fraction that is done; it may throw to stop.
    /// - Throws: ``ItemError`` where no pair can be used; ``PromptError``, ``TensorGraphError``; what `progress` throws.
    public init(
        _ model: LanguageModel, _ pairs: [ContrastPair], isChat: Bool,
        options: ReverseAttribution.Options = ReverseAttribution.Options(), progress: (Double) throws -> Void = { _ in }
    ) throws {
        let usable = try pairs.compactMap { try $0.sides(model, isChat: isChat) }
        guard !usable.isEmpty else {
            throw ItemError.noneUsable(problem: "the two answers of every pair begin with the same token")
        }
        let (layers, width) = (model.configuration.layerCount, model.configuration.embeddingLength)
        var sums = Array(repeating: [Float](repeating: 0, count: width), count: layers)
        for (done, sides) in usable.enumerated() {
            for (side, sign) in zip(sides, [1, -1] as [Float]) {
                let reading = try ReverseAttribution(model, tokens: side.tokens, options: options)
                for layer in 0..<layers {
                    let stream = reading.residualStream(behind: layer, at: side.tokens.count - 1)
                    for (index, value) in stream.enumerated() { sums[layer][index] += sign * value }
                }
            }
            try progress(Double(done + 1) / Double(usable.count))
        }
        let count = Float(usable.count)
        vectors = sums.map { row in row.map { $0 / count } }
        pairCount = usable.count
    }

    /// A NumPy array `[layers, width]`, float32: what `direction:@file.npy` and `direction:12@file.npy` take.
    public var numPyFile: Data {
        let shape = "(\(vectors.count), \(vectors.first?.count ?? 0))"
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }"
        // The data begins at a multiple of 64 bytes.
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
        data.append(contentsOf: [UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)])
        data.append(contentsOf: header.utf8)
        for value in vectors.joined() {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
        }
        return data
    }
}
