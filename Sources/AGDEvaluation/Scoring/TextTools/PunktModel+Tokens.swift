/// The words and marks around a possible sentence end.
extension PunktModel {
    struct Token {
        let text: PythonText
        /// Lower-cased, numbers replaced by `##number##`.
        let type: PythonText
        var isBreak = false
        var isAbbreviation = false

        init(_ text: PythonText) {
            self.text = text
            let lower = text.lower()
            type = Token.isNumber(lower) ? "##number##" : lower
        }

        var endsWithPeriod: Bool { text.last == "." }
        var typeWithoutPeriod: PythonText { type.count > 1 && type.last == "." ? PythonText(type.dropLast()) : type }
        /// The type by which the model knows a word that may end a sentence itself.
        var typeWithoutSentencePeriod: PythonText { isBreak ? typeWithoutPeriod : type }
        var startsWithCapital: Bool { text.first?.properties.isUppercase ?? false }
        var startsWithLower: Bool { text.first?.properties.isLowercase ?? false }
        var isEllipsis: Bool { text.count >= 2 && text.allSatisfy { $0 == "." } }

        /// One letter (or `_`) and a full stop.
        var isInitial: Bool {
            text.count == 2 && endsWithPeriod && text[0].isPythonWord && !text[0].isPythonDigit
        }

        /// An optional `-`, an optional `.` or `,`, a digit, then digits, commas, full stops and hyphens.
        private static func isNumber(_ text: PythonText) -> Bool {
            var rest = text[...]
            if rest.first == "-" { rest = rest.dropFirst() }
            if rest.first == "." || rest.first == "," { rest = rest.dropFirst() }
            guard let first = rest.first, first.isPythonDigit else { return false }
            return rest.allSatisfy { $0.isPythonDigit || $0 == "," || $0 == "." || $0 == "-" }
        }
    }

    static func isSentenceEnd(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "?" || scalar == "!" }

    /// Marks that end a word and may directly follow a sentence end.
    static func isClosing(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case ")", "\"", ";", "}", "]", "*", ":", "@", "'", "(", "{", "[", "?", "!": true
        default: false
        }
    }

    /// The tokens of one context, line by line.
    static func tokens(of context: PythonText) -> [Token] {
        context.lines().flatMap { line in
            var tokens: [Token] = []
            var position = line.skip(from: 0, while: \.isPythonSpace)
            while position < line.count {
                let end = markEnd(in: line, at: position) ?? wordEnd(in: line, at: position)
                tokens.append(Token(PythonText(line[position..<end])))
                position = line.skip(from: end, while: \.isPythonSpace)
            }
            return tokens
        }
    }

    /// The end of a mark of several characters that starts here: `--`, `..`, or three or more dots with single spaces.
    private static func markEnd(in line: PythonText, at start: Int) -> Int? {
        for mark in ["-", "."] as [Unicode.Scalar] {
            let end = line.skip(from: start) { $0 == mark }
            if end - start >= 2 { return end }
        }
        var end = start
        while line.scalar(at: end) == ".", line.scalar(at: end + 1)?.isPythonSpace ?? false { end += 2 }
        while end - start >= 4 {
            if line.scalar(at: end) == "." { return end + 1 }
            end -= 2
        }
        return nil
    }

    private static func wordEnd(in line: PythonText, at start: Int) -> Int {
        guard canStartWord(line[start]) else { return start + 1 }
        return (start + 1..<line.count).first { endsWord(in: line, at: $0) } ?? line.count
    }

    private static func canStartWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "(", "\"", "`", "{", "[", ":", ";", "&", "#", "*", "@", ")", "}", "]", "-", ",": false
        default: true
        }
    }

    private static func endsWord(in line: PythonText, at position: Int) -> Bool {
        endsWordWithoutComma(in: line, at: position)
            || line[position] == "," && endsWordWithoutComma(in: line, at: position + 1)
    }

    private static func endsWordWithoutComma(in line: PythonText, at position: Int) -> Bool {
        guard let scalar = line.scalar(at: position) else { return true }
        return scalar.isPythonSpace || isClosing(scalar) || markEnd(in: line, at: position) != nil
    }
}
