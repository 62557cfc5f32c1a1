/// Where sentences end: candidates, the two annotation passes, realignment.
extension PunktModel {
    /// The sentences of a text, without trailing white space; an empty one isn't counted.
    func sentences(of text: PythonText) -> [PythonText] {
        realigned(ranges(of: text), in: text).filter { !$0.isEmpty }.map { PythonText(text[$0]) }
    }

    /// A possible sentence end.
    private struct Candidate {
        /// Start of the preceding word.
        let wordStart: Int
        let mark: Int
        /// Where the next sentence would start.
        let next: Int
        /// Where the context ends: after the next token, or after the one mark that follows.
        let contextEnd: Int
    }

    private func ranges(of text: PythonText) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        for candidate in Self.candidates(in: text)
        where hasBreak(PythonText(text[candidate.wordStart..<candidate.contextEnd])) {
            ranges.append(start..<(candidate.mark + 1))
            start = candidate.next
        }
        let end = text.rightStrip(where: \.isPythonSpace).count
        return start < end ? ranges + [start..<end] : ranges
    }

    /// Of candidates that share the preceding word only the last is kept.
    private static func candidates(in text: PythonText) -> [Candidate] {
        var candidates: [Candidate] = []
        var word = 0..<0
        for mark in text.indices where isSentenceEnd(text[mark]) {
            guard let (next, contextEnd) = following(mark, in: text) else { continue }
            // A space that is the very first scalar doesn't count: NLTK tests the position for being non-zero.
            let space = text[word.upperBound..<mark].lastIndex(where: isASCIISpace)
            let wordStart = space.map { $0 > word.upperBound ? $0 + 1 : word.lowerBound } ?? word.lowerBound
            if let last = candidates.last, last.mark > wordStart { candidates.removeLast() }
            candidates.append(Candidate(wordStart: wordStart, mark: mark, next: next, contextEnd: contextEnd))
            word = wordStart..<mark
        }
        return candidates
    }

    /// What follows a mark: another mark, or white space and a token. Nil when it ends the text or is inside a word.
    private static func following(_ mark: Int, in text: PythonText) -> (next: Int, contextEnd: Int)? {
        guard let scalar = text.scalar(at: mark + 1) else { return nil }
        if isClosing(scalar) { return (mark + 1, mark + 2) }
        let next = text.skip(from: mark + 1, while: \.isPythonSpace)
        guard next > mark + 1, next < text.count else { return nil }
        return (next, text.skip(from: next) { !$0.isPythonSpace })
    }

    private static func isASCIISpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || (0x09...0x0D).contains(scalar.value)
    }

    /// Whether some token before the last one is a break.
    private func hasBreak(_ context: PythonText) -> Bool {
        var tokens = Self.tokens(of: context).map(annotated)
        for index in tokens.indices.dropLast() { reclassify(&tokens[index], before: tokens[index + 1]) }
        return tokens.dropLast().contains(where: \.isBreak)
    }

    /// First pass: from the token alone.
    private func annotated(_ token: Token) -> Token {
        var token = token
        if token.text.count == 1, Self.isSentenceEnd(token.text[0]) {
            token.isBreak = true
        } else if token.endsWithPeriod, !token.isEllipsis {
            let word = PythonText(token.text.dropLast()).lower()
            let lastPart = word.split(separator: "-").last ?? word
            token.isAbbreviation = abbreviations.contains(word) || abbreviations.contains(lastPart)
            token.isBreak = !token.isAbbreviation
        }
        return token
    }

    /// Second pass: from the token and its successor (sections 4.1 to 4.3 of the paper).
    private func reclassify(_ token: inout Token, before next: Token) {
        guard token.endsWithPeriod else { return }
        let type = token.typeWithoutPeriod
        let nextType = next.typeWithoutSentencePeriod
        if collocations.contains(Pair(first: type, second: nextType)) {
            token.isBreak = false
            token.isAbbreviation = true
            return
        }
        let startsSentence = looksLikeStart(next)
        if token.isAbbreviation || token.isEllipsis, !token.isInitial {
            if startsSentence == true || next.startsWithCapital && sentenceStarters.contains(nextType) {
                token.isBreak = true
                return
            }
        }
        if token.isInitial || type == "##number##" {
            let isUnknownName =
                startsSentence == nil && token.isInitial && next.startsWithCapital
                && orthography(of: nextType).isDisjoint(with: .anyLower)
            if startsSentence == false || isUnknownName { token.isBreak = false }
        }
    }

    /// The orthographic test; nil when it can't tell.
    private func looksLikeStart(_ token: Token) -> Bool? {
        if [";", ":", ",", ".", "!", "?"].contains(token.text) { return false }
        let seen = orthography(of: token.typeWithoutSentencePeriod)
        if token.startsWithCapital, !seen.isDisjoint(with: .anyLower), !seen.contains(.capitalMidSentence) {
            return true
        }
        if token.startsWithLower, !seen.isDisjoint(with: .anyCapital) || !seen.contains(.lowerSentenceInitial) {
            return false
        }
        return nil
    }

    /// Closing marks at the head of a sentence move to the sentence before.
    private func realigned(_ ranges: [Range<Int>], in text: PythonText) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var moved = 0
        for (index, range) in ranges.enumerated() {
            let start = range.lowerBound + moved
            guard let next = ranges.dropFirst(index + 1).first,
                let closing = Self.closingMarks(at: next, in: text)
            else {
                moved = 0
                result.append(start..<max(start, range.upperBound))
                continue
            }
            result.append(start..<max(start, closing.marks))
            moved = closing.end - next.lowerBound
        }
        return result
    }

    /// The shortest run of `" ' ) ] }` that white space, `--` or a line end follows: where the marks end, and where the
    /// white space after them does.
    private static func closingMarks(at range: Range<Int>, in text: PythonText) -> (marks: Int, end: Int)? {
        let sentence = PythonText(text[range])
        var marks = 0
        while let scalar = sentence.scalar(at: marks), ["\"", "'", ")", "]", "}"].contains(scalar) {
            marks += 1
            let end = sentence.skip(from: marks, while: \.isPythonSpace)
            if end > marks || marks == sentence.count || sentence.hasPrefix("--", at: marks) {
                return (range.lowerBound + marks, range.lowerBound + end)
            }
        }
        return nil
    }
}
