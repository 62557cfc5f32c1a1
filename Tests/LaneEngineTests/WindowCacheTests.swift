import Testing

@testable import LaneEngine
@testable import TestFixtures

/// Caches that keep the window of sliding-window layers against caches that keep all positions. With a margin of 16 and
/// windows of 8 or 16 positions such a layer has 64 rows, so that 300 tokens pass through them several times.
@Suite("Sliding-window layers keep their window only, and every number stays as it was")
struct WindowCacheTests {
    static let windowed = CacheStorage(keys: .float32, values: .float32, windowMargin: 16)
    static let whole = CacheStorage(keys: .float32, values: .float32, windowMargin: nil)

    /// The models of the fixtures that have such layers.
    static var files: [String] {
        get throws {
            let all =
                try ArchitectureTests.files
                + ["gemma3", "gemma3_linear"].map {
                    try Oracle.directory.appending(path: "\($0).gguf").path
                }
            return try all.filter { path in
                try LanguageModel.open(path: path).1.attention.contains { $0.slidingWindow != nil }
            }
        }
    }

    static let regions = [Oracle.span, RegionOfInterest(tokens: [70: 1, 150: -0.5]), .allTokens]

    private static func tokens(_ count: Int, seed: Int = 5) -> [Int] {
        (0..<count).map { ($0 * 37 + $0 * $0 * 11 + seed) % 40 }
    }

    private static func session(
        _ model: LanguageModel, _ storage: CacheStorage, _ regions: [RegionOfInterest] = regions, fused: Bool = true
    ) throws -> InferenceSession {
        try InferenceSession(
            model, regions: regions,
            options: .init(contextLength: 384, threadCount: 1, cacheType: storage, fusesOperations: fused))
    }

    /// Appends to both, and expects the same logits and scores: to the last bit where the kernels are the same.
    private static func append(
        _ tokens: [Int], to windowed: InferenceSession, and whole: InferenceSession, tolerance: Double = 0,
        _ comment: Comment
    ) throws {
        let a = try windowed.append(tokens, output: .allScores)
        let b = try whole.append(tokens, output: .allScores)
        for (a, b) in zip([a.logits] + (a.scores ?? []), [b.logits] + (b.scores ?? [])) {
            let (a, b) = (a.map(Double.init), b.map(Double.init))
            #expect(a.distance(to: b) <= tolerance * b.largestMagnitude, comment)
        }
    }

    @Test("a prompt in chunks, then token by token", arguments: try files, [true, false])
    func decoding(path: String, fused: Bool) throws {
        let model = try LanguageModel(path: path)
        let tokens = Self.tokens(300)
        let sessions = try [Self.windowed, Self.whole].map { try Self.session(model, $0, fused: fused) }
        #expect(sessions[0].byteCount < sessions[1].byteCount)
        // Chunks are cut differently, and products of experts and the composed operations round by the number of columns.
        try Self.append(Array(tokens[..<280]), to: sessions[0], and: sessions[1], tolerance: 1e-4, "prompt")
        for (step, token) in tokens[280...].enumerated() {
            try Self.append([token], to: sessions[0], and: sessions[1], tolerance: 1e-4, "step \(step)")
        }
    }

    @Test("token by token to the last bit")
    func steps() throws {
        let model = try Oracle.model("gemma3")
        let sessions = try [Self.windowed, Self.whole].map { try Self.session(model, $0) }
        for (step, token) in Self.tokens(200).enumerated() {
            try Self.append([token], to: sessions[0], and: sessions[1], "step \(step)")
        }
    }

    @Test(
        "dropped tokens leave no trace, however many: the rest is read again where the window is gone",
        arguments: try files, [0, 1, 16, 17, 100, 199])
    func truncation(path: String, dropped: Int) throws {
        let model = try LanguageModel(path: path)
        let (first, other) = (Self.tokens(200), Self.tokens(60, seed: 9))
        let sessions = try [Self.windowed, Self.whole].map { try Self.session(model, $0) }
        for session in sessions {
            _ = try session.append(first)
            session.truncate(to: first.count - dropped)
        }
        for (step, token) in other.prefix(3).enumerated() {
            try Self.append([token], to: sessions[0], and: sessions[1], tolerance: 1e-4, "step \(step)")
        }
        try Self.append(Array(other.dropFirst(3)), to: sessions[0], and: sessions[1], tolerance: 1e-4, "chunk")
        let fresh = try Self.session(model, Self.whole)
        _ = try fresh.append(Array(sessions[0].tokens.dropLast()))
        sessions[0].truncate(to: sessions[0].tokens.count - 1)
        try Self.append([other[59]], to: sessions[0], and: fresh, tolerance: 1e-4, "afterwards")
    }

    @Test("a prompt is taken up where the window is held, and begun again where it isn't")
    func reuse() throws {
        let model = try Oracle.model("gemma3")
        let session = try Self.session(model, Self.windowed, [Oracle.span])
        _ = try session.append(Self.tokens(200))
        let near = Array(Self.tokens(190)) + [1, 2, 3]
        let far = Array(near.prefix(60)) + [7, 8, 9]
        // Back to where nothing had been overwritten when it was last read.
        for (prompt, kept) in [(near, 190), (far, 0), (Array(far.prefix(50)) + [4, 4], 50)] {
            #expect(session.contents.reusableCount(of: prompt, regions: [Oracle.span], rule: .attnLRP) == kept)
            #expect(session.adopt([Oracle.span], rule: .attnLRP, tokens: prompt))
            #expect(session.tokens.count == kept)
            let whole = try Self.session(model, Self.whole, [Oracle.span])
            _ = try whole.append(Array(prompt.prefix(max(kept, 1))))
            whole.truncate(to: kept)
            try Self.append(Array(prompt[kept...]), to: session, and: whole, tolerance: 1e-4, "from \(kept)")
        }
    }

    @Test("a prompt that was broken off is read from its beginning")
    func interruption() throws {
        struct Stop: Error {}
        let model = try Oracle.model("gemma3")
        let sessions = try [Self.windowed, Self.whole].map { try Self.session(model, $0) }
        for session in sessions { _ = try session.append(Self.tokens(20)) }
        #expect(throws: Stop.self) {
            _ = try sessions[0].append(Self.tokens(200, seed: 3)) { if $0 > 100 { throw Stop() } }
        }
        #expect(sessions[0].tokens == Self.tokens(20))
        try Self.append([4, 5, 6], to: sessions[0], and: sessions[1], tolerance: 1e-4, "afterwards")
    }

    @Test("tangents that are left for later are caught up in time", arguments: [5, 40, 120])
    func deferredTangents(steps: Int) throws {
        let model = try Oracle.model("gemma3")
        let (deferred, eager) = (try Self.session(model, Self.windowed), try Self.session(model, Self.whole))
        for session in [deferred, eager] { _ = try session.append(Self.tokens(80)) }
        for token in Self.tokens(steps, seed: 7) {
            _ = try deferred.append([token], withTangents: false)
            _ = try eager.append([token])
        }
        let candidates = Array(0..<40)
        let expected = eager.relevance(of: candidates, try eager.predictionWithTangents())
        let caughtUp = deferred.relevance(of: candidates, try deferred.predictionWithTangents())
        for (a, b) in zip(expected, caughtUp) { #expect(a.distance(to: b) < 1e-4 * a.largestMagnitude) }
    }

    @Test("beside another sequence in one batch, and after one was cut back", arguments: [true, false])
    func batch(fused: Bool) throws {
        let model = try Oracle.model("gemma3")
        func pair(_ storage: CacheStorage) throws -> [InferenceSession] {
            let first = try Self.session(model, storage, [], fused: fused)
            let second = try InferenceSession(
                model, regions: [Oracle.span], options: first.options, evaluator: first.evaluator)
            _ = try first.append(Self.tokens(130))
            _ = try second.append(Self.tokens(90, seed: 2))
            return [first, second]
        }
        func step(_ pair: [InferenceSession], _ token: Int) throws -> [[Float]] {
            for session in pair { session.beginReading([token]) }
            return try pair[0].evaluator.read(pair) {}.flatMap { $0.map(\.logits) + $0.flatMap(\.tangents) }
        }
        let (windowed, whole) = (try pair(Self.windowed), try pair(Self.whole))
        for (index, token) in Self.tokens(80, seed: 8).enumerated() {
            if index == 40 { for pair in [windowed, whole] { pair[1].truncate(to: 50) } }
            let (a, b) = (try step(windowed, token), try step(whole, token))
            #expect(a.count == 3 && b.count == 3)
            for (a, b) in zip(a, b) {
                #expect(a.map(Double.init).distance(to: b.map(Double.init)) < 1e-4, "step \(index)")
            }
        }
    }

    @Test("the logits of each token of a prompt that is taken up after the window is gone")
    func everyPosition() throws {
        let model = try Oracle.model("gemma3")
        let sessions = try [Self.windowed, Self.whole].map { try Self.session(model, $0, []) }
        for session in sessions {
            _ = try session.append(Self.tokens(200))
            session.truncate(to: 70)
        }
        let all = try sessions.map { try $0.append([1, 2, 3, 4, 5], output: .everyPosition).distributions }
        #expect(all[0].count == 5)
        for (a, b) in zip(all[0], all[1]) {
            #expect(a.logits.map(Double.init).distance(to: b.logits.map(Double.init)) < 1e-4)
        }
    }

    @Test("the memory of a layer doesn't grow beyond its window and the margin")
    func memory() throws {
        let configuration = try LanguageModel.open(path: Oracle.directory.appending(path: "gemma3.gguf").path).1
        func size(_ contextLength: Int, _ storage: CacheStorage) throws -> Int {
            try CacheLayout(configuration, contextLength: contextLength, storage: storage).byteCount
        }
        let position = 2 * 4 * configuration.headWidth * configuration.keyValueHeadCount
        let local = configuration.attention.filter { $0.slidingWindow != nil }.count
        let others = configuration.layerCount - local
        #expect(try size(64, Self.windowed) == size(64, Self.whole))
        #expect(try size(4096, Self.windowed) == position * (local * 64 + others * 4096))
        #expect(try size(4096, Self.whole) == position * configuration.layerCount * 4096)
    }
}
