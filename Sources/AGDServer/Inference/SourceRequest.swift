import AGDInsight
import AttributionGuidedDecoding

extension AnswerSources.Options {
    /// As a request asks for them, in a word or as an object.
    init(_ field: JSONValue, _ served: ServedModel) {
        self.init()
        unit = (field.string ?? field["per"]?.string).flatMap(StatementUnit.init) ?? unit
        rule = field["rule"]?.string.flatMap(PropagationRule.init) ?? rule
        hops = field["hops"]?.bool ?? hops
        sentenceLimit = Limits.sentences
        reverse.threadCount = served.threadCount
    }

    /// Passes back at most for so many tokens.
    func passes(for tokens: Int) -> Int {
        switch unit {
        case .answer: 1
        case .sentence: min(tokens, sentenceLimit)
        case .token: tokens
        }
    }
}
