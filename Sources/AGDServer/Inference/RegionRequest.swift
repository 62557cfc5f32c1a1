import AttributionGuidedDecoding

/// The regions of a request, parsed and allowed: what is decided about them is decided on what will be looked for.
struct RegionRequest {
    /// Each with the field that it came from.
    private let regions: [(field: String, specification: RegionSpecification)]

    var isEmpty: Bool { regions.isEmpty }
    /// Where the first one was named.
    var firstField: String? { regions.first?.field }

    /// - Parameters:
    ///   - body: of the request; it has been checked against the table of fields.
    ///   - standing: regions that stand in where the request names neither any nor a strategy.
    ///   - allowsPatterns: whether the server was started to accept `regex:`.
    /// - Throws: ``APIError`` that names the field.
    init(_ body: JSONValue, standing: [RegionSpecification] = [], allowsPatterns: Bool) throws {
        let named = try (body["agd"]?["roi"]?.array ?? []).enumerated().map { index, value in
            let field = "agd.roi[\(index)]"
            let specification = try Self.naming(field) { try Self.specification(value, field) }
            try Self.check(specification, field, allowsPatterns: allowsPatterns)
            return (field, specification)
        }
        let weighted = try (body["messages"]?.array ?? []).enumerated().compactMap { index, message in
            try message["agd_weight"]?.double.map { weight in
                let field = "messages[\(index)].agd_weight"
                return try Self.naming(field) {
                    (field, try RegionSpecification(.messages(.number(index)), weight: weight))
                }
            }
        }
        let own = named + weighted
        regions = own.isEmpty && body["agd"]?["strategy"] == nil ? standing.map { ("agd.roi", $0) } : own
    }

    /// Finds the regions in each prompt.
    /// - Throws: ``APIError`` that names the field; `CancellationError`.
    func mark(_ prompts: [Prompt], model: LanguageModel) throws -> [MarkedPrompt] {
        var patternSteps = Pattern.stepLimit
        return try prompts.map { prompt in
            let marked = try MarkedPrompt(
                prompt, regions: regions.map(\.specification), patternSteps: &patternSteps
            ) { index, error in APIError.invalid("'\(regions[index].field)': \(error)", param: regions[index].field) }
            try Self.naming("agd.roi") { try marked.validate(for: model) }
            try Self.checkWeights(marked.region)
            return marked
        }
    }

    /// What one region may weigh, several that overlap may too.
    private static func checkWeights(_ region: RegionOfInterest) throws(APIError) {
        for weight in region.weights where !Limits.weight.contains(weight) {
            throw APIError.invalid(
                "'agd.roi': weights add up to \(weight) where regions overlap; the sum may be \(Limits.weight.lowerBound) to \(Limits.weight.upperBound).",
                param: "agd.roi")
        }
    }

    private static func naming<Result>(_ field: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as RegionError {
            throw APIError.invalid("'\(field)': \(error)", param: field)
        }
    }

    private static func check(
        _ specification: RegionSpecification, _ field: String, allowsPatterns: Bool
    ) throws(APIError) {
        switch specification.target {
        case .headFile, .neuronFile, .directionFile, .dictionaryFile:
            throw APIError.invalid(
                "'\(field)': a request can't name files of the server; give the heads, neurons or direction themselves.",
                param: field)
        case .pattern where !allowsPatterns:
            throw APIError.invalid(
                "'regex:' is accepted only where the server was started with --allow-regex.", param: field)
        case .pattern(let pattern) where pattern.source.utf8.count > Limits.patternBytes:
            throw APIError.invalid("A pattern has at most \(Limits.patternBytes) bytes.", param: field)
        default: break
        }
    }

    private static func specification(_ value: JSONValue, _ field: String) throws -> RegionSpecification {
        if let specification = value.string { return try RegionSpecification(specification) }
        return try RegionSpecification(target(value, field), weight: value["weight"]?.double ?? 1)
    }

    /// The target of a region that is an object.
    private static func target(_ value: JSONValue, _ field: String) throws -> RegionSpecification.Target {
        let kinds = ["message", "text", "characters", "tokens", "heads", "neurons", "direction"].filter {
            value[$0] != nil
        }
        switch kinds {
        case ["message"]: return .messages(messages(value["message"]))
        case ["text"]: return .text(value["text"]?.string ?? "")
        case ["message", "text"]: return .text(value["text"]?.string ?? "", in: messages(value["message"]))
        case ["message", "characters"]:
            let bounds = (value["characters"]?.array ?? []).compactMap(\.integer)
            guard let message = value["message"]?.integer, bounds.count == 2, bounds[0] < bounds[1] else {
                throw APIError.invalid(
                    "'\(field).characters' must be [first, end] with first < end, and 'message' a number.",
                    param: "\(field).characters")
            }
            return .characters(bounds[0]..<bounds[1], ofMessage: message)
        case ["tokens"]:
            guard let positions = value["tokens"]?.array else {
                return .tokens(
                    try RegionSpecification.tokenRanges(value["tokens"]?.string ?? "", in: "\(field).tokens"))
            }
            return .tokens(positions.compactMap(\.integer).map { $0..<$0 + 1 }.united)
        case ["heads"]:
            guard let heads = value["heads"]?.array else {
                return .heads(try RegionSpecification.heads(value["heads"]?.string ?? "", in: "\(field).heads"))
            }
            return .heads(
                Dictionary(
                    heads.map { head in
                        (
                            .init(layer: head["layer"]?.integer ?? 0, head: head["head"]?.integer ?? 0),
                            head["weight"]?.double ?? 1
                        )
                    }, uniquingKeysWith: +))
        case ["neurons"]:
            guard let neurons = value["neurons"]?.array else {
                return .neurons(
                    try RegionSpecification.neurons(value["neurons"]?.string ?? "", in: "\(field).neurons"))
            }
            return .neurons(
                Dictionary(
                    neurons.map { neuron in
                        (
                            .init(layer: neuron["layer"]?.integer ?? 0, index: neuron["index"]?.integer ?? 0),
                            neuron["weight"]?.double ?? 1
                        )
                    }, uniquingKeysWith: +))
        case ["direction"]:
            let direction = value["direction"]
            let vector = (direction?["vector"]?.array ?? []).compactMap(\.double).map { Float($0) }
            return .directions([.init(layer: direction?["layer"]?.integer ?? 0, vector: vector): 1])
        default:
            throw APIError.invalid(
                "'\(field)' must have one of message, text, tokens, heads, neurons and direction, or message with text or characters; it has "
                    + (kinds.isEmpty ? "none of them." : kinds.joined(separator: ", ") + "."), param: field)
        }
    }

    private static func messages(_ value: JSONValue?) -> RegionSpecification.Messages {
        value?.integer.map { .number($0) } ?? .all(role: value?.string ?? "")
    }
}
