// A strategy of one's own, which never writes the same three tokens twice: swift run OwnStrategy [MODEL]
import AttributionGuidedDecoding

/// Takes the most probable token that doesn't end a triple of tokens which is already there.
struct WithoutRepetition: DecodingStrategy {
    let name = "without-repetition"

    func choose(_ context: borrowing DecodingContext) -> Choice {
        let tokens = context.tokens
        func repeats(_ token: Int) -> Bool {
            guard tokens.count > 2 else { return false }
            let triple = tokens.suffix(2) + [token]
            return (0...tokens.count - 3).contains { tokens[$0..<$0 + 3].elementsEqual(triple) }
        }
        let candidates = context.distribution.mostProbable(8).map { token in
            Candidate(id: token, probability: Double(context.distribution.probabilities[token]))
        }
        let new = candidates.first { !repeats($0.id) }
        return Choice(token: new?.id ?? context.distribution.mostProbable, guided: new != nil, candidates: candidates)
    }
}

let model = try LanguageModel(path: CommandLine.arguments.dropFirst().first ?? "Models/microcosm.gguf")
let prompt = try model.prompt([.user("What do you know about Inga?")])
let limits = GenerationLimits(maximumTokens: 80, ignoresEndOfGeneration: true)
for strategy in [Greedy(), WithoutRepetition()] as [any DecodingStrategy] {
    print("\(strategy.name): ", terminator: "")
    for try await step in try model.generate(prompt, strategy: strategy, limits: limits) {
        print(step.text, terminator: "")
    }
    print()
}
