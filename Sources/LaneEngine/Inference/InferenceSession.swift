import TensorGraph

/// One sequence of tokens on its way through a model: the caches, and the regions whose relevance is carried along.
///
/// A session belongs to one task at a time. `laneCount` is 1 + the number of regions; each costs one more column in
/// every matrix product and a tangent cache of the size of the KV cache.
package final class InferenceSession {
    package struct Options: Sendable {
        package var contextLength: Int
        package var threadCount: Int
        package var cacheType: ElementType
        package var rule: PropagationRule
        /// Whether layers on the CPU use one kernel for each part, instead of ggml's operations.
        package var fusesOperations: Bool

        package init(
            contextLength: Int, threadCount: Int, cacheType: ElementType = .float16, rule: PropagationRule = .attnLRP,
            fusesOperations: Bool = true
        ) {
            self.contextLength = contextLength
            self.threadCount = threadCount
            self.cacheType = cacheType
            self.rule = rule
            self.fusesOperations = fusesOperations
        }
    }

    let model: LanguageModel
    /// Normalised, as their weights go into tangents.
    package private(set) var regions: [RegionOfInterest]
    /// What each region's relevance is to be multiplied by, see ``RegionOfInterest/normalised``.
    private var scales: [Double]
    package let options: Options
    /// Tokens whose keys and values are in the cache.
    package private(set) var tokens: [Int] = []
    /// Leading tokens whose tangents are in the cache; at the others the tangent caches are zero.
    private var tangentLength = 0
    /// Positions up to here may hold tangents of tokens that have since been dropped.
    private var staleTangentEnd = 0
    private let stream: ComputeStream
    let cache: LaneCache
    private let headWeights: [Int: Tensor]
    private let headWeightBuffer: TensorBuffer?
    /// Tangents of all positions before this one are zero.
    private var firstTangentPosition: Int
    private var evaluations: [ForwardEvaluation] = []
    /// Layers whose inputs are read out beside the last one's.
    package var earlyLayers: [Int] = []

    /// - Precondition: positions and heads of the regions fit the model; ``RegionOfInterest/validate(against:)`` checks.
    package init(_ model: LanguageModel, regions: [RegionOfInterest], options: Options) throws {
        try InferenceError.check(options.contextLength, against: model.configuration)
        self.model = model
        (self.regions, scales) = regions.normalised
        let regions = self.regions
        self.options = options
        firstTangentPosition = regions.compactMap(\.firstPosition).min() ?? .max
        stream = try ComputeStream(devices: model.devices, threadCount: options.threadCount)
        cache = try LaneCache(
            model, contextLength: options.contextLength, laneCount: 1 + regions.count, type: options.cacheType)
        let layers = Set(regions.flatMap { $0.heads.keys.map(\.layer) }).sorted()
        headWeightBuffer =
            layers.isEmpty
            ? nil
            : try TensorBuffer(
                layers.map { (.float32, [1, 1, model.configuration.attention[$0].headCount, regions.count]) }, on: .cpu,
                purpose: "head weights")
        headWeights = Dictionary(uniqueKeysWithValues: zip(layers, headWeightBuffer?.tensors ?? []))
        for (layer, tensor) in headWeights {
            tensor.write(
                regions.flatMap { region in
                    (0..<model.configuration.attention[layer].headCount).map {
                        Float(region.heads[.init(layer: layer, head: $0)] ?? 0)
                    }
                })
        }
    }

    /// Bytes of caches and intermediate results.
    package var byteCount: Int { cache.byteCount + evaluations.reduce(0) { $0 + $1.byteCount } }

    package var contents: CacheContents { CacheContents(tokens: tokens, regions: regions, rule: options.rule) }

    /// Takes on another prompt and other regions, keeping what the caches hold of them.
    /// - Returns: false where the caches can't serve: other heads, another rule or another number of regions.
    package func adopt(_ newRegions: [RegionOfInterest], rule: PropagationRule, tokens newTokens: [Int]) -> Bool {
        guard let common = contents.reusableCount(of: newTokens, regions: newRegions, rule: rule) else { return false }
        truncate(to: common)
        (regions, scales) = newRegions.normalised
        firstTangentPosition = regions.compactMap(\.firstPosition).min() ?? .max
        return true
    }

    /// S(c, R) of each token for each region, `[region][token]`: the dot products of the tangents with the tokens' rows of
    /// the output matrix.
    package func relevance(of tokens: [Int], _ prediction: Prediction) -> [[Double]] {
        let rows = tokens.map { model.file.row($0, of: model.weights.outputRows) }
        let slopes = tokens.map { model.configuration.softcapSlope(atLogit: prediction.logits[$0], options.rule) }
        return zip(prediction.tangents, scales).map { tangent, scale in
            zip(rows, slopes).map { row, slope in
                scale * slope * zip(row, tangent).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            }
        }
    }

    /// Drops all tokens from position `length` on.
    package func truncate(to length: Int) {
        staleTangentEnd = max(staleTangentEnd, tangentLength)
        tokens.removeSubrange(min(length, tokens.count)...)
        tangentLength = min(tangentLength, tokens.count)
    }

    /// Appends tokens, a chunk at a time, and predicts what follows the last one.
    ///
    /// - Parameters:
    ///   - output: what is wanted at the last token.
    ///   - withTangents: false leaves the tangents for later, to be caught up when first asked for.
    ///   - progress: called with the number of tokens done after each chunk; it may throw to stop in between.
    package func append(
        _ newTokens: [Int], output: ForwardEvaluation.Output = .logits, withTangents: Bool = true,
        progress: (Int) throws -> Void = { _ in }
    ) throws -> Prediction {
        precondition(!newTokens.isEmpty && newTokens.count <= remainingCapacity)
        let start = tokens.count
        tokens += newTokens
        do {
            return try evaluate(
                from: withTangents ? min(start, tangentLength) : start, withTangents: withTangents, output, progress)
        } catch {
            truncate(to: start)
            throw error
        }
    }

    /// Appends a token to this sequence and to `companion`, another one of the same model, in one batch: each weight is read
    /// once for both. What follows the other is ``Prediction/companion``.
    package func append(_ token: Int, beside companion: InferenceSession, withTangents: Bool = true) throws
        -> Prediction
    {
        precondition(remainingCapacity > 0 && companion.remainingCapacity > 0)
        guard regions.isEmpty, companion.regions.isEmpty else {
            // In a batch all sequences have the same lanes.
            let other = try companion.append([token]).distribution
            var prediction = try append([token], withTangents: withTangents)
            prediction.companion = other
            return prediction
        }
        // This one comes last, since the early layers' say is that of the last token.
        let both = [companion, self]
        let evaluation = try evaluation(
            .init(
                sequences: both.map { .init(tokenCount: 1, historyLength: $0.historyLength($0.tokens.count + 1)) },
                laneCount: 1, output: .everyPosition, earlyLayers: earlyLayers),
            caches: both.map(\.cache))
        let starts = both.map(\.tokens.count)
        guard var prediction = try evaluation.run(tokens: [token, token], starts: starts, weights: []),
            prediction.isFinite
        else {
            throw InferenceError.notFinite(path: model.path, position: tokens.count)
        }
        for sequence in both {
            sequence.tokens.append(token)
            sequence.tangentLength = sequence.tokens.count
        }
        prediction.companion = prediction.distributions.first
        return prediction
    }

    /// The prediction after the last token again, with tangents, which are caught up where they were left out.
    package func predictionWithTangents(output: ForwardEvaluation.Output = .logits) throws -> Prediction {
        try evaluate(from: min(tangentLength, tokens.count - 1), withTangents: true, output, { _ in })
    }

    private func evaluate(
        from start: Int, withTangents: Bool, _ output: ForwardEvaluation.Output, _ progress: (Int) throws -> Void
    ) throws -> Prediction {
        var position = start
        while true {
            let chunk = nextChunk(from: position, withTangents: withTangents)
            let isLast = chunk.range.upperBound == tokens.count
            let evaluation = try evaluation(
                .init(
                    sequences: [
                        .init(tokenCount: chunk.range.count, historyLength: historyLength(chunk.range.upperBound))
                    ],
                    laneCount: chunk.laneCount, output: isLast ? output : .none,
                    earlyLayers: isLast ? earlyLayers : []),
                caches: [cache])
            let weights = regions.map { region in chunk.range.map { Float(region.weight(at: $0)) } }
            let prediction = try evaluation.run(
                tokens: Array(tokens[chunk.range]), starts: [position], weights: weights)
            if withTangents { tangentLength = chunk.range.upperBound }
            position = chunk.range.upperBound
            if isLast, var prediction {
                guard prediction.isFinite else {
                    throw InferenceError.notFinite(path: model.path, position: tokens.count - 1)
                }
                prediction.scores = prediction.scores.map {
                    zip($0, scales).map { row, scale in row.map { $0 * Float(scale) } }
                }
                return withTangents ? prediction.withZeroTangents(regions.count) : prediction
            }
            try progress(position - start)
        }
    }

    /// The next tokens to evaluate at once, and with how many lanes: before the first token of a region all tangents are
    /// zero, so that the primal alone suffices.
    private func nextChunk(from start: Int, withTangents: Bool) -> (range: Range<Int>, laneCount: Int) {
        let firstTangent = withTangents ? max(start, min(firstTangentPosition, tokens.count)) : tokens.count
        let laneCount = firstTangent > start ? 1 : cache.laneCount
        if laneCount == 1, withTangents, staleTangentEnd > start {
            cache.clearTangents()
            staleTangentEnd = 0
        }
        let end = laneCount == 1 ? firstTangent : tokens.count
        return (start..<min(end, start + chunkLength(from: start, laneCount: laneCount)), laneCount)
    }

    /// A graph of this shape, an earlier one where there is one. A few are kept: one for each kind of decoding step.
    private func evaluation(_ shape: ForwardEvaluation.Shape, caches: [LaneCache]) throws -> ForwardEvaluation {
        let fits = { (evaluation: ForwardEvaluation) in
            evaluation.shape == shape && evaluation.caches.elementsEqual(caches, by: ===)
        }
        if let index = evaluations.firstIndex(where: fits) {
            evaluations.append(evaluations.remove(at: index))
            return evaluations[evaluations.count - 1]
        }
        if evaluations.count >= 3 { evaluations.removeFirst() }
        let evaluation = try ForwardEvaluation(
            model, shape, rule: options.rule, caches: caches, headWeights: headWeights,
            fusesOperations: options.fusesOperations, on: stream)
        evaluations.append(evaluation)
        return evaluation
    }
}
