/// Walks through a text with all places of a pattern at which it could be, in order of preference.
struct PatternMatcher {
    private struct Thread {
        var instruction: Int
        var start: Int
    }

    private let program: [PatternProgram.Instruction]
    private let scalars: [Unicode.Scalar]
    private let byteOffsets: [Int]
    private(set) var remainingSteps: Int
    /// For each instruction the last character at which it was entered, so that each is entered once.
    private var visited: [Int]

    init(_ program: PatternProgram, _ text: String, remainingSteps: Int) {
        self.program = program.instructions
        scalars = Array(text.unicodeScalars)
        var offset = 0
        byteOffsets =
            [0]
            + scalars.map { scalar in
                offset += UTF8.width(scalar)
                return offset
            }
        self.remainingSteps = remainingSteps
        visited = Array(repeating: -1, count: program.instructions.count)
    }

    mutating func matches() throws -> [Range<Int>] {
        var found: [Range<Int>] = []
        var position = 0
        while position <= scalars.count, let match = try firstMatch(from: position) {
            if !match.isEmpty { found.append(byteOffsets[match.lowerBound]..<byteOffsets[match.upperBound]) }
            position = match.isEmpty ? match.upperBound + 1 : match.upperBound
        }
        return found
    }

    private mutating func firstMatch(from begin: Int) throws -> Range<Int>? {
        var threads: [Thread] = []
        var match: Range<Int>?
        for index in visited.indices { visited[index] = -1 }
        try spend(visited.count)
        for position in begin...scalars.count {
            if match == nil {
                // Begins here too, as the last choice: an earlier beginning is preferred.
                enter(0, start: position, at: position, into: &threads)
            } else if threads.isEmpty {
                break
            }
            try spend(threads.count + 1)
            var following: [Thread] = []
            for thread in threads {
                switch program[thread.instruction] {
                case .one(let set) where position < scalars.count:
                    try spend(set.cost)
                    guard set.contains(scalars[position]) else { break }
                    enter(thread.instruction + 1, start: thread.start, at: position + 1, into: &following)
                case .match: match = thread.start..<position
                default: break
                }
                // What is less preferred than a match doesn't count.
                if case .match = program[thread.instruction] { break }
            }
            threads = following
        }
        return match
    }

    private mutating func spend(_ steps: Int) throws {
        remainingSteps -= steps
        guard remainingSteps >= 0 else { throw PatternError.tooManySteps }
        if remainingSteps & 0xFFF < steps { try Task.checkCancellation() }
    }

    /// Adds a thread at an instruction, or where that leads without reading anything.
    private mutating func enter(_ instruction: Int, start: Int, at position: Int, into threads: inout [Thread]) {
        guard visited[instruction] != position else { return }
        visited[instruction] = position
        remainingSteps -= 1
        switch program[instruction] {
        case .jump(let target): enter(target, start: start, at: position, into: &threads)
        case .split(let first, let second):
            enter(first, start: start, at: position, into: &threads)
            enter(second, start: start, at: position, into: &threads)
        case .assertion(let assertion):
            if holds(assertion, at: position) {
                enter(instruction + 1, start: start, at: position, into: &threads)
            }
        case .one, .match: threads.append(Thread(instruction: instruction, start: start))
        }
    }

    private func holds(_ assertion: PatternAssertion, at position: Int) -> Bool {
        switch assertion {
        case .textStart: position == 0
        case .textEnd: position == scalars.count
        case .lineStart: position == 0 || isLineEnd(position - 1)
        case .lineEnd: position == scalars.count || isLineEnd(position)
        case .wordBoundary: isWord(position - 1) != isWord(position)
        case .noWordBoundary: isWord(position - 1) == isWord(position)
        }
    }

    private func isLineEnd(_ position: Int) -> Bool {
        ScalarSet.lineEnds.contains { $0.contains(scalars[position].value) }
    }

    private func isWord(_ position: Int) -> Bool {
        scalars.indices.contains(position) && ScalarSet.Kind.word.contains(scalars[position])
    }
}
