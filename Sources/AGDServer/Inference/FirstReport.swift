import Synchronization

/// The first of several reports, for whoever asks for it first.
final class FirstReport: Sendable {
    private enum State { case none, noted(Int), taken }
    private let state = Mutex(State.none)

    func note(_ value: Int) {
        state.withLock { if case .none = $0 { $0 = .noted(value) } }
    }

    /// The first report, once; nil where there is none yet, or it was taken.
    func taken() -> Int? {
        state.withLock { state in
            guard case .noted(let value) = state else { return nil }
            state = .taken
            return value
        }
    }
}
