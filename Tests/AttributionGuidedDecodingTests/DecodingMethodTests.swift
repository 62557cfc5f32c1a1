import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("A decoding method is a value that holds the settings it obeys, and no others")
struct DecodingMethodTests {
    /// A value of each option, none at its standard.
    private static let values = [
        "rule": "ixg", "score": "excess", "entropyThreshold": "0.5", "candidates": "3", "minimumProbability": "0.25",
        "tangents": "deferred", "lambda": "2.0", "plausibility": "0.25", "temperature": "0.5", "topK": "7",
        "topP": "0.5",
        "minP": "0.125", "seed": "\(UInt64.max)", "alpha": "0.5", "dolaLayers": "0,2", "repetitionPenalty": "1.5",
        "minimumAlpha": "0.25", "gamma": "2.0", "strength": "3.0", "pick": "second",
        "generated": "share", "multiplier": "7.0", "beta": "20.0", "decay": "0.5", "scale": "0.5",
        "keyFactor": "20.0",
    ]

    @Test("Every option has a value to be tested with, and the same description in every method that has it")
    func table() {
        #expect(Set(DecodingMethod.options.map(\.name)) == Set(Self.values.keys))
        #expect(Set(DecodingMethod.kinds).count == DecodingMethod.kinds.count)
        for option in DecodingMethod.kinds.flatMap(\.options) { #expect(DecodingMethod.options.contains(option)) }
    }

    @Test("What a method obeys changes it; anything else is refused by name", arguments: DecodingMethod.kinds)
    func options(kind: DecodingMethod.Kind) throws {
        #expect(try kind.method() == kind.standard && kind.standard.name == kind.name)
        for (option, value) in Self.values {
            if kind.has(option) {
                let method = try kind.method([option: value])
                #expect(method != kind.standard && method.values[option] == value, "\(option)")
            } else {
                #expect(throws: DecodingOptionError.withoutEffect(option: option, method: kind.name)) {
                    try kind.method([option: value])
                }
            }
        }
    }

    @Test("It comes back from its own data as it was", arguments: DecodingMethod.kinds)
    func coding(kind: DecodingMethod.Kind) throws {
        let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
        encoder.keyEncodingStrategy = .convertToSnakeCase
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let all = Self.values.filter { kind.has($0.key) }
        let ungated = kind.has("entropyThreshold") ? ["entropyThreshold": "off"] : [:]
        for given in [[:], all, ungated] {
            let method = try kind.method(given)
            #expect(try decoder.decode(DecodingMethod.self, from: encoder.encode(method)) == method)
        }
    }

    @Test(
        "What older run files hold of methods is read as the same methods",
        arguments: [
            ("{\"strategy\":\"greedy\",\"candidates\":5,\"rule\":\"attnlrp\",\"alpha\":1}", .greedy),
            (
                "{\"strategy\":\"agd\",\"rule\":\"ixg\",\"score\":\"excess\",\"candidates\":5,\"minimum_probability\":0.05,\"seed\":0,\"dola_layers\":\"high\",\"lambda\":1}",
                .guided(.init(Guidance(rule: .inputTimesGradient, score: .excess, entropyThreshold: nil)))
            ),
            (
                "{\"strategy\":\"agd-reverse\",\"candidates\":3,\"minimum_probability\":0,\"entropy_threshold\":1.5}",
                .reverseGuided(
                    .init(
                        Guidance(entropyThreshold: 1.5), candidates: CandidateRule(count: 3, minimumProbability: 0)))
            ),
            ("{\"strategy\":\"cad\",\"alpha\":0.5,\"plausibility\":0.3}", .contextAware(.init(alpha: 0.5))),
            (
                "{\"strategy\":\"dola\",\"dola_layers\":\"0,2\",\"repetition_penalty\":1.2}",
                .layerContrast(.init(layers: .layers([0, 2]), repetitionPenalty: 1.2))
            ),
            ("{\"strategy\":\"sample\",\"seed\":0,\"alpha\":1}", .sample(Sampling.Options())),
        ] as [(String, DecodingMethod)])
    func olderFiles(text: String, method: DecodingMethod) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        #expect(try decoder.decode(DecodingMethod.self, from: Data(text.utf8)) == method)
    }

    @Test(
        "Values out of range are refused by name",
        arguments: [
            ("agd", "candidates", "0"), ("agd", "candidates", "3.5"), ("agd", "minimumProbability", "nan"),
            ("agd", "entropyThreshold", "inf"), ("agd", "entropyThreshold", "low"), ("agd", "rule", "lime"),
            ("sample", "temperature", "-1"), ("sample", "topP", "2"), ("sample", "seed", "-1"), ("cad", "alpha", "inf"),
            ("agd-blend", "lambda", "nan"), ("adacad", "minimumAlpha", "-1"), ("cocoa", "gamma", "inf"),
            ("prompt-strength", "strength", "nan"), ("candidate", "pick", "third"), ("instaboost", "multiplier", "0"),
            ("ihdec", "beta", "-1"), ("ihdec", "decay", "1.5"), ("control-vector", "scale", "nan"),
            ("dola", "plausibility", "0"),
            ("dola", "repetitionPenalty", "0"),
            ("dola", "dolaLayers", "middle"), ("dola", "dolaLayers", ""),
        ])
    func ranges(name: String, option: String, value: String) throws {
        let kind = try #require(DecodingMethod.kind(named: name))
        let error = #expect(throws: DecodingOptionError.self) { try kind.method([option: value]) }
        guard case .invalid(option, let problem) = error else { return #expect(Bool(false), "\(error as Any)") }
        #expect(problem.contains("'\(value)'"))
    }

    @Test("What a program sets out of range is refused before anything is decoded, and a rule of its own is not")
    func programs() throws {
        let model = try Oracle.model("llama")
        let marked = try MarkedPrompt(model.prompt(tokens: [1, 2]), regions: [RegionSpecification("tokens:0")])
        #expect(throws: DecodingOptionError.self) {
            try DecodingMethod.guided(.init(candidates: CandidateRule(count: 0))).decoding(of: marked, with: model)
        }
        let own = PropagationRule(
            name: "own", norm: .constant, activation: .ratio, gateFactor: 0.5, upFactor: 0.5, scoreFactor: 0,
            valueFactor: 1)
        let method = DecodingMethod.guided(.init(Guidance(rule: own)))
        #expect(try method.decoding(of: marked, with: model).strategy.needs.rule == own)
    }

    @Test("Decorators hand on all that a strategy needs")
    func needs() throws {
        let model = try Oracle.model("llama")
        let needs = StrategyNeeds(
            regions: [.allTokens], rule: .cpLRP, tangents: .whenAsked, generated: .share, earlyLayers: [0],
            intervention: .hiding([0]), rereads: true,
            companions: [CompanionSequence(try model.prompt(tokens: [1]), under: .hiding([0]))])
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
        #expect(dictated.generated == .share)
        #expect(dictated.earlyLayers == [0])
        #expect(dictated.intervention == needs.intervention && dictated.rereads)
        #expect(dictated.companions.map(\.prompt.tokens) == [[1]])
        #expect(dictated.companions.map(\.intervention) == [.hiding([0])])
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
