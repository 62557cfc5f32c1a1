/// A setting of decoding methods, as it is written down in command lines, requests and run files. Methods may share one.
public struct DecodingOption: Sendable, Hashable {
    /// What run files call it.
    public let name: String
    /// What command lines and requests call it, each in its spelling.
    public let shortName: String
    /// What it may be.
    public let values: Values
    /// What it is called in formulas and tables, such as tau; empty where its values speak for themselves.
    public let symbol: String
    /// What it does, in a sentence.
    public let meaning: String

    init(_ name: String, shortName: String? = nil, _ values: Values, symbol: String, _ meaning: String) {
        self.name = name
        self.shortName = shortName ?? name
        self.values = values
        self.symbol = symbol
        self.meaning = meaning
    }

    /// What an option may be.
    public enum Values: Sendable, Hashable {
        /// A number in this range, or a word.
        case number(ClosedRange<Double>, or: String? = nil)
        /// A whole number in this range.
        case integer(ClosedRange<UInt64>)
        /// One of these words.
        case choice([String])
        /// Whole numbers with commas between them, or one of these words.
        case integers(or: [String])
    }

    /// What other methods may have too, or a reader of run files knows by heart.
    static let candidates = DecodingOption(
        "candidates", .integer(1...1_000_000_000), symbol: "k", "Candidates at most.")
    static let minimumProbability = DecodingOption(
        "minimumProbability", shortName: "minProbability", .number(0...1), symbol: "p",
        "Least probability of a candidate.")
    static let plausibility = DecodingOption(
        "plausibility", .number(.leastNonzeroMagnitude...1), symbol: "plausibility",
        "Least share of the most probable token's probability that a token needs.")
}

extension DecodingOption.Values {
    /// Whether a text is one of the values.
    public func accept(_ text: String) -> Bool {
        switch self {
        case .number(let range, let word): Double(text).map(range.contains) ?? (text == word)
        case .integer(let range): UInt64(text).map(range.contains) ?? false
        case .choice(let words): words.contains(text)
        case .integers(let words):
            words.contains(text)
                || text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { UInt16($0) != nil }
        }
    }

    /// Whether a value is a number unless it is a word of its own.
    var areNumbers: Bool {
        switch self {
        case .number, .integer: true
        case .choice, .integers: false
        }
    }

    /// What is accepted, in words.
    public var description: String {
        switch self {
        case .number(let range, let word):
            (range.lowerBound == .leastNonzeroMagnitude
                ? "greater than 0 and at most \(range.upperBound)"
                : "between \(range.lowerBound) and \(range.upperBound)") + (word.map { ", or \($0)" } ?? "")
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .integers(let words): "\(words.joined(separator: ", ")) or numbers such as 0,2,4"
        }
    }
}

extension DecodingOption {
    /// The methods that have it, each with its standard as text.
    package var standards: [(method: String, text: String)] { Self.standards[name] ?? [] }

    private static let standards = DecodingMethod.kinds.reduce(into: [String: [(method: String, text: String)]]()) {
        for (name, text) in $1.standard.values { $0[name, default: []].append(($1.name, text)) }
    }

    /// The short name in the spelling of command lines (`-`) or requests (`_`).
    package func shortName(joinedBy separator: String) -> String {
        shortName.map { $0.isUppercase ? separator + $0.lowercased() : String($0) }.joined()
    }
}

/// What can be wrong with a decoding method's settings.
public enum DecodingOptionError: Error, Hashable, CustomStringConvertible {
    /// An option that the method doesn't have.
    case withoutEffect(option: String, method: String)
    /// An option has a value that can't be.
    case invalid(option: String, problem: String)
    /// The method needs a region and there is none.
    case needsRegion(method: String)
    /// There is no method of this name.
    case unknown(method: String)

    public var description: String {
        switch self {
        case .withoutEffect(let option, let method):
            "\(option) has no effect with the strategy \(method); it works with "
                + DecodingMethod.kinds.filter { $0.has(option) }.map(\.name).joined(separator: ", ")
        case .invalid(let option, let problem): "\(option) \(problem)"
        case .needsRegion(let method): "the strategy \(method) needs a region and there is none"
        case .unknown(let method):
            "there is no strategy '\(method)'; there are "
                + DecodingMethod.kinds.map(\.name).joined(separator: ", ")
        }
    }
}
