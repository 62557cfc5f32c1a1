import AttributionGuidedDecoding

/// The table of endpoints as an OpenAPI 3.1 document.
enum OpenAPI {
    static let document: JSONValue = [
        "openapi": "3.1.0",
        "info": [
            "title": "Attribution-guided decoding", "version": "1",
            "description":
                "OpenAI's API with regions of interest. Unknown fields are errors; what is accepted is obeyed.",
        ],
        "paths": .object(
            Dictionary(Endpoint.all.map { ($0.path, [$0.method.rawValue: operation($0)]) }) { first, _ in first }),
        "components": [
            "schemas": [
                "MessagesError": [
                    "type": "object", "required": ["type", "error"],
                    "properties": [
                        "type": ["enum": ["error"]],
                        "error": [
                            "type": "object", "required": ["type", "message"],
                            "properties": [
                                "type": ["type": "string"], "message": ["type": "string"],
                                "param": ["type": ["string", "null"]],
                            ],
                        ],
                    ],
                ],
                "Error": [
                    "type": "object", "required": ["error"],
                    "properties": [
                        "error": [
                            "type": "object", "required": ["message", "type", "param", "code"],
                            "properties": [
                                "message": ["type": "string"], "type": ["type": "string"],
                                "param": ["type": ["string", "null"]],
                                "code": ["type": ["string", "null"]],
                            ],
                        ]
                    ],
                ],
            ],
            "securitySchemes": [
                "key": ["type": "http", "scheme": "bearer"],
                "keyHeader": ["type": "apiKey", "in": "header", "name": "x-api-key"],
            ],
        ],
        "security": [[:], ["key": []], ["keyHeader": []]],
    ]

    private static func operation(_ endpoint: Endpoint) -> JSONValue {
        let form = endpoint.dialect == .openAI ? "Error" : "MessagesError"
        let error: JSONValue = [
            "description": "What is wrong, and with which field.",
            "content": ["application/json": ["schema": ["$ref": .string("#/components/schemas/\(form)")]]],
        ]
        var content: [String: JSONValue] = [endpoint.answer: [:]]
        if endpoint.fields.contains(where: { $0.name == "stream" }) { content["text/event-stream"] = [:] }
        var responses: [String: JSONValue] = [
            "200": ["description": "The answer.", "content": .object(content)], "default": error,
        ]
        var operation: [String: JSONValue] = ["summary": .string(endpoint.summary)]
        if endpoint.isPublic { operation["security"] = [] }
        if let name = endpoint.path.firstMatch(of: /{([a-z]+)}/)?.output.1 {
            operation["parameters"] = [
                ["name": .string(String(name)), "in": "path", "required": true, "schema": ["type": "string"]]
            ]
        }
        if endpoint.method == .post {
            for status in ["400", "401", "403", "404", "405", "408", "413", "415", "429", "503"] {
                responses[status] = error
            }
            operation["requestBody"] = [
                "required": true, "content": ["application/json": ["schema": FieldType.object(endpoint.fields).schema]],
            ]
        }
        operation["responses"] = .object(responses)
        return .object(operation)
    }
}

extension FieldType {
    /// As JSON Schema; null is accepted wherever a field may be left out.
    var schema: JSONValue {
        switch self {
        case .boolean: return ["type": "boolean"]
        case .integer(let range):
            return [
                "type": "integer", "minimum": .number(Double(range.lowerBound)),
                "maximum": .number(Double(range.upperBound)),
            ]
        case .number(let range):
            return ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
        case .string(let size):
            return [
                "type": "string", "minLength": .number(Double(size.lowerBound)),
                "maxLength": .number(Double(size.upperBound)),
            ]
        case .choice(let values): return ["enum": .array(values.map(JSONValue.string))]
        case .array(let element, let count):
            return [
                "type": "array", "items": element.schema, "minItems": .number(Double(count.lowerBound)),
                "maxItems": .number(Double(count.upperBound)),
            ]
        case .object(let fields):
            return [
                "type": "object", "additionalProperties": false,
                "required": .array(fields.filter(\.isRequired).map { .string($0.name) }),
                "properties": .object(Dictionary(fields.map { ($0.name, $0.schema) }) { first, _ in first }),
            ]
        case .kinds(let kinds):
            return ["anyOf": .array(kinds.enumerated().map { FieldType.object($1.fields(isFirst: $0 == 0)).schema })]
        case .labels(let count):
            return [
                "type": "object", "additionalProperties": ["type": "string"], "maxProperties": .number(Double(count)),
            ]
        case .numbers(let range, let count):
            return [
                "type": "object", "additionalProperties": FieldType.number(range).schema,
                "maxProperties": .number(Double(count)),
            ]
        case .structure: return ["type": "object"]
        case .either(let types): return ["anyOf": .array(types.map(\.schema))]
        case .unsupported(let reason): return ["enum": [.null], "description": .string(reason)]
        }
    }
}

extension Field {
    var schema: JSONValue {
        var schema = type.schema
        let alternatives: [JSONValue] =
            (neutral.isEmpty ? [] : [["enum": .array(neutral)]]) + (isRequired ? [] : [["type": "null"]])
        if !alternatives.isEmpty { schema = ["anyOf": .array([schema] + alternatives)] }
        let more: [JSONValue.Member] =
            [.init("description", .string(meaning))] + (standard.map { [.init("default", $0)] } ?? [])
        return .object((schema.members ?? []) + more)
    }
}
