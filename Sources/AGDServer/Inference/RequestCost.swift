import AttributionGuidedDecoding

/// What a request can cost at most, known before any of it is spent.
struct RequestCost {
    /// Tokens that are read and generated.
    private(set) var tokens = 0
    /// Bytes of JSON, about, that have to be held at once: a whole answer, or the largest piece of a stream.
    private(set) var bytes = 0
    /// What makes it as large as it is, for whoever asked too much.
    private let factors: String

    init(_ request: GenerationRequest, _ served: ServedModel) {
        let perToken = Self.bytesPerToken(request, candidates: request.candidateCount)
        for prompt in request.prompts {
            let count = prompt.tokens.count
            let generated = max(0, min(request.limits.maximumTokens ?? .max, served.contextLength - count))
            tokens += count + generated * request.choiceCount
            let told = (request.echoes ? count * perToken.echoed : 0) + (request.traces ? count * Self.traced : 0)
            if request.streams {
                bytes = max(bytes, told)
            } else {
                bytes += (told + generated * perToken.generated) * request.choiceCount
            }
        }
        factors =
            "\(request.prompts.count) prompts, n \(request.choiceCount), max_tokens \(request.limits.maximumTokens.map(String.init) ?? "without limit")"
    }

    /// Bytes of a prompt's token in a trace: its id, and its weight in the region.
    private static let traced = 48

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
                param: "n", code: "request_too_large")
        }
        guard bytes <= Limits.answerBytes else {
            throw APIError.invalid(
                "The answer may have \(bytes >> 20) MiB (\(factors), with log-probabilities and traces); at most \(Limits.answerBytes >> 20) are held. Ask for less at once, or for a stream.",
                param: "n", code: "answer_too_large")
        }
    }
}
