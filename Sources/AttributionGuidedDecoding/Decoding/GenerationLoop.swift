/// A generation between two steps.
struct GenerationLoop {
    let session: Session
    let state: GenerationState
    /// The generation's place in a batch; given back with the last step, or when nobody asks for steps any more.
    let member: DecodingBatch.Member?
    let progress: @Sendable (Int) -> Void

    func next() async throws -> GenerationStep? { try await session.step(self) }
}

extension Session {
    func step(_ loop: GenerationLoop) async throws -> GenerationStep? {
        try await alone { session in
            guard !loop.state.hasEnded else { return nil }
            let sequences = loop.state.beginStep(isAlone: loop.member?.isAlone ?? true)
            let isPrompt = loop.state.isReadingPrompt
            let read: Result<[[Prediction]], any Error>
            do {
                try Task.checkCancellation()
                read = .success(
                    try await session.read(sequences, as: loop.member) { done in
                        if isPrompt { loop.progress(done) }
                    })
            } catch {
                sequences.forEach { $0.stopReading() }
                read = .failure(error)
            }
            defer { if loop.state.hasEnded { loop.member?.leave() } }
            return try loop.state.finishStep(read, tokenizer: session.model.tokenizer)
        }
    }

    /// Reads sequences to their ends, together with those of the batch that this session is of.
    private func read(
        _ sequences: [InferenceSession], as member: DecodingBatch.Member?, progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [[Prediction]] {
        if sequences.isEmpty { return [] }
        if let member { return try await member.read(sequences, progress: progress) }
        return try sequences[0].evaluator.read(sequences) {
            try Task.checkCancellation()
            progress(sequences[0].evaluatedCount)
        }
    }
}
