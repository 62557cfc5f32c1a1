/// Tells a reply's thoughts from its answer while the text comes in, however it is divided.
///
/// Thoughts stand at the reply's beginning; marks inside the answer are text. White space around the marks belongs to
/// neither.
public struct ReplySplitter: Sendable {
    /// New text of either kind.
    public struct Piece: Sendable, Hashable {
        /// What belongs to the model's thoughts.
        public var thinking: String
        /// What belongs to the answer.
        public var answer: String

        /// A piece of a reply.
        public init(thinking: String = "", answer: String = "") {
            self.thinking = thinking
            self.answer = answer
        }

        /// Whether there is neither.
        public var isEmpty: Bool { thinking.isEmpty && answer.isEmpty }
    }

    private enum State { case beginning, thinking, answer }

    private let marks: ReasoningMarks
    private var state: State
    /// Text whose kind isn't certain yet.
    private var pending: [UInt8] = []
    /// Whether a mark has gone by, so that white space before what follows is no part of it.
    private var followsMark: Bool

    /// - Parameters:
    ///   - marks: what stands around thoughts.
    ///   - startsThinking: the prompt has opened the thoughts.
    public init(_ marks: ReasoningMarks = .think, startsThinking: Bool = false) {
        self.marks = marks
        state = startsThinking ? .thinking : .beginning
        followsMark = startsThinking
    }

    /// Whether the reply is inside its thoughts.
    public var isThinking: Bool { state == .thinking }

    /// Adds text; returns what has become certain.
    public mutating func append(_ text: String) -> Piece {
        pending += text.utf8
        var piece = Piece()
        while advance(&piece) {}
        return piece
    }

    /// What was held back; nothing follows any more.
    public mutating func finish() -> Piece {
        defer { pending = [] }
        switch state {
        case .thinking: return Piece(thinking: Self.text(trimmingEnd(pending[...])))
        case .beginning where followsMark: return Piece(answer: Self.text(trimmingStart(pending[...])))
        case .beginning, .answer: return Piece(answer: Self.text(pending[...]))
        }
    }

    /// Takes one step; false where more text is needed.
    private mutating func advance(_ piece: inout Piece) -> Bool {
        switch state {
        case .beginning: return begin()
        case .thinking: return think(&piece)
        case .answer: return answer(&piece)
        }
    }

    private mutating func begin() -> Bool {
        let rest = trimmingStart(pending[...])
        guard !rest.isEmpty else { return false }
        for mark in [marks.opening] + marks.scaffolding where rest.starts(with: mark.utf8) {
            pending = Array(rest.dropFirst(mark.utf8.count))
            followsMark = true
            if mark == marks.opening { state = .thinking }
            return true
        }
        if ([marks.opening] + marks.scaffolding).contains(where: { $0.utf8.starts(with: rest) }) { return false }
        if followsMark { pending = Array(rest) }
        state = .answer
        return true
    }

    private mutating func think(_ piece: inout Piece) -> Bool {
        if followsMark {
            pending = Array(trimmingStart(pending[...]))
            if pending.isEmpty { return false }
        }
        if let closing = pending.firstRange(of: Array(marks.closing.utf8)) {
            piece.thinking += Self.text(trimmingEnd(pending[..<closing.lowerBound]))
            pending = Array(pending[closing.upperBound...])
            (state, followsMark) = (.beginning, true)
            return true
        }
        followsMark = false
        let certain = trimmingEnd(pending.dropLast(Self.overlap(of: pending, with: [marks.closing])))
        piece.thinking += Self.text(certain)
        pending.removeFirst(certain.count)
        return false
    }

    private mutating func answer(_ piece: inout Piece) -> Bool {
        let found = marks.scaffolding.compactMap { pending.firstRange(of: Array($0.utf8)) }
        if let mark = found.min(by: { $0.lowerBound < $1.lowerBound }) {
            piece.answer += Self.text(pending[..<mark.lowerBound])
            pending.removeFirst(mark.upperBound)
            return true
        }
        let certain = pending.dropLast(Self.overlap(of: pending, with: marks.scaffolding))
        piece.answer += Self.text(certain)
        pending.removeFirst(certain.count)
        return false
    }

    /// The longest end of `text` that one of the marks begins with.
    private static func overlap(of text: [UInt8], with marks: [String]) -> Int {
        marks.map { mark in
            (0..<mark.utf8.count).last { $0 <= text.count && mark.utf8.prefix($0).elementsEqual(text.suffix($0)) } ?? 0
        }.max() ?? 0
    }

    private static func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

    private static func isSpace(_ byte: UInt8) -> Bool { " \n\r\t".utf8.contains(byte) }
    private func trimmingStart(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> { bytes.drop(while: Self.isSpace) }
    private func trimmingEnd(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes.prefix((bytes.lastIndex { !Self.isSpace($0) } ?? bytes.startIndex - 1) + 1 - bytes.startIndex)
    }
}
