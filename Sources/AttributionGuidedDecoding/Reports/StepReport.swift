/// How a token was chosen, as data: what the command line's JSON, the server's traces and explanations have of it.
public struct StepReport: Sendable, Encodable {
    /// The number of tokens before it.
    public var position: Int
    /// The token that was chosen.
    public var token: Int
    /// What the step adds to the completion.
    public var text: String
    /// Where the text can't be exact, for the token is not whole characters.
    public var bytes: [UInt8]?
    /// Whether it is a control token, such as one that ends an answer, which is no part of its text.
    public var control: Bool
    /// Of the distribution it was chosen from, in nats.
    public var entropy: Double
    /// Whether the choice was made by score, and whether it then differed from greedy decoding's.
    public var guided, changed: Bool
    /// The candidate set, by falling probability.
    public var candidates: [CandidateReport]
    /// The token that was chosen, and the one that greedy decoding would have.
    public var chosen, greedy: Int
    /// The model's most probable token, where it would have said what is to be avoided.
    public var avoided: Int?

    /// A step, with its tokens as text.
    public init(_ step: GenerationStep, model: LanguageModel) {
        position = step.position
        token = step.token
        text = model.tokenizer?.text(of: step.token) ?? ""
        bytes = model.tokenizer?.inexactBytes(of: step.token)
        control = model.tokenizer?.kind(of: step.token) == .control
        entropy = step.entropy
        guided = step.choice.guided
        changed = step.changedByGuidance
        candidates = step.choice.candidates.map { CandidateReport($0, model: model) }
        (chosen, greedy) = (step.token, step.greedy)
        avoided = step.avoided
    }
}

/// A token that could have been chosen, as data.
public struct CandidateReport: Sendable, Encodable {
    /// The token.
    public var id: Int
    /// The token as text; nil where the model has no vocabulary.
    public var text: String
    /// Where the text can't be exact, for the token is not whole characters.
    public var bytes: [UInt8]?
    /// The model's, over the whole vocabulary.
    public var probability: Double
    /// As in ``Candidate``.
    public var score, relevance, total: Double?

    /// - Parameters:
    ///   - candidate: what is reported.
    ///   - model: knows the token's text.
    ///   - unnamed: the text of a token where the model has no vocabulary.
    public init(_ candidate: Candidate, model: LanguageModel, unnamed: String = "") {
        id = candidate.id
        text = model.tokenizer?.text(of: candidate.id) ?? unnamed
        bytes = model.tokenizer?.inexactBytes(of: candidate.id)
        probability = candidate.probability
        (score, relevance, total) = (candidate.score, candidate.relevance, candidate.total)
    }
}

/// The weight of a token of the prompt in a region, as data.
public struct TokenWeightReport: Sendable, Encodable {
    /// Its position in the prompt.
    public var token: Int
    /// In the region.
    public var weight: Double
}

/// The weight of an attention head in a region, as data. Layers and heads count from 0.
public struct HeadWeightReport: Sendable, Encodable {
    /// Counted from 0.
    public var layer, head: Int
    /// In the region.
    public var weight: Double
}

/// The weight of a neuron in a region, as data. Layers and neurons count from 0.
public struct NeuronWeightReport: Sendable, Encodable {
    /// Counted from 0.
    public var layer, index: Int
    /// In the region.
    public var weight: Double
}

/// The weight of a direction in a region, as data, without its elements. Layers count from 0.
public struct DirectionWeightReport: Sendable, Encodable {
    /// Counted from 0.
    public var layer: Int
    /// In the region.
    public var weight: Double
}

extension RegionOfInterest {
    /// The tokens of the region by position.
    public var tokenReport: [TokenWeightReport] {
        tokens.sorted { $0.key < $1.key }.map { TokenWeightReport(token: $0.key, weight: $0.value) }
    }

    /// The attention heads of the region by layer and head.
    public var headReport: [HeadWeightReport] {
        heads.sorted { $0.key < $1.key }.map {
            HeadWeightReport(layer: $0.key.layer, head: $0.key.head, weight: $0.value)
        }
    }

    /// The neurons of the region by layer and number; nil for none.
    public var neuronReport: [NeuronWeightReport]? {
        neurons.isEmpty
            ? nil
            : neurons.sorted { $0.key < $1.key }.map {
                NeuronWeightReport(layer: $0.key.layer, index: $0.key.index, weight: $0.value)
            }
    }

    /// The features of the region by layer and number; nil for none.
    public var featureReport: [NeuronWeightReport]? {
        features.isEmpty
            ? nil
            : features.map { NeuronWeightReport(layer: $0.key.layer, index: $0.key.index, weight: $0.value) }
                .sorted { ($0.layer, $0.index) < ($1.layer, $1.index) }
    }

    /// The directions of the region by layer; nil for none.
    public var directionReport: [DirectionWeightReport]? {
        directions.isEmpty
            ? nil
            : directions.map { DirectionWeightReport(layer: $0.key.layer, weight: $0.value) }
                .sorted { ($0.layer, $0.weight) < ($1.layer, $1.weight) }
    }
}
