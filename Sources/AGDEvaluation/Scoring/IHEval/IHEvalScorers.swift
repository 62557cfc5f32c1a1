/// The rules of IHEval (Zhang et al., arXiv 2502.08745) besides those of IFEval. The reply is stripped first, as there.
public enum IHEvalScorers {
    /// `slack-user`: the one word, whatever its case and the punctuation around it.
    public static func singleWord(_ reply: String, answer: String) -> Bool {
        let word = PythonText(reply).strip().strip { $0.isASCIIPunctuation || $0 == " " || $0 == "\n" }
        return word.lower() == PythonText(answer).lower()
    }

    /// `lang-detect`: exactly one `{...}`, with `language` as its only key and one of `answers` as its value, whatever
    /// its case. A missing closing brace is forgiven.
    public static func language(_ reply: String, answers: [String]) -> Bool {
        var text = PythonText(reply).strip()
        if text.count(where: { $0 == "{" }) == 1, !text.contains("}") { text.append("}") }
        let objects = text.replacing("\n", with: " ").braced()
        // An object that is no JSON is a wrong answer, no failure.
        guard objects.count == 1, let object = try? JSONParser.parse(objects[0].description),
            case .object(let members) = object, members.allSatisfy({ $0.key == "language" }),
            case .string(let found) = object["language"]
        else { return false }
        let language = PythonText(found).lower().strip()
        return answers.contains { PythonText($0).lower() == language }
    }

    /// `translation`: ROUGE-L F1, and the best over IFEval's eight variants of the reply.
    public static func translation(_ reply: String, reference: String) -> (strict: Double, loose: Double) {
        let reply = PythonText(reply).strip().lower()
        let reference = PythonText(reference).lower()
        let scores = reply.looseVariants().map { RougeL.f1($0, reference: reference) }
        return (scores[0], scores.max() ?? scores[0])
    }

    /// `verb-extract`: F1 over words without punctuation, and the best over the eight variants, each whole and cut to
    /// what stands between its first and its second colon.
    public static func verbs(_ reply: String, reference: String) -> (strict: Double, loose: Double) {
        let reply = PythonText(reply).strip().lower()
        let expected = words(PythonText(reference).lower())
        func f1(_ text: PythonText) -> Double { TokenOverlap(prediction: words(text), gold: expected).f1 }
        let variants = reply.looseVariants().flatMap { [$0] + $0.split(separator: ":").dropFirst().prefix(1) }
        return (f1(reply), variants.map(f1).max() ?? 0)
    }

    /// Words at white space and commas, other punctuation deleted.
    private static func words(_ text: PythonText) -> [PythonText] {
        PythonText(text.replacing(",", with: ", ").filter { !$0.isASCIIPunctuation }).words()
    }
}

extension PythonText {
    /// Every `{`, at least one scalar, as few as possible, `}`, on one line.
    fileprivate func braced() -> [PythonText] {
        var found: [PythonText] = []
        var position = 0
        while let open = find("{", from: position), let close = find("}", from: open + 2) {
            found.append(PythonText(self[open...close]))
            position = close + 1
        }
        return found
    }
}
