import CLlama
import Testing

@testable import LaneEngine
@testable import TestFixtures

@Suite("Sequences that are evaluated together give what each gives alone")
struct BatchTests {
    /// A sequence by its prompt, regions and rule.
    struct Member {
        var prompt: [Int]
        var regions: [RegionOfInterest] = []
        var rule = PropagationRule.attnLRP
        var output = ForwardEvaluation.Output.logits
        var earlyLayers: [Int] = []
        var withTangents = true
        var intervention = Intervention.none

        func session(_ model: LanguageModel, fused: Bool, _ evaluator: BatchEvaluator?) throws -> InferenceSession {
            let session = try InferenceSession(
                model, regions: regions, intervention: intervention,
                options: .init(
                    contextLength: 128, threadCount: 1, cacheType: .float32, rule: rule, fusesOperations: fused),
                evaluator: evaluator)
            session.earlyLayers = earlyLayers
            return session
        }
    }

    static let heads = RegionOfInterest(heads: [.init(layer: 0, head: 1): 1, .init(layer: 1, head: 0): -2])

    /// Neurons, where the model has a dense network, and a direction.
    static func inside(_ model: LanguageModel) -> RegionOfInterest {
        let vector = (0..<model.configuration.embeddingLength).map { Float($0 % 7) - 2 }
        return RegionOfInterest(
            neurons: model.neuronCount(layer: 1) > 0
                ? [.init(layer: 1, index: 3): 2, .init(layer: 0, index: 8): -1] : [:],
            directions: [.init(layer: 0, vector: vector): 1])
    }
    static let late = RegionOfInterest(tokens: [30: 1, 31: -1])

    /// Different lengths, numbers of lanes, regions and rules; on `gemma3` some are longer than the sliding window.
    static func members(_ prompt: [Int], _ model: LanguageModel) -> [Member] {
        [
            Member(prompt: Array(prompt.prefix(7))),
            Member(prompt: prompt, regions: [Oracle.span]),
            Member(prompt: Array(prompt.reversed()), regions: [Oracle.span, .allTokens], rule: .cpLRP),
            Member(prompt: Array(prompt.dropFirst(3)), regions: [Self.heads], rule: .inputTimesGradient),
            Member(prompt: prompt, regions: [Self.late]),
            Member(prompt: [5]),
            Member(prompt: Array(prompt.prefix(11)), regions: [Self.inside(model), Oracle.span]),
            Member(prompt: prompt, regions: [Self.inside(model).scaled(by: -2)], rule: .relP),
            Member(prompt: Array(prompt.prefix(20)), regions: [Oracle.span], withTangents: false),
            Member(
                prompt: prompt, regions: [Oracle.span],
                intervention: Intervention(attentionBias: [0: -.infinity, 2: 1.5, 9: -.infinity])),
            Member(
                prompt: Array(prompt.dropLast(5)),
                intervention: Intervention(
                    residualStream: [
                        0: (0..<model.configuration.embeddingLength).map { Float($0 % 5) / 8 }
                    ])),
        ]
    }

    /// What follows each member's tokens when all are read together.
    static func together(_ sessions: [InferenceSession], _ evaluator: BatchEvaluator) throws -> [[Prediction]] {
        var results = [[Prediction]?](repeating: nil, count: sessions.count)
        while results.contains(where: { $0 == nil }) {
            let open = results.indices.filter { results[$0] == nil }
            for (index, result) in zip(open, try evaluator.advance(open.map { sessions[$0] })) {
                results[index] = try result.get()
            }
        }
        return results.compactMap { $0 }
    }

    private func expectEqual(_ a: Prediction, _ b: Prediction, exactly: Bool, _ comment: Comment) {
        func near(_ a: [Float], _ b: [Float]) -> Bool {
            let (a, b) = (a.map(Double.init), b.map(Double.init))
            return a.distance(to: b) <= (exactly ? 0 : 1e-4 * max(1, b.largestMagnitude))
        }
        #expect(near(a.logits, b.logits), comment)
        #expect(near(a.probabilities, b.probabilities), comment)
        #expect(a.tangents.count == b.tangents.count && a.earlyLogits.count == b.earlyLogits.count, comment)
        for (a, b) in zip(a.tangents + a.earlyLogits, b.tangents + b.earlyLogits) { #expect(near(a, b), comment) }
    }

    /// Reads the members' prompts, then completes them step by step, together and alone.
    func compare(
        _ model: LanguageModel, _ members: [Member], fused: Bool, exactly: Bool, completion: [Int]
    ) throws {
        let evaluator = try BatchEvaluator(model, threadCount: exactly ? 2 : 1, fusesOperations: fused)
        let batch = try members.map { try $0.session(model, fused: fused, evaluator) }
        let alone = try members.map { try $0.session(model, fused: fused, nil) }
        for (step, tokens) in ([[]] + completion.map { [$0] }).enumerated() {
            for (session, member) in zip(batch, members) {
                session.beginReading(
                    step == 0 ? member.prompt : tokens, output: member.output, withTangents: member.withTangents)
            }
            for (index, predictions) in try Self.together(batch, evaluator).enumerated() {
                let member = members[index]
                let expected = try alone[index].append(
                    step == 0 ? member.prompt : tokens, output: member.output, withTangents: member.withTangents)
                expectEqual(
                    try #require(predictions.last), expected, exactly: exactly, "member \(index), step \(step)")
            }
        }
        for (session, other) in zip(batch, alone) {
            #expect(session.tokens == other.tokens)
            // What the batch left in the caches serves each of them alone.
            expectEqual(try session.append([1, 2]), try other.append([1, 2]), exactly: exactly, "afterwards")
        }
    }

    @Test("of any lengths, regions and rules, with tangents or without", arguments: Oracle.variants, [true, false])
    func mixture(variant: String, fused: Bool) throws {
        let prompt = try Oracle.load(variant).prompt
        let model = try Oracle.model(variant)
        try compare(
            model, Self.members(prompt, model), fused: fused, exactly: false,
            completion: Array(prompt.prefix(2)))
    }

    @Test("to the last bit where weights are in panels")
    func bits() throws {
        let model = try QuantizedModel.microcosm()
        try compare(
            model, Self.members(Self.prompt(model), model), fused: true, exactly: true, completion: [9, 4, 7])
    }

    private static func prompt(_ model: LanguageModel) -> [Int] {
        (0..<60).map { ($0 * $0 + 3) % model.configuration.vocabularySize }
    }

    /// What is said after each member's prompt and after each token of its completion, when one more comes with every step, and the
    /// others go on beside the prompts of those.
    private static func comingLater(
        _ sessions: [InferenceSession], _ members: [Member], completion: [Int], _ evaluator: BatchEvaluator
    ) throws -> [[Prediction]] {
        var unread = members.map { [$0.prompt] + completion.map { [$0] } }
        var results = members.map { _ in [Prediction]() }
        var presentCount = 0
        while unread.contains(where: { !$0.isEmpty }) || sessions.contains(where: { $0.unreadCount > 0 }) {
            presentCount = min(sessions.count, presentCount + 1)
            for index in 0..<presentCount where sessions[index].unreadCount == 0 && !unread[index].isEmpty {
                sessions[index].beginReading(
                    unread[index].removeFirst(), output: members[index].output,
                    withTangents: members[index].withTangents)
            }
            let reading = (0..<presentCount).filter { sessions[$0].unreadCount > 0 }
            for (index, result) in zip(reading, try evaluator.advance(reading.map { sessions[$0] })) {
                if let last = try result.get()?.last { results[index].append(last) }
            }
        }
        return results
    }

    @Test(
        "to the last bit whenever the others come, whatever the weights are stored in", arguments: [1, 2],
        [GGML_TYPE_Q4_1, GGML_TYPE_Q5_0, GGML_TYPE_Q8_0, GGML_TYPE_Q4_K, GGML_TYPE_Q6_K, GGML_TYPE_F16])
    func company(threads: Int, type: ggml_type) throws {
        let model = try QuantizedModel.microcosm(type)
        let members = Self.members(Self.prompt(model), model)
        let completion = [9, 4, 7, 30, 2, 11, 5, 8]
        let evaluator = try BatchEvaluator(model, threadCount: threads)
        let sessions = try members.map { try $0.session(model, fused: true, evaluator) }
        let together = try Self.comingLater(sessions, members, completion: completion, evaluator)
        for (index, member) in members.enumerated() {
            let session = try member.session(model, fused: true, nil)
            for (step, tokens) in ([member.prompt] + completion.map { [$0] }).enumerated() {
                let alone = try session.append(tokens, output: member.output, withTangents: member.withTangents)
                expectEqual(together[index][step], alone, exactly: true, "member \(index), step \(step)")
            }
        }
    }

    /// Two that begin alike for 90 tokens, the second with other regions, rules or interventions.
    static let beginnings: [(name: String, second: @Sendable (Member) -> Member, shared: Bool)] = [
        ("the same", { $0 }, true),
        ("another without a region", { Member(prompt: $0.prompt) }, true),
        ("a region behind the beginning", { Member(prompt: $0.prompt, regions: [.init(tokens: [95: 1])]) }, true),
        ("tangents later", { Member(prompt: $0.prompt, regions: $0.regions, withTangents: false) }, true),
        ("another region", { Member(prompt: $0.prompt, regions: [.init(tokens: [1: 1])]) }, false),
        ("another rule", { Member(prompt: $0.prompt, regions: $0.regions, rule: .cpLRP) }, false),
        (
            "keys hidden early",
            { Member(prompt: $0.prompt, regions: $0.regions, intervention: .hiding([3])) }, false
        ),
    ]

    @Test(
        "What prompts begin with alike is read once where tangents are the same too", arguments: beginnings.indices,
        [true, false])
    func sharedBeginning(index: Int, fused: Bool) throws {
        let model = try QuantizedModel.microcosm()
        let common = (0..<90).map { ($0 * $0 + 3) % model.configuration.vocabularySize }
        let first = Member(prompt: common + [1, 2, 3, 4, 5, 6], regions: [.init(tokens: [0: 1, 40: -0.5])])
        let (name, change, isShared) = Self.beginnings[index]
        let second = change(Member(prompt: common + [7, 8, 9, 10, 11, 12, 13], regions: first.regions))
        let evaluator = try BatchEvaluator(model, threadCount: 2, fusesOperations: fused)
        let batch = try [first, second].map { try $0.session(model, fused: fused, evaluator) }
        for (session, member) in zip(batch, [first, second]) {
            session.beginReading(member.prompt, withTangents: member.withTangents)
        }
        let begun = try evaluator.advance(batch)
        #expect((batch[1].evaluatedCount == common.count) == isShared, "\(name)")
        var last = [try begun[0].get()?.last, try begun[1].get()?.last]
        while let unread = batch.firstIndex(where: { $0.unreadCount > 0 }) {
            last[unread] = try evaluator.advance([batch[unread]])[0].get()?.last
        }
        for (index, member) in [first, second].enumerated() {
            let alone = try member.session(model, fused: fused, nil)
            let expected = try alone.append(member.prompt, withTangents: member.withTangents)
            expectEqual(try #require(last[index]), expected, exactly: fused, "\(name), member \(index)")
            // Tangents that were left for later, and what the caches hold.
            expectEqual(
                try batch[index].predictionWithTangents(), try alone.predictionWithTangents(), exactly: fused,
                "\(name), member \(index), later")
            expectEqual(
                try batch[index].append([1, 2]), try alone.append([1, 2]), exactly: fused, "\(name), afterwards")
        }
    }
}
