import AGDEvaluation
import ArgumentParser
import AttributionGuidedDecoding

/// How the next token is chosen: the options of all decoding methods, as their table has them.
struct StrategyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How tokens are chosen; by default agd where a region is given, else greedy.",
            valueName: "name"))
    var strategy: DecodingMethod.Kind?

    @Option(
        help: ArgumentHelp(
            """
            A strategy and its options: a file as agd tune writes it, or the name of settings that come with agd (agd info \
            tells which fit a model); options given here come before them.
            """,
            valueName: "file|name"), completion: .file())
    var settings: String?

    /// What was given, by the options' names.
    private var given: [String: String] = [:]

    init() {}

    init(from decoder: any Decoder) throws {
        let arguments = try decoder.container(keyedBy: DecodingMethodKey.self)
        _strategy = try arguments.decode(Option<DecodingMethod.Kind?>.self, forKey: .strategy)
        _settings = try arguments.decode(
            Option<String?>.self, forKey: DecodingMethodKey(stringValue: "settings"))
        for option in DecodingMethod.options {
            let key = DecodingMethodKey(stringValue: option.name)
            given[option.name] = try arguments.decode(Option<String?>.self, forKey: key).wrappedValue
        }
    }

    func validate() throws {
        if strategy != nil, settings != nil {
            throw ValidationError("Give --strategy or --settings, not both: settings name a strategy.")
        }
        for option in DecodingMethod.options {
            guard let text = given[option.name], !option.values.accept(text) else { continue }
            throw ValidationError("\(option.flag) must be \(option.values.description); it is '\(text)'.")
        }
    }

    /// The choice of tokens. A command calls it before it does any work.
    /// - Parameters:
    ///   - hasRegion: guides by default where there is one.
    ///   - seed: where --seed isn't given.
    /// - Throws: `ValidationError` for an option that the strategy doesn't obey, and for a strategy that needs a region where
    ///   there is none.
    func method(hasRegion: Bool, seed: UInt64 = .random(in: .min ... .max)) throws -> DecodingMethod {
        var given = given
        var kind = strategy ?? DecodingMethod.standardKind(hasRegion: hasRegion)
        if let method = try file?.method, let own = DecodingMethod.kind(named: method.name) {
            kind = own
            given.merge(method.values) { given, _ in given }
        }
        if kind.has("seed"), given["seed"] == nil { given["seed"] = "\(seed)" }
        if kind.needsRegion, !hasRegion { throw ValidationError(Self.text(.needsRegion(method: kind.name))) }
        do { return try kind.method(given) } catch {
            let reason =
                strategy == nil && settings == nil
                ? ", which is taken \(hasRegion ? "with a region" : "without --roi")" : ""
            throw ValidationError(Self.text(error, reason: reason))
        }
    }

    /// What --settings names.
    private var file: SettingsFile? {
        get throws { try settings.map { name in try SettingsFile(named: name) } }
    }

    /// The regions that guide where --roi names none: the settings file's.
    var standingRegions: [RegionSpecification] {
        get throws {
            guard let file = try file, file.method.needsRegion else { return [] }
            return file.regions
        }
    }

    /// What is decoded, and how.
    func decoding(
        of prompt: MarkedPrompt, model: LanguageModel, reverse: ReverseAttribution.Options
    ) throws -> (prompt: Prompt, strategy: any DecodingStrategy) {
        do {
            let method = try method(hasRegion: !prompt.specifications.isEmpty)
            if case .sample(let options) = method,
                let note = options.note(onRecommended: model.configuration.recommendedSampling)
            {
                Terminal.note(note)
            }
            return try method.decoding(of: prompt, with: model, reverse: reverse)
        } catch let error as DecodingOptionError {
            throw ValidationError(Self.text(error))
        }
    }

    private static func text(_ error: DecodingOptionError, reason: String = "") -> String {
        func flag(_ name: String) -> String { DecodingMethod.options.first { $0.name == name }?.flag ?? name }
        return switch error {
        case .withoutEffect(let option, let method):
            "\(flag(option)) has no effect with --strategy \(method)\(reason); it works with "
                + DecodingMethod.kinds.filter { $0.has(option) }.map { "--strategy \($0.name)" }
                .joined(separator: ", ") + "."
        case .invalid(let option, let problem): "\(flag(option)) \(problem)."
        case .needsRegion(let method):
            "--strategy \(method) needs a region: name one with --roi, such as --roi system."
        case .unknown: "--strategy: \(error)."
        }
    }
}

/// ArgumentParser finds a command's options by reflection, and reads them by key: what is reflected here is the table.
extension StrategyOptions: CustomReflectable {
    var customMirror: Mirror {
        let options: [(label: String?, value: Any)] = DecodingMethod.options.map { option in
            (
                option.name,
                Option<String?>(
                    name: option.flagName, parsing: .unconditional,
                    help: ArgumentHelp("\(option.help)", valueName: option.valueName))
            )
        }
        return Mirror(
            self, children: [(label: "strategy", value: _strategy), (label: "settings", value: _settings)] + options)
    }
}

extension DecodingOption {
    /// As llama.cpp's programs call it, where they have it.
    private var longName: String { name == "temperature" ? "temp" : shortName(joinedBy: "-") }

    fileprivate var flag: String { "--" + longName }

    fileprivate var flagName: NameSpecification {
        name == "seed" ? [.customShort("s"), .customLong(longName)] : .customLong(longName)
    }

    /// What it does, the value that stands in where it is left out, and the strategies that obey it.
    fileprivate var help: String {
        let texts = Set(standards.map(\.text))
        let methods = standards.map(\.method).joined(separator: ", ")
        // Where no seed is given, commands choose one.
        guard name != "seed" else { return "\(meaning) (\(methods))" }
        let standard =
            texts.count == 1
            ? texts.joined() : standards.map { "\($0.text) with \($0.method)" }.joined(separator: ", ")
        return "\(meaning) By default \(standard). (\(methods))"
    }

    fileprivate var valueName: String {
        let letter = symbol.count == 1 ? symbol : "x"
        return switch values {
        case .number(_, let word): word.map { "\(letter)|\($0)" } ?? letter
        case .integer: symbol.count == 1 ? symbol : "n"
        case .choice(let words): words.joined(separator: "|")
        case .integers(let words): (words + ["0,2,4"]).joined(separator: "|")
        }
    }
}

extension DecodingMethod.Kind: ExpressibleByArgument {
    public init?(argument: String) {
        guard let kind = DecodingMethod.kind(named: argument) else { return nil }
        self = kind
    }

    public var defaultValueDescription: String { name }
    public static var allValueStrings: [String] { DecodingMethod.kinds.map(\.name) }
    public static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
