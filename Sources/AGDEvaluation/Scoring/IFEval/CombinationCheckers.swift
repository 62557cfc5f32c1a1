/// Replies built from other texts: two in one, a repeated request, a given ending, quotation marks around everything.
extension IFEvalCheckers {
    /// Two different texts with `******` between them; blank pieces may only come first or last.
    static func twoResponses(_: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        { reply in
            let pieces = reply.split(separator: "******")
            guard !pieces.dropFirst().dropLast().contains(where: \.isBlank) else { return false }
            let texts = pieces.map { $0.strip() }.filter { !$0.isEmpty }
            return texts.count == 2 && texts[0] != texts[1]
        }
    }

    static func repeatPrompt(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let prompt = try arguments.text("prompt_to_repeat").strip().lower()
        return { $0.strip().lower().hasPrefix(prompt) }
    }

    static func endPhrase(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let phrase = try arguments.text("end_phrase").strip().lower()
        return { $0.strip().strip { $0 == "\"" }.lower().hasSuffix(phrase) }
    }

    static func quotation(_: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        { reply in
            let text = reply.strip()
            return text.count > 1 && text.first == "\"" && text.last == "\""
        }
    }
}
