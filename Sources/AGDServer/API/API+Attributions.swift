import AttributionGuidedDecoding
import Hummingbird

/// Why the model would say each target after a prompt.
struct AttributionReport: Encodable, Sendable {
    struct Target: Encodable, Sendable {
        var id: Int
        var text: String
        var bytes: [UInt8]?
        var logit: Double
        /// S(c, R): relevance of the region, where there is one.
        var roiScore: Double?
        /// Relevance of each token of the prompt.
        var tokens: [Double]
        /// Relevance of each head, `[layer][head]`, summed over positions.
        var heads: [[Double]]?
        /// Those asked for, the strongest first.
        var neurons: [Attribution.NeuronRelevance]?
    }
    struct Token: Encodable, Sendable {
        var id: Int
        var text: String
        /// Where they are part of a character, so that the text isn't exact.
        var bytes: [UInt8]?

        init(_ id: Int, _ served: ServedModel) {
            self.id = id
            text = served.text(of: id)
            bytes = served.inexactBytes(of: id)
        }
    }
    var model, rule: String
    var tokens: [Token]
    var targets: [Target]
}

extension API {
    /// Sends each target's relevance back to the prompt.
    func attribution(_ work: AdmittedRequest) throws -> Answering {
        let (body, served) = (work.body, work.served)
        let (prompt, region, hasRegion) = try promptAndRegion(body, served)
        guard prompt.tokens.count <= served.contextLength else {
            throw APIError.invalid(
                "The prompt has \(prompt.tokens.count) tokens; the context holds \(served.contextLength).",
                param: body["messages"] == nil ? "prompt" : "messages", code: "context_length_exceeded")
        }
        let targets = try (body["targets"]?.array ?? []).enumerated().map {
            try Self.target($1, "targets[\($0)]", served)
        }
        let rule = body["agd"]?["rule"]?.string.flatMap(PropagationRule.init) ?? .attnLRP
        let withHeads = body["heads"]?.bool ?? false || !region.heads.isEmpty
        let heads = withHeads ? served.model.configuration.layerCount * served.model.configuration.headCount : 0
        try RequestCost(attributing: targets.count, to: prompt, headCount: heads).check()
        let neuronCount = body["neurons"]?.integer
        var inside = ReverseAttribution.Inside(for: [region])
        if neuronCount != nil { inside.hasNeurons = true }
        let report = { @Sendable (attributions: [Attribution]) in
            AttributionReport(
                model: served.name, rule: rule.name, tokens: prompt.tokens.map { .init($0, served) },
                targets: attributions.map { attribution in
                    AttributionReport.Target(
                        id: attribution.target.token, text: served.text(of: attribution.target.token),
                        bytes: served.inexactBytes(of: attribution.target.token), logit: attribution.logit,
                        roiScore: hasRegion ? attribution.relevance(of: region) : nil, tokens: attribution.tokens,
                        heads: withHeads && body["heads"]?.bool == true ? attribution.heads.map(\.allPositions) : nil,
                        neurons: neuronCount.map(attribution.strongestNeurons))
                })
        }
        return { [inside] in
            try await work.context.cancellingOnHangUp {
                // The session lends its place, not its caches: no more work is done at once than was allowed.
                try await served.pool.withSession(work.admission, for: prompt, strategy: Greedy()) { _ in
                    try await served.attribution.run {
                        let stop = { (_: Double) in try Task.checkCancellation() }
                        let reading = try ReverseAttribution(
                            served.model, tokens: prompt.tokens, options: .init(threadCount: served.threadCount),
                            progress: stop)
                        let attributions = try reading.attribute(
                            targets.map { AttributionTarget(token: $0, position: prompt.tokens.count - 1) }, rule: rule,
                            inside: inside, progress: stop)
                        return try Response.json(report(attributions))
                    }
                }
            }
        }
    }

    private static func target(_ value: JSONValue, _ field: String, _ served: ServedModel) throws -> Int {
        if let id = value.integer {
            guard id < served.model.configuration.vocabularySize else {
                throw APIError.invalid(
                    "'\(field)': the vocabulary has ids 0 to \(served.model.configuration.vocabularySize - 1).",
                    param: field)
            }
            return id
        }
        let text = value.string ?? ""
        guard let tokenizer = served.model.tokenizer else {
            throw APIError.invalid("'\(field)': the model has no vocabulary; give the target's id.", param: field)
        }
        let tokens = try tokenizer.tokenize(text, parsesSpecialTokens: true)
        guard tokens.count == 1 else {
            let pieces = tokens.prefix(16).map { "\($0) \"\(tokenizer.text(of: $0))\"" }.joined(separator: ", ")
            throw APIError.invalid(
                "'\(field)': \"\(text)\" is \(tokens.count) tokens (\(pieces)); a target is one token.", param: field)
        }
        return tokens[0]
    }
}
