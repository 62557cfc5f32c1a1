/// A pattern as instructions for ``PatternMatcher``.
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        case one(ScalarSet)
        case assertion(PatternAssertion)
        /// Goes on at both places, of which the first is preferred.
        case split(Int, Int)
        case jump(Int)
        case match
    }

    private(set) var instructions: [Instruction] = []

    /// Bounds the work at each character of a text.
    private static let sizeLimit = 1000
    /// Bounds the work of repeating what has no instructions.
    private static let nodeLimit = 20_000
    private var nodeCount = 0

    init(_ source: String) throws(PatternError) {
        var parser = PatternParser(source)
        try add(try parser.parse())
        try append(.match)
    }

    private mutating func append(_ instruction: Instruction) throws(PatternError) {
        guard instructions.count < Self.sizeLimit else { throw PatternError.tooLarge }
        instructions.append(instruction)
    }

    private mutating func add(_ node: PatternNode) throws(PatternError) {
        nodeCount += 1
        guard nodeCount <= Self.nodeLimit else { throw PatternError.tooLarge }
        switch node {
        case .one(let set): try append(.one(set))
        case .assertion(let assertion): try append(.assertion(assertion))
        case .sequence(let nodes): for node in nodes { try add(node) }
        case .alternatives(let nodes): try addAlternatives(nodes[...])
        case .repetition(let node, let minimum, let maximum, let isLazy):
            for _ in 0..<minimum { try add(node) }
            guard let maximum else { return try addLoop(node, isLazy) }
            try addOptions(node, maximum - minimum, isLazy)
        }
    }

    private mutating func addAlternatives(_ nodes: ArraySlice<PatternNode>) throws(PatternError) {
        var ends: [Int] = []
        for (index, node) in nodes.enumerated() {
            let split = instructions.count
            let isLast = index == nodes.count - 1
            if !isLast { try append(.split(split + 1, 0)) }
            try add(node)
            guard !isLast else { break }
            ends.append(instructions.count)
            try append(.jump(0))
            instructions[split] = .split(split + 1, instructions.count)
        }
        for end in ends { instructions[end] = .jump(instructions.count) }
    }

    private mutating func addLoop(_ node: PatternNode, _ isLazy: Bool) throws(PatternError) {
        let split = instructions.count
        try append(.split(0, 0))
        try add(node)
        try append(.jump(split))
        instructions[split] =
            isLazy ? .split(instructions.count, split + 1) : .split(split + 1, instructions.count)
    }

    /// A node that may come up to `count` times.
    private mutating func addOptions(_ node: PatternNode, _ count: Int, _ isLazy: Bool) throws(PatternError) {
        var splits: [Int] = []
        for _ in 0..<count {
            splits.append(instructions.count)
            try append(.split(0, 0))
            try add(node)
        }
        for split in splits {
            instructions[split] =
                isLazy ? .split(instructions.count, split + 1) : .split(split + 1, instructions.count)
        }
    }
}
