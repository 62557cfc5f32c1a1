import AttributionGuidedDecoding

extension Explanation {
    /// Tokens that share a character, and what they are together; a token that shares none is exact by itself.
    public struct SharedCharacters: Sendable, Encodable {
        /// Of the first token, in ``Explanation/tokens``.
        public var position: Int
        /// How many tokens share it.
        public var count: Int
        /// What they are together.
        public var text: String
    }

    /// What is shown as one: a token, or tokens that share a character.
    struct Word {
        var positions: Range<Int>
        var text: String
        var isInRegion: Bool
    }

    /// The tokens of prompt and completion as words, in order; no word lies in both.
    static func words(_ tokens: [Token], promptLength: Int) -> [Word] {
        [0..<promptLength, promptLength..<tokens.count].flatMap { part in
            let bytes = tokens[part].map { $0.bytes ?? Array($0.text.utf8) }
            return TokenText.runs(of: bytes).map { run in
                let positions = run.lowerBound + part.lowerBound..<run.upperBound + part.lowerBound
                return Word(
                    positions: positions, text: TokenText.text(of: bytes[run].joined()),
                    isInRegion: tokens[positions].contains { $0.weight != 0 })
            }
        }
    }

    var words: [Word] { Self.words(tokens, promptLength: promptLength) }

    /// The relevance of each of ``words`` for one step, or summed over all of them.
    func wordRelevance(step: Int?) -> [Double] {
        let relevance = relevance(step: step)
        return words.map { word in
            word.positions.reduce(0) { $0 + ($1 < relevance.count ? relevance[$1] : 0) }
        }
    }
}
