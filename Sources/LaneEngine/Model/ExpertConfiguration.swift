import TensorGraph

/// A mixture of experts in place of one feed-forward network.
struct ExpertConfiguration: Sendable {
    let count: Int
    let routing: Routing
    let feedForwardLength: Int
    /// Of the expert that every token is sent to; nil where there is none.
    let sharedFeedForwardLength: Int?
    /// Whether the shared expert's output is weighed by the sigmoid of a router of its own.
    let weighsSharedExpert: Bool
    /// The layers with experts.
    let layers: Range<Int>
}

extension MetadataReader {
    /// - Parameters:
    ///   - isMandatory: whether a model without experts is an error; else the result is nil for one.
    ///   - layers: the layers with experts; nil for all.
    func experts(
        gating: Routing.Gating = .softmax, normalises: Bool, scale: Float = 1, sharedLength: Int? = nil,
        weighsSharedExpert: Bool = false, isMandatory: Bool = false, feedForwardLength: Int, layers: Range<Int>? = nil
    ) throws -> ExpertConfiguration? {
        guard let count = try optionalLength("%.expert_count") else {
            if isMandatory { throw invalid("%.expert_count", "is missing or 0") }
            return nil
        }
        guard count <= 4096 else { throw invalid("%.expert_count", "is \(count), expected up to 4096") }
        let chosen = try integer("%.expert_used_count", in: 1...count)
        let layerCount = try integer("%.block_count", in: 1...1024)
        return ExpertConfiguration(
            count: count,
            routing: Routing(gating: gating, chosenCount: chosen, normalises: normalises, scale: scale),
            feedForwardLength: feedForwardLength, sharedFeedForwardLength: sharedLength,
            weighsSharedExpert: weighsSharedExpert, layers: layers ?? 0..<layerCount)
    }

    /// Inner width of an expert: named by the file, or the dense width divided among those chosen.
    func expertLength(dense: Int) throws -> Int {
        if let length = try optionalLength("%.expert_feed_forward_length") { return length }
        return max(1, dense / max(1, try optionalLength("%.expert_used_count") ?? 1))
    }

    /// A positive length; nil for a missing key and for 0, which is how llama.cpp writes "not set".
    func optionalLength(_ key: String) throws -> Int? {
        guard let length = try optionalInteger(key, in: 0...16_777_216), length > 0 else { return nil }
        return length
    }
}
