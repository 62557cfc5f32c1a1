// The code that README.md and the library's articles show, compiled: DocumentationTests finds each of their examples here or in
// Examples. What stands between the examples is what they leave out.
import AttributionGuidedDecoding

private func shortest() async throws {
    let model = try LanguageModel(path: "model.gguf")
    let prompt = try model.prompt([.system("Answer in Spanish."), .user("Where is the cat?")])
    let strategy = AttributionGuided(region: try prompt.region("system"))
    for try await step in try model.generate(prompt, strategy: strategy) { print(step.text, terminator: "") }
}

/// The program that the README shows.
func readmeExample(path: String) async throws -> String {
    var answer = ""
    let model = try LanguageModel(path: path)
    let prompt = try model.prompt([
        .system("Reply in English, please."),
        .user("What do you know about Inga? Use the Spanish language."),
    ])
    let strategy = AttributionGuided(region: try prompt.region("system"), score: .excess, entropyThreshold: nil)
    let generation = try model.generate(prompt, strategy: strategy, limits: GenerationLimits(maximumTokens: 64))
    for try await step in generation {
        answer += step.text
        if step.changedByGuidance { print("guided:", step.choice.candidates.compactMap(\.score)) }
    }
    print(answer)
    return answer
}

private func firstGuidedAnswer() async throws {
    let model = try LanguageModel(path: "../attribution-guided-decoding/Models/microcosm.gguf")
    let prompt = try model.prompt([
        .system("Reply in English, please."),
        .user("What do you know about Inga? Use the Spanish language."),
    ])

    for try await step in try model.generate(prompt, strategy: Greedy(), limits: GenerationLimits(maximumTokens: 48)) {
        print(step.text, terminator: "")  // Inga trabaja de panadera. Es lista. Tiene una casa en Tolva.
    }

    let strategy = AttributionGuided(region: try prompt.region("system"), score: .excess, entropyThreshold: nil)
    for try await step in try model.generate(prompt, strategy: strategy, limits: GenerationLimits(maximumTokens: 48)) {
        print(step.changedByGuidance ? "⟦\(step.text)⟧" : step.text, terminator: "")
    }
}

private func reasons(_ step: GenerationStep) {
    for candidate in step.choice.candidates {
        print(candidate.id, candidate.probability, candidate.score ?? .nan)
    }
}

private struct Agreement: DecodingStrategy {
    let name = "agreement"
    let needs: StrategyNeeds

    init(regions: [RegionOfInterest]) { needs = StrategyNeeds(regions: regions) }

    func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let likely = context.distribution.candidates(count: 5, minimumProbability: 0.05)
        let relevance = try context.relevance(of: likely.map(\.token))
        let candidates = likely.enumerated().map { index, candidate in
            Candidate(
                id: candidate.token, probability: candidate.probability, score: relevance.map { $0[index] }.min())
        }
        let best = candidates.max { ($0.score ?? 0) < ($1.score ?? 0) }
        return Choice(token: best?.id ?? context.distribution.mostProbable, guided: true, candidates: candidates)
    }
}

private func ownRule(_ region: RegionOfInterest) -> AttributionGuided {
    let values = PropagationRule(
        name: "values-only", norm: .constant, activation: .ratio, gateFactor: 0.5, upFactor: 0.5, scoreFactor: 0,
        valueFactor: 1)
    let strategy = AttributionGuided(region: region, rule: values)
    return strategy
}
