import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("A decoding method is a value that holds the settings it obeys, and no others")
struct DecodingMethodTests {
    /// One of each option, none at its standard.
    private static func options(_ names: Set<DecodingOptions.Name>) -> DecodingOptions {
        var options = DecodingOptions()
        for name in names {
            switch name {
            case .rule: options.rule = .inputTimesGradient
            case .score: options.score = .excess
            case .entropyThreshold: options.entropyThreshold = .nats(0.5)
            case .candidates: options.candidates = 3
            case .minimumProbability: options.minimumProbability = 0.25
            case .tangents: options.tangents = .whenAsked
            case .lambda: options.lambda = 2
            case .plausibility: options.plausibility = 0.5
            case .temperature: options.temperature = 0.5
            case .topK: options.topK = 7
            case .topP: options.topP = 0.5
            case .minP: options.minP = 0.125
            case .seed: options.seed = .max
            case .alpha: options.alpha = 0.5
            case .layers: options.layers = .layers([0, 2])
            case .repetitionPenalty: options.repetitionPenalty = 1.5
            }
        }
        return options
    }

    @Test("What a method obeys changes it; anything else is refused by name", arguments: DecodingMethod.Name.allCases)
    func options(name: DecodingMethod.Name) throws {
        let standard = try DecodingMethod(name)
        #expect(standard.name == name)
        for option in DecodingOptions.Name.allCases {
            let given = Self.options([option])
            #expect(given.given == [option])
            if name.options.contains(option) {
                #expect(try DecodingMethod(name, given) != standard, "\(option)")
            } else {
                #expect(throws: DecodingOptionError.withoutEffect(option, on: name)) {
                    try DecodingMethod(name, given)
                }
            }
        }
    }

    @Test("It comes back from its own data as it was", arguments: DecodingMethod.Name.allCases)
    func coding(name: DecodingMethod.Name) throws {
        let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
        encoder.keyEncodingStrategy = .convertToSnakeCase
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var ungated = DecodingOptions()
        if name.options.contains(.entropyThreshold) { ungated.entropyThreshold = .off }
        for options in [DecodingOptions(), Self.options(name.options), ungated] {
            let method = try DecodingMethod(name, options)
            #expect(try decoder.decode(DecodingMethod.self, from: encoder.encode(method)) == method)
        }
    }

    @Test(
        "What older run files hold of methods is read as the same methods",
        arguments: [
            ("{\"strategy\":\"greedy\",\"candidates\":5,\"rule\":\"attnlrp\",\"alpha\":1}", .greedy),
            (
                "{\"strategy\":\"agd\",\"rule\":\"ixg\",\"score\":\"excess\",\"candidates\":5,\"minimum_probability\":0.05,\"seed\":0,\"dola_layers\":\"high\",\"lambda\":1}",
                .guided(Guidance(rule: .inputTimesGradient, score: .excess, entropyThreshold: nil))
            ),
            (
                "{\"strategy\":\"agd-reverse\",\"candidates\":3,\"minimum_probability\":0,\"entropy_threshold\":1.5}",
                .guided(
                    Guidance(
                        entropyThreshold: 1.5,
                        choice: .bestByReverse(CandidateRule(count: 3, minimumProbability: 0))))
            ),
            ("{\"strategy\":\"cad\",\"alpha\":0.5,\"plausibility\":0.3}", .contextAware(alpha: 0.5)),
            (
                "{\"strategy\":\"dola\",\"dola_layers\":\"0,2\",\"repetition_penalty\":1.2}",
                .layerContrast(layers: .layers([0, 2]), plausibility: 0.1, repetitionPenalty: 1.2)
            ),
            ("{\"strategy\":\"sample\",\"seed\":0,\"alpha\":1}", .sample(Sampling.Options())),
        ] as [(String, DecodingMethod)])
    func olderFiles(text: String, method: DecodingMethod) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        #expect(try decoder.decode(DecodingMethod.self, from: Data(text.utf8)) == method)
    }

    @Test("Values out of range are refused by name")
    func ranges() {
        func invalid(_ name: DecodingMethod.Name, _ change: (inout DecodingOptions) -> Void) {
            var options = DecodingOptions()
            change(&options)
            #expect(throws: DecodingOptionError.self) { try DecodingMethod(name, options) }
        }
        invalid(.agd) { $0.candidates = 0 }
        invalid(.agd) { $0.minimumProbability = .nan }
        invalid(.agd) { $0.entropyThreshold = .nats(.infinity) }
        invalid(.sample) { $0.temperature = -1 }
        invalid(.sample) { $0.topP = 2 }
        invalid(.cad) { $0.alpha = .infinity }
        invalid(.agdBlend) { $0.lambda = .nan }
        invalid(.dola) { $0.plausibility = 0 }
        invalid(.dola) { $0.repetitionPenalty = 0 }
    }

    @Test("Decorators hand on all that a strategy needs")
    func needs() throws {
        let model = try Oracle.model("llama")
        let needs = StrategyNeeds(
            regions: [.allTokens], rule: .cpLRP, tangents: .whenAsked, earlyLayers: [0],
            companionPrompt: try model.prompt(tokens: [1]))
        struct Needy: DecodingStrategy {
            let name = "needy"
            let needs: StrategyNeeds
            func choose(_ context: borrowing DecodingContext) -> Choice {
                Choice(token: 0, guided: false, candidates: [])
            }
        }
        let dictated = Dictated([1], adviser: Needy(needs: needs)).needs
        #expect(dictated.regions == needs.regions)
        #expect(dictated.rule == needs.rule)
        #expect(dictated.tangents == needs.tangents)
        #expect(dictated.earlyLayers == [0])
        #expect(dictated.companionPrompt?.tokens == [1])
    }
}

@Suite("A strategy of one's own is called as it is told to be")
struct StrategyContractTests {
    /// Chooses tokens by counting, and fails when it is told to.
    private struct Counting: DecodingStrategy {
        struct Failure: Error {}
        let name = "counting"
        var failsAt = Int.max
        private var count = 0

        init(failsAt: Int = .max) { self.failsAt = failsAt }

        mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
            if count == failsAt { throw Failure() }
            defer { count += 1 }
            return Choice(token: count, guided: false, candidates: [])
        }
    }

    @Test("It is asked once a token and keeps its state, of which another generation sees nothing")
    func state() async throws {
        let model = try Oracle.model("llama")
        let strategy = Counting()
        for _ in 0..<2 {
            var tokens: [Int] = []
            for try await step in try model.generate(
                model.prompt(tokens: [1, 2]), strategy: strategy,
                limits: GenerationLimits(maximumTokens: 4, ignoresEndOfGeneration: true),
                options: GenerationTests.options)
            { tokens.append(step.token) }
            #expect(tokens == [0, 1, 2, 3])
        }
    }

    @Test("Its error ends the generation, and the session works on")
    func failure() async throws {
        let model = try Oracle.model("llama")
        let session = try Session(model, options: GenerationTests.options)
        let prompt = try model.prompt(tokens: [1, 2])
        var steps = try session.generate(prompt, strategy: Counting(failsAt: 2)).makeAsyncIterator()
        #expect(try await steps.next()?.token == 0)
        #expect(try await steps.next()?.token == 1)
        await #expect(throws: Counting.Failure.self) { try await steps.next() }
        #expect(try await steps.next() == nil)
        var again = try session.generate(prompt, strategy: Counting()).makeAsyncIterator()
        #expect(try await again.next()?.token == 0)
    }

    @Test("A token that the vocabulary lacks is its error, not the end of the program")
    func foreignToken() async throws {
        struct Foreign: DecodingStrategy {
            let name = "foreign"
            func choose(_ context: borrowing DecodingContext) -> Choice {
                Choice(token: -1, guided: false, candidates: [])
            }
        }
        let model = try Oracle.model("llama")
        var steps = try model.generate(
            model.prompt(tokens: [1]), strategy: Foreign(), options: GenerationTests.options
        ).makeAsyncIterator()
        await #expect(throws: GenerationError.self) { try await steps.next() }
    }
}
