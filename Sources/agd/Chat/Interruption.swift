import Foundation
import Synchronization

/// Ctrl-C, once it is caught, ends what is being done and not the program.
enum Interruption {
    private static let isAsked = Atomic(false)

    /// From now on it is caught.
    static func beginCatching() {
        _ = taken()
        signal(SIGINT) { _ in Interruption.isAsked.store(true, ordering: .relaxed) }
    }

    /// Whether it was pressed since this was asked last.
    static func taken() -> Bool { isAsked.exchange(false, ordering: .relaxed) }

    /// Runs `body` in a task that Ctrl-C cancels.
    static func cancelling<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let task = Task { try await body() }
        let watch = Task {
            while !Task.isCancelled {
                if taken() { task.cancel() }
                do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
            }
        }
        defer { watch.cancel() }
        return try await task.value
    }
}
