import TensorGraph

/// A mixture of experts in place of one feed-forward network.
struct ExpertConfiguration: Sendable {
    let count: Int
    var routing: Routing
    let feedForwardLength: Int
    /// Of the expert that every token is sent to; nil where there is none.
    let sharedFeedForwardLength: Int?
    /// Whether the gates and the other half of what they are multiplied with may be in one matrix.
    var mayBeFused = false
    /// Whether there is a dense network beside the experts, each with norms of its own (Gemma 4).
    var isBesideDense = false
    /// Whether the shared expert's output is weighed by the sigmoid of a router of its own.
    let weighsSharedExpert: Bool
    /// The layers with experts.
    var layers: Set<Int>
}

extension MetadataReader {
    /// - Parameters:
    ///   - isMandatory: whether a model without experts is an error; else the result is nil for one.
    ///   - layers: the layers with experts; nil for all.
    func experts(
        gating: Routing.Gating = .softmax, normalises: Bool, scale: Float = 1, sharedLength: Int? = nil,
        weighsSharedExpert: Bool = false, isMandatory: Bool = false, feedForwardLength: Int, layers: Set<Int>? = nil
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
            weighsSharedExpert: weighsSharedExpert, layers: layers ?? Set(0..<layerCount))
    }

    /// Experts as files of DeepSeek's kind describe them: after some dense layers, with a gating, scale and number of shared
    /// experts that the file names.
    /// - Parameters:
    ///   - gating: where the file names none.
    ///   - normalises: nil where the file tells.
    ///   - sharedLength: inner width of the shared experts; nil for the experts' times their number.
    ///   - isExpertLayer: which of the layers that aren't dense have experts.
    func describedExperts(
        _ configuration: ModelConfiguration, gating: Routing.Gating = .softmax, normalises: Bool? = nil,
        sharedLength: Int? = nil, isExpertLayer: (Int) -> Bool = { _ in true }
    ) throws -> ExpertConfiguration? {
        let named: Routing.Gating
        switch try optionalInteger("%.expert_gating_func", in: 0...4) ?? 0 {
        case 0: named = gating
        case 1: named = .softmax
        case 2: named = .sigmoid
        case 3: named = .softmaxOfChosen
        default:
            throw invalid(
                "%.expert_gating_func", "is 4, the root of a softplus", remedy: "Such models are not supported.")
        }
        let length = try expertLength(dense: configuration.feedForwardLength)
        let shared = try optionalInteger("%.expert_shared_count", in: 0...1024) ?? 0
        let dense = try optionalInteger("%.leading_dense_block_count", in: 0...1024) ?? 0
        let isNormalised = try normalises ?? optionalBool("%.expert_weights_norm") ?? false
        guard
            var described = try experts(
                gating: named, normalises: isNormalised,
                scale: Float(try optionalFloat("%.expert_weights_scale", in: 1e-6...1e6, unset: 0) ?? 1),
                sharedLength: sharedLength ?? (shared > 0 ? shared * length : nil), isMandatory: true,
                feedForwardLength: length,
                layers: Set((0..<configuration.layerCount).filter { $0 >= dense && isExpertLayer($0) }))
        else { return nil }
        described.mayBeFused = true
        described.routing.groups = try groups(expertCount: described.count)
        return described
    }

    private func groups(expertCount: Int) throws -> Routing.Groups? {
        guard let count = try optionalLength("%.expert_group_count"), count > 1 else {
            _ = value("%.expert_group_used_count")
            return nil
        }
        guard expertCount % count == 0 else {
            throw invalid("%.expert_group_count", "is \(count), which does not divide the \(expertCount) experts")
        }
        let chosen = try integer("%.expert_group_used_count", in: 1...count)
        guard try chosen * expertCount / count >= integer("%.expert_used_count", in: 1...expertCount) else {
            throw invalid("%.expert_group_used_count", "is \(chosen): these groups have too few experts")
        }
        return Routing.Groups(count: count, chosenCount: chosen)
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
