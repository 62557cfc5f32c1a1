/// What guidance did in a completion, and why where it did nothing.
public struct GuidanceSummary: Sendable {
    /// Why no token was chosen otherwise.
    public enum IdleReason: Sendable, Equatable {
        /// The entropy, of at most `largestEntropy` nats, stayed below the threshold: guidance never stepped in.
        case gateStayedClosed(threshold: Double, largestEntropy: Double)
        /// Where guidance stepped in, the region spoke for what the model would have said.
        case agreed
    }

    /// Tokens of the completion.
    public private(set) var tokenCount = 0
    /// Those at which guidance stepped in.
    public private(set) var guidedCount = 0
    /// Those at which it took another than the model's first choice.
    public private(set) var changedCount = 0
    private var largestEntropy = 0.0
    private let threshold: Double?

    /// - Parameter threshold: of the entropy gate, in nats; nil where every step is guided.
    public init(threshold: Double?) { self.threshold = threshold }

    /// Takes in one more step.
    public mutating func count(_ step: GenerationStep) {
        tokenCount += 1
        guidedCount += step.choice.guided ? 1 : 0
        changedCount += step.changedByGuidance ? 1 : 0
        largestEntropy = max(largestEntropy, step.entropy)
    }

    /// Nil where guidance did change something, and where there is nothing to say.
    public var idleReason: IdleReason? {
        if guidedCount == 0, tokenCount > 0, let threshold, largestEntropy < threshold {
            return .gateStayedClosed(threshold: threshold, largestEntropy: largestEntropy)
        }
        return guidedCount > 0 && changedCount == 0 ? .agreed : nil
    }
}
