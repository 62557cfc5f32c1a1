import AttributionGuidedDecoding

/// A generated token, with the text that became certain with it.
public struct AnswerToken: Sendable, Hashable {
    /// The token.
    public var id: Int
    /// Its part of the answer; empty for control tokens, and for parts of characters.
    public var text: String
    /// Whether it is a part of the model's thoughts, which are told apart from the answer.
    public var isThought: Bool
    /// The call of a tool that it is a part of: which one of the answer's, counted from 0, and what it says.
    public var call: Call?

    /// A call of a tool.
    public struct Call: Sendable, Hashable {
        /// Of the answer's calls, counted from 0.
        public var number: Int
        /// Such as `search({"query": "tea"})`.
        public var text: String

        /// The call of a number.
        public init(number: Int, _ call: ChatMessage.ToolCall) {
            self.number = number
            text = "\(call.name)(\(call.arguments.text))"
        }
    }

    /// A token of an answer.
    public init(id: Int, text: String, isThought: Bool = false, call: Call? = nil) {
        (self.id, self.text, self.isThought, self.call) = (id, text, isThought, call)
    }

    /// Tokens of a finished reply.
    /// - Parameter pieces: what became certain with each step.
    public static func all(_ steps: [GenerationStep], pieces: [ReplySplitter.Piece]) -> [AnswerToken] {
        zip(steps, pieces).map { step, piece in
            AnswerToken(id: step.token, text: piece.answer, isThought: piece.answer.isEmpty && !piece.thinking.isEmpty)
        }
    }
}

/// What sources are told for.
public enum StatementUnit: String, Sendable, CaseIterable, Codable {
    /// The whole answer.
    case answer
    /// Each of its sentences.
    case sentence
    /// Each of its tokens.
    case token
}

/// An answer, divided into what sources are told for.
struct AnswerStatements {
    /// Bytes of the answer's text, and the tokens that say them.
    struct Statement {
        var bytes: Range<Int>
        var tokens: [Int]
        /// Where it is a call of a tool, which is no part of the text.
        var call: AnswerToken.Call?
    }

    private(set) var statements: [Statement]
    /// Tokens of the model's thoughts, for which no sources are told.
    let thoughts: [Int]
    let text: String

    /// - Parameter limit: of sentences; where there are more, neighbours are put together.
    init(_ tokens: [AnswerToken], by unit: StatementUnit, limit: Int = .max) {
        text = tokens.map(\.text).joined()
        thoughts = tokens.indices.filter { tokens[$0].isThought }
        var ranges: [Range<Int>] = []
        for token in tokens {
            ranges.append((ranges.last?.upperBound ?? 0)..<(ranges.last?.upperBound ?? 0) + token.text.utf8.count)
        }
        let parts: [Range<Int>] =
            switch unit {
            case .answer: [0..<text.utf8.count]
            case .sentence: Self.joined(Sentences.ranges(in: text), limit: limit)
            case .token: ranges
            }
        let bytes = Array(text.utf8)
        statements = parts.map { Statement(bytes: $0, tokens: []) }
        var part = 0
        for (index, range) in ranges.enumerated() where !range.isEmpty {
            // White space before a word belongs to the word.
            let first = range.first { !" \n\r\t".utf8.contains(bytes[$0]) } ?? range.lowerBound
            while part + 1 < parts.count, parts[part].upperBound <= first { part += 1 }
            if part < parts.count { statements[part].tokens.append(index) }
        }
        statements += Self.calls(tokens, ranges)
        statements.removeAll { $0.tokens.isEmpty }
        statements.sort { $0.tokens[0] < $1.tokens[0] }
    }

    /// Each call of a tool, with its place in the text.
    private static func calls(_ tokens: [AnswerToken], _ ranges: [Range<Int>]) -> [Statement] {
        let indices = tokens.indices.filter { tokens[$0].call != nil }
        return Dictionary(grouping: indices) { tokens[$0].call?.number }.values.compactMap { indices in
            guard let first = indices.first else { return nil }
            let place = ranges[first].lowerBound
            return Statement(bytes: place..<place, tokens: indices, call: tokens[first].call)
        }
    }

    private static func joined(_ ranges: [Range<Int>], limit: Int) -> [Range<Int>] {
        guard ranges.count > limit else { return ranges }
        let size = (ranges.count + limit - 1) / limit
        return stride(from: 0, to: ranges.count, by: size).map { first in
            ranges[first].lowerBound..<ranges[min(first + size, ranges.count) - 1].upperBound
        }
    }
}
