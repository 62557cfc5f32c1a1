/// Tokens on their way into the caches, a step at a time.
extension InferenceSession {
    struct Reading {
        /// Tokens that stay where reading stops before its end.
        let keptCount: Int
        /// The first token whose output may be wanted.
        let start: Int
        /// The next token to evaluate; before `start` where the caches no longer hold what is seen from there.
        var position: Int
        let withTangents: Bool
        let output: ForwardEvaluation.Output
        var predictions: [Prediction] = []
    }

    /// Appends tokens that ``BatchEvaluator/advance(_:)`` is to evaluate.
    package func beginReading(
        _ newTokens: [Int], output: ForwardEvaluation.Output = .logits, withTangents: Bool = true
    ) {
        precondition(!newTokens.isEmpty && newTokens.count <= remainingCapacity && reading == nil)
        let kept = tokens.count
        tokens += newTokens
        // Tangents can't be left for later that could no longer be caught up.
        let withTangents =
            withTangents
            || !regions.isEmpty
                && (memory.states != nil
                    || memory.cache.layout.earliestStart(afterWriting: tokens.count) > tangentLength)
        let settled = triedPosition ?? kept
        let start = withTangents ? min(settled, tangentLength) : settled
        reading = Reading(
            keptCount: kept, start: start, position: resume(at: start), withTangents: withTangents, output: output)
    }

    /// Tokens that are still to be evaluated.
    package var unreadCount: Int { reading.map { tokens.count - $0.position } ?? 0 }

    /// Leading tokens that have been evaluated.
    package var evaluatedCount: Int { tokens.count - unreadCount }

    /// Drops what has not been read to its end.
    package func stopReading() {
        guard let reading else { return }
        truncate(to: reading.keptCount)
    }

    /// What is to be evaluated next, and with how many lanes: before the first token of a region all tangents are zero, so
    /// that the primal alone suffices. Nil where nothing is being read.
    func nextStep(columnLimit: Int?) -> SequenceStep? {
        guard let reading else { return nil }
        let start = reading.position
        let last = start < reading.start ? reading.start : tokens.count
        let firstTangent = reading.withTangents ? max(start, min(firstTangentPosition, last)) : last
        let laneCount = firstTangent > start ? 1 : 1 + regions.count
        if laneCount == 1, reading.withTangents { clearStaleTangents(from: start) }
        let end = laneCount == 1 ? firstTangent : last
        let limit = min(
            chunkLength(from: start, laneCount: laneCount), columnLimit.map { max(1, $0 / laneCount) } ?? .max)
        let range = start..<min(end, start + limit)
        writtenEnd = max(writtenEnd, range.upperBound)
        let isLast = range.upperBound == tokens.count
        let isWanted = isLast || reading.output == .everyPosition && start >= reading.start
        var step = SequenceStep(
            session: self, range: range, laneCount: laneCount, output: isWanted ? reading.output : .none)
        if let states = memory.states { step.states = states.places(of: range) }
        if isLast { step.trial = trial }
        return step
    }

    /// Where no tangents have been written yet, makes sure that none are left of dropped tokens.
    func clearStaleTangents(from position: Int) {
        guard staleTangentEnd > position else { return }
        memory.cache.clearTangents()
        staleTangentEnd = 0
    }

    /// Takes in what a step has given.
    /// - Returns: what follows the tokens whose output was wanted; nil where there is more to read.
    func finish(_ step: SequenceStep, _ predictions: [Prediction]) throws -> [Prediction]? {
        guard var reading else { return nil }
        reading.position = step.range.upperBound
        memory.states?.keep(step.range, in: step.states.after)
        if reading.withTangents { tangentLength = reading.position }
        guard predictions.allSatisfy(\.isFinite) else {
            stopReading()
            throw InferenceError.notFinite(path: model.path, position: step.range.upperBound - 1)
        }
        reading.predictions += predictions.map { prediction in
            var prediction = prediction
            prediction.scores = prediction.scores.map {
                zip($0, scales).map { row, scale in row.map { $0 * Float(scale) } }
            }
            return reading.withTangents ? prediction.withZeroTangents(regions.count) : prediction
        }
        let isDone = reading.position == tokens.count
        self.reading = isDone ? nil : reading
        if isDone { triedPosition = nil }
        return isDone ? reading.predictions : nil
    }
}
