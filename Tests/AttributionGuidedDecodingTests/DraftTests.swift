import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine
@testable import TestFixtures

@Suite("Drafts change no text")
struct DraftTests {
    @Test("with drafts of any length every strategy chooses what it chooses without")
    func sameSteps() async throws {
        let model = try QuantizedModel.microcosm()
        // What repeats itself is what drafts are copied from.
        let passage = (0..<24).map { ($0 * $0 + 3) % model.configuration.vocabularySize }
        let prompt = try model.prompt(tokens: passage + passage + passage.prefix(9))
        let region = RegionOfInterest(tokens: [2: 1, 3: 1, 4: -0.5])
        let strategies: [any DecodingStrategy] = [
            Greedy(), Sampling(), Dictated(Array(passage[9...]) + passage, adviser: Greedy()),
            Dictated(
                Array(passage[9..<16]) + [1, 2] + passage,
                adviser: AttributionGuided(region: region, score: .excess, entropyThreshold: nil)),
            AttributionGuided(region: region, entropyThreshold: nil),
            AttributionGuided(region: region, generated: .share, entropyThreshold: nil),
            AttributionGuided(region: region, entropyThreshold: 1, tangents: .whenAsked),
            ContextAware(without: try model.prompt(tokens: Array(passage.dropFirst(3)))),
            try LayerContrast(model, layers: .layers([0, 1]), repetitionPenalty: 1.2),
        ]
        func steps(_ strategy: any DecodingStrategy, _ draft: DraftLength) async throws -> [GenerationStep] {
            var options = Session.Options(contextLength: 80, threadCount: 1)
            options.draft = draft
            let session = try Session(model, options: options)
            var steps: [GenerationStep] = []
            for limits in [GenerationLimits(maximumTokens: 12, ignoresEndOfGeneration: true), .init()] {
                // The second goes on until the context is full, and uses what the first has left in the caches.
                for try await step in try session.generate(prompt, strategy: strategy, limits: limits) {
                    steps.append(step)
                }
            }
            return steps
        }
        for strategy in strategies {
            let plain = try await steps(strategy, .off)
            for draft in [DraftLength.auto, .tokens(4)] {
                let drafted = try await steps(strategy, draft)
                #expect(drafted.map(\.choice) == plain.map(\.choice), "\(strategy.name), \(draft)")
                #expect(drafted.map(\.position) == plain.map(\.position), "\(strategy.name), \(draft)")
                #expect(drafted.last?.stopReason == plain.last?.stopReason, "\(strategy.name), \(draft)")
            }
        }
    }

    @Test("what is drafted is what followed the last three tokens where they stood before")
    func copies() throws {
        var drafts = try #require(Drafts(.tokens(4)))
        drafts.read([1, 2, 3, 4, 5, 6, 7, 8])
        #expect(drafts.next(atMost: 9) == [])
        drafts.read([2, 3, 4])
        #expect(drafts.next(atMost: 9) == [5, 6, 7, 8])
        #expect(drafts.next(atMost: 2) == [5, 6])
    }

    @Test("drafts grow while they stand, and cease for a while where none does")
    func pace() throws {
        var drafts = try #require(Drafts(.auto))
        drafts.read(Array(0..<20) + [3, 4, 5])
        #expect(drafts.next(atMost: 9).count == 3)
        #expect(drafts.next(atMost: 9).count == 5)
        drafts.refuse(5)
        #expect(drafts.next(atMost: 9).isEmpty)
        #expect(drafts.next(atMost: 9).count == 3)
        #expect(drafts.next(atMost: 9, isAlone: false).isEmpty)
        #expect(Drafts(.off) == nil)
    }
}
