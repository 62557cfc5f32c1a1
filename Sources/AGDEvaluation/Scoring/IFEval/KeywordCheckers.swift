/// Words and letters that must or must not occur.
extension IFEvalCheckers {
    static func keywordsExist(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let keywords = try arguments.patterns("keywords").map { $0.caseKeys() }
        return { reply in
            let keys = reply.caseKeys()
            return keywords.allSatisfy { keys.contains($0) }
        }
    }

    static func keywordFrequency(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let keyword = try arguments.pattern("keyword").strip().caseKeys()
        let relation = try arguments.relation("relation", threshold: "frequency")
        return { relation.holds(for: $0.caseKeys().occurrences(of: keyword).count) }
    }

    static func forbiddenWords(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let words = try arguments.patterns("forbidden_words").map { $0.caseKeys() }
        return { reply in
            let keys = reply.caseKeys()
            return !words.contains { word in
                keys.contains(word) {
                    reply.isWordBoundary(at: $0.lowerBound) && reply.isWordBoundary(at: $0.upperBound)
                }
            }
        }
    }

    /// Unscored for anything but one ASCII letter: the official checker then draws a letter at random.
    static func letterFrequency(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let letter = try arguments.text("letter").lower()
        let relation = try arguments.relation("let_relation", threshold: "let_frequency")
        guard letter.count == 1, letter[0].isASCIILetter else { return { _ in nil } }
        return { relation.holds(for: $0.lower().occurrences(of: letter).count) }
    }
}
