import AGDInsight
import AttributionGuidedDecoding

/// How an endpoint writes its answers, whole or in chunks that each stand for themselves.
protocol ChunkFormat: AnswerFormat {
    var head: AnswerHead { get }
    /// The chunks that open an answer in a stream.
    func opening(_ choice: Int) -> [any Encodable & Sendable]
    /// A token's chunk; nil where it has nothing to tell yet.
    func chunk(_ choice: Int, _ token: ChosenToken) -> (any Encodable & Sendable)?
    /// The prompt's tokens, where they begin the answer.
    func echo(_ choice: Int, _ rated: [TokenLogProbability]?) -> (any Encodable & Sendable)?
    /// What the answer rests on.
    func sources(_ choice: Int, _ sources: AnswerSources) -> any Encodable & Sendable
    /// - Parameter callsTools: whether the answer had calls of tools.
    func closing(_ choice: Int, _ reason: StopReason?, callsTools: Bool) -> any Encodable & Sendable
    func usage(_ usage: Usage) -> any Encodable & Sendable
}

extension ChunkFormat {
    func stream() -> any AnswerStream { ChunkStream(format: self) }
    var streamEndsWithWhole: Bool { false }
}

/// A stream of chunks, of several answers in any order, that ends with `[DONE]`.
private struct ChunkStream: AnswerStream {
    let format: any ChunkFormat
    private var opened: Set<Int> = []
    /// Answers that have had calls of tools.
    private var calling: Set<Int> = []

    init(format: any ChunkFormat) { self.format = format }

    mutating func opening() -> [StreamEvent] { chunks(opening(0)) }

    mutating func events(for event: GenerationEvent) -> [StreamEvent] {
        switch event {
        case .working, .cached: []
        case .echo(let choice, let rated): chunks(opening(choice) + [format.echo(choice, rated)].compactMap { $0 })
        case .sources(let choice, let sources): chunks(opening(choice) + [format.sources(choice, sources)])
        case .nothingWanted(let choice): chunks(opening(choice) + [format.closing(choice, nil, callsTools: false)])
        case .token(let choice, let token): chunks(opening(choice) + told(choice, token))
        }
    }

    mutating func closing(_ usage: Usage) -> [StreamEvent] {
        (format.head.request.includesUsage ? chunks([format.usage(usage)]) : []) + [.done]
    }

    func failure(_ error: APIError) -> StreamEvent { .data(error) }

    private mutating func opening(_ choice: Int) -> [any Encodable & Sendable] {
        opened.insert(choice).inserted ? format.opening(choice) : []
    }

    private mutating func told(_ choice: Int, _ token: ChosenToken) -> [any Encodable & Sendable] {
        if !token.calls.isEmpty { calling.insert(choice) }
        let closing = token.step.stopReason.map {
            format.closing(choice, $0, callsTools: calling.contains(choice))
        }
        return [format.chunk(choice, token), closing].compactMap { $0 }
    }

    private func chunks(_ chunks: [any Encodable & Sendable]) -> [StreamEvent] { chunks.map { .data($0) } }
}
