import Foundation

/// How answers are made comparable before they are compared.
enum AnswerNormalization {
    /// SQuAD: lower-case, without ASCII punctuation, without articles, single spaces. Nothing else is folded: accents,
    /// curly quotes and dashes stay.
    static func squad(_ text: PythonText) -> [PythonText] {
        withoutArticles(PythonText(text.lower().filter { !$0.isASCIIPunctuation })).words()
    }

    /// TriviaQA: punctuation, `_` and four more quotes become spaces rather than nothing.
    static func triviaQA(_ text: PythonText) -> [PythonText] {
        let quotes: [Unicode.Scalar] = ["‘", "’", "´", "`"]
        return withoutArticles(
            PythonText(text.lower().map { $0.isASCIIPunctuation || quotes.contains($0) ? " " : $0 })
        ).words()
    }

    /// The whole words `a`, `an` and `the` become a space. A combining mark ends a word here as it does in Python.
    private static func withoutArticles(_ text: PythonText) -> PythonText {
        let articles: [PythonText] = ["a", "an", "the"]
        return text.rewriting { text, position in
            guard text.isWordBoundary(at: position) else { return nil }
            return articles.first { text.hasPrefix($0, at: position) && text.isWordBoundary(at: position + $0.count) }
                .map { Rewrite($0.count, " ") }
        }
    }

    /// DPR: canonically decomposed, then runs of letters, numbers and marks, or single other visible scalars;
    /// lower-cased.
    static func dprTokens(_ text: PythonText) -> [PythonText] {
        let decomposed = PythonText(text.description.decomposedStringWithCanonicalMapping)
        var tokens: [PythonText] = []
        var position = 0
        while position < decomposed.count {
            let runEnd = decomposed.skip(from: position, while: isWordPart)
            let end = runEnd > position ? runEnd : position + 1
            if runEnd > position || isVisible(decomposed[position]) {
                tokens.append(PythonText(decomposed[position..<end]).lower())
            }
            position = end
        }
        return tokens
    }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isLetter { return true }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }

    /// Neither a separator (Z*) nor a control, format, surrogate, private or unassigned scalar (C*).
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .spaceSeparator, .lineSeparator, .paragraphSeparator: false
        case .control, .format, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
