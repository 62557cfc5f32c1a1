import AttributionGuidedDecoding
import Foundation

/// Whether relevance says what a prediction hangs on, tested by taking away what it points at.
///
/// Tokens are taken away by setting their embeddings to zero, heads by setting their outputs to zero.
public struct Faithfulness: Sendable, Encodable {
    /// Curves of one way of ranking, averaged over prompts, with their area.
    public struct Ranking: Sendable, Encodable {
        /// How it ranks: a rule, or chance.
        public var name: String
        /// Between its two curves: the larger, the better the ranking.
        public var area: Estimate
        /// The logit as more and more is taken away.
        public var mostRelevantFirst, leastRelevantFirst: [Double]
    }

    /// How the score of a region for each candidate goes with the drop of its logit when the region is taken away.
    public struct RegionTest: Sendable, Encodable {
        /// Steps with several candidates, and the candidates of all of them.
        public var stepCount, candidateCount: Int
        /// Pearson's, over all candidates of all steps.
        public var correlation: Estimate
        /// The same after taking each step's mean away: the order among rivals, which is what guidance uses.
        public var correlationWithinSteps: Estimate
        /// Share of steps at which the candidate with the best score is the one that loses most; and by chance.
        public var bestAgrees, byChance: Double
    }

    /// The model's name.
    public var model: String
    /// Prompts that were tested.
    public var promptCount: Int
    /// A ranking for each rule, and one by chance.
    public var tokens, heads: [Ranking]
    /// Nil where no prompt has a region.
    public var region: RegionTest?

    /// How much is tested.
    public struct Options: Sendable {
        /// Points of a curve after the first.
        public var steps = 10
        /// Tokens of an answer at which the region is tested.
        public var answerLength = 12
        /// Of the backward passes.
        public var attribution = ReverseAttribution.Options()
        /// Of rankings by chance, and of the bootstrap.
        public var seed: UInt64 = 0

        /// Ten points a curve, twelve tokens an answer.
        public init() {}
    }

    /// - Parameters:
    ///   - regions: specifications for all prompts; where empty, each prompt's own.
    ///   - progress: called with the fraction that is done; it may throw to stop.
    /// - Throws: ``ItemError`` where no prompt can be used; ``RegionError`` and ``PromptError`` for one that can't be read;
    ///   ``TensorGraphError`` and ``InferenceError``, where something can't be computed; what `progress` throws.
    public init(
        _ model: LanguageModel, _ items: [PromptItem], regions: [RegionSpecification] = [],
        options: Options = Options(),
        progress: (Double) throws -> Void = { _ in }
    ) throws {
        var tokenCurves: [[AblationCurve]] = []
        var headCurves: [[AblationCurve]] = []
        var pairs: [[[(score: Double, drop: Double)]]] = []
        var generator = SeededGenerator(seed: options.seed)
        for (index, item) in items.enumerated() {
            let (prompt, region) = try item.resolve(model, regions: regions)
            let subject = try Subject(model, prompt.tokens, options)
            tokenCurves.append(try subject.tokenCurves(&generator))
            headCurves.append(try subject.headCurves(&generator))
            if !region.isEmpty { pairs.append(try subject.regionPairs(region)) }
            try progress(Double(index + 1) / Double(items.count))
        }
        self.model = model.configuration.name ?? model.path
        promptCount = items.count
        tokens = Self.rankings(tokenCurves)
        heads = Self.rankings(headCurves)
        self.region = pairs.joined().isEmpty ? nil : RegionTest(pairs)
    }

    static let rankingNames = PropagationRule.all.map(\.name) + ["random"]

    private static func rankings(_ curves: [[AblationCurve]]) -> [Ranking] {
        rankingNames.enumerated().map { index, name in
            let own = curves.map { $0[index] }
            func mean(_ path: KeyPath<AblationCurve, [Double]>) -> [Double] {
                own[0][keyPath: path].indices.map { point in
                    own.reduce(0) { $0 + $1[keyPath: path][point] } / Double(own.count)
                }
            }
            return Ranking(
                name: name, area: Estimate(own.map(\.area)), mostRelevantFirst: mean(\.mostRelevantFirst),
                leastRelevantFirst: mean(\.leastRelevantFirst))
        }
    }
}

extension Faithfulness.RegionTest {
    /// - Parameter pairs: for each prompt, step and candidate.
    init(_ pairs: [[[(score: Double, drop: Double)]]]) {
        let steps = pairs.flatMap { $0 }
        stepCount = steps.count
        candidateCount = steps.joined().count
        correlation = Estimate(count: pairs.count) { items in Self.correlation(items.flatMap { pairs[$0].joined() }) }
        let centred = pairs.map { prompt in
            prompt.flatMap { step in
                let count = Double(step.count)
                let (score, drop) = (step.reduce(0) { $0 + $1.score } / count, step.reduce(0) { $0 + $1.drop } / count)
                return step.map { (score: $0.score - score, drop: $0.drop - drop) }
            }
        }
        correlationWithinSteps = Estimate(count: pairs.count) { items in Self.correlation(items.flatMap { centred[$0] })
        }
        let agreeing = steps.count { step in
            step.indices.max { step[$0].score < step[$1].score } == step.indices.max { step[$0].drop < step[$1].drop }
        }
        bestAgrees = Double(agreeing) / Double(max(1, steps.count))
        byChance = steps.reduce(0) { $0 + 1 / Double($1.count) } / Double(max(1, steps.count))
    }

    private static func correlation(_ pairs: [(score: Double, drop: Double)]) -> Double {
        Correlation.pearson(pairs.map(\.score), pairs.map(\.drop)) ?? 0
    }
}

/// One prompt under test.
private struct Subject {
    let model: LanguageModel
    let tokens: [Int]
    let options: Faithfulness.Options
    let target: AttributionTarget
    let attributions: [Attribution]

    init(_ model: LanguageModel, _ tokens: [Int], _ options: Faithfulness.Options) throws {
        self.model = model
        self.tokens = tokens
        self.options = options
        let session = try Self.session(model, tokens.count, [], options)
        let greedy = try session.append(tokens).logits.indexOfMaximum
        let target = AttributionTarget(token: greedy, position: tokens.count - 1)
        self.target = target
        let reading = try ReverseAttribution(model, tokens: tokens, options: options.attribution)
        attributions = try PropagationRule.all.map { try reading.attribute([target], rule: $0)[0] }
    }

    private static func session(
        _ model: LanguageModel, _ length: Int, _ regions: [RegionOfInterest], _ options: Faithfulness.Options
    ) throws -> InferenceSession {
        try InferenceSession(
            model, regions: regions,
            options: .init(contextLength: length, threadCount: options.attribution.threadCount, cacheType: .float32))
    }

    private func logit(_ ablation: ReverseAttribution.Ablation) throws -> Double {
        try ReverseAttribution(model, tokens: tokens, ablating: ablation, options: options.attribution).logits(of: [
            target
        ])[0]
    }

    private func curves(
        _ relevances: [[Double]], _ generator: inout SeededGenerator, logit: (ArraySlice<Int>) throws -> Double
    ) throws -> [AblationCurve] {
        let random = relevances[0].map { _ in generator.nextUniform() }
        return try (relevances + [random]).map { try AblationCurve($0, steps: options.steps, logit: logit) }
    }

    func tokenCurves(_ generator: inout SeededGenerator) throws -> [AblationCurve] {
        try curves(attributions.map(\.tokens), &generator) { try logit(.init(tokens: Set($0))) }
    }

    func headCurves(_ generator: inout SeededGenerator) throws -> [AblationCurve] {
        let width = model.configuration.headCount
        return try curves(attributions.map { $0.heads.flatMap(\.allPositions) }, &generator) { gone in
            try logit(.init(heads: Set(gone.map { .init(layer: $0 / width, head: $0 % width) })))
        }
    }

    /// Greedy decoding; at each step with rivals their scores, and what they lose without the region.
    func regionPairs(_ region: RegionOfInterest) throws -> [[(score: Double, drop: Double)]] {
        let session = try Self.session(model, tokens.count + options.answerLength, [region], options)
        var prediction = try session.append(tokens)
        var steps: [(candidates: [Int], scores: [Double], position: Int)] = []
        for _ in 0..<options.answerLength {
            let distribution = Distribution(logits: prediction.logits, probabilities: prediction.probabilities)
            let candidates = CandidateRule().candidates(distribution).map(\.id)
            if candidates.count > 1 {
                steps.append((candidates, session.relevance(of: candidates, prediction)[0], session.tokens.count - 1))
            }
            if session.remainingCapacity == 0 || model.tokenizer?.endsGeneration(distribution.mostProbable) == true {
                break
            }
            prediction = try session.append([distribution.mostProbable])
        }
        let targets = steps.flatMap { step in
            step.candidates.map { AttributionTarget(token: $0, position: step.position) }
        }
        func logits(_ ablation: ReverseAttribution.Ablation) throws -> [Double] {
            try ReverseAttribution(model, tokens: session.tokens, ablating: ablation, options: options.attribution)
                .logits(of: targets)
        }
        let without = ReverseAttribution.Ablation(
            tokens: Set(region.tokens.keys), heads: Set(region.heads.keys), neurons: Set(region.neurons.keys))
        let drops = zip(try logits(.init()), try logits(without)).map { $0 - $1 }
        var rest = drops[...]
        return steps.map { step in
            defer { rest = rest.dropFirst(step.candidates.count) }
            return Array(zip(step.scores, rest)).map { (score: $0, drop: $1) }
        }
    }
}
