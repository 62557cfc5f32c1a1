import AttributionGuidedDecoding

/// What happens while a request is answered.
enum GenerationEvent: Sendable {
    /// Nothing to tell yet; keeps connections open.
    case working
    /// A prompt's first tokens needn't be read again.
    case cached(Int)
    /// The prompt begins the answer; with how probable its tokens are, from the second on, where that was asked for.
    case echo(choice: Int, [TokenLogProbability]?)
    case token(choice: Int, ChosenToken)
    /// An answer of no tokens: only the prompt was asked for.
    case nothingWanted(choice: Int)
}

/// A generated token.
struct ChosenToken: Sendable {
    var step: GenerationStep
    var logProbability: TokenLogProbability?
}

/// An answer in the making.
struct RunningGeneration: Sendable {
    let events: AsyncThrowingStream<GenerationEvent, any Error>
    fileprivate let task: Task<Void, Never>

    /// Ends the work within a step; the events then end with `CancellationError`.
    func cancel() { task.cancel() }
}

extension GenerationRequest {
    /// Answers the request. Whoever stops iterating, or is cancelled, stops the work within a step.
    /// - Parameter interval: how often ``GenerationEvent/working`` is told.
    func start(
        _ served: ServedModel, _ admission: SessionPool.Admission, every interval: Duration, telemetry: Telemetry
    ) -> RunningGeneration {
        let (events, continuation) = AsyncThrowingStream.makeStream(of: GenerationEvent.self)
        let task = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        do { try await Task.sleep(for: interval) } catch { return }
                        continuation.yield(.working)
                    }
                }
                do {
                    try await answer(served, admission, telemetry) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
                group.cancelAll()
            }
        }
        continuation.onTermination = { reason in
            if case .cancelled = reason { task.cancel() }
        }
        return RunningGeneration(events: events, task: task)
    }

    private func answer(
        _ served: ServedModel, _ admission: SessionPool.Admission, _ telemetry: Telemetry,
        tell: @escaping @Sendable (GenerationEvent) -> Void
    ) async throws {
        for (index, prompt) in prompts.enumerated() {
            let first = strategy.strategy(region: regions[index], choice: 0)
            try await served.pool.withSession(admission, for: prompt, strategy: first) { session in
                for choice in index * choiceCount..<(index + 1) * choiceCount {
                    let strategy = strategy.strategy(region: regions[index], choice: choice)
                    try await answer(prompt, choice, strategy, session, telemetry, tell: tell)
                }
            }
        }
    }

    private func answer(
        _ prompt: Prompt, _ choice: Int, _ strategy: any DecodingStrategy, _ session: Session, _ telemetry: Telemetry,
        tell: @escaping @Sendable (GenerationEvent) -> Void
    ) async throws {
        let isFirst = choice % choiceCount == 0
        var timing = telemetry.beginAnswer()
        if echoes {
            var rated: [TokenLogProbability]?
            if let logProbabilityCount {
                rated = try await session.logProbabilities(of: prompt, alternatives: logProbabilityCount)
            }
            tell(.echo(choice: choice, rated))
        }
        guard limits.maximumTokens != 0 else { return tell(.nothingWanted(choice: choice)) }
        let record = LogProbabilityRecorder.Record()
        let recorded: any DecodingStrategy =
            logProbabilityCount.map {
                LogProbabilityRecorder(strategy, alternatives: $0, record: record)
            } ?? strategy
        let report = FirstReport()
        let generation = try session.generate(prompt, strategy: recorded, limits: limits) { done in
            if report.isFirst(), isFirst {
                telemetry.read(promptTokens: prompt.tokens.count, cached: done)
                tell(.cached(done))
            }
        }
        for try await step in generation {
            timing.token(step)
            tell(.token(choice: choice, ChosenToken(step: step, logProbability: record.latest)))
        }
    }
}
