import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

/// What CAD, AdaCAD, CoCoA and DoLa decode according to HuggingFace; `Tools/oracle/contrast.py` makes the file.
struct ContrastOracle: Decodable {
    struct CAD: Decodable {
        var alpha: Double
        var without, tokens: [Int]
    }
    struct AdaCAD: Decodable {
        var minimumAlpha: Double
        var without, tokens: [Int]
    }
    struct CoCoA: Decodable {
        var gamma: Double
        var without, tokens: [Int]
    }
    struct DoLa: Decodable {
        var layers: String
        var repetitionPenalty: Double
        var tokens: [Int]
    }
    var prompt: [Int]
    var cad: [CAD]
    var adacad: [AdaCAD]
    var cocoa: [CoCoA]
    var dola: [DoLa]

    static let variants = ["llama", "llama31", "qwen2"]

    static func load(_ variant: String) throws -> ContrastOracle {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let all = try decoder.decode(
            [String: ContrastOracle].self, from: Data(contentsOf: Oracle.directory.appending(path: "contrast.json")))
        return try #require(all[variant])
    }
}

@Suite("The methods to compare with do what their authors' code does")
struct ContrastTests {
    private static let options = Session.Options(contextLength: 128, threadCount: 1, cacheType: .float32)

    private static func decode(
        _ model: LanguageModel, _ prompt: Prompt, _ strategy: any DecodingStrategy, count: Int
    ) async throws -> [Int] {
        let generation = try model.generate(
            prompt, strategy: strategy,
            limits: GenerationLimits(maximumTokens: count, ignoresEndOfGeneration: true), options: options)
        var tokens: [Int] = []
        for try await step in generation { tokens.append(step.token) }
        return tokens
    }

    @Test("CAD chooses what both sequences' logits from HuggingFace say", arguments: ContrastOracle.variants)
    func cad(variant: String) async throws {
        let (oracle, model) = (try ContrastOracle.load(variant), try Oracle.model(variant))
        let prompt = try model.prompt(tokens: oracle.prompt)
        for reference in oracle.cad {
            let strategy = ContextAware(
                without: try model.prompt(tokens: reference.without), alpha: reference.alpha)
            let tokens = try await Self.decode(model, prompt, strategy, count: reference.tokens.count)
            #expect(tokens == reference.tokens, "alpha \(reference.alpha)")
        }
    }

    @Test("AdaCAD chooses what both sequences' logits say", arguments: ContrastOracle.variants)
    func adacad(variant: String) async throws {
        let (oracle, model) = (try ContrastOracle.load(variant), try Oracle.model(variant))
        let prompt = try model.prompt(tokens: oracle.prompt)
        for reference in oracle.adacad {
            let strategy = AdaptiveContextAware(
                without: try model.prompt(tokens: reference.without), minimumAlpha: reference.minimumAlpha)
            let tokens = try await Self.decode(model, prompt, strategy, count: reference.tokens.count)
            #expect(tokens == reference.tokens, "alpha of at least \(reference.minimumAlpha)")
        }
    }

    @Test("CoCoA chooses what both sequences' logits say", arguments: ContrastOracle.variants)
    func cocoa(variant: String) async throws {
        let (oracle, model) = (try ContrastOracle.load(variant), try Oracle.model(variant))
        let prompt = try model.prompt(tokens: oracle.prompt)
        for reference in oracle.cocoa {
            let strategy = ConfidenceContextAware(
                without: try model.prompt(tokens: reference.without), gamma: reference.gamma)
            let tokens = try await Self.decode(model, prompt, strategy, count: reference.tokens.count)
            #expect(tokens == reference.tokens, "gamma \(reference.gamma)")
        }
    }

    @Test("system prompt strength is CAD's alpha and one, against another prompt")
    func promptStrength() async throws {
        let (oracle, model) = (try ContrastOracle.load("llama"), try Oracle.model("llama"))
        let prompt = try model.prompt(tokens: oracle.prompt)
        for reference in oracle.cad {
            let strategy = SystemPromptStrength(
                default: try model.prompt(tokens: reference.without), strength: 1 + reference.alpha)
            #expect(
                try await Self.decode(model, prompt, strategy, count: reference.tokens.count) == reference.tokens)
        }
    }

    @Test("the prompt without the region lacks its tokens", arguments: ContrastOracle.variants)
    func without(variant: String) throws {
        let (oracle, model) = (try ContrastOracle.load(variant), try Oracle.model(variant))
        let positions = try Oracle.load(variant).rois.span.positions.map(String.init).joined(separator: ",")
        let edited = try model.prompt(
            model.prompt(tokens: oracle.prompt), .remove, of: [RegionSpecification("tokens:" + positions)])
        #expect(edited.tokens == oracle.cad[0].without)
    }

    @Test("DoLa chooses what HuggingFace's dola_layers chooses", arguments: ContrastOracle.variants)
    func dola(variant: String) async throws {
        let (oracle, model) = (try ContrastOracle.load(variant), try Oracle.model(variant))
        let prompt = try model.prompt(tokens: oracle.prompt)
        for reference in oracle.dola {
            let layers: LayerContrast.Layers =
                switch reference.layers {
                case "low": .low
                case "high": .high
                default: .layers(reference.layers.split(separator: ",").compactMap { Int($0) })
                }
            let strategy = try LayerContrast(model, layers: layers, repetitionPenalty: reference.repetitionPenalty)
            let tokens = try await Self.decode(model, prompt, strategy, count: reference.tokens.count)
            #expect(tokens == reference.tokens, "layers \(reference.layers), penalty \(reference.repetitionPenalty)")
        }
    }

    @Test("DoLa's layers are every second one of a half")
    func layers() {
        #expect(LayerContrast.layers(.low, layerCount: 32, isTied: false) == [0, 2, 4, 6, 8, 10, 12, 14])
        #expect(LayerContrast.layers(.low, layerCount: 16, isTied: true) == [2, 4, 6])
        #expect(LayerContrast.layers(.high, layerCount: 16, isTied: true) == [8, 10, 12, 14])
        #expect(LayerContrast.layers(.high, layerCount: 48, isTied: false).first == 28)
        #expect(LayerContrast.layers(.low, layerCount: 48, isTied: false).last == 18)
        #expect(LayerContrast.layers(.low, layerCount: 2, isTied: true) == [1])
    }

    @Test("a layer that the model doesn't have is an error")
    func noSuchLayer() throws {
        let model = try Oracle.model("llama")
        #expect(throws: DecodingOptionError.self) { try LayerContrast(model, layers: .layers([99])) }
        #expect(throws: DecodingOptionError.self) { try LayerContrast(model, layers: .layers([])) }
    }

    @Test("guidance among a contrast's candidates is CAD while its gate is shut", arguments: ContrastOracle.variants)
    func contrastGuidedShut(variant: String) async throws {
        let (oracle, model) = (try ContrastOracle.load(variant), try Oracle.model(variant))
        let prompt = try model.prompt(tokens: oracle.prompt)
        let guided = AttributionGuided(region: RegionOfInterest(tokens: [3: 1]), entropyThreshold: 1000)
        for reference in oracle.cad {
            let strategy = ProposalGuided(
                guided,
                among: ContextAware(without: try model.prompt(tokens: reference.without), alpha: reference.alpha))
            let tokens = try await Self.decode(model, prompt, strategy, count: reference.tokens.count)
            #expect(tokens == reference.tokens, "alpha \(reference.alpha)")
        }
    }

    @Test("without contrast it is guidance", arguments: AttributionGuided.Score.allCases)
    func contrastGuidedNeutral(score: AttributionGuided.Score) async throws {
        let (oracle, model) = (try ContrastOracle.load("llama"), try Oracle.model("llama"))
        let prompt = try model.prompt(tokens: oracle.prompt)
        let guided = AttributionGuided(
            region: RegionOfInterest(tokens: [3: 1, 4: 1]), score: score,
            candidates: CandidateRule(minimumProbability: 0), entropyThreshold: nil)
        let hybrid = ProposalGuided(
            guided, among: ContextAware(without: try model.prompt(tokens: oracle.cad[0].without), alpha: 0))
        let expected = try await Self.decode(model, prompt, guided, count: 12)
        #expect(try await Self.decode(model, prompt, hybrid, count: 12) == expected)
        #expect(try await Self.decode(model, prompt, Greedy(), count: 12) != expected)
    }

    @Test("its candidates are the contrast's, of which relevance takes one")
    func contrastGuidedCandidates() throws {
        func distribution(_ logits: [Float]) -> Distribution {
            Distribution(logits: logits, probabilities: logits.map { _ in 0 }).edited { _ in }
        }
        let with = distribution([4, 3, 2, -Float.greatestFiniteMagnitude])
        // The contrast's logits are 2, 4, 4.5.
        let without = distribution([6, 2, -0.5, 9])
        var strategy = ProposalGuided(
            AttributionGuided(
                region: RegionOfInterest(tokens: [0: 1]), candidates: CandidateRule(count: 2), entropyThreshold: nil),
            among: ContextAware(without: try Oracle.model("llama").prompt(tokens: [1])))
        let choice = try strategy.choose(
            DecodingContext(distribution: with, companions: [without]) { tokens in
                [tokens.map { [0: 9, 1: 2, 2: 1, 3: 99][$0] ?? 0 }]
            })
        #expect(choice.candidates.map(\.id) == [2, 1])
        #expect(choice.token == 1)
    }

    @Test("without contrast, CAD and blended guidance are greedy")
    func neutral() async throws {
        let (oracle, model) = (try ContrastOracle.load("llama"), try Oracle.model("llama"))
        let prompt = try model.prompt(tokens: oracle.prompt)
        let region = RegionOfInterest(tokens: [3: 1, 4: 1])
        let greedy = try await Self.decode(model, prompt, Greedy(), count: 8)
        let cad = ContextAware(without: try model.prompt(tokens: oracle.cad[0].without), alpha: 0)
        #expect(try await Self.decode(model, prompt, cad, count: 8) == greedy)
        let blend = BlendedGuidance(AttributionGuided(region: region, entropyThreshold: nil), lambda: 0)
        #expect(try await Self.decode(model, prompt, blend, count: 8) == greedy)
    }

    @Test("blended guidance lifts a token that a top-k leaves out, as far as lambda allows")
    func lifts() throws {
        let logits: [Float] = [2, 1.9, 1.8, 1.7, 1.6, 1.5]
        let weights = logits.map { exp(Double($0)) }
        let sum = weights.reduce(0, +)
        let distribution = Distribution(logits: logits, probabilities: weights.map { Float($0 / sum) })
        func choice(lambda: Double) throws -> Int {
            var blend = BlendedGuidance(
                AttributionGuided(region: RegionOfInterest(tokens: [0: 1]), entropyThreshold: nil), lambda: lambda)
            return try blend.choose(
                DecodingContext(distribution: distribution) { tokens in [tokens.map { $0 == 5 ? 1 : 0 }] }
            ).token
        }
        // The token's z is (1 - 1/6) / sqrt(5/36) = 2.236, the others' is -0.447; 0.5 nats are to be made up for.
        #expect(try choice(lambda: 0.18) == 0)
        #expect(try choice(lambda: 0.19) == 5)
    }
}
