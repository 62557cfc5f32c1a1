import AGDInsight
import AttributionGuidedDecoding

extension AnswerSources.Options {
    /// As a request's `agd` asks for them, in a word or as an object; a limit of trust asks for them, too. Nil where neither is there.
    /// - Throws: ``APIError`` for a limit where nothing is untrusted.
    init?(_ agd: JSONValue?, _ prompts: [Prompt], _ served: ServedModel) throws(APIError) {
        let field = agd?["sources"]
        guard field != nil || agd?["trust"] != nil else { return nil }
        self.init()
        unit = (field?.string ?? field?["per"]?.string).flatMap(StatementUnit.init) ?? unit
        rule = field?["rule"]?.string.flatMap(PropagationRule.init) ?? rule
        hops = field?["hops"]?.bool ?? hops
        trust = agd?["trust"].map { limit in
            TrustLimit(
                share: limit["limit"]?.double ?? 1,
                action: limit["action"]?.string.flatMap(TrustLimit.Action.init) ?? .flag)
        }
        if trust != nil, prompts.contains(where: \.untrustedSpans.isEmpty) {
            throw .invalid(
                "'agd.trust': no message or document is untrusted; mark one with \"agd_trust\": \"untrusted\", or give 'agd.tools' or 'agd.documents'.",
                param: "agd.trust")
        }
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
