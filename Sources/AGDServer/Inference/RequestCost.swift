import AGDInsight
import AttributionGuidedDecoding

/// What a request can cost at most, known before any of it is spent.
struct RequestCost {
    /// Tokens that are read and generated, each as often as it goes through the model.
    private(set) var tokens = 0
    /// Bytes of JSON, about, that have to be held at once: a whole answer, or the largest piece of a stream.
    private(set) var bytes = 0
    /// What makes it as large as it is, for whoever asked too much.
    private let factors: String
    /// The field to ask for less in.
    private let field: String

    /// Of an answer.
    /// - Parameter holdsAnswer: whether all of it is held; nil where that is so but for streams.
    init(_ request: GenerationRequest, _ served: ServedModel, holdsAnswer: Bool? = nil) {
        let holdsAnswer = holdsAnswer ?? !request.streams
        let perToken = Self.bytesPerToken(request, candidates: request.candidateCount)
        for decoding in request.decodings {
            let count = decoding.prompt.tokens.count
            let needs = decoding.strategy.needs
            let room = served.contextLength - needs.longestPrompt(beside: decoding.prompt)
            let generated = max(0, min(request.limits.maximumTokens ?? .max, room))
            // Other prompts are read, and completed beside the first.
            tokens += needs.companions.reduce(count) { $0 + $1.prompt.tokens.count }
            tokens += generated * request.choiceCount * (1 + needs.companions.count)
            // The whole sequence again, and back for each candidate, at each step.
            tokens += request.choiceCount * request.backwardPasses * (generated * count + generated * generated / 2)
            let statements = request.sources?.passes(for: generated) ?? 0
            if statements > 0 {
                // Prompt and answer again, and back for each statement, and for thoughts.
                tokens += request.choiceCount * (2 + statements) * (count + generated)
            }
            let sourceCount = decoding.prompt.documents.count + decoding.prompt.messages.count + 2
            let sources = statements * (Self.statement + sourceCount * Self.share)
            let told = (request.echoes ? count * perToken.echoed : 0) + (request.traces ? count * Self.traced : 0)
            if holdsAnswer {
                bytes += (told + sources + generated * perToken.generated) * request.choiceCount
            } else {
                bytes = max(bytes, told, sources)
            }
        }
        factors =
            "\(request.prompts.count) prompts, n \(request.choiceCount), max_tokens \(request.limits.maximumTokens.map(String.init) ?? "without limit")"
            + (request.backwardPasses > 0 ? ", the whole sequence \(request.backwardPasses) times a token" : "")
            + (request.sources.map { ", sources for each \($0.unit.rawValue)" } ?? "")
        field = request.backwardPasses > 0 || request.sources != nil ? "max_tokens" : "n"
    }

    /// Of an attribution of `targetCount` targets to a prompt: it is read, and relevance is sent back for each.
    init(attributing targetCount: Int, to prompt: Prompt, headCount: Int) {
        tokens = prompt.tokens.count * (1 + targetCount)
        bytes = prompt.tokens.count * (Self.traced + Self.number * targetCount) + Self.number * headCount * targetCount
        factors = "\(prompt.tokens.count) tokens, \(targetCount) targets"
        field = "targets"
    }

    /// Of vectors of a length for prompts.
    init(embedding prompts: [Prompt], length: Int) {
        tokens = prompts.reduce(0) { $0 + $1.tokens.count }
        bytes = prompts.count * length * Self.number
        factors = "\(prompts.count) texts, vectors of \(length) numbers"
        field = "input"
    }

    /// Bytes of a prompt's token in a trace: its id, and its weight in the region.
    private static let traced = 48
    /// Bytes of what a sentence rests on: of the sentence, and of each source with its passages.
    private static let statement = 256, share = 120 + AnswerSources.passageLimit * 60
    /// Bytes of a number with all its digits.
    private static let number = 24

    /// Generous estimates of what a token takes in JSON; a candidate, or a likely token, has its text and some numbers.
    private static func bytesPerToken(_ request: GenerationRequest, candidates: Int) -> (echoed: Int, generated: Int) {
        let echoed = 8 + (request.logProbabilityCount.map { 80 + 64 * ($0 + 1) } ?? 0)
        return (echoed, echoed + (request.traces ? 220 + 130 * candidates : 0))
    }

    /// - Throws: ``APIError`` with status 400 where it is more than one request may cost.
    func check() throws {
        guard tokens <= Limits.tokens else {
            throw APIError.invalid(
                "The request may take \(tokens) tokens (\(factors)); at most \(Limits.tokens) are worked on in one. Ask for less at once.",
                param: field, code: "request_too_large")
        }
        guard bytes <= Limits.answerBytes else {
            throw APIError.invalid(
                "The answer may have \(bytes >> 20) MiB (\(factors), with log-probabilities and traces); at most \(Limits.answerBytes >> 20) are held. Ask for less at once, or for a stream.",
                param: field, code: "answer_too_large")
        }
    }
}
