import ArgumentParser
import AttributionGuidedDecoding

/// Checks of whole numbers given as options: one that nothing can follow is an error before any work, not an overflow in it.
enum NumberOption {
    /// Numbers of tokens: no context holds more.
    static let tokens = 1...Session.Options.longestContext
    /// Numbers of items, steps and the like.
    static let counts = 1...1_000_000_000
    static let threads = 1...512

    static func check(_ value: Int?, _ option: String, in range: ClosedRange<Int>) throws {
        guard let value, !range.contains(value) else { return }
        throw ValidationError("\(option) is \(value); it must be \(range.lowerBound) to \(range.upperBound).")
    }
}
