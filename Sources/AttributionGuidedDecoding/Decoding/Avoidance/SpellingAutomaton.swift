import Foundation

/// All spellings of some texts, as an automaton over bytes of UTF-8: it may be in several states at once, and a text has been said where it
/// reaches that text's end.
struct SpellingAutomaton {
    /// One of the texts.
    struct Text {
        /// The state before its first byte.
        var start: Int
        /// The state behind its last.
        var end: Int
        /// Whether a word has to begin, and end, there.
        var isWordBefore, isWordBehind: Bool
    }

    private(set) var texts: [Text] = []
    /// The bytes that lead on from each state, and where to.
    private var steps: [[(byte: UInt8, state: Int)]] = []
    /// For each state that ends a text: whether a word has to end there, too.
    private var ends: [Int: Bool] = [:]
    /// The states that each byte leads on from.
    private(set) var statesByByte: [[Int]] = Array(repeating: [], count: 256)

    init(_ texts: [AvoidedText]) {
        for text in texts {
            let start = addState()
            let end = Self.parts(of: text.text).reduce(start) { add($1, behind: $0) }
            ends[end] = text.isWordBehind
            self.texts.append(
                Text(start: start, end: end, isWordBefore: text.isWordBefore, isWordBehind: text.isWordBehind))
        }
        for (state, steps) in steps.enumerated() {
            for byte in Set(steps.map(\.byte)) { statesByByte[Int(byte)].append(state) }
        }
    }

    /// The states behind a byte.
    func next(_ states: [Int], _ byte: UInt8) -> [Int] {
        var next: [Int] = []
        for state in states {
            for step in steps[state] where step.byte == byte && !next.contains(step.state) { next.append(step.state) }
        }
        return next
    }

    /// Whether a text is complete somewhere in `bytes`, read from a state on. At the end of the bytes a word counts as ended, whatever
    /// follows.
    func isCompleted(by bytes: ArraySlice<UInt8>, from state: Int) -> Bool {
        var states = [state]
        for index in bytes.indices {
            states = next(states, bytes[index])
            if states.isEmpty { return false }
            for state in states {
                guard let isWordBehind = ends[state] else { continue }
                if !isWordBehind || !beginsInWord(bytes[(index + 1)...]) { return true }
            }
        }
        return false
    }

    /// Whether the character at the beginning of `bytes` carries a word on.
    private func beginsInWord(_ bytes: ArraySlice<UInt8>) -> Bool {
        String(decoding: bytes.prefix(4), as: UTF8.self).unicodeScalars.first?.isInWord ?? false
    }

    private mutating func addState() -> Int {
        steps.append([])
        return steps.count - 1
    }

    /// A part of a text: characters as they can be spelled, or white space, of which there may be more.
    private enum Part {
        case spellings(Set<[UInt8]>)
        case space
    }

    private mutating func add(_ part: Part, behind state: Int) -> Int {
        let end = addState()
        switch part {
        case .spellings(let spellings):
            for spelling in spellings.sorted(by: { $0.lexicographicallyPrecedes($1) }) { add(spelling, state, end) }
        case .space:
            for space in Self.spaces {
                add(space, state, end)
                add(space, end, end)
            }
        }
        return end
    }

    private mutating func add(_ bytes: [UInt8], _ start: Int, _ end: Int) {
        var state = start
        for (index, byte) in bytes.enumerated() {
            let next = index == bytes.count - 1 ? end : addState()
            steps[state].append((byte, next))
            state = next
        }
    }

    private static let spaces: [[UInt8]] = [" ", "\n", "\r", "\t", "\u{A0}", "\u{202F}"].map { Array($0.utf8) }
    /// Signs that people and models write for each other.
    private static let alike: [Set<Character>] = [["'", "’"], ["-", "‐", "‑"]]

    private static func parts(of text: String) -> [Part] {
        var parts: [Part] = []
        for character in text {
            guard !character.isWhitespace else {
                if case .space = parts.last { continue }
                parts.append(.space)
                continue
            }
            let characters = alike.first { $0.contains(character) } ?? [character]
            let spellings = characters.flatMap { [String($0), $0.lowercased(), $0.uppercased()] }.flatMap {
                [$0.precomposedStringWithCanonicalMapping, $0.decomposedStringWithCanonicalMapping]
            }
            parts.append(.spellings(Set(spellings.map { Array($0.utf8) })))
        }
        return parts
    }
}
