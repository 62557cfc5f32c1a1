import AttributionGuidedDecoding
import Foundation
import Synchronization

/// Progress of long work on stderr: a bar on a terminal, a plain line now and then elsewhere; nothing for short work.
final class ProgressBar: Sendable {
    private struct State {
        var start = ContinuousClock.now
        var lastShown = ContinuousClock.now
        var isShown = false
    }
    private let title: String
    private let state = Mutex(State())

    init(_ title: String) { self.title = title.printable }

    private static var canMove: Bool { Terminal.errorIsTerminal && Terminal.obeysEscapes }

    /// - Parameter fraction: of the work that is done, 0 to 1.
    func update(_ fraction: Double) {
        state.withLock { state in
            let interval: Duration = Self.canMove ? .milliseconds(200) : .seconds(5)
            guard state.lastShown.duration(to: .now) >= interval else { return }
            state.lastShown = .now
            state.isShown = true
            let percent = Int((100 * fraction).rounded())
            if Self.canMove {
                let filled = Int((30 * fraction).rounded())
                let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
                Terminal.writeErrorStyled("\r\(title) \(bar) \(percent) %")
            } else {
                Terminal.writeError("\(title): \(percent) %\n")
            }
        }
    }

    func finish() {
        state.withLock { state in
            if state.isShown, Self.canMove { Terminal.writeErrorStyled("\r\u{1B}[K") }
            state.isShown = false
        }
    }
}
