extension Grammar {
    /// One call of one of the tools, as a template writes it. Arguments are those that the tool's schema accepts where a grammar can
    /// tell, else any object.
    /// - Parameters:
    ///   - tools: definitions, as `{"type": "function", "function": {"name": …, "parameters": …}}`.
    ///   - format: how the model's template writes calls.
    public init(calling tools: [JSONValue], format: ToolCallFormat) {
        var writer = GrammarWriter()
        var calls: [String] = []
        for tool in tools {
            let function = tool["function"] ?? tool
            guard let name = function["name"]?.string else { continue }
            let arguments = writer.expression(
                Self.arguments(function["parameters"]), String(repeating: "t", count: calls.count + 1))
            calls.append(GrammarWriter.quoted(name + format.middle) + " " + arguments)
        }
        self.init(
            gbnf: writer.grammar(
                root: GrammarWriter.quoted(format.opening) + " (" + calls.joined(separator: " | ") + ") "
                    + GrammarWriter.quoted(String(format.closing.trimmingPrefix(while: \.isWhitespace)))))
    }

    private static func arguments(_ schema: JSONValue?) -> ShapeDocument {
        let anything = ShapeDocument(root: .map(.any), definitions: [:])
        guard let schema else { return anything }
        do throws(SchemaError) {
            let document = try ShapeReader.document(of: schema)
            try document.checkAmbiguity()
            return document
        } catch {
            return anything
        }
    }
}
