/// Reads a pattern by recursive descent, one rule of its grammar a function.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var ignoresCase = false
    private var isMultiline = false
    private var dotMatchesLineEnds = false

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    mutating func parse() throws(PatternError) -> PatternNode {
        try readFlags()
        let node = try alternatives()
        guard position == scalars.count else { throw malformed("')' without '('") }
        return node
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    private mutating func take() throws(PatternError) -> Unicode.Scalar {
        guard let scalar = next else { throw malformed("the pattern ends too early") }
        position += 1
        return scalar
    }

    private func malformed(_ problem: String) -> PatternError { .malformed(place: position + 1, problem: problem) }

    private mutating func readFlags() throws(PatternError) {
        guard scalars.starts(with: "(?".unicodeScalars), scalars.count > 2, "ims".unicodeScalars.contains(scalars[2])
        else { return }
        position = 2
        while true {
            switch try take() {
            case "i": ignoresCase = true
            case "m": isMultiline = true
            case "s": dotMatchesLineEnds = true
            case ")": return
            default: throw malformed("only the flags i, m and s are known, as in (?im) at the beginning")
            }
        }
    }

    private mutating func alternatives() throws(PatternError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 100 else { throw malformed("groups are nested too deeply") }
        var alternatives = [try sequence()]
        while take("|") { alternatives.append(try sequence()) }
        return alternatives.count == 1 ? alternatives[0] : .alternatives(alternatives)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repeated(try atom())) }
        return .sequence(parts)
    }

    private mutating func repeated(_ node: PatternNode) throws(PatternError) -> PatternNode {
        guard let (minimum, maximum) = try repetition() else { return node }
        if case .assertion = node { throw malformed("there is nothing that could be repeated") }
        let isLazy = take("?")
        if next == "+" || next == "*" || next == "?" { throw malformed("a repetition can't be repeated") }
        return .repetition(node, minimum: minimum, maximum: maximum, isLazy: isLazy)
    }

    private mutating func repetition() throws(PatternError) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard take("{") else { return nil }
        guard let minimum = number() else { throw malformed("a number is missing; write \\{ for the character") }
        let maximum = take(",") ? number() : minimum
        guard take("}"), maximum ?? minimum >= minimum else { throw malformed("repetitions are {2}, {2,} or {2,5}") }
        return (minimum, maximum)
    }

    private mutating func number() -> Int? {
        var digits = ""
        while let scalar = next, ("0"..."9").contains(scalar), digits.count < 6 {
            digits.unicodeScalars.append(scalar)
            position += 1
        }
        return Int(digits)
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        switch try take() {
        case "(": return try group()
        case "[": return .one(try set())
        case ".": return .one(dotMatchesLineEnds ? .anything : ScalarSet(ranges: ScalarSet.lineEnds, isNegated: true))
        case "^": return .assertion(isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(isMultiline ? .lineEnd : .textEnd)
        case "\\": return try escape()
        case "*", "+", "?", "{":
            position -= 1
            throw malformed("there is nothing that could be repeated")
        case let scalar: return .one(cased(.scalar(scalar)))
        }
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        if take("?"), !take(":") { throw malformed("of groups with '?' only (?:…) is known") }
        let node = try alternatives()
        guard take(")") else { throw malformed("')' is missing") }
        return node
    }

    private func cased(_ set: ScalarSet) -> ScalarSet {
        var set = set
        set.ignoresCase = ignoresCase
        return set
    }

    private mutating func escape() throws(PatternError) -> PatternNode {
        switch next {
        case "b":
            position += 1
            return .assertion(.wordBoundary)
        case "B":
            position += 1
            return .assertion(.noWordBoundary)
        default: return .one(cased(try escapedSet()))
        }
    }

    /// What stands behind a backslash.
    private mutating func escapedSet() throws(PatternError) -> ScalarSet {
        switch try take() {
        case "d": return ScalarSet(kinds: [(.digit, false)])
        case "D": return ScalarSet(kinds: [(.digit, true)])
        case "w": return ScalarSet(kinds: [(.word, false)])
        case "W": return ScalarSet(kinds: [(.word, true)])
        case "s": return ScalarSet(kinds: [(.space, false)])
        case "S": return ScalarSet(kinds: [(.space, true)])
        case "n": return .scalar("\n")
        case "r": return .scalar("\r")
        case "t": return .scalar("\t")
        case let scalar where scalar.properties.isAlphabetic || ("0"..."9").contains(scalar):
            throw malformed("'\\\(scalar)' is not known")
        case let scalar: return .scalar(scalar)
        }
    }

    private mutating func set() throws(PatternError) -> ScalarSet {
        let isNegated = take("^")
        var set = cased(ScalarSet(isNegated: isNegated))
        var isFirst = true
        while isFirst || next != "]" {
            let part = try setPart()
            isFirst = false
            guard let first = part.ranges.first?.lowerBound, next == "-", position + 1 < scalars.count,
                scalars[position + 1] != "]"
            else {
                set.ranges += part.ranges
                set.kinds += part.kinds
                continue
            }
            position += 1
            guard let last = try setPart().ranges.first?.lowerBound, first <= last else {
                throw malformed("a range goes from a smaller character to a larger one")
            }
            set.ranges.append(first...last)
        }
        position += 1
        return set
    }

    private mutating func setPart() throws(PatternError) -> ScalarSet {
        let scalar = try take()
        if scalar == "[" { throw malformed("sets can't be nested; write \\[ for the character") }
        return scalar == "\\" ? try escapedSet() : .scalar(scalar)
    }
}
