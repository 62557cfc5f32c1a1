import TensorGraph

/// What recurrent layers keep of a sequence: for each of some positions, its checkpoints, and each lane the states behind it.
///
/// States can't be cut back as keys and values can, so those of the last steps are kept, and of the end of what was read in one
/// piece before them: a prompt, most often. From any of them reading can go on.
final class RecurrentStates {
    /// Of each recurrent layer.
    let layers: [Int: LaneStates]
    private let buffer: TensorBuffer
    /// Of each slot the position that its states lie before, and the tokens of the step that came to it; nil where it holds nothing.
    private var slots: [(position: Int, stepLength: Int)?]

    /// One for a step's beginning, one for its end, one for the beginning of the step before, and one for a longer step before these.
    private static let slotCount = 4

    /// - Throws: ``TensorGraphError`` where memory is short.
    init?(_ configuration: ModelConfiguration, laneCount: Int) throws {
        let nets = configuration.attention.enumerated().compactMap { index, layer in
            layer.deltaNet.map { (layer: index, net: $0) }
        }
        if nets.isEmpty { return nil }
        let bytes = nets.reduce(0) { $0 + 4 * $1.net.stateSize } * laneCount * Self.slotCount
        try AvailableMemory.require(Double(bytes), for: "the states of recurrent layers")
        buffer = try TensorBuffer(
            nets.map { (.float32, [$0.net.stateSize, laneCount, Self.slotCount]) }, on: .cpu,
            purpose: "states of recurrent layers")
        layers = Dictionary(
            uniqueKeysWithValues: zip(nets, buffer.tensors).map {
                ($0.layer, LaneStates($1, convolutionSize: $0.net.convolutionStateSize))
            })
        slots = Array(repeating: nil, count: Self.slotCount)
    }

    var byteCount: Int { buffer.byteCount }

    /// Positions from which reading can go on, besides the beginning.
    var checkpoints: [Int] { slots.compactMap { $0?.position } }

    /// Takes what was written behind this position for dropped.
    func forget(behind position: Int) {
        for (index, slot) in slots.enumerated() where (slot?.position ?? 0) > position { slots[index] = nil }
    }

    /// Where a step over these positions finds states and leaves them; the latter slot holds nothing until ``keep(_:in:)``.
    func places(of step: Range<Int>) -> LaneSequence.StateSlots {
        let before = slots.firstIndex { $0?.position == step.lowerBound }
        let after = slots.indices.filter { $0 != before }.min { isRatherGivenUp($0, than: $1) } ?? 0
        slots[after] = nil
        return .init(before: step.lowerBound == 0 ? nil : before, after: after)
    }

    /// Empty slots first, then old ones of single tokens.
    private func isRatherGivenUp(_ a: Int, than b: Int) -> Bool {
        guard let first = slots[a], let second = slots[b] else { return slots[a] == nil && slots[b] != nil }
        let newest = slots.compactMap { $0?.position }.max() ?? 0
        func rank(_ slot: (position: Int, stepLength: Int)) -> (Int, Int) {
            (slot.position >= newest - 1 ? 2 : slot.stepLength > 1 ? 1 : 0, slot.position)
        }
        return rank(first) < rank(second)
    }

    /// Marks what a step has left.
    func keep(_ step: Range<Int>, in slot: Int) { slots[slot] = (step.upperBound, step.count) }
}
