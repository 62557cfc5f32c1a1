/// Which tokens would say something that is to be avoided, in the course of a completion: also where its first part has been said by the
/// tokens before.
struct AvoidanceState {
    private let automaton: SpellingAutomaton
    private let tokenizer: Tokenizer
    /// Tokens that say an avoided text behind their own first byte, whatever comes before them.
    private let containing: [Int]
    /// For each state of the automaton the tokens that complete a text from there.
    private let completing: [Int: [Int]]
    /// What may have begun.
    private var states: [Int] = []
    /// The last bytes of the text, which hold its last character.
    private var tail: [UInt8] = []

    /// Looks through the vocabulary once.
    /// - Parameter prompt: the last tokens before the completion, in which a text may begin.
    init(_ texts: [AvoidedText], tokenizer: Tokenizer, after prompt: some Sequence<Int>) {
        let automaton = SpellingAutomaton(texts)
        var (containing, completing): ([Int], [Int: [Int]]) = ([], [:])
        for token in 0..<tokenizer.tokenCount where !tokenizer.endsGeneration(token) {
            let bytes = tokenizer.bytes(of: token)
            guard let first = bytes.first else { continue }
            let hasInside = bytes.indices.dropFirst().contains { index in
                Self.starts(automaton, at: bytes[index], behind: bytes[..<index]).contains {
                    automaton.isCompleted(by: bytes[index...], from: $0)
                }
            }
            if hasInside { containing.append(token) }
            for state in automaton.statesByByte[Int(first)] where automaton.isCompleted(by: bytes[...], from: state) {
                completing[state, default: []].append(token)
            }
        }
        (self.automaton, self.tokenizer) = (automaton, tokenizer)
        (self.containing, self.completing) = (containing, completing)
        for token in prompt { append(token) }
    }

    /// Tokens that can't follow.
    var forbidden: [Int] {
        let begins = automaton.texts.filter { !$0.isWordBefore || !Self.endsInWord(tail[...]) }.map(\.start)
        return (states + begins).reduce(into: containing) { $0 += completing[$1] ?? [] }
    }

    /// The text goes on with a token.
    mutating func append(_ token: Int) {
        for byte in tokenizer.bytes(of: token) {
            let begins = Self.starts(automaton, at: byte, behind: tail[...])
            states = automaton.next(states + begins, byte)
            tail = tail.suffix(3) + [byte]
        }
    }

    /// The beginnings of texts that can be at a byte.
    private static func starts(
        _ automaton: SpellingAutomaton, at byte: UInt8, behind text: ArraySlice<UInt8>
    ) -> [Int] {
        let states = automaton.statesByByte[Int(byte)]
        guard !states.isEmpty else { return [] }
        return automaton.texts.filter { text in states.contains(text.start) }
            .filter { !$0.isWordBefore || !endsInWord(text) }.map(\.start)
    }

    /// Whether the last character belongs to a word that may go on.
    private static func endsInWord(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let start = bytes.lastIndex(where: { $0 & 0b1100_0000 != 0b1000_0000 }) else { return false }
        return String(validating: bytes[start...], as: UTF8.self)?.unicodeScalars.first?.isInWord ?? false
    }
}
