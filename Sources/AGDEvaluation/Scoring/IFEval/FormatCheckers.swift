/// Lists, highlights, sections, titles, JSON.
extension IFEvalCheckers {
    static func numberOfBullets(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let wanted = try arguments.count("num_bullets")
        return { $0.bulletCount("*", notBefore: "*") + $0.bulletCount("-", notBefore: nil) == wanted }
    }

    static func constrainedResponse(_: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let answers: [PythonText] = ["My answer is yes.", "My answer is no.", "My answer is maybe."]
        return { reply in answers.contains { reply.contains($0) } }
    }

    /// Two independent scans, one for `*...*` and one for `**...**`.
    static func numberOfHighlights(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let wanted = try arguments.count("num_highlights")
        return { $0.highlightCount(between: "*") + $0.highlightCount(between: "**") >= wanted }
    }

    /// The splitter, at most one white space, digits.
    static func multipleSections(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let splitter = try arguments.pattern("section_spliter").strip()
        let wanted = try arguments.count("num_sections")
        return { $0.sectionCount(splitter) >= wanted }
    }

    static func jsonFormat(_: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        { reply in
            var text = reply.strip()
            for fence in ["```json", "```Json", "```JSON", "```"] as [PythonText] where text.hasPrefix(fence) {
                text.removeFirst(fence.count)
            }
            if text.hasSuffix("```") { text.removeLast(3) }
            // Not being JSON is the answer here, no failure.
            return (try? JSONParser.parse(text.strip().description)) != nil
        }
    }

    /// Some `<<...>>` on one line that isn't blank inside.
    static func title(_: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        { reply in
            reply.lines().contains { line in
                guard let open = line.find("<<"), let close = line.occurrences(ofLast: ">>"), close >= open + 3 else {
                    return false
                }
                let title = PythonText(line[open..<(close + 2)])
                return !title.leftStrip { $0 == "<" }.rightStrip { $0 == ">" }.isBlank
            }
        }
    }
}

extension PythonText {
    /// Bullets at the start of a line: any white space, which may run over blank lines, the mark, one scalar that isn't
    /// `excluded` (a newline will do), and the rest of that line.
    fileprivate func bulletCount(_ mark: Unicode.Scalar, notBefore excluded: Unicode.Scalar?) -> Int {
        var bullets = 0
        var position = 0
        while position < count {
            let start = skip(from: position, while: \.isPythonSpace)
            if scalar(at: start) == mark, excluded == nil || start + 1 < count && self[start + 1] != excluded {
                bullets += 1
                position = skip(from: start + (excluded == nil ? 1 : 2)) { $0 != "\n" } + 1
            } else {
                // Every line start within the white space leads to the same scalar.
                position = skip(from: start) { $0 != "\n" } + 1
            }
        }
        return bullets
    }

    /// Non-overlapping matches of the mark, a run without `*` or newline, the mark; blank ones don't count.
    fileprivate func highlightCount(between mark: PythonText) -> Int {
        var highlights = 0
        var position = 0
        while let open = find(mark, from: position) {
            let start = open + mark.count
            let end = skip(from: start) { $0 != "*" && $0 != "\n" }
            if hasPrefix(mark, at: end) {
                if !PythonText(self[start..<end]).isBlank { highlights += 1 }
                position = end + mark.count
            } else {
                position = open + 1
            }
        }
        return highlights
    }

    fileprivate func sectionCount(_ splitter: PythonText) -> Int {
        var sections = 0
        var position = 0
        while let found = find(splitter, from: position) {
            let end = found + splitter.count
            let digits = scalar(at: end)?.isPythonSpace ?? false ? end + 1 : end
            let digitsEnd = skip(from: digits, while: \.isPythonDigit)
            sections += digitsEnd > digits ? 1 : 0
            position = digitsEnd > digits ? digitsEnd : found + 1
        }
        return sections
    }

    /// Where the last occurrence starts.
    fileprivate func occurrences(ofLast needle: PythonText) -> Int? {
        indices.last { hasPrefix(needle, at: $0) }
    }
}
