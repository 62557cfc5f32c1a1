/// Word tokens in the Penn Treebank manner, as NLTK 3.9's `word_tokenize` cuts them.
///
/// A sentence is rewritten with spaces around everything that stands for itself, then split on white space.
enum WordTokens {
    static func tokens(of text: PythonText, punkt: PunktModel) -> [PythonText] {
        punkt.sentences(of: text).flatMap(tokens(ofSentence:))
    }

    static func tokens(ofSentence sentence: PythonText) -> [PythonText] {
        var text = separatingOpeningQuotes(sentence)
        text = separatingPunctuation(text)
        text = text.rewriting(pad(anyOf: "[](){}<>")).rewriting(pad("--"))
        text = separatingClosingQuotes([" "] + text + [" "])
        return text.rewriting(splitContraction).rewriting(splitContractionOfIt).words()
    }

    private static func separatingOpeningQuotes(_ sentence: PythonText) -> PythonText {
        var text = sentence.rewriting(pad(anyOf: "«“‘„")).rewriting(padRun(of: "`", atLeast: 1))
        if text.first == "\"" { text = PythonText("``") + text.dropFirst() }
        return text.rewriting(pad("``")).rewriting { text, position in
            guard [" ", "(", "[", "{", "<"].contains(text[position]) else { return nil }
            let quote: PythonText? = ["\"", "''"].first { text.hasPrefix($0, at: position + 1) }
            return quote.map { Rewrite(1 + $0.count, [text[position]], " `` ") }
        }.rewriting(separateOneLetterWord)
    }

    /// `'x` becomes `' x`, unless it begins like an English ending.
    private static func separateOneLetterWord(_ text: PythonText, _ position: Int) -> Rewrite? {
        guard text[position] == "'", let letter = text.scalar(at: position + 1), letter.isPythonWord,
            text.isWordBoundary(at: position + 2)
        else { return nil }
        let rest = PythonText(text[(position + 1)...].prefix(2)).caseKeys()
        if (["re", "ve", "ll", "m", "t", "s", "d", "n"] as [PythonText]).contains(where: { rest.hasPrefix($0) }) {
            return nil
        }
        return Rewrite(2, "' ", [letter])
    }

    private static func separatingPunctuation(_ sentence: PythonText) -> PythonText {
        var text = sentence.rewriting(separateFinalPeriod).rewriting { text, position in
            guard text[position] == ":" || text[position] == "," else { return nil }
            if let next = text.scalar(at: position + 1), !next.isPythonDigit {
                return Rewrite(2, " ", [text[position]], " ", [next])
            }
            return nil
        }
        if let last = text.last, last == ":" || last == "," {
            text = PythonText(text.dropLast()) + PythonText(" \(last) ")
        }
        return text.rewriting(padRun(of: ".", atLeast: 2))
            .rewriting(pad(anyOf: ";@#$%&?!"))
            .rewriting { text, position in
                text[position] != "'" && text.hasPrefix("' ", at: position + 1)
                    ? Rewrite(3, [text[position]], " ' ") : nil
            }
            .rewriting(pad(anyOf: "*"))
    }

    /// The last full stop, with closing brackets and quotes after it or not, unless another one is before it.
    private static func separateFinalPeriod(_ text: PythonText, _ position: Int) -> Rewrite? {
        guard text[position] != ".", text.scalar(at: position + 1) == "." else { return nil }
        let closingEnd = text.skip(from: position + 2) {
            ["]", ")", "}", ">", "\"", "'", "»", "”", "’", " "].contains($0)
        }
        guard text.skip(from: closingEnd, while: \.isPythonSpace) == text.count else { return nil }
        let closing = PythonText(text[(position + 2)..<closingEnd])
        return Rewrite(text.count - position, [text[position]], " . ", closing, " ")
    }

    private static func separatingClosingQuotes(_ sentence: PythonText) -> PythonText {
        let text = sentence.rewriting(pad(anyOf: "»”’")).rewriting(pad("''"))
            .rewriting { text, position in text[position] == "\"" ? Rewrite(1, " '' ") : nil }
        let spaced: PythonText = [" "] + PythonText.join(text.words(), with: " ") + [" "]
        let short: [PythonText] = ["'s", "'S", "'m", "'M", "'d", "'D", "'"]
        let long: [PythonText] = ["'ll", "'LL", "'re", "'RE", "'ve", "'VE", "n't", "N'T"]
        return spaced.rewriting(splitEnding(short)).rewriting(splitEnding(long))
    }

    /// One of `endings` after any scalar but `'` and space, and before a space.
    private static func splitEnding(_ endings: [PythonText]) -> Rule {
        let spaced = endings.map { $0 + [" "] }
        return { text, position in
            guard text[position] != "'", text[position] != " ",
                let ending = spaced.first(where: { text.hasPrefix($0, at: position + 1) })
            else { return nil }
            return Rewrite(ending.count + 1, [text[position]], " ", ending)
        }
    }

    private typealias Contraction = (first: PythonText, second: PythonText)

    private static let contractions: [Contraction] = [
        ("can", "not"), ("d", "'ye"), ("gim", "me"), ("gon", "na"), ("got", "ta"), ("lem", "me"), ("more", "'n"),
        ("wan", "na"),
    ]
    private static let contractionsOfIt: [Contraction] = [("'t", "is"), ("'t", "was")]

    /// `cannot`, `gonna` and their like become two words.
    private static func splitContraction(_ text: PythonText, _ position: Int) -> Rewrite? {
        guard text.isWordBoundary(at: position) else { return nil }
        return split(contractions, in: text, at: position) { end, first in first != "wan" || text.scalar(at: end) == " "
        }
    }

    /// `'tis` and `'twas`, after a space.
    private static func splitContractionOfIt(_ text: PythonText, _ position: Int) -> Rewrite? {
        guard text[position] == "'", text.scalar(at: position - 1) == " " else { return nil }
        return split(contractionsOfIt, in: text, at: position) { _, _ in true }
    }

    private static func split(
        _ contractions: [Contraction], in text: PythonText, at position: Int,
        where condition: (_ end: Int, _ first: PythonText) -> Bool
    ) -> Rewrite? {
        let key = text[position].caseKey
        for (first, second) in contractions where first[0] == key {
            let middle = position + first.count
            let end = middle + second.count
            if end <= text.count, text.isWordBoundary(at: end), condition(end, first),
                PythonText(text[position..<end]).caseKeys() == first + second
            {
                let halves = [text[position..<middle], text[middle..<end]].map { PythonText($0) }
                return Rewrite(end - position, " ", halves[0], " ", halves[1], " ")
            }
        }
        return nil
    }
}

/// A replacement for `length` scalars.
struct Rewrite {
    let length: Int
    let replacement: PythonText

    init(_ length: Int, _ replacement: PythonText...) {
        self.length = length
        self.replacement = PythonText(replacement.joined())
    }
}

/// What to put at a position of a text; nil to leave it.
typealias Rule = (_ text: PythonText, _ position: Int) -> Rewrite?

extension PythonText {
    /// Python's `re.sub`: applies `rule` from the left, never twice to the same scalar.
    func rewriting(_ rule: Rule) -> PythonText {
        var result = PythonText()
        var position = 0
        while position < count {
            if let rewrite = rule(self, position) {
                result += rewrite.replacement
                position += rewrite.length
            } else {
                result.append(self[position])
                position += 1
            }
        }
        return result
    }
}

private func pad(anyOf marks: PythonText) -> Rule {
    { text, position in marks.contains(text[position]) ? Rewrite(1, " ", [text[position]], " ") : nil }
}

private func pad(_ mark: PythonText) -> Rule {
    { text, position in text.hasPrefix(mark, at: position) ? Rewrite(mark.count, " ", mark, " ") : nil }
}

private func padRun(of scalar: Unicode.Scalar, atLeast minimum: Int) -> Rule {
    { text, position in
        let end = text.skip(from: position) { $0 == scalar }
        return end - position >= minimum ? Rewrite(end - position, " ", PythonText(text[position..<end]), " ") : nil
    }
}
