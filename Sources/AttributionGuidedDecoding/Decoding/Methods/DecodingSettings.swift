/// The settings of a method that has a name in command lines, requests and run files, and what the method does with them.
protocol DecodingSettings: Hashable, Sendable {
    /// What the method is called.
    static var name: String { get }
    /// Whether it does something about a region, so that there has to be one.
    static var needsRegion: Bool { get }
    /// What can be set, in the order in which it is told.
    static var options: [DecodingSetting<Self>] { get }
    /// Each option as it is where it isn't given.
    static var standard: Self { get }

    /// Whether it does so as it is set.
    var needsRegion: Bool { get }
    /// Candidates that a step reports at most.
    var candidateCount: Int { get }
    /// What is decoded.
    func prompt(for marked: MarkedPrompt, _ model: LanguageModel) throws -> Prompt
    /// What chooses the tokens.
    func strategy(
        for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
    ) throws -> any DecodingStrategy
}

extension DecodingSettings {
    static var needsRegion: Bool { false }
    var needsRegion: Bool { Self.needsRegion }
    static var options: [DecodingSetting<Self>] { [] }
    /// Those that a strategy tells of, and the chosen one.
    var candidateCount: Int { CandidateRule().count + 1 }
    func prompt(for marked: MarkedPrompt, _ model: LanguageModel) throws -> Prompt { marked.prompt }

    var label: String {
        let variant = Self.options.filter(\.namesVariant).compactMap { $0.label(self) }
        let rest = Self.options.filter { !$0.namesVariant }.compactMap { $0.label(self) }
        return ([([Self.name] + variant).joined(separator: " ")] + rest).joined(separator: ", ")
    }

    var values: [String: String] {
        Dictionary(uniqueKeysWithValues: Self.options.map { ($0.option.name, $0.text(self)) })
    }

    /// Words aren't looked at: their types hold them, and a program may have a rule of its own.
    /// - Throws: ``DecodingOptionError/invalid(option:problem:)`` for a number out of its range.
    func check() throws(DecodingOptionError) {
        for option in Self.options where option.option.values.areNumbers { try option.check(option.text(self)) }
    }
}

/// The settings of a method that can propose candidates to guidance.
protocol ProposingSettings<Proposer>: DecodingSettings {
    associatedtype Proposer: ProposingStrategy where Proposer.Settings == Self

    /// Each option as it is where the method proposes to guidance and it isn't given.
    static var standardProposal: Self { get }

    func proposer(for marked: MarkedPrompt, _ model: LanguageModel) throws -> Proposer
}

extension ProposingSettings {
    static var standardProposal: Self { standard }

    func strategy(
        for marked: MarkedPrompt, _ model: LanguageModel, reverse: ReverseAttribution.Options
    ) throws -> any DecodingStrategy {
        try proposer(for: marked, model)
    }
}

/// An option of a method, and where its settings keep it.
struct DecodingSetting<Settings: DecodingSettings>: Sendable {
    /// When a label tells the value.
    enum Labelling {
        case always, never, ifNotStandard
        /// Always, as a part of the method's name.
        case inName
        case by(@Sendable (Settings) -> String?)
    }

    let option: DecodingOption
    let namesVariant: Bool
    let label: @Sendable (Settings) -> String?
    let text: @Sendable (Settings) -> String
    private let assign: @Sendable (String, inout Settings) -> Bool

    init<Value: LosslessStringConvertible & Sendable>(
        _ option: DecodingOption, _ path: WritableKeyPath<Settings, Value> & Sendable,
        labelled labelling: Labelling = .ifNotStandard
    ) {
        let text = { @Sendable (settings: Settings) in settings[keyPath: path].description }
        let words = { @Sendable (settings: Settings) in
            option.symbol.isEmpty ? text(settings) : "\(option.symbol) \(text(settings))"
        }
        self.option = option
        self.text = text
        assign = { (text, settings) in
            guard let value = Value(text) else { return false }
            settings[keyPath: path] = value
            return true
        }
        if case .inName = labelling { namesVariant = true } else { namesVariant = false }
        label =
            switch labelling {
            case .always, .inName: words
            case .never: { _ in nil }
            case .ifNotStandard: { text($0) == text(.standard) ? nil : words($0) }
            case .by(let label): label
            }
    }

    /// The same option of settings that have these among theirs.
    func within<Outer: DecodingSettings>(_ path: WritableKeyPath<Outer, Settings> & Sendable) -> DecodingSetting<Outer>
    {
        DecodingSetting<Outer>(
            option: option, namesVariant: namesVariant, label: { label($0[keyPath: path]) },
            text: { text($0[keyPath: path]) }, assign: { assign($0, &$1[keyPath: path]) })
    }

    private init(
        option: DecodingOption, namesVariant: Bool, label: @escaping @Sendable (Settings) -> String?,
        text: @escaping @Sendable (Settings) -> String, assign: @escaping @Sendable (String, inout Settings) -> Bool
    ) {
        (self.option, self.namesVariant, self.label) = (option, namesVariant, label)
        (self.text, self.assign) = (text, assign)
    }

    /// - Throws: ``DecodingOptionError/invalid(option:problem:)``.
    func set(_ text: String, in settings: inout Settings) throws(DecodingOptionError) {
        try check(text)
        guard assign(text, &settings) else {
            throw .invalid(option: option.name, problem: "can't be '\(text)'")
        }
    }

    func check(_ text: String) throws(DecodingOptionError) {
        guard option.values.accept(text) else {
            throw .invalid(option: option.name, problem: "must be \(option.values.description); it is '\(text)'")
        }
    }
}
