import AttributionGuidedDecoding
import Hummingbird
import NIOCore

extension API {
    /// Answers a request for text, in one piece or as a stream of events.
    func answer(
        _ request: GenerationRequest, _ work: AdmittedRequest, prefix: String,
        format makeFormat: (AnswerHead) -> any AnswerFormat
    ) throws -> Answering {
        let format = makeFormat(AnswerHead(work.served, request, prefix: prefix))
        let isHeld = !request.streams || format.streamEndsWithWhole
        try RequestCost(request, work.served, holdsAnswer: isHeld).check()
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
                        try await write(running, request, format, to: stream, work.context)
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
        _ running: RunningGeneration, _ request: GenerationRequest, _ format: any AnswerFormat,
        to stream: EventStream, _ context: APIContext
    ) async throws {
        var (stream, answer) = (stream, format.stream())
        var usage = Usage(request)
        do {
            try await stream.send(answer.opening())
            for try await event in running.events {
                usage.count(event)
                if case .working = event { try await stream.keepAlive() }
                try await stream.send(answer.events(for: event))
            }
            try Task.checkCancellation()
            try await stream.send(answer.closing(usage))
            try await stream.finish()
        } catch let error as CancellationError {
            throw error
        } catch is ChannelError, is IOError {
            throw CancellationError()  // The client has left in the middle of a write.
        } catch {
            context.logger.error("a stream failed", metadata: ["error": "\(error)"])
            try await stream.send([answer.failure(.failure(error))])
            try await stream.finish()
        }
    }
}

extension Usage {
    /// Before anything is generated.
    init(_ request: GenerationRequest) {
        promptTokens = request.prompts.reduce(0) { $0 + $1.tokens.count }
        guidance = request.guidance.map { GuidanceSummary(threshold: $0.entropyThreshold) }
    }

    fileprivate mutating func count(_ event: GenerationEvent) {
        switch event {
        case .token(_, let token):
            completionTokens += 1 + token.withheldCount
            if !token.piece.thinking.isEmpty { thinkingTokens += 1 }
            guidance?.count(token.step)
        case .cached(let count): promptTokensDetails.cachedTokens += count
        default: break
        }
    }
}
