/// Judges replies by IFEval's instructions, strictly and loosely.
///
///     let scorer = IFEvalScorer(support: try TextSupport(directory: "support"))
///     let instruction = IFEvalInstruction(id: "punctuation:no_comma", arguments: .null)
///     try scorer.verdict(on: "Yes, sir", for: instruction)        // IFEvalVerdict(strict: false, loose: false)
public struct IFEvalScorer: Sendable {
    private let support: TextSupport

    /// A scorer with the tables that it finds.
    public init(support: TextSupport) { self.support = support }

    /// Whether a reply follows one instruction.
    /// - Throws: ``EvaluationError`` for an unknown instruction or a wrong argument.
    public func verdict(on reply: String, for instruction: IFEvalInstruction) throws(EvaluationError) -> IFEvalVerdict {
        let checker = try IFEvalCheckers.checker(for: instruction, support: support)
        let text = PythonText(reply)
        let strict = text.isBlank ? false : checker(text)
        if strict == true { return IFEvalVerdict(strict: true, loose: true) }
        var loose: Bool? = false
        for variant in text.looseVariants() where !variant.isBlank {
            guard let accepted = checker(variant) else { return IFEvalVerdict(strict: strict, loose: nil) }
            if accepted { loose = true }
        }
        return IFEvalVerdict(strict: strict, loose: loose)
    }

    /// Whether a reply follows each of several instructions.
    /// - Throws: ``EvaluationError`` for an unknown instruction or a wrong argument.
    public func verdicts(on reply: String, for instructions: [IFEvalInstruction]) throws(EvaluationError)
        -> [IFEvalVerdict]
    {
        try instructions.map { (instruction) throws(EvaluationError) in try verdict(on: reply, for: instruction) }
    }
}

extension PythonText {
    /// The text; without its first line, its last line, both; and the same four without asterisks.
    func looseVariants() -> [PythonText] {
        let lines = lines()
        let shortened = [lines.dropFirst(), lines.dropLast(), lines.dropFirst().dropLast()]
            .map { PythonText.join($0, with: "\n").strip() }
        let variants = [self] + shortened
        return variants + variants.map { PythonText($0.filter { $0 != "*" }) }
    }
}
