import AttributionGuidedDecoding

/// How a request wants its tokens chosen.
struct StrategyRequest {
    let method: DecodingMethod
    /// What of the request has no effect, for the answer to say.
    let notes: [String]

    /// - Throws: ``APIError`` that names a field of `agd` which the strategy doesn't obey.
    init(_ body: JSON, regions: RegionRequest) throws {
        try self.init(body, hasRegion: !regions.isEmpty)
        // A trace shows the region, whatever is done about it.
        guard let field = regions.firstField, !method.name.needsRegion, body["agd"]?["trace"]?.bool != true else {
            return
        }
        throw APIError.invalid(
            "'\(field)' has no effect with the strategy \(method.name.rawValue), which needs no region; leave it out, or ask for a trace.",
            param: field)
    }

    init(_ body: JSON, hasRegion: Bool) throws {
        let agd = body["agd"] ?? [:]
        let draws = Draws(body)
        let wanted = agd["strategy"]?.string.flatMap(DecodingMethod.Name.init)
        let name = wanted ?? (hasRegion ? .agd : draws.temperature ?? 0 > 0 ? .sample : .greedy)
        if name.needsRegion, !hasRegion {
            throw APIError.invalid(
                "'agd.roi' is missing: the strategy \(name.rawValue) needs a region, such as [\"system\"].",
                param: "agd.roi")
        }
        notes = name == .sample ? [] : draws.notes(on: name)
        do {
            method = try DecodingMethod(name, Self.options(agd, draws: name == .sample ? draws : nil))
        } catch {
            throw APIError(error)
        }
    }

    private static func options(_ agd: JSON, draws: Draws?) -> DecodingOptions {
        var options = DecodingOptions()
        options.rule = agd["rule"]?.string.flatMap { PropagationRule($0) }
        options.score = agd["score"]?.string.flatMap(AttributionGuided.Score.init)
        options.candidates = agd["candidates"]?.integer
        options.minimumProbability = agd["min_probability"]?.double
        options.entropyThreshold =
            agd["entropy_threshold"]?.string == "off" ? .off : agd["entropy_threshold"]?.double.map { .nats($0) }
        options.tangents = agd["tangents"]?.string.flatMap(TangentSchedule.init)
        options.lambda = agd["lambda"]?.double
        options.plausibility = agd["plausibility"]?.double
        options.alpha = agd["alpha"]?.double
        options.layers =
            agd["dola_layers"]?.string.flatMap { LayerContrast.Layers($0) }
            ?? agd["dola_layers"]?.array.map { .layers($0.compactMap(\.integer)) }
        options.repetitionPenalty = agd["repetition_penalty"]?.double
        guard let draws else { return options }
        let standard = Sampling.Options.openAI
        options.temperature = draws.temperature ?? standard.temperature
        options.topK = draws.topK ?? standard.topK
        options.topP = draws.topP ?? standard.topP
        options.minP = draws.minP ?? standard.minP
        options.seed = draws.seed ?? .random(in: .min ... .max)
        return options
    }
}

/// The fields by which OpenAI's clients steer a draw. Many send them always, whatever else they ask for.
private struct Draws {
    let temperature, topP, minP: Double?
    let topK: Int?
    let seed: UInt64?

    init(_ body: JSON) {
        temperature = body["temperature"]?.double
        topP = body["top_p"]?.double
        minP = body["min_p"]?.double
        topK = body["top_k"]?.integer
        seed = body["seed"]?.integer.map { UInt64(bitPattern: Int64($0)) }
    }

    /// Says which fields would change a draw, where a strategy draws nothing.
    func notes(on strategy: DecodingMethod.Name) -> [String] {
        let standard = Sampling.Options.openAI
        let withoutEffect = [
            ("temperature", temperature ?? 0 > 0), ("top_p", topP ?? standard.topP != standard.topP),
            ("top_k", topK ?? standard.topK != standard.topK), ("min_p", minP ?? standard.minP != standard.minP),
        ].filter(\.1).map(\.0)
        guard !withoutEffect.isEmpty else { return [] }
        return [
            "\(withoutEffect.joined(separator: ", ")): without effect, as the strategy \(strategy.rawValue) draws nothing; "
                + "agd.strategy \"sample\" does"
        ]
    }
}

extension APIError {
    init(_ error: DecodingOptionError) {
        switch error {
        case .withoutEffect(let option, let method):
            let others = DecodingMethod.Name.obeying(option).map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            self = .invalid(
                "'\(option.field)' has no effect with the strategy \(method.rawValue); leave it out, or take agd.strategy \(others).",
                param: option.field)
        case .invalid(let option, let problem):
            self = .invalid("'\(option.field)': \(problem).", param: option.field)
        case .needsRegion(let method):
            self = .invalid("The strategy \(method.rawValue) needs a region: give 'agd.roi'.", param: "agd.roi")
        }
    }
}

extension DecodingOptions.Name {
    /// What requests call it.
    fileprivate var field: String {
        switch self {
        case .rule: "agd.rule"
        case .score: "agd.score"
        case .entropyThreshold: "agd.entropy_threshold"
        case .candidates: "agd.candidates"
        case .minimumProbability: "agd.min_probability"
        case .tangents: "agd.tangents"
        case .lambda: "agd.lambda"
        case .plausibility: "agd.plausibility"
        case .alpha: "agd.alpha"
        case .layers: "agd.dola_layers"
        case .repetitionPenalty: "agd.repetition_penalty"
        case .temperature: "temperature"
        case .topK: "top_k"
        case .topP: "top_p"
        case .minP: "min_p"
        case .seed: "seed"
        }
    }
}
