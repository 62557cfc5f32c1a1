/// The decode loop: predict, choose, emit, stop or append.
package final class GenerationState: @unchecked Sendable {  // Touched by the session's actor only.
    private let inference: InferenceSession
    /// What hold the sequences that the strategy wants beside it.
    private let companions: [InferenceSession]
    private var prediction: Prediction?
    private var strategy: any DecodingStrategy
    private let tangents: TangentSchedule
    private let generated: GeneratedTokens
    private let rereads: Bool
    private let limits: GenerationLimits
    private var constraints: ConstraintState
    private let promptLength: Int
    private var text: TextStream
    private var stopReason: StopReason?
    private var pendingToken: Int?
    /// Tokens of prompt and completion that have been read and stand.
    private var position: Int
    /// Drafted tokens that have been read after those, and what follows each sequence there.
    private var ahead: [(token: Int, predictions: [Prediction])] = []
    private var drafts: Drafts?
    /// Whether a step has thrown: its token is lost, and so is the thread.
    private var hasFailed = false

    /// A generation whose sequences are reading their prompts.
    package init(
        inference: InferenceSession, companions: [InferenceSession] = [], strategy: any DecodingStrategy,
        limits: GenerationLimits, constraints: ConstraintState = ConstraintState(),
        promptLength: Int, text: TextStream, drafts: Drafts? = nil
    ) {
        self.inference = inference
        self.companions = companions
        self.strategy = strategy
        tangents = strategy.needs.tangents
        (generated, rereads) = (strategy.needs.generated, strategy.needs.rereads)
        self.limits = limits
        self.constraints = constraints
        self.promptLength = promptLength
        self.text = text
        position = promptLength
        // Tangents that are caught up when asked for are those of the last token that was read, which alone is read again, and what a
        // token weighs isn't known before it is chosen.
        let dependsOnChoice = tangents == .whenAsked && !inference.regions.isEmpty || generated == .share || rereads
        self.drafts = dependsOnChoice ? nil : drafts
        self.drafts?.read(inference.tokens)
    }

    /// Whether there are no more steps: after the last one, and after one that has thrown.
    package var hasEnded: Bool { stopReason != nil || hasFailed }

    /// Whether no token has been chosen yet.
    package var isReadingPrompt: Bool { prediction == nil }

    /// The sequences that are to be read to their ends before the next token is chosen: prompts, then the token chosen last
    /// with what is drafted after it. None where the draft has it already.
    /// - Parameter isAlone: whether no other generation is decoded beside this one.
    package func beginStep(isAlone: Bool = true) -> [InferenceSession] {
        guard let token = pendingToken else { return sequences }
        pendingToken = nil
        position += 1
        drafts?.read([token])
        if ahead.first?.token == token { return [] }
        dropDraft()
        let draft = drafts?.next(atMost: room - 1, isAlone: isAlone) ?? []
        for sequence in sequences {
            sequence.beginReading(
                [token] + draft, output: draft.isEmpty ? .logits : .everyPosition,
                withTangents: tangents == .withEachStep)
        }
        ahead = draft.map { ($0, []) }
        return sequences
    }

    private var sequences: [InferenceSession] { [inference] + companions }

    /// Tokens that may still follow those that stand.
    private var room: Int {
        let free = sequences.map { $0.capacity - $0.tokens.count }.min() ?? 0
        return min(free, limits.maximumTokens.map { promptLength + $0 - position } ?? .max)
    }

    /// Cuts off what was drafted and doesn't stand.
    private func dropDraft() {
        for sequence in sequences where !ahead.isEmpty { sequence.truncate(to: sequence.tokens.count - ahead.count) }
        drafts?.refuse(ahead.count)
        ahead = []
    }

    /// Chooses the next token.
    /// - Parameter read: what follows each of the sequences that were to be read, or why that is not known.
    package func finishStep(_ read: Result<[[Prediction]], any Error>, tokenizer: Tokenizer?) throws -> GenerationStep {
        do {
            let predictions = try following(read.get())
            try Task.checkCancellation()
            guard var prediction = predictions.first else { throw CancellationError() }
            prediction.companions = predictions.dropFirst().map(\.distribution)
            let step = try choose(prediction, tokenizer)
            if hasEnded { dropDraft() }
            return step
        } catch {
            hasFailed = true
            ahead = []
            throw error
        }
    }

    /// What follows each sequence's tokens that stand.
    private func following(_ read: [[Prediction]]) throws -> [Prediction] {
        guard !read.isEmpty else { return ahead.removeFirst().predictions }
        let places = read.map { $0.suffix(1 + ahead.count) }
        guard places.allSatisfy({ $0.count == 1 + ahead.count }) else { throw CancellationError() }
        for index in ahead.indices { ahead[index].predictions = places.map { $0[$0.startIndex + 1 + index] } }
        return places.compactMap(\.first)
    }

    /// The next step of a generation whose sequences nobody else's are evaluated beside; nil after the last one.
    package func step(tokenizer: Tokenizer?) throws -> GenerationStep? {
        guard !hasEnded else { return nil }
        let sequences = beginStep()
        return try finishStep(
            Result { sequences.isEmpty ? [] : try inference.evaluator.read(sequences) }, tokenizer: tokenizer)
    }

    private func choose(_ prediction: Prediction, _ tokenizer: Tokenizer?) throws -> GenerationStep {
        self.prediction = prediction
        let unsuppressed = { (prediction: Prediction) in
            prediction.distribution.without(tokenizer?.suppressedTokens ?? [])
        }
        let unconstrained = unsuppressed(prediction)
        let distribution = try constraints.applied(to: unconstrained)
        let reread = { (scaling: KeyScaling, observesAttention: Bool) in
            let again = try self.inference.reread(under: scaling, observesAttention: observesAttention)
            return Rereading(
                distribution: try self.constraints.applied(to: unsuppressed(again)), attention: again.attention)
        }
        let choice = try strategy.choose(
            DecodingContext(
                distribution: distribution, tokens: Array(inference.tokens.prefix(position)),
                earlyLogits: prediction.earlyLogits,
                companions: prediction.companions, reread: rereads ? reread : nil, relevance: relevance))
        guard distribution.logits.indices.contains(choice.token) else {
            throw GenerationError.invalid(
                field: strategy.name, problem: "chose token \(choice.token), which is not in the vocabulary")
        }
        guard !constraints.forbidsTokens || distribution.isPossible(choice.token) else {
            throw GenerationError.invalid(
                field: strategy.name, problem: "chose token \(choice.token), which the constraints rule out")
        }
        if generated == .share { inference.setWeights(try shares(in: choice.token), at: position) }
        let avoided = constraints.avoids(unconstrained.mostProbable) ? unconstrained.mostProbable : nil
        constraints.append(choice.token)
        let newText = emit(choice.token, tokenizer)
        stopReason = reasonToStop(after: choice.token, at: position, tokenizer)
        pendingToken = choice.token
        return GenerationStep(
            position: position, entropy: distribution.entropy, choice: choice,
            logProbability: distribution.logProbability(of: choice.token), greedy: distribution.mostProbable,
            text: stopReason == nil ? newText : newText + text.finish(), stopReason: stopReason,
            stopString: stopReason == .stopString ? text.stoppedAt : nil, avoided: avoided)
    }

    private func relevance(of tokens: [Int]) throws -> [[Double]] {
        guard var prediction else { return [] }
        if prediction.tangents.isEmpty, !inference.regions.isEmpty {
            prediction = try inference.predictionWithTangents()
            self.prediction = prediction
        }
        return inference.relevance(of: tokens, prediction)
    }

    /// Of what a token rests on, each region's share but the last one's, which is the whole; 0 where nothing speaks for the token.
    private func shares(in token: Int) throws -> [Double] {
        let relevance = try relevance(of: [token]).compactMap(\.first)
        guard let all = relevance.last, all > 0 else { return relevance.dropLast().map { _ in 0 } }
        return relevance.dropLast().map { min(max($0 / all, 0), 1) }
    }

    private func emit(_ token: Int, _ tokenizer: Tokenizer?) -> String {
        guard let tokenizer else { return "" }
        return text.append(tokenizer.bytes(of: token))
    }

    private func reasonToStop(after token: Int, at position: Int, _ tokenizer: Tokenizer?) -> StopReason? {
        if !limits.ignoresEndOfGeneration, tokenizer?.endsGeneration(token) == true { return .endOfGeneration }
        if text.hasStopped { return .stopString }
        if let maximum = limits.maximumTokens, position + 1 - promptLength >= maximum { return .maximumTokens }
        let isFull = sequences.contains { $0.remainingCapacity + ahead.count == 0 }
        return isFull ? .contextFull : nil
    }
}
