import Dispatch
import Foundation

/// Sessions whose generations are decoded side by side: each step reads every weight once for all of them.
///
/// ```swift
/// let batch = try DecodingBatch(model)
/// let sessions = try (0..<8).map { _ in try Session(batch) }
/// ```
///
/// Sessions are used as they are alone, by tasks of their own, and each says what it would say alone: to the last bit where all weights
/// are in panels, else but for rounding. A generation that is begun joins between two steps;
/// its prompt is read in pieces while the others go on. A step waits for a generation that took part in the last one for some
/// milliseconds at most, so that who doesn't ask for more holds nobody up.
public final class DecodingBatch: @unchecked Sendable {  // `condition` guards what changes.
    /// The model that decodes.
    public let model: LanguageModel
    /// What each of the sessions is made with.
    public let options: Session.Options
    let evaluator: BatchEvaluator
    private let queue = DispatchQueue(label: "attribution-guided-decoding.batch")
    private let condition = NSCondition()
    private var isWorking = false
    private var waiting: [Request] = []
    /// Generations that have a place.
    private var members: Set<ObjectIdentifier> = []
    /// Generations that took part in the last step and may be expected in the next.
    private var expected: Set<ObjectIdentifier> = []
    /// Generations whose task was cancelled while they were waiting.
    private var cancelled: Set<ObjectIdentifier> = []

    /// How long a step waits for those that took part in the last one.
    private static let patience = 0.005

    /// A batch without sessions as yet.
    /// - Parameters:
    ///   - model: the model that decodes.
    ///   - options: of each session; `threadCount` is that of them all together.
    /// - Throws: ``GenerationError/invalid(field:problem:)`` for a context or a thread count that can't be.
    public init(_ model: LanguageModel, options: Session.Options = Session.Options()) throws {
        self.model = model
        self.options = try options.checked(for: model)
        evaluator = try BatchEvaluator(model, threadCount: self.options.threadCount)
    }

    /// Sequences of one generation that are being read, and who waits for what follows them.
    private struct Request {
        let member: Member
        let sequences: [InferenceSession]
        var results: [[Prediction]?]
        let progress: @Sendable (Int) -> Void
        let continuation: CheckedContinuation<[[Prediction]], any Error>
        var failure: (any Error)?

        var isDone: Bool { failure != nil || results.allSatisfy { $0 != nil } }
    }

    /// A generation's place in the batch; given back when the last reference goes.
    final class Member: Sendable {
        private let batch: DecodingBatch
        fileprivate init(_ batch: DecodingBatch) { self.batch = batch }
        deinit { batch.forget(ObjectIdentifier(self)) }

        /// Whether no other generation has a place.
        var isAlone: Bool { batch.condition.withLock { batch.members.count <= 1 } }

        /// The others wait for it no more.
        func leave() { batch.forget(ObjectIdentifier(self)) }

        /// Reads sequences to their ends, beside those of the others.
        /// - Parameter progress: called with the number of the first sequence's tokens that have been evaluated.
        /// - Throws: `CancellationError` within a step of the task's being cancelled.
        func read(
            _ sequences: [InferenceSession], progress: @escaping @Sendable (Int) -> Void
        ) async throws -> [[Prediction]] {
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    batch.enqueue(
                        Request(
                            member: self, sequences: sequences,
                            results: Array(repeating: nil, count: sequences.count), progress: progress,
                            continuation: continuation))
                    if Task.isCancelled { batch.cancel(self) }
                }
            } onCancel: {
                batch.cancel(self)
            }
        }
    }

    func join() -> Member {
        let member = Member(self)
        condition.withLock { _ = members.insert(ObjectIdentifier(member)) }
        return member
    }
}

// MARK: Who takes part

extension DecodingBatch {
    private func enqueue(_ request: Request) {
        let starts = condition.withLock {
            waiting.append(request)
            condition.signal()
            defer { isWorking = true }
            return !isWorking
        }
        if starts { queue.async { self.work() } }
    }

    private func forget(_ member: ObjectIdentifier) {
        condition.withLock {
            members.remove(member)
            expected.remove(member)
            cancelled.remove(member)
            condition.signal()
        }
    }

    private func cancel(_ member: Member) {
        condition.withLock {
            cancelled.insert(ObjectIdentifier(member))
            condition.signal()
        }
    }

    /// The requests of the next step; nil, and the work ends, where there are none.
    private func gathered() -> [Request]? {
        condition.withLock {
            let deadline = Date(timeIntervalSinceNow: Self.patience)
            while !expected.isSubset(of: waiting.map { ObjectIdentifier($0.member) }) {
                guard condition.wait(until: deadline) else { break }
            }
            expected = []
            let isCancelled = { (request: Request) in self.cancelled.contains(ObjectIdentifier(request.member)) }
            let ended = waiting.filter(isCancelled)
            waiting.removeAll(where: isCancelled)
            for request in ended {
                request.sequences.forEach { $0.stopReading() }
                cancelled.remove(ObjectIdentifier(request.member))
                request.continuation.resume(throwing: CancellationError())
            }
            isWorking = !waiting.isEmpty
            defer { waiting = [] }
            return waiting.isEmpty ? nil : waiting
        }
    }
}

// MARK: Steps

extension DecodingBatch {
    private func work() {
        while var requests = gathered() {
            let open = requests.indices.flatMap { request in
                requests[request].results.indices.filter { requests[request].results[$0] == nil }.map { (request, $0) }
            }
            do {
                let results = try evaluator.advance(open.map { requests[$0].sequences[$1] })
                for (place, result) in zip(open, results) {
                    switch result {
                    case .success(let predictions): requests[place.0].results[place.1] = predictions
                    case .failure(let error): requests[place.0].failure = error
                    }
                }
            } catch {
                for index in requests.indices { requests[index].failure = error }
            }
            hand(out: requests)
        }
    }

    private func hand(out requests: [Request]) {
        for request in requests { request.progress(request.sequences[0].evaluatedCount) }
        let (done, open) = (requests.filter(\.isDone), requests.filter { !$0.isDone })
        condition.withLock {
            waiting = open + waiting
            expected = Set(done.map { ObjectIdentifier($0.member) })
        }
        for request in done {
            if let error = request.failure {
                request.sequences.forEach { $0.stopReading() }
                request.continuation.resume(throwing: error)
            } else {
                request.continuation.resume(returning: request.results.compactMap { $0 })
            }
        }
    }
}
