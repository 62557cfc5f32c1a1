import AttributionGuidedDecoding
import Synchronization

/// The sessions that requests share: a fixed number that work at once, and a queue for those that wait.
///
/// A request is first admitted, which fails at once where the queue is full, and then takes a session in the order of
/// admission. Of the free sessions it gets the one whose caches hold most of its prompt. Both places, in the queue and at
/// a session, are given back whatever happens: one when the ``Admission`` goes, the other when the scope is left.
final class SessionPool: Sendable {
    /// A place among the admitted requests, given back when the last reference goes.
    final class Admission: Sendable {
        private let pool: SessionPool
        fileprivate init(_ pool: SessionPool) { self.pool = pool }
        deinit { pool.state.withLock { $0.admitted -= 1 } }
    }

    private struct IdleSession {
        var session: Session
        var contents: CacheContents?
    }

    private struct Waiting {
        var id: UInt64
        var continuation: CheckedContinuation<Session, any Error>
    }

    private struct State {
        /// The longest unused one first.
        var idle: [IdleSession]
        var waiting: [Waiting] = []
        var admitted = 0
        var nextID: UInt64 = 0
    }

    let sessionCount: Int
    private let admissionCount: Int
    private let state: Mutex<State>

    /// - Parameter queueLength: requests that may wait while all sessions work.
    init(_ sessions: [Session], queueLength: Int) {
        sessionCount = sessions.count
        admissionCount = sessions.count + queueLength
        state = Mutex(State(idle: sessions.map { IdleSession(session: $0, contents: nil) }))
    }

    var busyCount: Int { state.withLock { sessionCount - $0.idle.count } }
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// - Throws: ``APIError`` with status 429 where the queue is full.
    func admit() throws -> Admission {
        let isAdmitted = state.withLock { state in
            guard state.admitted < admissionCount else { return false }
            state.admitted += 1
            return true
        }
        guard isAdmitted else { throw APIError.overloaded(retryAfter: 1 + admissionCount / sessionCount) }
        return Admission(self)
    }

    /// Runs `body` with a session of its own, after those that asked before.
    func withSession<Result: Sendable>(
        _ admission: Admission, for prompt: Prompt, strategy: any DecodingStrategy,
        _ body: (Session) async throws -> Result
    ) async throws -> Result {
        let session = try await take(prompt, strategy)
        do {
            let result = try await body(session)
            release(session, contents: await session.cacheContents)
            return result
        } catch {
            release(session, contents: await session.cacheContents)
            throw error
        }
    }

    private func take(_ prompt: Prompt, _ strategy: any DecodingStrategy) async throws -> Session {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let session: Session? = state.withLock { state in
                    // Who is cancelled from here on is found in the queue.
                    if !Task.isCancelled, let session = Self.best(&state.idle, prompt, strategy) { return session }
                    state.waiting.append(Waiting(id: id, continuation: continuation))
                    return nil
                }
                if let session { continuation.resume(returning: session) }
                if Task.isCancelled { leaveQueue(id) }
            }
        } onCancel: {
            leaveQueue(id)
        }
    }

    private func leaveQueue(_ id: UInt64) {
        let left = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        left?.continuation.resume(throwing: CancellationError())
    }

    private static func best(_ idle: inout [IdleSession], _ prompt: Prompt, _ strategy: any DecodingStrategy)
        -> Session?
    {
        let counts = idle.map { $0.contents?.reusableCount(of: prompt, for: strategy) ?? 0 }
        guard let most = counts.max(), let index = counts.firstIndex(of: most) else { return nil }
        return idle.remove(at: index).session
    }

    private func release(_ session: Session, contents: CacheContents?) {
        let next: Waiting? = state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.idle.append(IdleSession(session: session, contents: contents))
            return nil
        }
        next?.continuation.resume(returning: session)
    }
}
