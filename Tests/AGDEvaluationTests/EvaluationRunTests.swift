import AttributionGuidedDecoding
import Foundation
import Testing

@testable import AGDEvaluation
@testable import TestFixtures

@Suite("A run of a benchmark tells what the model said, and how likely that is to it")
struct EvaluationRunTests {
    /// The sample of a method, and the tokens that it chose.
    private static func reply(
        _ method: DecodingMethod, _ model: LanguageModel
    ) async throws -> (sample: Sample, prompt: Prompt, steps: [GenerationStep]) {
        let item = EvaluationItem(
            id: "1", setting: "task", messages: [.system("Reply in English."), .user("What is a wolf?")],
            region: [try RegionSpecification("system")], scoring: .answers(["a"]))
        let (task, output) = (try TemporaryFile("x", name: "task.jsonl"), try TemporaryFile("", name: "run.jsonl"))
        let data = try RunSettings.DataFile(path: task.path)
        let settings = RunSettings(
            benchmark: .task, data: [data], model: data, method: RunMethod(method), maximumTokens: 12, cacheType: "f32")
        var file = try RunFile(resuming: output.path, settings)
        let run = EvaluationRun(model, scorer: ReplyScorer(support: .none), threadCount: 1, cacheType: .float32)
        try await run.run([item], into: &file) { _, _ in }

        let prompt = try item.prompt(item.messages, for: model, date: RunSettings.templateDate)
        let (_, strategy) = try method.decoding(of: MarkedPrompt(prompt, regions: item.region), with: model)
        return (try #require(file.samples.first), prompt, try await steps(prompt, strategy, model))
    }

    private static func steps(
        _ prompt: Prompt, _ strategy: any DecodingStrategy, _ model: LanguageModel, count: Int = 12
    ) async throws -> [GenerationStep] {
        let options = Session.Options(contextLength: 256, threadCount: 1, cacheType: .float32)
        let generation = try Session(model, options: options).generate(
            prompt, strategy: strategy, limits: GenerationLimits(maximumTokens: count))
        var steps: [GenerationStep] = []
        for try await step in generation { steps.append(step) }
        return steps
    }

    @Test(
        "the probability of a reply is that under the model as it is, also where the method changes the model",
        arguments: ["greedy", "cad", "agd", "instaboost", "agd-instaboost"])
    func probability(method name: String) async throws {
        let model = try QuantizedModel.microcosm()
        let method = try #require(DecodingMethod.kind(named: name)).method(
            name.hasSuffix("instaboost") ? ["multiplier": "9"] : [:])
        let (sample, prompt, steps) = try await Self.reply(method, model)
        let said = try await Self.steps(
            prompt, Dictated(steps.map(\.token), adviser: Greedy()), model, count: steps.count)
        let expected = said.reduce(0) { $0 + $1.logProbability }
        #expect(said.map(\.token) == steps.map(\.token) && sample.completionTokens == steps.count)
        #expect(abs(sample.logProbability - expected) < 1e-3)
        let asChosen = steps.reduce(0) { $0 + $1.logProbability }
        #expect((abs(asChosen - expected) > 0.01) == name.hasSuffix("instaboost"))
    }
}
