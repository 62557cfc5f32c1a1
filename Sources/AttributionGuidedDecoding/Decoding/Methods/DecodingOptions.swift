/// Settings of decoding methods as a command line or a request gives them: each may be left out, and not every method has each.
/// With a method's name they make a ``DecodingMethod``, or an error that names what the method doesn't obey.
public struct DecodingOptions: Sendable, Hashable {
    /// What an option is called in run files; command lines and requests have names of their own.
    public enum Name: String, Sendable, CaseIterable {
        case rule, score, entropyThreshold, candidates, minimumProbability, tangents, lambda, plausibility
        case temperature, topK, topP, minP, seed
        case alpha
        case layers = "dolaLayers"
        case repetitionPenalty
    }

    /// From which entropy on guidance chooses.
    public enum EntropyThreshold: Sendable, Hashable {
        /// Guides every step.
        case off
        case nats(Double)

        public var nats: Double? { if case .nats(let nats) = self { nats } else { nil } }
    }

    public var rule: PropagationRule?
    public var score: AttributionGuided.Score?
    public var entropyThreshold: EntropyThreshold?
    public var candidates: Int?
    public var minimumProbability: Double?
    public var tangents: TangentSchedule?
    public var lambda, plausibility: Double?
    public var temperature, topP, minP: Double?
    public var topK: Int?
    public var seed: UInt64?
    public var alpha: Double?
    public var layers: LayerContrast.Layers?
    public var repetitionPenalty: Double?

    public init() {}

    /// The options that are given.
    public var given: [Name] {
        Name.allCases.filter { name in
            switch name {
            case .rule: rule != nil
            case .score: score != nil
            case .entropyThreshold: entropyThreshold != nil
            case .candidates: candidates != nil
            case .minimumProbability: minimumProbability != nil
            case .tangents: tangents != nil
            case .lambda: lambda != nil
            case .plausibility: plausibility != nil
            case .temperature: temperature != nil
            case .topK: topK != nil
            case .topP: topP != nil
            case .minP: minP != nil
            case .seed: seed != nil
            case .alpha: alpha != nil
            case .layers: layers != nil
            case .repetitionPenalty: repetitionPenalty != nil
            }
        }
    }
}

extension DecodingMethod.Name {
    /// The options that the method obeys.
    public var options: Set<DecodingOptions.Name> {
        switch self {
        case .greedy, .regionPrompt: []
        case .sample: [.temperature, .topK, .topP, .minP, .seed]
        case .agd: [.rule, .score, .entropyThreshold, .candidates, .minimumProbability, .tangents]
        case .agdReverse: [.rule, .score, .entropyThreshold, .candidates, .minimumProbability]
        case .agdBlend: [.rule, .score, .entropyThreshold, .tangents, .lambda, .plausibility]
        case .cad: [.alpha]
        case .dola: [.layers, .plausibility, .repetitionPenalty]
        }
    }

    /// The methods that obey an option.
    public static func obeying(_ option: DecodingOptions.Name) -> [DecodingMethod.Name] {
        DecodingMethod.Name.allCases.filter { $0.options.contains(option) }
    }
}

/// What can be wrong with a decoding method's settings.
public enum DecodingOptionError: Error, Hashable, CustomStringConvertible {
    case withoutEffect(DecodingOptions.Name, on: DecodingMethod.Name)
    case invalid(DecodingOptions.Name, problem: String)
    case needsRegion(DecodingMethod.Name)

    public var description: String {
        switch self {
        case .withoutEffect(let option, let method):
            "\(option.rawValue) has no effect with the strategy \(method.rawValue); it works with "
                + DecodingMethod.Name.obeying(option).map(\.rawValue).joined(separator: ", ")
        case .invalid(let option, let problem): "\(option.rawValue) \(problem)"
        case .needsRegion(let method): "the strategy \(method.rawValue) needs a region and there is none"
        }
    }
}

extension DecodingMethod {
    /// The values of options that are left out. Samplers' are those of ``Sampling/Options``.
    public static let standardAlpha = 1.0
    public static let standardLambda = 1.0
    public static let standardRepetitionPenalty = 1.0

    /// A method by name.
    /// - Throws: ``DecodingOptionError`` for an option that the method doesn't obey, or whose value is out of range.
    public init(_ name: Name, _ options: DecodingOptions = DecodingOptions()) throws(DecodingOptionError) {
        for option in options.given {
            guard name.options.contains(option) else { throw .withoutEffect(option, on: name) }
        }
        try options.checkRanges()
        func guided(_ choice: Guidance.Choice) -> DecodingMethod {
            .guided(
                Guidance(
                    rule: options.rule ?? .attnLRP, score: options.score ?? .sum,
                    entropyThreshold: (options.entropyThreshold ?? .nats(AttributionGuided.paperEntropyThreshold)).nats,
                    choice: choice))
        }
        let tangents = options.tangents ?? .withEachStep
        switch name {
        case .greedy: self = .greedy
        case .sample: self = .sample(options.sampling)
        case .agd: self = guided(.best(options.candidateRule, tangents))
        case .agdReverse: self = guided(.bestByReverse(options.candidateRule))
        case .agdBlend:
            self = guided(
                .blended(
                    lambda: options.lambda ?? Self.standardLambda,
                    plausibility: options.plausibility ?? BlendedGuidance.standardPlausibility, tangents))
        case .cad: self = .contextAware(alpha: options.alpha ?? Self.standardAlpha)
        case .dola:
            self = .layerContrast(
                layers: options.layers ?? .high,
                plausibility: options.plausibility ?? LayerContrast.standardPlausibility,
                repetitionPenalty: options.repetitionPenalty ?? Self.standardRepetitionPenalty)
        case .regionPrompt: self = .regionPrompt
        }
    }
}

extension DecodingOptions {
    fileprivate var candidateRule: CandidateRule {
        let standard = CandidateRule()
        return CandidateRule(
            count: candidates ?? standard.count,
            minimumProbability: minimumProbability ?? standard.minimumProbability)
    }

    fileprivate var sampling: Sampling.Options {
        var sampling = Sampling.Options()
        sampling.temperature = temperature ?? sampling.temperature
        sampling.topK = topK ?? sampling.topK
        sampling.topP = topP ?? sampling.topP
        sampling.minP = minP ?? sampling.minP
        sampling.seed = seed ?? sampling.seed
        return sampling
    }

    /// - Throws: ``DecodingOptionError/invalid(_:problem:)``.
    public func checkRanges() throws(DecodingOptionError) {
        func check(_ option: Name, _ isValid: Bool?, _ problem: String) throws(DecodingOptionError) {
            if isValid == false { throw .invalid(option, problem: problem) }
        }
        let share = "must be between 0 and 1"
        try check(.candidates, candidates.map { (1...1_000_000_000).contains($0) }, "must be at least 1 and at most 1000000000")
        try check(.minimumProbability, minimumProbability.map { (0...1).contains($0) }, share)
        try check(.entropyThreshold, entropyThreshold?.nats.map(\.isFinite), "must be a finite number")
        try check(.temperature, temperature.map { (0...100).contains($0) }, "must be between 0 and 100")
        try check(.topK, topK.map { (0...1_000_000_000).contains($0) }, "must be 0 or more and at most 1000000000")
        try check(.topP, topP.map { (0...1).contains($0) }, share)
        try check(.minP, minP.map { (0...1).contains($0) }, share)
        try check(.alpha, alpha.map { abs($0) <= 1000 }, "must be between -1000 and 1000")
        try check(.lambda, lambda.map { abs($0) <= 1000 }, "must be between -1000 and 1000")
        try check(.plausibility, plausibility.map { $0 > 0 && $0 <= 1 }, "must be greater than 0 and at most 1")
        try check(
            .repetitionPenalty, repetitionPenalty.map { $0 > 0 && $0 <= 100 },
            "must be greater than 0 and at most 100")
    }
}
