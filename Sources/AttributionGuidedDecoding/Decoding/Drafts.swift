/// How many tokens of a completion are drafted ahead of the model: copied from what came before, and read in one pass with the
/// token chosen last. A drafted token stands where the strategy's own choice is the same; so no text ever changes, but where weights
/// aren't in panels and a number of tokens that decides about the order of sums tips one that is as likely as another.
public enum DraftLength: Sendable, Hashable, LosslessStringConvertible {
    /// None.
    case off
    /// As many as have lately stood, none for a while where none did, none beside other generations of a batch, whose columns
    /// a draft would keep waiting, and none where the weights aren't in panels or layers are recurrent.
    case auto
    /// So many, wherever there is something to copy.
    case tokens(Int)

    /// The most tokens that are drafted at once.
    public static let longest = 7

    /// - Parameter text: `off`, `auto` or a number from 1 to ``longest``.
    public init?(_ text: String) {
        switch text {
        case "off": self = .off
        case "auto": self = .auto
        default:
            guard let count = Int(text), (1...Self.longest).contains(count) else { return nil }
            self = .tokens(count)
        }
    }

    public var description: String {
        switch self {
        case .off: "off"
        case .auto: "auto"
        case .tokens(let count): "\(count)"
        }
    }
}

/// What may come next because it came before: what followed the passage that the text ends with, where that occurred last
/// (prompt look-up decoding: Saxena 2023, and HuggingFace's `prompt_lookup_num_tokens`), and how much of it it pays to try.
package struct Drafts {
    /// Tokens that must be the same before anything is copied.
    private static let passageLength = 3
    private let limit: Int
    private let isFixed: Bool
    private var length: Int
    /// Steps without a draft: now, and after the next one that is refused whole.
    private var pause = 0, nextPause = 1
    /// Tokens of the last draft, and how many of them didn't stand.
    private var drafted = 0, refused = 0
    private var tokens: [Int] = []
    /// For each passage the position after its last occurrence that has one.
    private var continuations: [[Int]: Int] = [:]

    /// - Parameter isFree: whether a refused draft costs a pass and nothing else, see ``LanguageModel/draftsFreely``. Where it costs more,
    /// drafts have to be asked for.
    /// - Returns: nil where nothing is to be drafted.
    package init?(_ length: DraftLength, isFree: Bool = true) {
        switch length {
        case .off: return nil
        case .auto:
            guard isFree else { return nil }
            (limit, isFixed, self.length) = (DraftLength.longest, false, 3)
        case .tokens(let count): (limit, isFixed, self.length) = (count, true, count)
        }
    }

    /// Takes in tokens of prompt and completion.
    mutating func read(_ newTokens: [Int]) {
        for token in newTokens {
            if tokens.count >= Self.passageLength {
                continuations[Array(tokens.suffix(Self.passageLength))] = tokens.count
            }
            tokens.append(token)
        }
    }

    /// What may follow.
    /// - Parameter isAlone: whether the generation has the processor for itself.
    mutating func next(atMost room: Int, isAlone: Bool = true) -> [Int] {
        note()
        drafted = 0
        guard isFixed || isAlone else { return [] }
        if pause > 0 {
            pause -= 1
            return []
        }
        guard room > 0, let start = continuations[Array(tokens.suffix(Self.passageLength))] else { return [] }
        let draft = Array(tokens[start...].prefix(min(length, room)))
        (drafted, refused) = (draft.count, 0)
        return draft
    }

    /// Tells how many tokens of the last draft didn't stand.
    mutating func refuse(_ count: Int) { refused = count }

    /// Draws the lesson from the last draft.
    private mutating func note() {
        guard !isFixed, drafted > 0 else { return }
        if refused == drafted {
            (pause, nextPause) = (nextPause, min(64, 2 * nextPause))
            length = 3
        } else {
            nextPause = 1
            length = min(limit, refused == 0 ? length + 2 : max(3, drafted - refused + 1))
        }
    }
}

extension LanguageModel {
    /// Whether tokens read together are predicted as one by one, to the last bit, so that no draft tips a token that is as likely as
    /// another; and are dropped again without reading those before them anew, as recurrent layers would.
    var draftsFreely: Bool { weights.areAllInPanels && configuration.attention.allSatisfy { $0.deltaNet == nil } }
}
