/// Tells an answer's calls of tools from its text while it comes in, however it is divided. White space counts nowhere; what begins
/// like a call and is none stays text.
public struct ToolCallReader: Sendable {
    /// What has become certain.
    public struct Piece: Sendable, Hashable {
        /// What is no call.
        public var text = ""
        /// Calls, in their order.
        public var calls: [ChatMessage.ToolCall] = []
    }

    private enum State { case text, name, arguments, behind }

    private let opening, middle, between, closing: [UInt8]
    private var state = State.text
    /// Text that isn't certain yet; from a call's beginning on where there is one.
    private var pending: [UInt8] = []
    /// How far of `pending` has been read.
    private var position = 0
    private var name = ""
    private var scan = BracketScan()
    private var hasCalled = false

    /// A reader of an answer that has just begun.
    public init(_ format: ToolCallFormat) {
        opening = Self.dense(format.opening)
        middle = Self.dense(format.middle)
        between = Self.dense(format.between ?? "")
        closing = Self.dense(format.closing)
    }

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
        guard state != .behind else { return Piece() }
        return Piece(text: String(decoding: pending, as: UTF8.self))
    }

    /// Takes one step; false where more text is needed.
    private mutating func advance(_ piece: inout Piece) -> Bool {
        switch state {
        case .text: return findOpening(&piece)
        case .name: return readName(&piece)
        case .arguments: return readArguments(&piece)
        case .behind: return findNext(&piece)
        }
    }

    private mutating func findOpening(_ piece: inout Piece) -> Bool {
        for start in pending.indices where pending[start] == opening.first {
            switch Self.match(opening, in: pending, at: start) {
            case .no: continue
            case .partial:
                emit(start, &piece)
                return false
            case .whole(let end):
                emit(start, &piece)
                (state, position) = (.name, end - start)
                return true
            }
        }
        emit(pending.count, &piece)
        return false
    }

    /// Text before `end` is certain. Behind a call white space is none.
    private mutating func emit(_ end: Int, _ piece: inout Piece) {
        let text = pending[..<end]
        if !hasCalled || text.contains(where: { !Self.isSpace($0) }) {
            piece.text += String(decoding: text, as: UTF8.self)
        }
        pending.removeFirst(end)
    }

    private mutating func readName(_ piece: inout Piece) -> Bool {
        guard let end = pending[position...].firstIndex(of: middle[0]) else {
            return pending.count - position > Self.longestName ? giveUp(&piece) : false
        }
        switch Self.match(middle, in: pending, at: end) {
        case .partial: return false
        case .no: return giveUp(&piece)
        case .whole(let start):
            name = String(decoding: pending[position..<end].filter { !Self.isSpace($0) }, as: UTF8.self)
            guard !name.isEmpty, end - position <= Self.longestName else { return giveUp(&piece) }
            (state, position, scan) = (.arguments, start, BracketScan())
            return true
        }
    }

    private static let longestName = 256

    private mutating func readArguments(_ piece: inout Piece) -> Bool {
        if scan.length == 0 {
            guard let first = pending[position...].firstIndex(where: { !Self.isSpace($0) }) else { return false }
            guard pending[first] == UInt8(ascii: "{") else { return giveUp(&piece) }
            position = first
        }
        guard scan.reachesEnd(of: pending[(position + scan.length)...]) else { return false }
        let end = position + scan.length
        do {
            let arguments = try JSONParser.parse(Array(pending[position..<end]))
            piece.calls.append(.init(name: name, arguments: arguments))
        } catch {
            return giveUp(&piece)
        }
        pending.removeFirst(end)
        (state, hasCalled) = (.behind, true)
        return true
    }

    private mutating func findNext(_ piece: inout Piece) -> Bool {
        guard let start = pending.firstIndex(where: { !Self.isSpace($0) }) else { return false }
        let next = between.isEmpty ? .no : Self.match(between, in: pending, at: start)
        if case .whole(let end) = next {
            pending.removeFirst(end)
            (state, position) = (.name, 0)
            return true
        }
        let last = closing.isEmpty ? Match.no : Self.match(closing, in: pending, at: start)
        if next == .partial || last == .partial { return false }
        if case .whole(let end) = last {
            pending.removeFirst(end)
            state = .text
            return true
        }
        // Some leave out what the template writes behind the arguments, but not the brackets.
        let brackets = pending.prefix { Self.isSpace($0) || "}]".utf8.contains($0) }.count
        if brackets == start { state = .text } else { pending.removeFirst(brackets) }
        return true
    }

    /// It was no call after all.
    private mutating func giveUp(_ piece: inout Piece) -> Bool {
        piece.text += String(decoding: pending, as: UTF8.self)
        pending = []
        state = .text
        return false
    }
}

extension ToolCallReader {
    private enum Match: Equatable {
        case no, partial
        /// Up to here.
        case whole(Int)
    }

    /// Whether a pattern, which ``dense(_:)`` made, stands at a place.
    private static func match(_ pattern: [UInt8], in text: [UInt8], at start: Int) -> Match {
        var place = start
        for byte in pattern {
            if byte == identifier {
                while place < text.count, text[place] == UInt8(ascii: "_") || isLetterOrDigit(text[place]) {
                    place += 1
                }
                continue
            }
            while place < text.count, isSpace(text[place]) { place += 1 }
            guard place < text.count else { return .partial }
            guard text[place] == byte else { return .no }
            place += 1
        }
        return .whole(place)
    }

    /// Without white space, and with a sign for calls' identifiers.
    private static func dense(_ text: String) -> [UInt8] {
        let text = (0..<2).reduce(text) { $0.replacing(ToolCallFormat.identifier($1), with: "\0") }
        return text.utf8.filter { !isSpace($0) }
    }

    private static let identifier: UInt8 = 0
    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    private static func isSpace(_ byte: UInt8) -> Bool { " \n\r\t".utf8.contains(byte) }
}

/// Finds the end of a JSON object as its text comes in.
private struct BracketScan: Sendable {
    /// Bytes that have been read.
    private(set) var length = 0
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    /// Reads on; true behind the bracket that closes the first.
    mutating func reachesEnd(of bytes: ArraySlice<UInt8>) -> Bool {
        for byte in bytes {
            length += 1
            if isEscaped {
                isEscaped = false
            } else if isInString {
                if byte == UInt8(ascii: "\\") { isEscaped = true }
                if byte == UInt8(ascii: "\"") { isInString = false }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isInString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                default: break
                }
                if depth == 0 { return true }
            }
        }
        return false
    }
}
