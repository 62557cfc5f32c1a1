import AttributionGuidedDecoding

/// How a request wants its tokens chosen.
struct StrategyRequest {
    let method: DecodingMethod
    /// What of the request has no effect, for the answer to say.
    let notes: [String]

    /// - Throws: ``APIError`` that names a field of `agd` which the strategy doesn't obey.
    init(_ body: JSONValue, regions: RegionRequest, standard: DecodingMethod? = nil) throws(APIError) {
        try self.init(body, hasRegion: !regions.isEmpty, standard: standard)
        // A trace shows the region, whatever is done about it.
        guard let field = regions.firstField, !method.needsRegion, body["agd"]?["trace"]?.bool != true else { return }
        throw APIError.invalid(
            "'\(field)' has no effect with the strategy \(method.name), which needs no region; leave it out, or ask for a trace.",
            param: field)
    }

    /// - Parameter standard: the method where none is named.
    /// - Throws: ``APIError`` that names a field of `agd` which the strategy doesn't obey.
    init(_ body: JSONValue, hasRegion: Bool, standard: DecodingMethod? = nil) throws(APIError) {
        let kind = Self.kind(body, hasRegion: hasRegion, standard: standard)
        if kind.needsRegion, !hasRegion {
            throw APIError.invalid(
                "'agd.roi' is missing: the strategy \(kind.name) needs a region, such as [\"system\"].",
                param: "agd.roi")
        }
        var given = DecodingMethod.options.reduce(into: [:]) { $0[$1.name] = $1.text(in: body) }
        // OpenAI counts seeds from below zero.
        given["seed"] = body["seed"]?.integer.map { "\(UInt64(bitPattern: Int64($0)))" }
        notes = Self.notes(given, on: kind)
        for option in DecodingMethod.options where option.isOfDraws {
            given[option.name] = kind.has(option.name) ? given[option.name] ?? Self.standard(option) : nil
        }
        if body["agd"]?["strategy"] == nil, let standard, standard.name == kind.name {
            given.merge(standard.values) { given, _ in given }
        }
        do throws(DecodingOptionError) { method = try kind.method(given) } catch { throw APIError(error) }
    }

    private static func kind(
        _ body: JSONValue, hasRegion: Bool, standard: DecodingMethod?
    ) -> DecodingMethod.Kind {
        if let kind = body["agd"]?["strategy"]?.string.flatMap({ DecodingMethod.kind(named: $0) }) { return kind }
        let draws = !hasRegion && body["temperature"]?.double ?? 0 > 0
        if draws { return .sample }
        // A method that does nothing about a region stands in where there is none only.
        if let standard, standard.needsRegion == hasRegion, let kind = DecodingMethod.kind(named: standard.name) {
            return kind
        }
        return DecodingMethod.standardKind(hasRegion: hasRegion)
    }

    /// What stands in for a field of draws that is left out: OpenAI's values, and a new seed for each draw.
    private static func standard(_ option: DecodingOption) -> String? {
        option.name == "seed"
            ? "\(UInt64.random(in: .min ... .max))" : DecodingMethod.sample(.openAI).values[option.name]
    }

    /// Says which fields would change a draw, where a strategy doesn't draw. Many clients send them always, whatever else they
    /// ask for.
    private static func notes(_ given: [String: String], on kind: DecodingMethod.Kind) -> [String] {
        let neutral = DecodingMethod.sample(.openAI).values.merging(["temperature": "0"]) { $1 }
        let withoutEffect = DecodingMethod.options.filter { option in
            guard option.isOfDraws, option.name != "seed", !kind.has(option.name), let value = given[option.name],
                let nothing = neutral[option.name]
            else { return false }
            return Double(value) != Double(nothing)
        }
        guard !withoutEffect.isEmpty else { return [] }
        return [
            "\(withoutEffect.map(\.field).joined(separator: ", ")): without effect, as the strategy \(kind.name) draws nothing; "
                + "agd.strategy \"sample\" does"
        ]
    }
}

extension APIError {
    init(_ error: DecodingOptionError) {
        func field(_ name: String) -> String { DecodingMethod.options.first { $0.name == name }?.field ?? name }
        switch error {
        case .withoutEffect(let option, let method):
            let others = DecodingMethod.kinds.filter { $0.has(option) }.map { "\"\($0.name)\"" }
            self = .invalid(
                "'\(field(option))' has no effect with the strategy \(method); leave it out, or take agd.strategy \(others.joined(separator: ", ")).",
                param: field(option))
        case .invalid(let option, let problem):
            self = .invalid("'\(field(option))': \(problem).", param: field(option))
        case .needsRegion(let method):
            self = .invalid("The strategy \(method) needs a region: give 'agd.roi'.", param: "agd.roi")
        case .unknown: self = .invalid("'agd.strategy': \(error).", param: "agd.strategy")
        }
    }
}
