// A completion that draws on the system message: swift run GuidedAnswer [MODEL]
import AttributionGuidedDecoding

let model = try LanguageModel(path: CommandLine.arguments.dropFirst().first ?? "Models/microcosm.gguf")
let prompt = try model.prompt([
    .system("Reply in English, please."),
    .user("What do you know about Inga? Use the Spanish language."),
])

// What the model likes best at each step, and what it likes enough and draws most on the system message.
let strategies: [any DecodingStrategy] = [
    Greedy(), AttributionGuided(region: try prompt.region("system"), score: .excess, entropyThreshold: nil),
]
for strategy in strategies {
    print("\(strategy.name): ", terminator: "")
    for try await step in try model.generate(prompt, strategy: strategy, limits: GenerationLimits(maximumTokens: 48)) {
        print(step.changedByGuidance ? "⟦\(step.text)⟧" : step.text, terminator: "")
    }
    print()
}
