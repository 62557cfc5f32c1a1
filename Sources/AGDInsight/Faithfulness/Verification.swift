import AttributionGuidedDecoding

/// Whether attribution is correct on a model: the question to ask before anything else is read from it.
public struct Verification: Sendable, Encodable {
    /// One identity that has to hold.
    public struct Check: Sendable, Encodable {
        /// What is compared.
        public var name: String
        /// How far the two sides are apart, or how often they agree.
        public var value: Double
        /// What `value` must not exceed (or fall below, for shares of agreement); nil where it is only told.
        public var limit: Double?
        /// Whether `value` keeps within `limit`.
        public var passed: Bool
        /// What the value means.
        public var note: String
    }

    /// The model's name.
    public var model: String
    /// Prompts that were looked at.
    public var promptCount: Int
    /// `[rule][layer]`: see ``ReverseAttribution/adjointErrors(rule:seed:progress:)``.
    public var adjointErrors: [String: [Double]] = [:]
    /// In the order in which they were made.
    public var checks: [Check] = []
    /// Whether all checks did.
    public var passed: Bool { checks.allSatisfy(\.passed) }

    /// - Parameters:
    ///   - prompts: a few, each of at least two tokens.
    ///   - reference: the same model in a finer type, to see what quantisation changes.
    ///   - progress: called with the fraction that is done; it may throw to stop.
    /// - Throws: ``TensorGraphError``, ``InferenceError`` and ``AttributionError``, where something can't be computed; what
    ///   `progress` throws.
    public init(
        _ model: LanguageModel, _ prompts: [[Int]], reference: LanguageModel? = nil,
        options: ReverseAttribution.Options = ReverseAttribution.Options(), progress: (Double) throws -> Void = { _ in }
    ) throws {
        self.model = model.configuration.name ?? model.path
        promptCount = prompts.count
        let runner = VerificationRunner(model: model, options: options)
        try checkAdjoint(runner, prompts[0]) { try progress($0 * 0.5) }
        var accounts: [VerificationRunner.Account] = []
        for (index, prompt) in prompts.enumerated() {
            accounts.append(try runner.account(prompt, reference: reference))
            try progress(0.5 + 0.25 * Double(index + 1) / Double(prompts.count))
        }
        checkAccounts(accounts, tolerance: model.weights.isExact ? 1e-3 : 0.25, hasReference: reference != nil)
        let comparisons = try CacheComparison.all(model, prompts, threadCount: options.threadCount) {
            try progress(0.75 + 0.25 * $0)
        }
        for (format, comparison) in comparisons { tell(comparison, of: format) }
    }

    private mutating func tell(_ comparison: CacheComparison, of format: Session.CacheType.Format) {
        checks += [
            Check(
                name: "same choice with \(format.rawValue) caches", value: comparison.sameChoice, limit: nil,
                passed: true,
                note: "share of \(comparison.stepCount) steps, against f32"),
            Check(
                name: "score difference with \(format.rawValue) caches", value: comparison.scoreDifference, limit: nil,
                passed: true, note: "the largest, relative to the largest score of its step"),
        ]
    }

    private mutating func checkAdjoint(
        _ runner: VerificationRunner, _ prompt: [Int], progress: (Double) throws -> Void
    ) throws {
        let reading = try ReverseAttribution(runner.model, tokens: Array(prompt.prefix(64)), options: runner.options)
        for (index, rule) in PropagationRule.all.enumerated() {
            let errors = try reading.adjointErrors(rule: rule) {
                try progress((Double(index) + $0 / 2) / Double(PropagationRule.all.count))
            }
            adjointErrors[rule.name] = errors
            let worst = errors.indices.max { errors[$0] < errors[$1] } ?? 0
            checks.append(
                Check(
                    name: "adjoint error, \(rule.name)", value: errors[worst], limit: 1e-4,
                    passed: errors[worst] < 1e-4,
                    note: "largest of \(errors.count) layers, in layer \(worst); weights decoded to f32"))
            let inside = try reading.regionErrors(rule: rule) {
                try progress((Double(index) + 0.5 + $0 / 2) / Double(PropagationRule.all.count))
            }
            let most = inside.max() ?? 0
            checks.append(
                Check(
                    name: "the same for heads, neurons, directions, features", value: most, limit: 1e-4,
                    passed: most < 1e-4,
                    note: "regions that begin inside a layer, \(rule.name)"))
        }
    }

    private mutating func checkAccounts(
        _ accounts: [VerificationRunner.Account], tolerance: Double, hasReference: Bool
    ) {
        func mean(_ path: KeyPath<VerificationRunner.Account, Double>) -> Double {
            accounts.reduce(0) { $0 + $1[keyPath: path] } / Double(accounts.count)
        }
        let difference = accounts.map(\.passDifference).max() ?? 0
        checks.append(
            Check(
                name: "one pass against k passes back", value: difference, limit: tolerance,
                passed: difference <= tolerance,
                note: "largest difference of a candidate's score, relative to the largest relevance of a token"))
        checks.append(
            Check(
                name: "same choice by both", value: mean(\.sameChoice), limit: nil, passed: true,
                note: "share of prompts"))
        checks.append(
            Check(
                name: "relevance after the last layer", value: mean(\.outputShare), limit: nil, passed: true,
                note: "share of the logit; 1 where the frozen norm keeps it"))
        checks.append(
            Check(
                name: "relevance of the input tokens", value: mean(\.inputShare), limit: nil, passed: true,
                note: "share of the logit; biases and whatever the rules don't pass on take the rest"))
        checks.append(
            Check(
                name: "of it, at the first token", value: mean(\.firstTokenShare), limit: nil, passed: true,
                note: "share of absolute relevance; near 1 the first token is a sink and heat maps say little"))
        if hasReference {
            checks.append(
                Check(
                    name: "same choice as the reference", value: mean(\.sameAsReference), limit: nil, passed: true,
                    note: "share of prompts"))
        }
    }
}

/// Looks at one prompt at a time.
struct VerificationRunner {
    struct Account {
        var passDifference, sameChoice, outputShare, inputShare, firstTokenShare: Double
        var sameAsReference: Double
    }

    let model: LanguageModel
    let options: ReverseAttribution.Options

    /// The region under test is the first half of the prompt, the candidates are the five likeliest tokens.
    func account(_ prompt: [Int], reference: LanguageModel?) throws -> Account {
        let region = RegionOfInterest(
            tokens: Dictionary(uniqueKeysWithValues: (0..<(prompt.count + 1) / 2).map { ($0, 1) }))
        let (candidates, scores) = try scores(model, prompt, region)
        let reading = try ReverseAttribution(model, tokens: prompt, options: options)
        let attributions = try reading.attribute(candidates.map { .init(token: $0, position: prompt.count - 1) })
        let reversed = attributions.map { $0.relevance(of: region) }
        let scale = attributions.flatMap(\.tokens).reduce(1e-30) { max($0, abs($1)) }
        let best = scores.indexOfLargest
        func agrees(_ model: LanguageModel) throws -> Double {
            let (others, otherScores) = try self.scores(model, prompt, region)
            return others[otherScores.indexOfLargest] == candidates[best] ? 1 : 0
        }
        let first = attributions[0]
        let absolute = first.tokens.reduce(1e-30) { $0 + abs($1) }
        return Account(
            passDifference: zip(scores, reversed).map { abs($0 - $1) }.max().map { $0 / scale } ?? 0,
            sameChoice: reversed.indexOfLargest == best ? 1 : 0,
            outputShare: (first.residualStream.last ?? []).reduce(0, +) / first.logit,
            inputShare: first.tokens.reduce(0, +) / first.logit, firstTokenShare: abs(first.tokens[0]) / absolute,
            sameAsReference: try reference.map(agrees) ?? 1)
    }

    private func scores(
        _ model: LanguageModel, _ prompt: [Int], _ region: RegionOfInterest
    ) throws -> (candidates: [Int], scores: [Double]) {
        let session = try InferenceSession(
            model, regions: [region],
            options: .init(contextLength: prompt.count, threadCount: options.threadCount, cacheType: .float32))
        let prediction = try session.append(prompt)
        let distribution = Distribution(logits: prediction.logits, probabilities: prediction.probabilities)
        let candidates = distribution.mostProbable(5)
        return (candidates, session.relevance(of: candidates, prediction)[0])
    }
}

extension [Double] {
    /// Index of the largest element, the first among equals; 0 for an empty array.
    var indexOfLargest: Int { indices.reduce(0) { self[$1] > self[$0] ? $1 : $0 } }
}
