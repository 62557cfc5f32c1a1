import AttributionGuidedDecoding

/// Decodes and scores a benchmark's items, one after the other or some side by side, into a run file.
public struct EvaluationRun: Sendable {
    /// That replies.
    public let model: LanguageModel
    /// What scores replies by rule.
    public let scorer: ReplyScorer
    /// Threads that compute.
    public let threadCount: Int
    /// Numbers in which keys and values are kept.
    public let cacheType: Session.CacheType
    /// Who scores what no rule can; nil leaves it unscored.
    public let judge: Judge?
    /// Items that are decoded side by side, in one batch.
    public let parallelCount: Int
    /// How far ahead of the model tokens are drafted.
    public let draft: DraftLength

    /// A way to run benchmarks on a model.
    public init(
        _ model: LanguageModel, scorer: ReplyScorer, threadCount: Int, cacheType: Session.CacheType,
        judge: Judge? = nil, parallelCount: Int = 1, draft: DraftLength = .auto
    ) {
        self.model = model
        self.scorer = scorer
        self.threadCount = threadCount
        self.cacheType = cacheType
        self.judge = judge
        self.parallelCount = parallelCount
        self.draft = draft
    }

    /// The first items of each setting.
    public static func limited(_ items: [EvaluationItem], _ limit: Int?) -> [EvaluationItem] {
        guard let limit else { return items }
        var counts: [String: Int] = [:]
        return items.filter { item in
            counts[item.setting, default: 0] += 1
            return counts[item.setting, default: 0] <= limit
        }
    }

    /// Items of this run's shard, within its limit.
    public static func items(_ all: [EvaluationItem], _ settings: RunSettings) -> [EvaluationItem] {
        limited(all, settings.limit).enumerated().filter { $0.offset % settings.shardCount == settings.shard }
            .map(\.element)
    }

    /// Decodes what `file` doesn't hold yet, and writes it in the items' order.
    /// - Parameter progress: called after each item with the numbers done and in all.
    /// - Throws: ``EvaluationError`` where the file can't be written or no item is of the run; `CancellationError`. An item
    ///   that can't be decoded is a sample with an error.
    public func run(_ items: [EvaluationItem], into file: inout RunFile, progress: (Int, Int) -> Void) async throws {
        let missing = file.missing(of: items)
        let settings = file.settings
        var remaining = missing.enumerated().makeIterator()
        // What is finished before those that come before it.
        var early: [Int: Sample] = [:]
        var (doneCount, writtenCount) = (items.count - missing.count, 0)
        try await withThrowingTaskGroup(of: (Int, Sample, Session).self) { group in
            func begin(_ session: Session) {
                guard let (index, item) = remaining.next() else { return }
                group.addTask { (index, try await sample(item, settings, in: session), session) }
            }
            for session in try sessions(settings, count: min(parallelCount, missing.count)) { begin(session) }
            while let (index, sample, session) = try await group.next() {
                begin(session)
                early[index] = sample
                while let sample = early.removeValue(forKey: writtenCount) {
                    try file.append(sample)
                    writtenCount += 1
                }
                doneCount += 1
                progress(doneCount, items.count)
            }
        }
    }

    private func sessions(_ settings: RunSettings, count: Int) throws -> [Session] {
        var options = Session.Options(
            contextLength: contextLength(settings), threadCount: threadCount, cacheType: cacheType)
        options.draft = draft
        guard count > 1 else { return count == 0 ? [] : [try Session(model, options: options)] }
        let batch = try DecodingBatch(model, options: options)
        return (0..<count).map { _ in Session(batch) }
    }

    private func contextLength(_ settings: RunSettings) -> Int {
        min(model.configuration.contextLength, 8192 + settings.maximumTokens)
    }

    private func sample(_ item: EvaluationItem, _ settings: RunSettings, in session: Session) async throws -> Sample {
        var sample = Sample(item)
        var messages: [ChatMessage] = []
        // What is scored, judged and said to the model in the next turn; the whole reply stays in the run.
        var answers: [String] = []
        for turn in 0...item.followUps.count {
            do {
                if turn == 0 {
                    messages = item.messages
                } else if let answer = answers.last {
                    messages += [.assistant(answer), .user(item.followUps[turn - 1])]
                }
                let reply = try await reply(to: messages, item, settings, in: session, into: &sample)
                if reply.endsInThought { sample.unfinishedThoughts = (sample.unfinishedThoughts ?? 0) + 1 }
                answers.append(settings.scoresThoughts == true ? reply.text : reply.answer)
            } catch let error as CancellationError {
                throw error
            } catch {
                // One item that can't be done (too long, say) is reported, and the others go on.
                sample.error = "\(error)"
                return sample
            }
        }
        guard let answer = answers.last else { return sample }
        sample.metrics = try scorer.scores(of: answer, by: item.scoring)
        if let judge {
            // A judge that fails ends the run, for its verdicts would be missing on chance items.
            let scores = try await judge.scores(
                messages + [.assistant(answer)], replies: answers, item.scoring)
            sample.metrics.merge(scores) { rule, _ in rule }
        }
        return sample
    }

    /// What the model said in a turn.
    private struct Turn {
        /// The whole, with the marks around its thoughts.
        var text = ""
        var answer = ""
        /// Whether it ended before the thought did.
        var endsInThought = false
    }

    private func reply(
        to messages: [ChatMessage], _ item: EvaluationItem, _ settings: RunSettings, in session: Session,
        into sample: inout Sample
    ) async throws -> Turn {
        let original = try item.prompt(
            messages, for: model, date: settings.templateDate ?? RunSettings.templateDate)
        // A region that nothing is done about needn't be there.
        let regions = settings.method.decoding.needsRegion ? settings.method.regions(of: item) : []
        let (prompt, strategy) = try settings.method.decoding.decoding(
            of: MarkedPrompt(original, regions: regions), with: model, reverse: .init(threadCount: threadCount))
        // What is cached never decides what comes out: each item begins afresh, so that a resumed run is the same run.
        await session.reset()
        var tokens: [Int] = []
        var logProbability = 0.0
        var turn = Turn()
        var reader = model.replyReader(after: prompt)
        let limits = GenerationLimits(maximumTokens: settings.maximumTokens)
        for try await step in try session.generate(prompt, strategy: strategy, limits: limits) {
            tokens.append(step.token)
            logProbability += step.logProbability
            turn.text += reader.text(of: step)
            turn.answer += reader.append(step).answer
            if step.choice.guided { sample.guidedSteps += 1 }
            if step.choice.guided {
                sample.correlation = (sample.correlation ?? CandidateCorrelation()).adding(step.choice.candidates)
            }
            if step.changedByGuidance { sample.changedSteps += 1 }
            sample.stopReason = step.stopReason?.rawValue ?? sample.stopReason
        }
        turn.endsInThought = reader.isThinking
        sample.logProbability +=
            strategy.needs.intervention == .none
            ? logProbability : try await session.logProbability(of: tokens, after: prompt)
        sample.resps.append(turn.text)
        sample.promptTokens += prompt.tokens.count
        sample.completionTokens += tokens.count
        sample.repeatedTokens += Sample.repetitions(tokens)
        return turn
    }
}
