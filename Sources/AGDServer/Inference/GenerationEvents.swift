import AGDInsight
import AsyncAlgorithms
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
    /// What the answer rests on; before its last token.
    case sources(choice: Int, AnswerSources)
    /// An answer of no tokens: only the prompt was asked for.
    case nothingWanted(choice: Int)
}

/// A generated token.
struct ChosenToken: Sendable {
    var step: GenerationStep
    /// Text that became certain with it, as a part of the thoughts or of the answer.
    var piece: ReplySplitter.Piece
    /// Calls of tools that became certain with it, with their numbers in the answer.
    var calls: [NumberedCall]
    var logProbability: TokenLogProbability?
    /// Tokens before it that are not told, nor is it, for the answer is withheld.
    var withheldCount = 0
}

struct NumberedCall: Sendable {
    var index: Int
    var call: ChatMessage.ToolCall
}

/// An answer in the making. No step is computed before the events of the last one have been taken, so that an answer that
/// nobody reads costs nothing.
struct RunningGeneration: Sendable {
    let events: AsyncThrowingChannel<GenerationEvent, any Error>
    fileprivate let task: Task<Void, Never>

    /// Ends the work within a step; the events then end with `CancellationError`.
    func cancel() { task.cancel() }
}

extension GenerationRequest {
    /// Answers the request. Whoever stops iterating must cancel, which stops the work within a step.
    /// - Parameter interval: how often ``GenerationEvent/working`` is told.
    func start(
        _ served: ServedModel, _ admission: SessionPool.Admission, every interval: Duration, telemetry: Telemetry
    ) -> RunningGeneration {
        let events = AsyncThrowingChannel<GenerationEvent, any Error>()
        let task = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        do { try await Task.sleep(for: interval) } catch { return }
                        await events.send(.working)
                    }
                }
                do {
                    try await answer(served, admission, telemetry) { await events.send($0) }
                    events.finish()
                } catch {
                    events.fail(error)
                }
                group.cancelAll()
            }
        }
        return RunningGeneration(events: events, task: task)
    }

    private func answer(
        _ served: ServedModel, _ admission: SessionPool.Admission, _ telemetry: Telemetry,
        tell: @Sendable (GenerationEvent) async -> Void
    ) async throws {
        for (index, prompt) in prompts.enumerated() {
            let first = decodings[index].strategy
            try await served.pool.withSession(admission, for: prompt, strategy: first) { session in
                let rated = try await rating(of: prompt, session)
                for choice in index * choiceCount..<(index + 1) * choiceCount {
                    if echoes { await tell(.echo(choice: choice, rated)) }
                    try await answer(prompt, choice, strategy(choice), session, served, telemetry, tell: tell)
                }
            }
        }
    }

    /// How probable the prompt's tokens are, once for all answers, where that was asked for.
    private func rating(of prompt: Prompt, _ session: Session) async throws -> [TokenLogProbability]? {
        guard echoes, let logProbabilityCount else { return nil }
        return try await session.logProbabilities(of: prompt, alternatives: logProbabilityCount)
    }

    private func answer(
        _ prompt: Prompt, _ choice: Int, _ strategy: any DecodingStrategy, _ session: Session, _ served: ServedModel,
        _ telemetry: Telemetry, tell: @Sendable (GenerationEvent) async -> Void
    ) async throws {
        guard limits.maximumTokens != 0 else { return await tell(.nothingWanted(choice: choice)) }
        let isFirst = choice % choiceCount == 0
        var timing = telemetry.beginAnswer()
        let record = LogProbabilityRecorder.Record()
        let recorded: any DecodingStrategy =
            logProbabilityCount.map {
                LogProbabilityRecorder(strategy, alternatives: $0, record: record)
            } ?? strategy
        let cached = FirstReport()
        let generation = try session.generate(
            prompt, strategy: recorded, limits: limits, constraints: constraints
        ) { cached.note($0) }
        var reader = AnswerReader(prompt, session.model, toolCalls: toolCallFormat)
        var callCount = 0
        var said = AnswerRecord()
        var held: [ChosenToken] = []
        for try await step in generation {
            if isFirst, let cached = cached.taken() {
                telemetry.read(promptTokens: prompt.tokens.count, cached: cached)
                await tell(.cached(cached))
            }
            timing.token(step)
            let (piece, calls) = reader.read(step)
            let token = ChosenToken(
                step: step, piece: piece,
                calls: calls.enumerated().map { NumberedCall(index: callCount + $0.offset, call: $0.element) },
                logProbability: record.latest)
            callCount += calls.count
            held.append(token)
            if sources != nil { said.append(token) }
            if let sources, step.stopReason != nil {
                let found = try await served.attribution.run { [answer = said.tokens] in
                    try AnswerSources(of: answer, after: prompt, model: served.model, options: sources) { _ in
                        try Task.checkCancellation()
                    }
                }
                await tell(.sources(choice: choice, found))
                if found.trust?.isRefused == true {
                    held = [ChosenToken(step: step.withheld, piece: .init(), calls: [], withheldCount: held.count - 1)]
                }
            }
            // What may be withheld is told when it has been checked.
            guard step.stopReason != nil || sources?.trust?.action != .refuse else { continue }
            for token in held { await tell(.token(choice: choice, token)) }
            held = []
        }
    }
}
