import AttributionGuidedDecoding
import Synchronization

/// A strategy that chooses as another does, and notes how probable its choices were.
struct LogProbabilityRecorder: DecodingStrategy {
    private var base: any DecodingStrategy
    private let alternatives: Int
    private let record: Record

    /// The last choice's probability, for whoever iterates the generation.
    final class Record: Sendable {
        private let last = Mutex<TokenLogProbability?>(nil)
        fileprivate func note(_ value: TokenLogProbability) { last.withLock { $0 = value } }
        var latest: TokenLogProbability? { last.withLock { $0 } }
    }

    init(_ base: any DecodingStrategy, alternatives: Int, record: Record) {
        self.base = base
        self.alternatives = alternatives
        self.record = record
    }

    var name: String { base.name }
    var needs: StrategyNeeds { base.needs }

    mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let choice = try base.choose(context)
        record.note(TokenLogProbability(choice.token, in: context.distribution, alternatives: alternatives))
        return choice
    }
}
