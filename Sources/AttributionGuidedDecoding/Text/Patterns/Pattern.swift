/// A regular expression that is matched in bounded time, by following all its alternatives at once through the text
/// (Thompson, CACM 1968) instead of going back, and that stops when its task is cancelled.
///
/// It knows characters (Unicode scalars), `.`, sets such as `[a-z]` and `[^0-9]`, `\d` `\w` `\s` `\b` and their opposites,
/// `^` and `$`, groups, `|`, the repetitions `*` `+` `?` `{2}` `{2,}` `{2,5}`, greedy or (with `?`) lazy, and at its
/// beginning the flags `(?i)`, `(?m)` and `(?s)`. What it doesn't know, looking around and references back above all, is an error.
public struct Pattern: Sendable, Hashable {
    /// As it was written.
    public let source: String
    private let program: PatternProgram

    /// - Throws: ``PatternError``.
    public init(_ source: String) throws(PatternError) {
        self.source = source
        program = try PatternProgram(source)
    }

    /// Steps that the regions of a prompt, or of a request, may take together. Each is one alternative at one character, and as many
    /// as its set of characters has parts: well under a second in all.
    public static let stepLimit = 5_000_000

    /// The bytes of all matches, from left to right, apart from each other; the first alternative that matches counts, as in
    /// Perl. Those of no bytes are left out.
    /// - Parameter remainingSteps: lessened by the steps that were taken.
    /// - Throws: ``PatternError/tooManySteps``, `CancellationError`.
    func matches(in text: String, remainingSteps: inout Int) throws -> [Range<Int>] {
        var matcher = PatternMatcher(program, text, remainingSteps: remainingSteps)
        defer { remainingSteps = matcher.remainingSteps }
        return try matcher.matches()
    }

    public static func == (a: Pattern, b: Pattern) -> Bool { a.source.utf8.elementsEqual(b.source.utf8) }
    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

/// What can be wrong with a pattern.
public enum PatternError: Error, Hashable, CustomStringConvertible {
    /// At a character, counted from 1.
    case malformed(place: Int, problem: String)
    /// A pattern beyond what is taken.
    case tooLarge
    /// A pattern that would take too long on this text.
    case tooManySteps

    public var description: String {
        switch self {
        case .malformed(let place, let problem): "character \(place): \(problem)"
        case .tooLarge: "too large; repeat or nest less"
        case .tooManySteps:
            "the pattern takes too many steps on this text; give one that says more closely what matches"
        }
    }
}

/// A part of a pattern.
indirect enum PatternNode {
    case one(ScalarSet)
    case assertion(PatternAssertion)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    case repetition(PatternNode, minimum: Int, maximum: Int?, isLazy: Bool)
}

enum PatternAssertion: Sendable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
}

/// Unicode scalars that may stand at a place.
struct ScalarSet: Sendable {
    enum Kind: Sendable { case digit, word, space }

    var ranges: [ClosedRange<UInt32>] = []
    /// Kinds, and whether what isn't of the kind is meant.
    var kinds: [(kind: Kind, isNegated: Bool)] = []
    var isNegated = false
    var ignoresCase = false

    static func scalar(_ scalar: Unicode.Scalar) -> ScalarSet { ScalarSet(ranges: [scalar.value...scalar.value]) }
    static let anything = ScalarSet(isNegated: true)
    static let lineEnds: [ClosedRange<UInt32>] = [0xA...0xD, 0x85...0x85, 0x2028...0x2029]

    /// Steps that a look-up counts as: Unicode's properties and other cases of a character take longer than ranges.
    var cost: Int { (1 + ranges.count + 4 * kinds.count) * (ignoresCase ? 4 : 1) }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let found = holds(scalar) || (ignoresCase && Self.otherCases(of: scalar).contains(where: holds))
        return found != isNegated
    }

    private func holds(_ scalar: Unicode.Scalar) -> Bool {
        ranges.contains { $0.contains(scalar.value) }
            || kinds.contains { $0.kind.contains(scalar) != $0.isNegated }
    }

    private static func otherCases(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        // Spares most texts Unicode's tables.
        if scalar.isASCII {
            let isLetter = ("A"..."Z").contains(scalar) || ("a"..."z").contains(scalar)
            return isLetter ? [Unicode.Scalar(UInt8(scalar.value ^ 0x20))] : []
        }
        return [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping].compactMap { mapping in
            mapping.unicodeScalars.count == 1 ? mapping.unicodeScalars.first : nil
        }
    }
}

extension ScalarSet.Kind {
    func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .digit: scalar.properties.generalCategory == .decimalNumber
        case .space: scalar.properties.isWhitespace
        case .word:
            scalar == "_" || scalar.properties.isAlphabetic
                || [.decimalNumber, .nonspacingMark, .spacingMark, .enclosingMark, .connectorPunctuation].contains(
                    scalar.properties.generalCategory)
        }
    }
}
