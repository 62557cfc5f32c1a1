/// As one object: the method's name as `strategy`, and its settings beside it.
///
/// A threshold that is missing stands for none; what else is missing for its standard. Settings that the method doesn't have,
/// which older files hold, are passed over.
extension DecodingMethod: Codable {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(_ name: DecodingOptions.Name) { stringValue = name.rawValue }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }

        static let strategy = Key(stringValue: "strategy")
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        let name = try fields.decode(Name.self, forKey: .strategy)
        func value<Value: Decodable>(_ option: DecodingOptions.Name, _ type: Value.Type = Value.self) throws -> Value? {
            name.options.contains(option) ? try fields.decodeIfPresent(type, forKey: Key(option)) : nil
        }
        var options = DecodingOptions()
        options.rule = try value(.rule)
        options.score = try value(.score)
        options.candidates = try value(.candidates)
        options.minimumProbability = try value(.minimumProbability)
        options.tangents = try value(.tangents)
        options.lambda = try value(.lambda)
        options.plausibility = try value(.plausibility)
        options.temperature = try value(.temperature)
        options.topK = try value(.topK)
        options.topP = try value(.topP)
        options.minP = try value(.minP)
        options.seed = try value(.seed)
        options.alpha = try value(.alpha)
        options.repetitionPenalty = try value(.repetitionPenalty)
        if name.options.contains(.entropyThreshold) {
            options.entropyThreshold = try value(.entropyThreshold).map { .nats($0) } ?? .off
        }
        if let text = try value(.layers, String.self) {
            guard let layers = LayerContrast.Layers(text) else {
                throw DecodingError.dataCorruptedError(
                    forKey: Key(.layers), in: fields, debugDescription: "'\(text)' names no layers")
            }
            options.layers = layers
        }
        try self.init(name, options)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(name, forKey: .strategy)
        func encode(_ option: DecodingOptions.Name, _ value: some Encodable) throws {
            try fields.encode(value, forKey: Key(option))
        }
        func encode(_ candidates: CandidateRule) throws {
            try encode(.candidates, candidates.count)
            try encode(.minimumProbability, candidates.minimumProbability)
        }
        func encode(_ tangents: TangentSchedule) throws {
            if tangents != .withEachStep { try encode(.tangents, tangents) }
        }
        switch self {
        case .greedy, .regionPrompt: break
        case .sample(let options):
            try encode(.temperature, options.temperature)
            try encode(.topK, options.topK)
            try encode(.topP, options.topP)
            try encode(.minP, options.minP)
            try encode(.seed, options.seed)
        case .contextAware(let alpha): try encode(.alpha, alpha)
        case .layerContrast(let layers, let plausibility, let repetitionPenalty):
            try encode(.layers, layers.description)
            try encode(.plausibility, plausibility)
            try encode(.repetitionPenalty, repetitionPenalty)
        case .guided(let guidance):
            try encode(.rule, guidance.rule)
            try encode(.score, guidance.score)
            if let threshold = guidance.entropyThreshold { try encode(.entropyThreshold, threshold) }
            switch guidance.choice {
            case .best(let candidates, let tangents):
                try encode(candidates)
                try encode(tangents)
            case .bestByReverse(let candidates): try encode(candidates)
            case .blended(let lambda, let plausibility, let tangents):
                try encode(.lambda, lambda)
                try encode(.plausibility, plausibility)
                try encode(tangents)
            }
        }
    }
}
