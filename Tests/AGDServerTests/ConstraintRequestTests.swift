import AttributionGuidedDecoding
import Testing

@testable import AGDServer

@Suite(
    "Biases, penalties and a least length are obeyed, guided or not",
    .enabled(if: TestServer.modelPath != nil, "Models/microcosm.gguf is absent"))
struct ConstraintRequestTests {
    private static let guided: JSONValue = ["roi": ["system"], "entropy_threshold": "off", "trace": true]

    private static func tokens(_ fields: [String: JSONValue], agd: JSONValue = guided) async throws -> [Int] {
        let server = try await TestServer()
        let request: [String: JSONValue] = ["messages": conflict, "max_tokens": 8, "agd": agd]
        let reply = try await server.post("/v1/chat/completions", .object(request.merging(fields) { $1 }))
        #expect(reply.status == 200, "\(reply.text)")
        let steps = try reply.json["choices"]?.array?.first?["agd"]?["steps"]?.array ?? []
        return steps.compactMap { $0["token"]?.integer }
    }

    @Test("A token can be forbidden and forced", arguments: [guided, ["trace": true]])
    func bias(agd: JSONValue) async throws {
        let first = try #require(try await Self.tokens([:], agd: agd).first)
        #expect(try await !Self.tokens(["logit_bias": ["\(first)": -100]], agd: agd).contains(first))
        #expect(try await Self.tokens(["logit_bias": ["\(first)": 100]], agd: agd) == Array(repeating: first, count: 8))
    }

    @Test("min_tokens makes an answer longer")
    func minimum() async throws {
        let free = try await Self.tokens(["max_tokens": 60])
        let longer = try await Self.tokens(["max_tokens": 60, "min_tokens": .number(Double(free.count + 5))])
        #expect(longer.count >= free.count + 5)
    }

    @Test(
        "Of two tokens that are all that can be said, a penalty on what was said lets both have their turn, a reward one alone"
    )
    func penalties() async throws {
        let two = try await Self.tokens([:]).prefix(2)
        try #require(Set(two).count == 2)
        let bias = JSONValue.object(two.map { .init("\($0)", 100) })
        func last(_ penalty: JSONValue) async throws -> Set<Int> {
            let fields: [String: JSONValue] = ["max_tokens": 60, "logit_bias": bias, "frequency_penalty": penalty]
            return try await Set(Self.tokens(fields).suffix(20))
        }
        #expect(try await last(2) == Set(two))
        #expect(try await last(-2).count == 1)
    }

    @Test(
        "What can't be is named",
        arguments: [
            ("logit_bias", ["99999999": 1], "logit_bias.99999999"), ("logit_bias", ["x": 1], "logit_bias.x"),
            ("logit_bias", ["1": 101], "logit_bias"), ("logit_bias", ["1": "a"], "logit_bias"),
            ("logit_bias", [1, 2], "logit_bias"), ("presence_penalty", 3, "presence_penalty"),
            ("min_tokens", 9, "min_tokens"), ("min_tokens", -1, "min_tokens"),
        ] as [(String, JSONValue, String)])
    func refused(field: String, value: JSONValue, param: String) async throws {
        let server = try await TestServer()
        let reply = try await server.post(
            "/v1/chat/completions", .object(["messages": conflict, "max_tokens": 8, field: value]))
        #expect(reply.status == 400)
        #expect(try reply.json["error"]?["param"]?.string == param)
    }

    private static let legs: JSONValue = [
        "type": "json_schema",
        "json_schema": [
            "name": "animal", "strict": true,
            "schema": ["type": "object", "properties": ["legs": ["enum": [2, 4]]], "required": ["legs"]],
        ],
    ]

    @Test("response_format is obeyed, guided or not", arguments: [guided, [:]])
    func format(agd: JSONValue) async throws {
        let server = try await TestServer()
        let anyObject: JSONValue = ["type": "json_object"]
        for format in [Self.legs, anyObject] {
            let reply = try await server.post(
                "/v1/chat/completions",
                ["messages": conflict, "max_tokens": 200, "response_format": format, "agd": agd])
            let choice = try reply.json["choices"]?.array?.first
            let text = choice?["message"]?["content"]?.string ?? ""
            // White space may come first: there are vocabularies that begin every text with it.
            #expect(text.first { !$0.isWhitespace } == "{", "\(reply.text)")
            guard choice?["finish_reason"]?.string == "stop" else { continue }
            let json = try JSONValue(parsing: text)
            #expect(json.members != nil && (format == anyObject || [2, 4].contains(json["legs"]?.integer)), "\(text)")
        }
    }

    @Test(
        "A schema that can't be obeyed is a 400 that says where",
        arguments: [
            ["type": "string", "pattern": "(a+)+"], ["$ref": "#"], ["anyOf": [["$ref": "#"], ["$ref": "#"]]],
        ] as [JSONValue])
    func schema(schema: JSONValue) async throws {
        let server = try await TestServer()
        let reply = try await server.post(
            "/v1/chat/completions",
            [
                "messages": conflict, "max_tokens": 8,
                "response_format": ["type": "json_schema", "json_schema": ["name": "x", "schema": schema]],
            ])
        #expect(
            try reply.json["error"]?["param"]?.string == "response_format.json_schema.schema",
            "\(reply.text.prefix(300))")
        #expect(reply.status == 400)
    }
}
