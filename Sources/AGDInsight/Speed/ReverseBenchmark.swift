import AttributionGuidedDecoding

/// Measures what explaining costs: relevance sent back from tokens to a whole sequence, against reading it as decoding does. The two
/// take turns in one run.
public struct ReverseBenchmark: Sendable, Encodable {
    /// A sequence of one length.
    public struct Row: Sendable, Encodable {
        /// Tokens of the sequence.
        public let context: Int
        /// Reading it into caches, in seconds.
        public let readingSeconds: Double
        /// What the first target takes, the sequence's own reading by reverse mode included, over ``readingSeconds``.
        public let firstOverReading: Double
        /// What each further target of the same pass takes, over ``readingSeconds``.
        public let furtherOverReading: Double
        /// The largest memory of the process so far, with the mapped file.
        public let peakMemoryBytes: Int
    }

    /// The model's file.
    public let model: String
    /// Threads that computed.
    public let threads: Int
    /// One for each length, from medians.
    public private(set) var rows: [Row] = []

    /// - Parameters:
    ///   - rounds: of which each measures everything once.
    ///   - progress: called before each measurement with what is about to be measured.
    /// - Throws: ``TensorGraphError`` and ``InferenceError``, where something can't be computed.
    public static func run(
        _ model: LanguageModel, contexts: [Int], threadCount: Int, rounds: Int = 3, progress: (String) -> Void
    ) throws -> ReverseBenchmark {
        var report = ReverseBenchmark(model: model.path, threads: threadCount)
        for context in contexts {
            let tokens = ModelBenchmark.randomTokens(context, vocabularySize: model.configuration.vocabularySize)
            let times = try (0..<rounds).map { round in
                progress("context \(context): round \(round + 1)")
                return try Times(model, tokens, threadCount: threadCount)
            }
            func median(_ time: (Times) -> Double) -> Double { times.map(time).sorted()[times.count / 2] }
            report.rows.append(
                Row(
                    context: context, readingSeconds: median(\.reading),
                    firstOverReading: median { $0.first / $0.reading },
                    furtherOverReading: median { $0.further / $0.reading }, peakMemoryBytes: ProcessMemory.peakBytes))
        }
        return report
    }

    /// Seconds of one round.
    private struct Times {
        var reading = 0.0, first = 0.0, further = 0.0

        private static let targetCount = 3

        init(_ model: LanguageModel, _ tokens: [Int], threadCount: Int) throws {
            reading = try Self.seconds {
                let session = try InferenceSession(
                    model, regions: [], options: .init(contextLength: tokens.count, threadCount: threadCount))
                _ = try session.append(tokens)
            }
            let targets = (0..<Self.targetCount).map { AttributionTarget(token: $0, position: tokens.count - 1) }
            var attribution: ReverseAttribution?
            first = try Self.seconds {
                attribution = try ReverseAttribution(model, tokens: tokens, options: .init(threadCount: threadCount))
            }
            let one = try Self.seconds { _ = try attribution?.attribute([targets[0]]) }
            first += one
            let all = try Self.seconds { _ = try attribution?.attribute(targets) }
            further = (all - one) / Double(Self.targetCount - 1)
        }

        private static func seconds(_ work: () throws -> Void) rethrows -> Double {
            let clock = ContinuousClock()
            return try clock.measure(work) / .seconds(1)
        }
    }
}
