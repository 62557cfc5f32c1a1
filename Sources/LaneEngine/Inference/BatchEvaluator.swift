import Foundation
import TensorGraph

/// Evaluates the next tokens of some sequences together, so that each weight is read once for all of them.
///
/// Sequences may differ in length, regions and rule, and in whether they have tangents. What becomes of one doesn't depend on
/// the others beside it: to the last bit where operations are fused and all weights in panels, else but for rounding, for ggml has
/// other products for many columns than for few. What their prompts begin with alike is read once. One evaluation runs at a time.
package final class BatchEvaluator: @unchecked Sendable {  // `turn` guards what changes.
    let model: LanguageModel
    let fusesOperations: Bool
    private let stream: ComputeStream
    private let turn = TurnLock()
    private var evaluations: [(evaluation: ForwardEvaluation, memories: [SequenceMemory])] = []

    package init(_ model: LanguageModel, threadCount: Int, fusesOperations: Bool = true) throws {
        self.model = model
        self.fusesOperations = fusesOperations
        stream = try ComputeStream(devices: model.devices, threadCount: threadCount)
    }

    /// Graphs kept, one for each kind of step.
    private static let keptCount = 6
    /// Columns of prompts in a step that others wait for with their next tokens: some times the time of such a step without.
    private static let sharedColumnLimit = 48
    /// Whoever has no more left than this to read waits for nobody.
    private static let shortLength = 8

    /// Bytes of inputs and intermediate results.
    package var byteCount: Int { turn.wait { evaluations.reduce(0) { $0 + $1.evaluation.byteCount } } }

    /// The graph that was computed last.
    var lastPlan: GraphPlan? { turn.wait { evaluations.last?.evaluation.plan } }

    /// Lets go of graphs that read a sequence's caches.
    func forget(_ memory: SequenceMemory) {
        turn.wait { evaluations.removeAll { $0.memories.contains { $0 === memory } } }
    }

    /// Evaluates the next tokens of sequences that are reading: those with few left whole, long ones a piece at a time.
    /// - Returns: for each sequence what follows its tokens; nil where it has more to read.
    /// - Throws: ``TensorGraphError``; then nobody reads any more.
    package func advance(_ sequences: [InferenceSession]) throws -> [Result<[Prediction]?, any Error>] {
        try turn.wait {
            do {
                let readers = Self.readers(sequences)
                let limit = pieceLimit(readers)
                let next = readers.compactMap { sequence in
                    sequence.nextStep(columnLimit: sequence.unreadCount > Self.shortLength ? limit : nil)
                }
                let (all, wanted, steps) = LaneLayout.placing(next)
                let predictions = try evaluation(all, wanted, steps).run(steps)
                let results: [Result<[Prediction]?, any Error>] = sequences.map { sequence in
                    guard let index = steps.firstIndex(where: { $0.session === sequence }) else { return .success(nil) }
                    return Result { try sequence.finish(steps[index], predictions[index]) }
                }
                if readers.count < sequences.count { Self.shareBeginnings(sequences) }
                return results
            } catch {
                sequences.forEach { $0.stopReading() }
                throw error
            }
        }
    }

    /// Reads sequences to their ends.
    /// - Parameter afterEachStep: it may throw to stop in between.
    /// - Returns: for each sequence what follows its tokens.
    package func read(_ sequences: [InferenceSession], afterEachStep: () throws -> Void = {}) throws -> [[Prediction]] {
        var results = [[Prediction]?](repeating: nil, count: sequences.count)
        do {
            while true {
                let open = results.indices.filter { results[$0] == nil }
                if open.isEmpty { return results.compactMap { $0 } }
                for (index, result) in zip(open, try advance(open.map { sequences[$0] })) {
                    results[index] = try result.get()
                }
                try afterEachStep()
            }
        } catch {
            sequences.forEach { $0.stopReading() }
            throw error
        }
    }

    /// Those that read in this step. The others begin as one of these does, and take over what it reads.
    private static func readers(_ sequences: [InferenceSession]) -> [InferenceSession] {
        shareBeginnings(sequences)
        return sequences.reduce(into: []) { readers, sequence in
            if sequence.mayShareBeginning, readers.contains(where: sequence.canWait) { return }
            readers.append(sequence)
        }
    }

    private static func shareBeginnings(_ sequences: [InferenceSession]) {
        for sequence in sequences where sequence.mayShareBeginning { sequences.forEach(sequence.takeBeginning) }
    }

    /// Columns of each long prompt in this step; nil for as many as there is room for.
    private func pieceLimit(_ sequences: [InferenceSession]) -> Int? {
        let longCount = sequences.count { $0.unreadCount > Self.shortLength }
        guard longCount > 0, sequences.count > 1 else { return nil }
        let columns = longCount < sequences.count ? Self.sharedColumnLimit : InferenceSession.columnsAtOnce(model)
        return max(Self.shortLength, columns / longCount)
    }

    /// A graph of this shape, an earlier one where there is one.
    private func evaluation(
        _ all: LaneLayout, _ wanted: LaneLayout, _ steps: [SequenceStep]
    ) throws -> ForwardEvaluation {
        let isFused = fusesOperations && model.devices.isEmpty && all.mostLanes <= Graph.laneLimit
        let composed = steps.map { step in
            ForwardEvaluation.Shape.Extent(
                group: step.place.group, tokens: step.place.tokens, wantedTokens: step.place.wantedTokens,
                historyLength: step.session.historyLength(step.range.upperBound),
                scaledLayers: step.trial?.keyFactors?.layers ?? [])
        }
        let predicted = steps.filter { $0.output != .none }
        let shape = ForwardEvaluation.Shape(
            layout: all, wanted: wanted, predicts: !predicted.isEmpty,
            scoresAll: predicted.contains { $0.output == .allScores },
            earlyCounts: predicted.reduce(into: [:]) { counts, step in
                for layer in step.earlyLayers { counts[layer, default: 0] += step.wantedCount }
            },
            regionPlaces: steps.reduce(into: []) { places, step in
                places.formUnion(step.session.memory.places(hasTangents: step.laneCount > 1))
            }, observesAttention: steps.contains { $0.trial?.observesAttention == true },
            contextLength: steps.map(\.session.options.contextLength).max() ?? 0,
            composed: isFused ? nil : composed)
        let memories = isFused ? [] : steps.map(\.session.memory)
        if let index = evaluations.firstIndex(where: {
            $0.evaluation.shape == shape && $0.memories.elementsEqual(memories, by: ===)
        }) {
            evaluations.append(evaluations.remove(at: index))
            return evaluations[evaluations.count - 1].evaluation
        }
        if evaluations.count >= Self.keptCount { evaluations.removeFirst() }
        let evaluation = try ForwardEvaluation(
            model, shape, memories: memories, fusesOperations: fusesOperations, on: stream)
        evaluations.append((evaluation, memories))
        return evaluation
    }
}

/// A lock that is given in the order of asking.
private final class TurnLock: Sendable {
    private let condition = NSCondition()
    private nonisolated(unsafe) var next = 0, current = 0  // Guarded by `condition`.

    func wait<Result>(_ body: () throws -> Result) rethrows -> Result {
        condition.lock()
        let ticket = next
        next += 1
        while current != ticket { condition.wait() }
        condition.unlock()
        defer {
            condition.lock()
            current += 1
            condition.broadcast()
            condition.unlock()
        }
        return try body()
    }
}
