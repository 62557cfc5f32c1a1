import Foundation
import LaneEngine
import Testing

@testable import AttributionGuidedDecoding
@testable import TestFixtures

/// Follows a grammar character by character with libllama, by the model's tokens.
private struct Follower {
    private let state: GrammarState
    private let tokenizer: Tokenizer

    init(_ grammar: Grammar, _ model: LanguageModel) throws {
        tokenizer = try #require(model.tokenizer)
        state = try GrammarState(grammar.text, tokenizer: tokenizer)
    }

    private func allowed() -> Set<Int> {
        var logits = [Float](repeating: 0, count: tokenizer.tokenCount)
        guard state.restrict(&logits) else { return [] }
        return Set(logits.indices.filter { logits[$0] == 0 })
    }

    /// Whether the grammar accepts a text, whole.
    func accepts(_ text: String) throws -> Bool {
        for token in try tokenizer.tokenize(text) {
            guard allowed().contains(token) else { return false }
            state.accept(token)
        }
        return allowed().contains { tokenizer.endsGeneration($0) }
    }
}

@Suite("A JSON schema becomes a grammar that accepts what it accepts")
struct GrammarTests {
    private static let person: JSONValue = .object([
        .init("type", "object"),
        .init(
            "properties",
            .object([
                .init("name", ["type": "string"]), .init("age", ["type": "integer", "minimum": 0]),
                .init("tags", ["type": "array", "items": ["enum": ["a", "b"]], "maxItems": 2]),
                .init("mail", ["anyOf": [["type": "string"], ["type": "null"]]]),
            ])),
        .init("required", ["name", "mail"]),
    ])

    @Test(
        "Properties come in their order, optional ones may be left out, others don't come",
        arguments: [
            (#"{"name": "Inga", "age": 4, "tags": ["a", "b"], "mail": null}"#, true),
            (#"{"name":"Inga","mail":"x"}"#, true), ("{\n  \"name\": \"I\",\n  \"mail\": null\n}", true),
            (#"{"name": "Inga"}"#, false), (#"{"mail": null, "name": "Inga"}"#, false),
            (#"{"name": "Inga", "age": -4, "mail": null}"#, false), (#"{"name": "Inga", "x": 1, "mail": null}"#, false),
            (#"{"name": "Inga", "tags": ["a", "b", "a"], "mail": null}"#, false),
            (#"{"name": "Inga", "tags": ["c"], "mail": null}"#, false), (#"{"name": 1, "mail": null}"#, false),
            ("", false), ("[]", false),
        ])
    func object(text: String, isAccepted: Bool) throws {
        let model = try LanguageModel(path: Repository.model)
        #expect(try Follower(Grammar(jsonSchema: Self.person), model).accepts(text) == isAccepted)
    }

    @Test(
        "Each keyword is obeyed",
        arguments: [
            (["type": "string", "minLength": 2, "maxLength": 3], ["\"ab\"", "\"abc\""], ["\"a\"", "\"abcd\"", "ab"]),
            (["type": "integer"], ["0", "-12"], ["01", "1.5", "1e2"]),
            (["type": "number"], ["1.5e-3", "-2"], [".5", "1."]),
            (["const": "a\"\\b"], [#""a\"\\b""#], ["\"a\""]),
            (["enum": [1, "x", .null]], ["1", "\"x\"", "null"], ["2"]),
            (["type": ["boolean", "null"]], ["true", "null"], ["1"]),
            (["type": "string", "format": "date"], ["\"2026-02-28\""], ["\"2026-13-01\"", "\"today\""]),
            (
                ["type": "array", "items": ["type": "integer"], "minItems": 1], ["[1]", "[1, 2, 3]"], ["[]", "[\"a\"]"]
            ),
            (
                ["type": "array", "prefixItems": [["type": "integer"], ["type": "string"]], "items": false],
                ["[1, \"a\"]"], ["[1]", "[1, \"a\", 2]"]
            ),
            (
                ["type": "array", "prefixItems": [["type": "integer"]], "maxItems": 2], ["[1]", "[1, {}]"],
                ["[]", "[1, 2, 3]"]
            ),
            (["additionalProperties": ["type": "integer"]], ["{}", "{\"a\": 1, \"b\": 2}"], ["{\"a\": \"b\"}"]),
            (["type": "object", "additionalProperties": false], ["{}"], ["{\"a\": 1}"]),
            (["allOf": [["type": "null"]]], ["null"], ["1"]),
            ([:], ["{\"a\": [1, null]}", "\"x\"", "-1.5"], ["{a: 1}"]),
        ] as [(JSONValue, [String], [String])])
    func keyword(schema: JSONValue, accepted: [String], refused: [String]) throws {
        let model = try LanguageModel(path: Repository.model)
        let grammar = try Grammar(jsonSchema: schema)
        for text in accepted {
            #expect(try Follower(grammar, model).accepts(text), "\(schema.text): \(text)\n\(grammar.text)")
        }
        for text in refused {
            #expect(try !Follower(grammar, model).accepts(text), "\(schema.text): \(text)\n\(grammar.text)")
        }
    }

    @Test("Definitions may refer to themselves")
    func recursion() throws {
        let schema: JSONValue = [
            "$ref": "#/$defs/tree",
            "$defs": [
                "tree": .object([
                    .init("type", "object"),
                    .init("properties", ["children": ["type": "array", "items": ["$ref": "#/$defs/tree"]]]),
                    .init("required", ["children"]),
                ])
            ],
        ]
        let model = try LanguageModel(path: Repository.model)
        #expect(
            try Follower(Grammar(jsonSchema: schema), model).accepts(
                #"{"children": [{"children": []}, {"children": []}]}"#))
        #expect(try !Follower(Grammar(jsonSchema: schema), model).accepts(#"{"children": [1]}"#))
    }

    @Test(
        "What can't be enforced is told with its place",
        arguments: [
            (["type": "string", "pattern": "a+"], "pattern"), (["type": "integer", "maximum": 5], "maximum"),
            (["properties": ["a": ["not": [:]]]], "properties.a"), (["type": "string", "format": "email"], "format"),
            (["$ref": "#/$defs/none"], "isn't there"), (["$ref": "http://x/y"], "another document"),
            (["type": "thing"], "type"), (["required": ["a"], "type": "object"], "'a'"), (["anyOf": []], "anyOf"),
            (["type": "array", "minItems": 5, "maxItems": 2], "minItems"),
            (["type": "array", "maxItems": 1_000_000], "maxItems"),
            (["$defs": ["a": ["$ref": "#/$defs/a"]], "$ref": "#/$defs/a"], "itself"), ([1], "array"),
            (false, "boolean"),
        ] as [(JSONValue, String)])
    func refused(schema: JSONValue, mention: String) {
        let error = #expect(throws: SchemaError.self) { try Grammar(jsonSchema: schema) }
        #expect(error?.description.contains(mention) == true, "\(error?.description ?? "")")
    }

    @Test(
        "Alternatives that begin alike can't multiply by recursion; those that a first property tells apart may recurse"
    )
    func ambiguity() throws {
        func node(_ kind: String) -> JSONValue {
            .object([
                .init("type", "object"),
                .init("properties", .object([.init(kind, ["const": .string(kind)]), .init("child", ["$ref": "#"])])),
                .init("required", [.string(kind)]),
            ])
        }
        _ = try Grammar(jsonSchema: ["anyOf": [node("a"), node("b"), ["type": "null"]]])
        #expect(throws: SchemaError.self) { try Grammar(jsonSchema: ["anyOf": [node("a"), node("a")]]) }
        #expect(throws: SchemaError.self) {
            try Grammar(jsonSchema: ["anyOf": .array(Array(repeating: node("a"), count: 300))])
        }
        // Each definition is ten of the next: 10^6 ways to begin.
        let chain = (0..<6).map { level in
            JSONValue.Member(
                "\(level)", ["anyOf": .array(Array(repeating: ["$ref": .string("#/$defs/\(level + 1)")], count: 10))])
        }
        #expect(throws: SchemaError.self) {
            try Grammar(jsonSchema: ["$ref": "#/$defs/0", "$defs": .object(chain + [.init("6", ["type": "string"])])])
        }
    }

    @Test("A guided answer is what the schema asks for, and parses", arguments: [nil, "system"])
    func generation(region: String?) async throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try model.prompt([.system("Reply in English, please."), .user("What do you know about Inga?")])
        var strategy: any DecodingStrategy = Greedy()
        if let region {
            strategy = AttributionGuided(
                region: try prompt.region(region), candidates: CandidateRule(count: 5, minimumProbability: 0),
                entropyThreshold: nil)
        }
        let schema: JSONValue = .object([
            .init("properties", .object([.init("kind", ["enum": ["cat", "dog"]]), .init("legs", ["enum": [2, 4]])])),
            .init("required", ["kind", "legs"]),
        ])
        let generation = try model.generate(
            prompt, strategy: strategy, limits: .init(maximumTokens: 100),
            constraints: .init(grammar: try Grammar(jsonSchema: schema)))
        var text = ""
        var reason: StopReason?
        for try await step in generation {
            text += step.text
            reason = step.stopReason
        }
        #expect(reason == .endOfGeneration)
        let json = try JSONValue(parsing: text)
        #expect(["cat", "dog"].contains(json["kind"]?.string) && [2, 4].contains(json["legs"]?.integer), "\(text)")
    }

    @Test(
        "Text that is no grammar is told before anything is computed",
        arguments: ["", "root = x", "root ::= root \"a\"", "a ::= \"b\""])
    func noGrammar(text: String) throws {
        let model = try LanguageModel(path: Repository.model)
        let prompt = try model.prompt(text: "The cat")
        #expect(throws: GrammarError.self) {
            try model.generate(prompt, strategy: Greedy(), constraints: .init(grammar: Grammar(gbnf: text)))
        }
    }
}
