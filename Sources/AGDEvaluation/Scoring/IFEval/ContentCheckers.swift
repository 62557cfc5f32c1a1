/// Placeholders, postscripts, commas.
extension IFEvalCheckers {
    /// `[...]`, as short as possible and on one line.
    static func numberOfPlaceholders(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        let wanted = try arguments.count("num_placeholders")
        return { reply in
            reply.lines().map { $0.placeholderCount() }.reduce(0, +) >= wanted
        }
    }

    static func postscript(_ arguments: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        switch try arguments.text("postscript_marker") {
        case "P.P.S": return { $0.lower().containsSpaced(["p.", "p.", "s"]) }
        case "P.S.": return { $0.lower().containsSpaced(["p.", "s."]) }
        default:
            let marker = try arguments.pattern("postscript_marker").lower()
            return { $0.lower().contains(marker) }
        }
    }

    static func noComma(_: IFEvalArguments) throws(EvaluationError) -> IFEvalChecker {
        { !$0.contains(",") }
    }
}

extension PythonText {
    /// Within one line.
    fileprivate func placeholderCount() -> Int {
        var count = 0
        var position = 0
        while let open = find("[", from: position), let close = find("]", from: open + 1) {
            count += 1
            position = close + 1
        }
        return count
    }

    /// Whether the parts occur one after the other, with at most one white space between two.
    fileprivate func containsSpaced(_ parts: [PythonText]) -> Bool {
        indices.contains { start in
            var position = start
            for (index, part) in parts.enumerated() {
                if index > 0, scalar(at: position)?.isPythonSpace ?? false { position += 1 }
                guard hasPrefix(part, at: position) else { return false }
                position += part.count
            }
            return true
        }
    }
}
