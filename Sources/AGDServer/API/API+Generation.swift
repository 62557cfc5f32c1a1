import Hummingbird
import NIOCore

extension API {
    /// Answers a request for text, in one piece or as a stream of events.
    func answer(
        _ request: GenerationRequest, _ work: AdmittedRequest, prefix: String,
        format makeFormat: (AnswerHead) -> any AnswerFormat
    ) throws -> Answering {
        try RequestCost(request, work.served).check()
        let head = AnswerHead(work.served, request, prefix: prefix)
        let format = makeFormat(head)
        let start = { @Sendable [telemetry, configuration] in
            request.start(work.served, work.admission, every: configuration.keepAliveInterval, telemetry: telemetry)
        }
        guard request.streams else {
            return {
                try await answering(work.context, start) { running in
                    let (answers, usage) = try await collect(running, request)
                    return try await work.served.preparation.run { try Response.json(format.whole(answers, usage)) }
                }
            }
        }
        return {
            Response(
                status: .ok, headers: EventStream.headers,
                body: ResponseBody { writer in
                    let stream = EventStream(writer)
                    try await answering(work.context, start) { running in
                        try await write(running, head, format, to: stream, work.context)
                    }
                })
        }
    }

    /// Runs `body` while the answer is computed, which ends with it, and when the client hangs up.
    private func answering<Result>(
        _ context: APIContext, _ start: () -> RunningGeneration, _ body: (RunningGeneration) async throws -> Result
    ) async throws -> Result {
        let running = start()
        defer { running.cancel() }
        do {
            return try await context.onHangUp({ running.cancel() }) { try await body(running) }
        } catch let error as CancellationError {
            telemetry.requestCancelled()
            throw error
        }
    }

    private func collect(_ running: RunningGeneration, _ request: GenerationRequest) async throws -> ([Answer], Usage) {
        var answers = Array(repeating: Answer(), count: request.prompts.count * request.choiceCount)
        var usage = Usage(request)
        for try await event in running.events {
            usage.count(event)
            switch event {
            case .token(let choice, let token): answers[choice].tokens.append(token)
            case .echo(let choice, let rated): answers[choice].ratedPrompt = rated
            case .sources(let choice, let sources): answers[choice].sources = sources
            case .working, .cached, .nothingWanted: break
            }
        }
        // A stream whose reader is cancelled ends like one that is finished.
        try Task.checkCancellation()
        return (answers, usage)
    }

    private func write(
        _ running: RunningGeneration, _ head: AnswerHead, _ format: any AnswerFormat, to stream: EventStream,
        _ context: APIContext
    ) async throws {
        var stream = stream
        var usage = Usage(head.request)
        var opened: Set<Int> = []
        var calling: Set<Int> = []
        do {
            // The first answer's head goes out at once, however long the prompt takes.
            for chunk in format.opening(0, opened: &opened) { try await stream.send(chunk) }
            for try await event in running.events {
                usage.count(event)
                if let choice = event.choice {
                    for chunk in format.opening(choice, opened: &opened) { try await stream.send(chunk) }
                }
                switch event {
                case .working: try await stream.keepAlive()
                case .cached: break
                case .echo(let choice, let rated):
                    if let chunk = format.echo(choice, rated) { try await stream.send(chunk) }
                case .sources(let choice, let sources): try await stream.send(format.sources(choice, sources))
                case .nothingWanted(let choice): try await stream.send(format.closing(choice, nil, callsTools: false))
                case .token(let choice, let token):
                    if !token.calls.isEmpty { calling.insert(choice) }
                    if let chunk = format.chunk(choice, token) { try await stream.send(chunk) }
                    if let reason = token.step.stopReason {
                        try await stream.send(format.closing(choice, reason, callsTools: calling.contains(choice)))
                    }
                }
            }
            try Task.checkCancellation()
            if head.request.includesUsage { try await stream.send(format.usage(usage)) }
            try await stream.finish()
        } catch let error as CancellationError {
            throw error
        } catch is ChannelError, is IOError {
            throw CancellationError()  // The client has left in the middle of a write.
        } catch {
            context.logger.error("a stream failed", metadata: ["error": "\(error)"])
            try await stream.fail(.internalError)
        }
    }
}

extension AnswerFormat {
    fileprivate func opening(_ choice: Int, opened: inout Set<Int>) -> [any Encodable & Sendable] {
        opened.insert(choice).inserted ? opening(choice) : []
    }
}

extension GenerationEvent {
    /// The answer it belongs to.
    fileprivate var choice: Int? {
        switch self {
        case .echo(let choice, _), .token(let choice, _), .sources(let choice, _), .nothingWanted(let choice): choice
        case .working, .cached: nil
        }
    }
}

extension Usage {
    fileprivate init(_ request: GenerationRequest) { promptTokens = request.prompts.reduce(0) { $0 + $1.tokens.count } }

    fileprivate mutating func count(_ event: GenerationEvent) {
        switch event {
        case .token(_, let token): completionTokens += 1 + token.withheldCount
        case .cached(let count): promptTokensDetails.cachedTokens += count
        default: break
        }
    }
}
