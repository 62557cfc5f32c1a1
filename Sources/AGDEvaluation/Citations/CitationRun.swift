import AGDInsight
import AttributionGuidedDecoding
import Foundation

/// How often the paragraphs that an answer is said to rest on are those that are known to hold it. Each item's result is a line of a
/// file, so that the same command goes on where it stopped.
public struct CitationRun {
    /// What is measured, and how.
    public struct Options: Sendable {
        /// Ways to find an answer's sources.
        public var methods = CitationMethod.all
        /// Tokens of an answer at most.
        public var answerLength = 24
        /// How many draws of the documents the answer's log-probability is computed with, for the linear score.
        public var ablationCount = 0
        /// What the passes back take of the machine.
        public var reverse = ReverseAttribution.Options()

        /// All methods.
        public init() {}
    }

    /// An item with its answer and what each method says of its documents.
    public struct Result: Sendable, Codable {
        /// What a method says.
        public struct Ranking: Sendable, Codable {
            /// Of each document, in file order; the larger the more the answer rests on it.
            public var scores: [Double]
            /// Of computing them, without the reading that methods share.
            public var seconds: Double
        }
        /// The item's, and the model's file.
        public var id, model: String
        /// What the model answered.
        public var answer: String
        /// Of the prompt.
        public var promptTokens: Int
        /// The gold documents.
        public var gold: [Int]
        /// Of reading prompt and answer with all residual streams kept.
        public var readingSeconds: Double
        /// By the methods' names.
        public var rankings: [String: Ranking]
        /// How likely the answer is with some of the documents alone; nil where that wasn't asked.
        public var ablations: [Ablation]?
    }

    /// How likely an answer is with some of its documents alone (ContextCite, arXiv 2409.00729).
    public struct Ablation: Sendable, Codable {
        /// The documents that are left, in file order.
        public var kept: [Int]
        /// Of the answer's tokens, in nats.
        public var logProbability: Double
    }

    private let model: LanguageModel
    private let options: Options
    private let path: String
    /// Finished items.
    public private(set) var results: [Result]

    /// - Parameter path: where results are kept; those of items that it has are not computed again.
    /// - Throws: ``EvaluationError`` for a file that holds something else.
    public init(_ model: LanguageModel, options: Options, path: String) throws {
        (self.model, self.options, self.path) = (model, options, path)
        results = FileManager.default.fileExists(atPath: path) ? try Self.read(path) : []
    }

    /// The results in a file.
    /// - Throws: ``EvaluationError`` naming file and line.
    public static func read(_ path: String) throws -> [Result] {
        let file = try InputFile(path: path)
        var results: [Result] = []
        while let line = try file.nextLine() {
            do { results.append(try JSONDecoder().decode(Result.self, from: Data(line))) } catch {
                throw EvaluationError(
                    file: path, line: results.count + 1, problem: "is no result of agd citations",
                    remedy: "remove the line, or give another file")
            }
        }
        return results
    }

    /// Measures what is missing.
    /// - Parameter progress: called with the number of items done, in order.
    /// - Throws: ``EvaluationError``; errors of rendering and computing.
    public mutating func measure(_ items: [CitationItem], progress: (Int) -> Void) async throws {
        for (index, item) in items.enumerated() {
            progress(index)
            let place = results.firstIndex { $0.id == item.id && $0.model == model.path }
            let done = place.map { Set(results[$0].rankings.keys) } ?? []
            let missing = options.methods.filter { !done.contains($0.name) }
            let ablations = place.flatMap { results[$0].ablations }
            if missing.isEmpty, ablations?.count ?? 0 >= options.ablationCount { continue }
            var result = try await measured(item, missing, ablations)
            if let place {
                result.rankings.merge(results[place].rankings) { $1 }
                results[place] = result
            } else {
                results.append(result)
            }
            try write()
        }
        progress(items.count)
    }

    private func measured(
        _ item: CitationItem, _ methods: [CitationMethod], _ ablations: [Ablation]?
    ) async throws -> Result {
        let clock = ContinuousClock()
        let prompt = try model.prompt(item.messages, options: TemplateOptions(documents: item.documents))
        let session = try Session(
            model,
            options: .init(
                contextLength: contextLength(of: item, prompt, methods), threadCount: options.reverse.threadCount))
        var (steps, pieces): ([GenerationStep], [ReplySplitter.Piece]) = ([], [])
        var reply = model.replyReader(after: prompt)
        for try await step in try session.generate(
            prompt, strategy: Greedy(), limits: GenerationLimits(maximumTokens: options.answerLength))
        {
            steps.append(step)
            pieces.append(reply.append(step))
        }
        let tokens = AnswerToken.all(steps, pieces: pieces)
        let start = clock.now
        let reading = try ReverseAttribution(
            model, tokens: prompt.tokens + tokens.map(\.id).dropLast(), options: options.reverse)
        var result = Result(
            id: item.id, model: model.path, answer: tokens.map(\.text).joined(), promptTokens: prompt.tokens.count,
            gold: item.gold.sorted(), readingSeconds: start.duration(to: clock.now) / .seconds(1), rankings: [:])
        let answer = CitedAnswer(
            item: item, prompt: prompt, tokens: tokens, model: model, session: session, reading: reading,
            reverse: options.reverse)
        for method in methods {
            let start = clock.now
            let scores = try await answer.scores(method)
            result.rankings[method.name] = .init(scores: scores, seconds: start.duration(to: clock.now) / .seconds(1))
        }
        result.ablations =
            ablations?.count ?? 0 < options.ablationCount
            ? try await answer.ablations(count: options.ablationCount) : ablations
        return result
    }

    /// Room for the answer, and for the question about it where the model is asked to cite.
    private func contextLength(of item: CitationItem, _ prompt: Prompt, _ methods: [CitationMethod]) -> Int {
        let questions = methods.contains(.cited) ? 64 + 8 * item.documents.count + CitedAnswer.citationLength : 0
        return prompt.tokens.count + options.answerLength + 1 + questions
    }

    private func write() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let lines = try results.map { try encoder.encode($0) + Data("\n".utf8) }
        do { try Data(lines.joined()).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw EvaluationError(
                file: path, problem: "can't be written (\(error.localizedDescription))", remedy: "make room",
                setting: .output)
        }
    }
}
