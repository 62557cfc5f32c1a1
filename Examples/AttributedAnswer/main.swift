// What each token of an answer rests on: swift run AttributedAnswer [MODEL]
import AttributionGuidedDecoding

let model = try LanguageModel(path: CommandLine.arguments.dropFirst().first ?? "Models/microcosm.gguf")
let prompt = try model.prompt([
    .system("Reply in English, please."),
    .user("What do you know about Inga?"),
])
var steps: [GenerationStep] = []
for try await step in try model.generate(
    prompt, strategy: Greedy(), limits: GenerationLimits(maximumTokens: 16))
{
    steps.append(step)
}

// The sequence is read once, and the relevance of each token's logit sent back to everything before it.
let tokens = prompt.tokens + steps.map(\.token)
let targets = steps.indices.map { AttributionTarget(token: steps[$0].token, position: prompt.tokens.count - 1 + $0) }
let attributions = try ReverseAttribution(model, tokens: tokens).attribute(targets)

let text = { (token: Int) in (model.tokenizer?.text(of: token) ?? "\(token)").debugDescription }
let system = try prompt.region("system")
for attribution in attributions {
    let most = attribution.tokens.indices.sorted { attribution.tokens[$0] > attribution.tokens[$1] }.prefix(3)
    let share = attribution.relevance(of: system) / attribution.logit
    print(
        text(attribution.target.token), "rests on", most.map { text(tokens[$0]) }.joined(separator: ", "),
        "and with \((100 * share).rounded()) % of its logit on the system message")
}
