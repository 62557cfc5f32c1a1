/// Sentences, words and paragraphs.
extension IFEvalCheckers {
    static func numberOfSentences(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let relation = try arguments.relation("relation", threshold: "num_sentences")
        return { [punkt = arguments.support.punkt] reply in
            punkt.map { relation.holds(for: $0.sentences(of: reply).count) }
        }
    }

    static func numberOfWords(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let relation = try arguments.relation("relation", threshold: "num_words")
        return { relation.holds(for: $0.wordRuns().count) }
    }

    /// Paragraphs between `***`, at most one white space swallowed on either side. A blank one counts only against the
    /// reply, unless it is first or last.
    static func numberOfParagraphs(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let wanted = try arguments.count("num_paragraphs")
        return { reply in
            let pieces = reply.paragraphsBetweenStars()
            let inner = pieces.dropFirst().dropLast()
            return !inner.contains(where: \.isBlank) && pieces.count { !$0.isBlank } == wanted
        }
    }

    /// Paragraphs between empty lines: their number, and how one of them begins.
    ///
    /// Unscored when the paragraph lies beyond the number: the official checker then draws one at random.
    static func firstWordOfParagraph(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let wanted = try arguments.count("num_paragraphs")
        let nth = try arguments.count("nth_paragraph", atLeast: 1)
        let firstWord = try arguments.text("first_word").lower()
        guard nth <= wanted else { return { _ in nil } }
        return { reply in
            let paragraphs = reply.split(separator: "\n\n")
            let count = paragraphs.count { !$0.isBlank }
            guard nth <= count, let word = paragraphs[nth - 1].words().first else { return false }
            let start = word.leftStrip { $0 == "'" }.leftStrip { $0 == "\"" }
            let letters = start.prefix { ![".", ",", "?", "!", "'", "\""].contains($0) }.flatMap(\.lower)
            return count == wanted && PythonText(letters) == firstWord
        }
    }
}

extension PythonText {
    fileprivate func paragraphsBetweenStars() -> [PythonText] {
        var pieces: [PythonText] = []
        var start = 0
        while let stars = find("***", from: start) {
            let end = stars > start && self[stars - 1].isPythonSpace ? stars - 1 : stars
            pieces.append(PythonText(self[start..<end]))
            let next = stars + 3
            start = scalar(at: next)?.isPythonSpace ?? false ? next + 1 : next
        }
        return pieces + [PythonText(self[start...])]
    }
}
