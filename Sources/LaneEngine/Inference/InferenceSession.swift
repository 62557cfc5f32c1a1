import TensorGraph

/// One sequence of tokens on its way through a model: the caches, and the regions whose relevance is carried along.
///
/// A session belongs to one task at a time. `laneCount` is 1 + the number of regions; each costs one more column in
/// every matrix product and a tangent cache of the size of the KV cache.
package final class InferenceSession: @unchecked Sendable {  // Handed from one task to another, never shared.
    package struct Options: Sendable {
        package var contextLength: Int
        package var threadCount: Int
        package var cacheType: CacheStorage
        package var rule: PropagationRule
        /// Whether layers on the CPU use one kernel for each part, instead of ggml's operations.
        package var fusesOperations: Bool
        /// Positions that the caches hold, of those that the sequence may come to have; nil for all.
        package var capacity: Int?

        package init(
            contextLength: Int, threadCount: Int, cacheType: CacheStorage = .float16, rule: PropagationRule = .attnLRP,
            fusesOperations: Bool = true, capacity: Int? = nil
        ) {
            self.contextLength = contextLength
            self.threadCount = threadCount
            self.cacheType = cacheType
            self.rule = rule
            self.fusesOperations = fusesOperations
            self.capacity = capacity
        }
    }

    let model: LanguageModel
    /// Normalised, as their weights go into tangents.
    package private(set) var regions: [RegionOfInterest]
    /// What each region's relevance is to be multiplied by, see ``RegionOfInterest/normalised``.
    var scales: [Double]
    package let options: Options
    /// What the sequence is computed under.
    package private(set) var intervention: Intervention
    /// The intervention's, as attention reads them.
    private(set) var keyBiases: KeyBiases?
    /// What the last token is read again under, while it is.
    var trial: SequenceStep.Trial?
    /// The last token's position where the caches hold it as it was tried, so that it has to be read once more before others.
    var triedPosition: Int?
    /// Tokens whose keys and values are in the cache.
    package internal(set) var tokens: [Int] = []
    /// Leading tokens whose tangents are in the cache; at the others the tangent caches are zero.
    var tangentLength = 0
    /// Positions up to here may hold tangents of tokens that have since been dropped.
    var staleTangentEnd = 0
    /// Positions up to here have been written to the caches, those of tokens that have since been dropped included.
    var writtenEnd = 0
    /// What evaluates this sequence, alone or beside others.
    package let evaluator: BatchEvaluator
    let memory: SequenceMemory
    /// Tangents of all positions before this one are zero.
    var firstTangentPosition: Int
    var reading: Reading?
    /// Layers whose inputs are read out beside the last one's.
    package var earlyLayers: [Int] = []

    /// - Precondition: positions and heads of the regions fit the model; ``RegionOfInterest/validate(against:)`` checks.
    /// - Parameter evaluator: that of the sequences that this one is to be evaluated beside; by default one of its own.
    package init(
        _ model: LanguageModel, regions: [RegionOfInterest], intervention: Intervention = .none, options: Options,
        evaluator: BatchEvaluator? = nil
    ) throws {
        try InferenceError.check(options.contextLength, against: model.configuration)
        self.model = model
        (self.regions, scales) = regions.normalised
        let regions = self.regions
        self.options = options
        self.intervention = intervention
        keyBiases = intervention.keyBiases
        firstTangentPosition = regions.compactMap(\.firstPosition).min() ?? .max
        self.evaluator =
            try evaluator
            ?? BatchEvaluator(model, threadCount: options.threadCount, fusesOperations: options.fusesOperations)
        memory = try SequenceMemory(
            model,
            cache: LaneCache(
                model, contextLength: options.capacity ?? options.contextLength, laneCount: 1 + regions.count,
                storage: options.cacheType),
            regions: regions, additions: intervention.residualStream)
    }

    deinit { evaluator.forget(memory) }

    /// Bytes of the caches.
    package var byteCount: Int { memory.cache.byteCount + (memory.states?.byteCount ?? 0) }

    package var contents: CacheContents {
        CacheContents(
            tokens: Array(tokens.prefix(min(reading?.keptCount ?? tokens.count, triedPosition ?? .max))),
            regions: regions, rule: options.rule, intervention: intervention, resumption: resumption)
    }

    /// Where evaluation can go on without beginning again, but for the very beginning.
    private var earliestStart: Int { memory.cache.layout.earliestStart(afterWriting: writtenEnd) }

    /// Takes on another prompt and other regions, keeping what the caches hold of them.
    /// - Returns: false where the caches can't serve, see ``CacheContents/reusableCount(of:regions:rule:intervention:)``.
    package func adopt(
        _ newRegions: [RegionOfInterest], rule: PropagationRule, intervention newIntervention: Intervention = .none,
        tokens newTokens: [Int]
    ) -> Bool {
        guard
            let common = contents.reusableCount(
                of: newTokens, regions: newRegions, rule: rule, intervention: newIntervention)
        else { return false }
        truncate(to: common)
        (regions, scales) = newRegions.normalised
        (intervention, keyBiases) = (newIntervention, newIntervention.keyBiases)
        firstTangentPosition = regions.compactMap(\.firstPosition).min() ?? .max
        return true
    }

    /// What the next token is to weigh in the first regions; the others, and all where nothing is named, have weights of their own.
    package func setWeights(_ weights: [Double], at position: Int) {
        for (index, weight) in weights.enumerated() where index < regions.count {
            regions[index].tokens[position] = weight / scales[index]
            if weight != 0 { firstTangentPosition = min(firstTangentPosition, position) }
        }
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

    /// Drops all tokens from position `length` on, and what is being read. Where sliding-window layers no longer hold what is
    /// seen from there, the tokens before it are evaluated again together with the next one.
    package func truncate(to length: Int) {
        reading = nil
        if let position = triedPosition, length <= position { triedPosition = nil }
        tokens.removeSubrange(min(length, tokens.count)...)
        forgetCaches(from: tokens.count)
    }

    /// Takes what the caches hold of positions from `length` on for dropped.
    private func forgetCaches(from length: Int) {
        memory.states?.forget(behind: length)
        staleTangentEnd = max(staleTangentEnd, tangentLength)
        tangentLength = min(tangentLength, length)
        if length == 0 { writtenEnd = 0 }
    }

    /// Where evaluation begins for what is wanted from `start` on: there, or before it where the caches no longer hold what is
    /// seen from there.
    func resume(at start: Int) -> Int {
        let position = resumption(start)
        if position < start || memory.states != nil { forgetCaches(from: position) }
        return position
    }

    /// Of what is wanted from a position on, where evaluation has to begin.
    private var resumption: @Sendable (Int) -> Int {
        let (earliest, checkpoints) = (earliestStart, memory.states?.checkpoints)
        return { start in
            let seen = start < earliest ? 0 : start
            guard let checkpoints else { return seen }
            return checkpoints.filter { $0 <= seen }.max() ?? 0
        }
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
        beginReading(newTokens, output: output, withTangents: withTangents)
        var prediction = try readAlone(progress)
        // Of one token too, whose prediction is the last one.
        if case .everyPosition = output, prediction.distributions.isEmpty {
            prediction.distributions = [prediction.distribution]
            prediction.hiddenStates = [prediction.hidden]
        }
        return prediction
    }

    /// The prediction after the last token again, with tangents, which are caught up where they were left out.
    package func predictionWithTangents(output: ForwardEvaluation.Output = .logits) throws -> Prediction {
        let start = min(tangentLength, tokens.count - 1)
        reading = Reading(
            keptCount: tokens.count, start: start, position: resume(at: start), withTangents: true, output: output)
        return try readAlone { _ in }
    }

    /// What would follow the last token if it, and it alone, saw scaled keys. What is read afterwards knows nothing of it.
    /// - Parameter observesAttention: reads out what enters and leaves attention too.
    package func reread(under scaling: KeyScaling, observesAttention: Bool = false) throws -> Prediction {
        precondition(!tokens.isEmpty && reading == nil)
        let last = tokens.count - 1
        trial = .init(
            keyFactors: scaling.keyFactors(before: last, layerCount: model.configuration.layerCount),
            observesAttention: observesAttention)
        defer { (trial, triedPosition) = (nil, last) }
        reading = Reading(
            keptCount: tokens.count, start: last, position: resume(at: last), withTangents: false, output: .logits)
        return try readAlone { _ in }
    }

    private func readAlone(_ progress: (Int) throws -> Void) throws -> Prediction {
        let predictions = try evaluator.read([self]) {
            if let reading { try progress(max(0, reading.position - reading.start)) }
        }[0]
        var last = predictions[predictions.count - 1]
        if predictions.count > 1 {
            last.distributions = predictions.map(\.distribution)
            last.hiddenStates = predictions.map(\.hidden)
        }
        return last
    }
}

extension ForwardEvaluation {
    /// What is wanted of the new tokens.
    package enum Output: Hashable {
        /// Only the caches' new entries.
        case none
        /// After the last one the primal's logits, and the tangents before the output matrix.
        case logits
        /// Besides, every token's relevance to each region: the output matrix applied to the tangents.
        case allScores
        /// What ``logits`` gives, after each of them.
        case everyPosition
    }
}
