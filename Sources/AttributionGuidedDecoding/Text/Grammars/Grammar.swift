/// What a completion may say, in GBNF, llama.cpp's form of BNF; it begins with the rule `root`.
public struct Grammar: Sendable, Hashable {
    /// The rules.
    public let text: String

    /// A grammar of one's own. Whoever writes it can make it so ambiguous that following it takes time exponential in the
    /// completion's length.
    public init(gbnf text: String) { self.text = text }

    /// JSON that a schema accepts, without more white space than a space or a line end with indentation.
    ///
    /// Understood are `type`, `properties` (in their order, and no others beside them), `required`, `additionalProperties`,
    /// `items`, `prefixItems`, `minItems`, `maxItems`, `enum`, `const`, `anyOf`, `oneOf` (as `anyOf`), `allOf` with one
    /// schema, `$ref` into the schema, recursion included, `minLength`, `maxLength`, `format` (`date`, `time`, `date-time`,
    /// `uuid`) and `minimum` of 0. Other keywords that restrict are errors, for they couldn't be obeyed.
    ///
    /// What is written is never more ambiguous than that 256 readings of its beginning are open, so that each token takes
    /// bounded time.
    /// - Throws: ``SchemaError`` naming the place in the schema.
    public init(jsonSchema schema: JSONValue) throws(SchemaError) {
        let document = try ShapeReader.document(of: schema)
        try document.checkAmbiguity()
        var writer = GrammarWriter()
        text = writer.grammar(of: document)
    }

    /// Any JSON object.
    public static let jsonObject: Grammar = {
        var writer = GrammarWriter()
        return Grammar(gbnf: writer.grammar(of: ShapeDocument(root: .map(.any), definitions: [:])))
    }()
}

/// A JSON schema that can't be made a grammar.
public struct SchemaError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where in the schema, such as `properties.age`; empty for the schema itself.
    public let path: String
    /// What is wrong there.
    public let problem: String

    public var description: String { "the schema\(path.isEmpty ? "" : ", at \(path),") \(problem)" }
}
