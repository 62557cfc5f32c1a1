import Testing

@testable import LaneEngine
@testable import TestFixtures

/// Sessions that have come to their tokens in other ways against sessions that read them at once.
@Suite("Recurrent layers, and those that share keys and values, go on whatever was read, dropped and read again")
struct RecurrentStateTests {
    /// The models of the fixtures that have such layers, the last one of them too.
    static var files: [String] {
        get throws {
            try ArchitectureTests.files.filter { path in
                try LanguageModel.open(path: path).1.attention.contains {
                    $0.deltaNet != nil || $0.keyValueLayer != nil
                }
            }
        }
    }

    private static let regions = [RegionOfInterest(tokens: [3: 1, 9: -0.5]), .allTokens]

    private static func tokens(_ count: Int, seed: Int = 5) -> [Int] {
        (0..<count).map { ($0 * 37 + $0 * $0 * 11 + seed) % 60 }
    }

    private static func session(_ path: String, fused: Bool = true) throws -> InferenceSession {
        try InferenceSession(
            LanguageModel(path: path), regions: regions,
            options: .init(contextLength: 256, threadCount: 2, cacheType: .float32, fusesOperations: fused))
    }

    /// Expects the logits and scores of a session that reads `tokens` at once.
    private static func expect(
        _ prediction: Prediction, toFollow tokens: [Int], of path: String, fused: Bool = true,
        _ comment: Comment = "", location: SourceLocation = #_sourceLocation
    ) throws {
        let expected = try session(path, fused: fused).append(tokens, output: .allScores)
        for (a, b) in zip([prediction.logits] + (prediction.scores ?? []), [expected.logits] + (expected.scores ?? []))
        {
            let (a, b) = (a.map(Double.init), b.map(Double.init))
            #expect(a.distance(to: b) <= 1e-4 * b.largestMagnitude, comment, sourceLocation: location)
        }
        #expect(prediction.scores?.count == regions.count, comment, sourceLocation: location)
    }

    @Test("a prompt in pieces, then token by token", arguments: try files, [true, false])
    func pieces(path: String, fused: Bool) throws {
        let (session, tokens) = (try Self.session(path, fused: fused), Self.tokens(150))
        var read = 0
        // More than is evaluated at once, less than the convolution looks at, and single tokens.
        for count in [135, 1, 2, 1, 1, 7] {
            let prediction = try session.append(Array(tokens[read..<read + count]), output: .allScores)
            read += count
            try Self.expect(prediction, toFollow: Array(tokens[..<read]), of: path, fused: fused, "\(read) tokens")
        }
    }

    @Test("dropped tokens leave no trace, however many", arguments: try files, [0, 1, 2, 3, 4, 9, 40, 50])
    func truncation(path: String, dropped: Int) throws {
        let (session, tokens, other) = (try Self.session(path), Self.tokens(50), Self.tokens(4, seed: 9))
        _ = try session.append(Array(tokens[..<40]))
        for token in tokens[40...] { _ = try session.append([token]) }
        session.truncate(to: tokens.count - dropped)
        for step in other.indices {
            let prediction = try session.append([other[step]], output: .allScores)
            try Self.expect(
                prediction, toFollow: tokens.dropLast(dropped) + other[...step], of: path, "step \(step)")
        }
    }

    @Test("the tangents of a token that was read without them", arguments: try files)
    func tangentsLater(path: String) throws {
        let (session, tokens) = (try Self.session(path), Self.tokens(24))
        _ = try session.append(Array(tokens[..<20]), withTangents: false)
        for end in 21...24 {
            _ = try session.append([tokens[end - 1]], withTangents: false)
            let prediction = try session.predictionWithTangents(output: .allScores)
            try Self.expect(prediction, toFollow: Array(tokens[..<end]), of: path, "\(end) tokens")
        }
    }

    @Test("another prompt takes over what it shares with the last one", arguments: try files, [0, 1, 20, 30, 31])
    func adoption(path: String, shared: Int) throws {
        let (session, tokens) = (try Self.session(path), Self.tokens(32))
        _ = try session.append(Array(tokens[..<30]))
        for token in tokens[30...] { _ = try session.append([token]) }
        let next = tokens.prefix(shared) + Self.tokens(12, seed: 2)
        #expect(session.adopt(Self.regions, rule: .attnLRP, tokens: Array(next)))
        #expect(session.tokens.count <= shared && next.starts(with: session.tokens))
        let prediction = try session.append(Array(next.dropFirst(session.tokens.count)), output: .allScores)
        try Self.expect(prediction, toFollow: Array(next), of: path)
    }

    @Test("sequences of one batch don't know of each other", arguments: try files)
    func batch(path: String) throws {
        let model = try LanguageModel(path: path)
        let evaluator = try BatchEvaluator(model, threadCount: 2)
        let prompts = [Self.tokens(7), Self.tokens(33, seed: 1), Self.tokens(2, seed: 3)]
        let sessions = try prompts.map { _ in
            try InferenceSession(
                model, regions: Self.regions,
                options: .init(contextLength: 256, threadCount: 2, cacheType: .float32), evaluator: evaluator)
        }
        for (session, prompt) in zip(sessions, prompts) { session.beginReading(prompt, output: .allScores) }
        for (prediction, prompt) in zip(try evaluator.read(sessions), prompts) {
            try Self.expect(prediction[0], toFollow: prompt, of: path)
        }
        for session in sessions { session.beginReading([11], output: .allScores) }
        for (prediction, prompt) in zip(try evaluator.read(sessions), prompts) {
            try Self.expect(prediction[0], toFollow: prompt + [11], of: path)
        }
    }
}
