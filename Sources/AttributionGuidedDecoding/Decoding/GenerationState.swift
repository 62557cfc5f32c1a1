/// The decode loop: predict, choose, emit, stop or append.
package final class GenerationState: @unchecked Sendable {  // Touched by the session's actor only.
    private let inference: InferenceSession
    /// What holds the strategy's second sequence.
    private let companion: InferenceSession?
    private var prediction: Prediction
    private var strategy: any DecodingStrategy
    private let tangents: TangentSchedule
    private let limits: GenerationLimits
    private let promptLength: Int
    private var text: TextStream
    private var stopReason: StopReason?
    private var pendingToken: Int?
    /// Whether a step has thrown: its token is lost, and so is the thread.
    private var hasFailed = false

    package init(
        inference: InferenceSession, companion: InferenceSession? = nil, prediction: Prediction,
        strategy: any DecodingStrategy, limits: GenerationLimits, promptLength: Int, text: TextStream
    ) {
        self.inference = inference
        self.companion = companion
        self.prediction = prediction
        self.strategy = strategy
        tangents = strategy.needs.tangents
        self.limits = limits
        self.promptLength = promptLength
        self.text = text
    }

    /// The next step; nil after the last one, and after one that has thrown.
    package func step(tokenizer: Tokenizer?) throws -> GenerationStep? {
        guard stopReason == nil, !hasFailed else { return nil }
        do { return try nextStep(tokenizer) } catch {
            hasFailed = true
            throw error
        }
    }

    private func nextStep(_ tokenizer: Tokenizer?) throws -> GenerationStep {
        try Task.checkCancellation()
        if let token = pendingToken {
            let withTangents = tangents == .withEachStep
            prediction =
                try companion.map { try inference.append(token, beside: $0, withTangents: withTangents) }
                ?? inference.append([token], withTangents: withTangents)
        }
        let position = inference.tokens.count
        let distribution = prediction.distribution.without(tokenizer?.suppressedTokens ?? [])
        let choice = try strategy.choose(
            DecodingContext(
                distribution: distribution, tokens: inference.tokens, earlyLogits: prediction.earlyLogits,
                companion: prediction.companion, relevance: relevance))
        guard distribution.logits.indices.contains(choice.token) else {
            throw GenerationError.invalid(
                field: strategy.name, problem: "chose token \(choice.token), which is not in the vocabulary")
        }
        let newText = emit(choice.token, tokenizer)
        stopReason = reasonToStop(after: choice.token, at: position, tokenizer)
        pendingToken = choice.token
        return GenerationStep(
            position: position, entropy: distribution.entropy, choice: choice,
            logProbability: distribution.logProbability(of: choice.token), greedy: distribution.mostProbable,
            text: stopReason == nil ? newText : newText + text.finish(), stopReason: stopReason)
    }

    private func relevance(of tokens: [Int]) throws -> [[Double]] {
        if prediction.tangents.isEmpty, !inference.regions.isEmpty {
            prediction = try inference.predictionWithTangents()
        }
        return inference.relevance(of: tokens, prediction)
    }

    private func emit(_ token: Int, _ tokenizer: Tokenizer?) -> String {
        guard let tokenizer else { return "" }
        return text.append(tokenizer.bytes(of: token))
    }

    private func reasonToStop(after token: Int, at position: Int, _ tokenizer: Tokenizer?) -> StopReason? {
        if !limits.ignoresEndOfGeneration, tokenizer?.endsGeneration(token) == true { return .endOfGeneration }
        if text.hasStopped { return .stopString }
        if let maximum = limits.maximumTokens, position + 1 - promptLength >= maximum { return .maximumTokens }
        let isFull = inference.remainingCapacity == 0 || companion?.remainingCapacity == 0
        return isFull ? .contextFull : nil
    }
}
