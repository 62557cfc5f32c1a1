import TensorGraph

/// The next tokens of one sequence, as they take part in a batch.
struct SequenceStep {
    let session: InferenceSession
    /// Positions of the tokens.
    let range: Range<Int>
    let laneCount: Int
    let output: ForwardEvaluation.Output
    /// Where recurrent layers find and leave their states.
    var states = LaneSequence.StateSlots()
    /// What is changed for this step alone.
    var trial: Trial?
    /// Given by ``LaneLayout/init(placing:)``.
    var place = Place()

    /// Where the tokens lie in a ``LaneLayout``.
    struct Place: Hashable {
        var group = 0
        /// Among the group's tokens, and among those of them whose output is wanted.
        var tokens = 0..<0, wantedTokens = 0..<0
    }

    /// A single token that is tried under scaled keys.
    struct Trial {
        let keyFactors: KeyFactors?
        /// Whether what enters and leaves each layer's attention is read out.
        let observesAttention: Bool
    }

    var tokens: ArraySlice<Int> { session.tokens[range] }
    var earlyLayers: [Int] { output == .none ? [] : session.earlyLayers }
    /// Without tangents there is nothing to propagate.
    var rule: PropagationRule { laneCount == 1 ? .attnLRP : session.options.rule }

    var wantedCount: Int {
        switch output {
        case .none: 0
        case .logits, .allScores: 1
        case .everyPosition: range.count
        }
    }

    /// What the tokens' embeddings are multiplied by at the start of a lane.
    func weights(lane: Int) -> [Float] {
        lane == 0
            ? Array(repeating: 1, count: range.count)
            : range.map { Float(session.regions[lane - 1].weight(at: $0)) }
    }

    /// - Parameter wantsAll: whether all tokens attend, as in every layer but the last.
    func sequence(_ layout: LaneLayout, _ wanted: LaneLayout, wantsAll: Bool) -> LaneSequence {
        func columns(_ layout: LaneLayout, _ tokens: Range<Int>) -> LaneSequence.Columns {
            .init(
                first: layout.ranges[place.group].lowerBound + tokens.lowerBound,
                stride: layout.groups[place.group].tokenCount)
        }
        let own = columns(layout, place.tokens)
        var sequence = LaneSequence(
            session.memory.layers, start: range.lowerBound, tokenCount: range.count,
            queryCount: wantsAll ? range.count : place.wantedTokens.count, laneCount: laneCount, columns: own,
            queryColumns: wantsAll ? own : columns(wanted, place.wantedTokens),
            rule: .init(rule), keyBiases: session.keyBiases)
        sequence.states = states
        sequence.keyFactors = trial?.keyFactors
        return sequence
    }
}

extension LaneLayout {
    /// Puts sequences with equally many lanes under one rule side by side.
    /// - Returns: the layout of all tokens, that of those whose output is wanted, and the steps group by group with their places.
    static func placing(_ steps: [SequenceStep]) -> (all: LaneLayout, wanted: LaneLayout, steps: [SequenceStep]) {
        var (all, wanted) = (LaneLayout(groups: []), LaneLayout(groups: []))
        var placed: [[SequenceStep]] = []
        // In a batch that predicts nothing the last token stands for what is wanted: a graph has no end without one.
        let fallback = steps.allSatisfy { $0.wantedCount == 0 } ? steps.last?.session : nil
        for var step in steps {
            let kind = Group(tokenCount: 0, laneCount: step.laneCount, rule: step.rule)
            let known = all.groups.firstIndex { $0.laneCount == kind.laneCount && $0.rule == kind.rule }
            let group = known ?? all.groups.count
            if known == nil {
                all.groups.append(kind)
                wanted.groups.append(kind)
                placed.append([])
            }
            let (first, firstWanted) = (all.groups[group].tokenCount, wanted.groups[group].tokenCount)
            let wantedCount = fallback === step.session ? 1 : step.wantedCount
            step.place = .init(
                group: group, tokens: first..<first + step.range.count,
                wantedTokens: firstWanted..<firstWanted + wantedCount)
            all.groups[group].tokenCount += step.range.count
            wanted.groups[group].tokenCount += wantedCount
            placed[group].append(step)
        }
        return (all, wanted, placed.flatMap { $0 })
    }
}
