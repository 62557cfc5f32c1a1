import Foundation
import Testing

@testable import AGDInsight
@testable import AttributionGuidedDecoding
@testable import TestFixtures

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite("Explanations say what reverse mode says")
struct ExplanationTests {
    private static func explanation(_ variant: String = "llama") async throws -> (
        Explanation, [GenerationStep], LanguageModel
    ) {
        let oracle = try Oracle.load(variant)
        let model = try Oracle.model(variant)
        let prompt = try model.prompt(tokens: oracle.prompt)
        let region = try oracle.region("span")
        let strategy = AttributionGuided(region: region, entropyThreshold: nil)
        let generation = try model.generate(
            prompt, strategy: strategy, limits: GenerationLimits(maximumTokens: 4, ignoresEndOfGeneration: true),
            options: Session.Options(contextLength: 128, threadCount: 1, cacheType: .float32))
        var steps: [GenerationStep] = []
        for try await step in generation { steps.append(step) }
        let positions = region.tokens.keys.sorted().map(String.init).joined(separator: ",")
        let explanation = try Explanation(
            steps, after: prompt, by: strategy, model: model, region: region,
            specifications: [RegionSpecification("tokens:\(positions)")], entropyThreshold: 1.5,
            options: Oracle.reverseOptions)
        return (explanation, steps, model)
    }

    @Test("the relevance of a named region is the score that guidance saw")
    func agreesWithScores() async throws {
        let (explanation, steps, _) = try await Self.explanation()
        let part = try #require(explanation.parts.firstIndex { $0.name.hasPrefix("tokens:") })
        for (explained, step) in zip(explanation.steps, steps) {
            let chosen = try #require(step.choice.candidates.first { $0.id == step.token })
            let scale = explained.relevance.largestMagnitude
            #expect(abs(explained.parts[part] - (try #require(chosen.relevance))) < 1e-3 * scale)
            #expect(explained.relevance.count == step.position)
        }
    }

    @Test("parts that cover everything carry all the relevance")
    func partsAddUp() async throws {
        let (explanation, _, _) = try await Self.explanation()
        let disjoint = explanation.parts.indices.filter { !explanation.parts[$0].name.hasPrefix("tokens:") }
        for step in explanation.steps {
            let sum = disjoint.reduce(0) { $0 + step.parts[$1] }
            #expect(abs(sum - step.relevance.reduce(0, +)) < 1e-9 * max(1, step.relevance.largestMagnitude))
        }
    }

    @Test("the page holds the data, asks for nothing from elsewhere, and no token ends its script")
    func page() async throws {
        var (explanation, _, _) = try await Self.explanation()
        explanation.tokens[0].text = "</script><b>{{data}}"
        let page = try explanation.html()
        #expect(!page.contains("</script><b>"))
        #expect(page.ranges(of: "</script>").count == 2)
        let links = page.ranges(of: /(src|href)=|url\(|https?:\/\/[^ "]*/).map { String(page[$0]) }
        #expect(Set(links).isSubset(of: ["http://www.w3.org/2000/svg", "url("]))
        #expect(page.ranges(of: /url\((?!#)/).isEmpty)

        let start = try #require(page.firstRange(of: "type=\"application/json\">")).upperBound
        let end = try #require(page[start...].firstRange(of: "</script>")).lowerBound
        let data = try #require(try JSONSerialization.jsonObject(with: Data(page[start..<end].utf8)) as? [String: Any])
        let tokens = try #require(data["tokens"] as? [[String: Any]])
        #expect(tokens.count == explanation.tokens.count)
        #expect(tokens[0]["text"] as? String == "</script><b>{{data}}")
        #expect((data["steps"] as? [[String: Any]])?.count == 4)
    }

    @Test("the plot is well-formed, for one token and for all", arguments: [nil, 0, 3] as [Int?])
    func plot(step: Int?) async throws {
        var (explanation, _, _) = try await Self.explanation()
        explanation.tokens[1].text = "<&\"\u{1}\n"
        let parser = XMLParser(data: Data(explanation.svg(step: step).utf8))
        #expect(parser.parse())
    }

    @Test("text shows each token once, with numbers where there is no colour")
    func text() async throws {
        let (explanation, _, _) = try await Self.explanation()
        let plain = explanation.text(step: 1, inColor: false)
        #expect(!plain.contains("\u{1B}"))
        #expect(plain.contains("(+100)") || plain.contains("(−100)"))
        #expect(plain.contains("⟦"))
        #expect(explanation.text(step: 1).contains("\u{1B}[48;2;"))
    }

    @Test("a dictated answer is said, and judged by the adviser")
    func dictated() async throws {
        let oracle = try Oracle.load("llama")
        let model = try Oracle.model("llama")
        let generation = try model.generate(
            model.prompt(tokens: oracle.prompt), strategy: Dictated([7, 8, 9], adviser: Greedy()),
            limits: GenerationLimits(maximumTokens: 3, ignoresEndOfGeneration: true))
        var tokens: [Int] = []
        for try await step in generation { tokens.append(step.token) }
        #expect(tokens == [7, 8, 9])
    }

    @Test("the contrast of candidates tells their region scores, layer by layer")
    func contrast() async throws {
        let oracle = try Oracle.load("llama")
        let (_, steps, model) = try await Self.explanation()
        let contrast = try Contrast(
            steps, after: model.prompt(tokens: oracle.prompt), region: oracle.region("span"), rule: .attnLRP,
            model: model,
            options: Oracle.reverseOptions)
        #expect(contrast.steps.count == steps.count { $0.choice.candidates.count > 1 })
        for (step, original) in zip(contrast.steps, steps.filter { $0.choice.candidates.count > 1 }) {
            #expect(step.candidates.filter(\.isChosen).map(\.id) == [original.token])
            for (candidate, reference) in zip(step.candidates, original.choice.candidates) {
                let scale = max(1e-3, step.candidates.map(\.relevance).largestMagnitude)
                #expect(abs(candidate.relevance - (reference.relevance ?? .nan)) < 1e-2 * scale)
                #expect(abs(candidate.byLayer[0] - candidate.relevance) < 1e-9)
            }
        }
    }
}
