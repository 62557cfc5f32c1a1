import AttributionGuidedDecoding

/// IFEval's `input_data.jsonl`: `key`, `prompt`, `instruction_id_list`, `kwargs`.
///
/// The rules are mixed into the prompt, so the region is the whole user message.
enum IFEvalReader {
    static func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        try ItemFile.objects(of: path) { (line, _) throws(EvaluationError) in
            [
                EvaluationItem(
                    id: try line["key"].identifier(), setting: "ifeval",
                    messages: [.user(try line["prompt"].string())],
                    region: [try .region(.messages(.number(0)))],
                    scoring: .instructions(try instructions(in: line)))
            ]
        }
    }

    /// The parallel lists `instruction_id_list` and `kwargs`.
    static func instructions(in field: JSONField) throws(EvaluationError) -> [IFEvalInstruction] {
        let ids = try field["instruction_id_list"].array()
        let arguments = try field["kwargs"].array()
        guard ids.count == arguments.count else {
            throw EvaluationError(
                field: field["kwargs"].path, problem: "holds \(arguments.count) entries for \(ids.count) instructions",
                remedy: "give one entry an instruction")
        }
        var instructions: [IFEvalInstruction] = []
        for (id, argument) in zip(ids, arguments) {
            let name = try id.string()
            guard IFEvalCheckers.makers[name] != nil else { throw id.unexpected("the identifier of an IFEval checker") }
            instructions.append(IFEvalInstruction(id: name, arguments: argument.value ?? .null))
        }
        return instructions
    }
}
