import Synchronization

/// Tells the first of several reports from the others.
final class FirstReport: Sendable {
    private let isNoted = Mutex(false)

    /// Whether this is the first call.
    func isFirst() -> Bool {
        isNoted.withLock { isNoted in
            defer { isNoted = true }
            return !isNoted
        }
    }
}
