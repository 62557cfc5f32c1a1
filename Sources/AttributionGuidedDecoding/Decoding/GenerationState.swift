/// The decode loop: predict, choose, emit, stop or append.
final class GenerationState: @unchecked Sendable {  // Touched by the session's actor only.
    private let inference: InferenceSession
    private var prediction: Prediction
    private var strategy: any DecodingStrategy
    private let limits: GenerationLimits
    private let promptLength: Int
    private var text: TextStream
    private var stopReason: StopReason?
    private var pendingToken: Int?

    init(
        inference: InferenceSession, prediction: Prediction, strategy: any DecodingStrategy, limits: GenerationLimits,
        promptLength: Int, text: TextStream
    ) {
        self.inference = inference
        self.prediction = prediction
        self.strategy = strategy
        self.limits = limits
        self.promptLength = promptLength
        self.text = text
    }

    func step(tokenizer: Tokenizer?) throws -> GenerationStep? {
        guard stopReason == nil else { return nil }
        try Task.checkCancellation()
        if let token = pendingToken {
            prediction = try inference.append([token], withTangents: strategy.tangents == .withEachStep)
        }
        let position = inference.tokens.count
        let distribution = Distribution(logits: prediction.logits, probabilities: prediction.probabilities)
        let choice = try strategy.choose(
            DecodingContext(distribution: distribution, tokens: inference.tokens, relevance: relevance))
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
        return inference.remainingCapacity == 0 ? .contextFull : nil
    }
}
