import Foundation
import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

extension Session {
    /// So many steps, ends of generation counting as any other token.
    fileprivate nonisolated func steps(
        _ prompt: Prompt, _ strategy: any DecodingStrategy, count: Int
    ) async throws -> [GenerationStep] {
        let generation = try generate(
            prompt, strategy: strategy,
            limits: GenerationLimits(maximumTokens: count, ignoresEndOfGeneration: true))
        var steps: [GenerationStep] = []
        for try await step in generation { steps.append(step) }
        return steps
    }
}

extension InterventionOracle.Hierarchy {
    /// Positions of what each role says.
    fileprivate var positions: [InstructionHierarchy.Role: [Int]] {
        get throws {
            Dictionary(
                uniqueKeysWithValues: try roles.map {
                    (try #require(InstructionHierarchy.Role(rawValue: $0.key)), $0.value)
                })
        }
    }
}

/// Decodes by methods that act inside the model: alone, beside others in a batch, and in caches that others have used.
private struct Trial {
    private static let options = Session.Options(contextLength: 128, threadCount: 1, cacheType: .float32)
    let model: LanguageModel
    let prompt: Prompt
    private let session: Session
    private let greedy: [Int]
    private let guided = AttributionGuided(
        region: RegionOfInterest(tokens: [3: 1, 4: 1, 8: -1]), entropyThreshold: nil)

    init(_ variant: String) async throws {
        model = try Oracle.model(variant)
        prompt = try model.prompt(tokens: InterventionOracle.load(variant).prompt)
        session = try Session(model, options: Self.options)
        greedy = try await session.steps(prompt, Greedy(), count: 12).map(\.token)
    }

    /// The steps alone, after it is known that all ways lead to the same.
    func steps(_ strategy: any DecodingStrategy) async throws -> [GenerationStep] {
        let alone = try await session.steps(prompt, strategy, count: 12)
        #expect(try await session.steps(prompt, Greedy(), count: 12).map(\.token) == greedy)
        #expect(try await session.steps(prompt, strategy, count: 12).map(\.token) == alone.map(\.token))
        let batch = try DecodingBatch(model, options: Self.options)
        let (prompt, guided) = (prompt, guided)
        async let own = Session(batch).steps(prompt, strategy, count: 12)
        async let other = Session(batch).steps(prompt, Greedy(), count: 12)
        async let third = Session(batch).steps(prompt, guided, count: 12)
        #expect(try await own.map(\.token) == alone.map(\.token))
        #expect(try await other.map(\.token) == greedy)
        _ = try await third
        return alone
    }
}

@Suite("Methods that act inside the model decode what HuggingFace's model does where the same is done to it")
struct InterventionMethodTests {
    private static func region(_ positions: [Int]) -> RegionOfInterest {
        RegionOfInterest(tokens: Dictionary(uniqueKeysWithValues: positions.map { ($0, 1) }))
    }

    @Test("InstABoost: attention weights are multiplied and normalised again", arguments: InterventionOracle.variants)
    func instaboost(variant: String) async throws {
        let (oracle, trial) = (try InterventionOracle.load(variant), try await Trial(variant))
        for boost in oracle.instaboost {
            let strategy = AttentionBoost(to: Self.region(boost.positions), multiplier: boost.multiplier)
            #expect(try await trial.steps(strategy).map(\.token) == boost.tokens, "M \(boost.multiplier)")
        }
    }

    @Test("IHDec: roles that outweigh those above them are contrasted away", arguments: InterventionOracle.variants)
    func ihdec(variant: String) async throws {
        let (oracle, trial) = (try InterventionOracle.load(variant), try await Trial(variant))
        for reference in oracle.ihdec {
            let steps = try await trial.steps(
                InstructionHierarchy(
                    trial.prompt, positions: try reference.positions, beta: reference.beta, decay: reference.decay))
            #expect(steps.map(\.token) == reference.tokens, "\(reference.roles.keys.sorted())")
            #expect(steps.map(\.choice.guided) == reference.corrected)
        }
    }

    @Test(
        "DIRECTER: the region's keys are scaled as far as the token stays plausible",
        arguments: InterventionOracle.variants)
    func directer(variant: String) async throws {
        let (oracle, trial) = (try InterventionOracle.load(variant), try await Trial(variant))
        for reference in oracle.directer {
            let steps = try await trial.steps(
                DynamicKeyScaling(
                    to: Self.region(reference.positions), trial.model, factor: reference.factor,
                    plausibility: reference.plausibility))
            #expect(steps.map(\.token) == reference.tokens, "factor \(reference.factor)")
            #expect(steps.map(\.choice.guided) == reference.layers.map { $0 > 0 })
        }
    }

    @Test(
        "a control vector is added behind its layers, at all positions",
        arguments: InterventionOracle.variants)
    func controlVector(variant: String) async throws {
        let (oracle, trial) = (try InterventionOracle.load(variant), try await Trial(variant))
        for reference in oracle.control {
            let directions = reference.layers.enumerated().map { index, layer in
                RegionOfInterest.Direction(
                    layer: layer,
                    vector: InterventionOracle.direction(index, trial.model.configuration.embeddingLength))
            }
            let strategy = ControlVector(
                Dictionary(uniqueKeysWithValues: directions.map { ($0, 1) }), scale: reference.scale)
            #expect(try await trial.steps(strategy).map(\.token) == reference.tokens, "times \(reference.scale)")
        }
    }

    @Test("roles are found in a conversation; with one alone there is no hierarchy")
    func roles() throws {
        let model = try QuantizedModel.microcosm()
        let prompt = try model.prompt([.system("Reply in English."), .user("What is a wolf?")])
        let positions = try model.rolePositions(of: prompt)
        #expect(positions.keys.count == 2)
        #expect(try positions[.system] == prompt.region("system").tokens.keys.sorted())
        #expect(try positions[.user] == prompt.region("user").tokens.keys.sorted())
        #expect(throws: PromptError.noHierarchy) { try model.rolePositions(of: model.prompt([.user("A cat.")])) }
        #expect(throws: PromptError.noHierarchy) { try model.rolePositions(of: model.prompt(text: "A cat.")) }
    }

    @Test("what does nothing is greedy")
    func neutral() async throws {
        let trial = try await Trial("llama")
        let greedy = try await trial.steps(Greedy()).map(\.token)
        let vector = RegionOfInterest.Direction(
            layer: 0, vector: InterventionOracle.direction(0, trial.model.configuration.embeddingLength))
        for strategy in [
            AttentionBoost(to: Self.region([3, 4]), multiplier: 1), ControlVector([vector: 1], scale: 0),
            InstructionHierarchy(trial.prompt, positions: [.system: [1, 2], .user: [5, 6]], beta: 0),
            DynamicKeyScaling(to: Self.region([3, 4]), trial.model, factor: 1),
        ] as [any DecodingStrategy] {
            #expect(try await trial.steps(strategy).map(\.token) == greedy, "\(strategy.name)")
        }
    }

    @Test(
        "guidance among what they propose is the method itself while its gate is shut", arguments: ["llama", "gemma3"])
    func guidedShut(variant: String) async throws {
        let (oracle, trial) = (try InterventionOracle.load(variant), try await Trial(variant))
        let shut = AttributionGuided(region: Self.region([3, 4]), entropyThreshold: 1000)
        let boost = oracle.instaboost[0]
        let boosted = ProposalGuided(
            shut, among: AttentionBoost(to: Self.region(boost.positions), multiplier: boost.multiplier))
        #expect(try await trial.steps(boosted).map(\.token) == boost.tokens)
        for reference in oracle.ihdec {
            let hierarchy = InstructionHierarchy(
                trial.prompt, positions: try reference.positions, beta: reference.beta, decay: reference.decay)
            let steps = try await trial.steps(ProposalGuided(shut, among: hierarchy))
            #expect(steps.map(\.token) == reference.tokens, "\(reference.roles.keys.sorted())")
        }
    }

    @Test("where they propose nothing of their own it is guidance")
    func guidedNeutral() async throws {
        let trial = try await Trial("llama")
        let guided = AttributionGuided(
            region: Self.region([3, 4]), candidates: CandidateRule(minimumProbability: 0), entropyThreshold: nil)
        let expected = try await trial.steps(guided).map(\.token)
        #expect(try await trial.steps(Greedy()).map(\.token) != expected)
        for strategy in [
            ProposalGuided(guided, among: AttentionBoost(to: Self.region([3, 4]), multiplier: 1)),
            ProposalGuided(
                guided,
                among: InstructionHierarchy(trial.prompt, positions: [.system: [1, 2], .user: [5, 6]], beta: 0)),
        ] as [any DecodingStrategy] {
            #expect(try await trial.steps(strategy).map(\.token) == expected, "\(strategy.name)")
        }
    }

    @Test("the control of guidance among what InstABoost proposes draws from the changed model's candidates")
    func control() async throws {
        let (oracle, trial) = (try InterventionOracle.load("llama"), try await Trial("llama"))
        let boost = oracle.instaboost[0]
        let marked = try MarkedPrompt(
            trial.prompt,
            regions: [RegionSpecification("tokens:" + boost.positions.map(String.init).joined(separator: ","))])
        // The only candidate is the most probable token.
        let one = UnguidedCandidate.Settings(
            candidates: CandidateRule(count: 1), entropyThreshold: nil, multiplier: boost.multiplier)
        let (_, control) = try DecodingMethod.unguidedCandidate(one).decoding(of: marked, with: trial.model)
        #expect(try await trial.steps(control).map(\.token) == boost.tokens)
        #expect(throws: DecodingOptionError.needsRegion(method: "candidate")) {
            try DecodingMethod.unguidedCandidate(one).decoding(
                of: MarkedPrompt(trial.prompt, regions: []), with: trial.model)
        }
    }

    @Test("a weight of the region is a power of the multiplier, and a factor of the vector")
    func weights() {
        let boost = AttentionBoost(to: RegionOfInterest(tokens: [3: 1, 4: -2, 5: 0]), multiplier: 3)
        #expect(boost.needs.intervention.attentionBias == [3: log(3), 4: -2 * log(3)])
        let vector = ControlVector(
            [
                .init(layer: 1, vector: [1, 2]): 2, .init(layer: 1, vector: [0, 1]): -1,
                .init(layer: 0, vector: [4, 0]): 1,
            ],
            scale: 0.5)
        #expect(vector.vectors == [1: [1, 1.5], 0: [2, 0]])
    }

    @Test("regions that a method can do nothing with are refused, and interventions that the model can't bear")
    func refusals() async throws {
        let model = try Oracle.model("llama")
        let prompt = try model.prompt(tokens: [1, 2, 3])
        for (region, method) in [
            ("heads:0.1", DecodingMethod.attentionBoost(.init())), ("tokens:1", .controlVector(.init())),
        ] {
            let marked = try MarkedPrompt(prompt, regions: [RegionSpecification(region)])
            #expect(throws: RegionError.self) { try method.decoding(of: marked, with: model) }
        }
        struct Changed: DecodingStrategy {
            let name = "changed"
            let intervention: Intervention
            var needs: StrategyNeeds { StrategyNeeds(intervention: intervention) }
            func choose(_ context: borrowing DecodingContext) -> Choice {
                Choice(token: 0, guided: false, candidates: [])
            }
        }
        let width = model.configuration.embeddingLength
        for intervention in [
            Intervention(attentionBias: [9: 1]), Intervention(attentionBias: [0: .nan]),
            Intervention(attentionBias: [0: .infinity]), Intervention(residualStream: [0: [1]]),
            Intervention(residualStream: [99: Array(repeating: 0, count: width)]),
            Intervention(residualStream: [0: Array(repeating: .infinity, count: width)]),
        ] {
            #expect(throws: (any Error).self) {
                try model.generate(prompt, strategy: Changed(intervention: intervention))
            }
        }
    }
}
