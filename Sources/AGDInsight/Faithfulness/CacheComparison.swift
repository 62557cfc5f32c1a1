import AttributionGuidedDecoding

/// What it changes in a model's choices that keys, values and their tangents are stored in fewer bits.
///
/// The last tokens of a prompt are read one by one, as if they had been generated; the region is the first half of the prompt,
/// the candidates of each step are the five likeliest tokens, and its choice is the one with the highest score.
struct CacheComparison {
    /// Share of steps with the same choice.
    let sameChoice: Double
    /// The largest difference of a score, relative to the largest score of its step.
    let scoreDifference: Double
    let stepCount: Int

    /// Steps looked at in a prompt, at most.
    private static let longest = 64

    private struct Step {
        var choice: Int
        /// Tokens whose scores are compared.
        var tokens: [Int]
        var scores: [Double]
    }

    /// The comparisons with caches in float32 for each format that the model's heads fit.
    static func all(
        _ model: LanguageModel, _ prompts: [[Int]], threadCount: Int, progress: (Double) throws -> Void
    ) throws -> [(format: Session.CacheType.Format, comparison: CacheComparison)] {
        let formats = Session.CacheType.Format.allCases.filter {
            $0 != .float32 && CacheLayout.misfit(of: $0.elementType, model.configuration) == nil
        }
        var pairs = Dictionary(uniqueKeysWithValues: formats.map { ($0, [(exact: Step, stored: Step)]()) })
        var done = 0
        for prompt in prompts {
            let exact = try steps(model, prompt, .float32, threadCount: threadCount)
            for format in formats {
                let stored = try steps(
                    model, prompt, Session.CacheType(format), comparing: exact.map(\.tokens), threadCount: threadCount)
                pairs[format, default: []] += zip(exact, stored).map { ($0, $1) }
                done += 1
                try progress(Double(done) / Double(prompts.count * formats.count))
            }
        }
        return formats.map { ($0, CacheComparison(pairs[$0] ?? [])) }
    }

    private init(_ pairs: [(exact: Step, stored: Step)]) {
        stepCount = pairs.count
        sameChoice = Double(pairs.count { $0.exact.choice == $0.stored.choice }) / Double(max(1, pairs.count))
        scoreDifference =
            pairs.map { exact, stored in
                let largest = exact.scores.reduce(1e-30) { max($0, abs($1)) }
                return zip(exact.scores, stored.scores).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
            }.max() ?? 0
    }

    /// - Parameter tokens: for each step those whose scores are compared; nil for its candidates.
    private static func steps(
        _ model: LanguageModel, _ prompt: [Int], _ type: Session.CacheType, comparing tokens: [[Int]]? = nil,
        threadCount: Int
    ) throws -> [Step] {
        let half = (prompt.count + 1) / 2
        let region = RegionOfInterest(tokens: Dictionary(uniqueKeysWithValues: (0..<half).map { ($0, 1) }))
        let session = try InferenceSession(
            model, regions: [region],
            options: .init(contextLength: prompt.count, threadCount: threadCount, cacheType: type.storage))
        let first = max(half, prompt.count - longest)
        var prediction = try session.append(Array(prompt[..<first]))
        var steps: [Step] = []
        for position in first...prompt.count {
            let candidates = prediction.distribution.mostProbable(5)
            let scores = session.relevance(of: candidates, prediction)[0]
            let compared = tokens?[steps.count] ?? candidates
            steps.append(
                Step(
                    choice: candidates[scores.indexOfLargest], tokens: compared,
                    scores: session.relevance(of: compared, prediction)[0]))
            if position < prompt.count { prediction = try session.append([prompt[position]]) }
        }
        return steps
    }
}
