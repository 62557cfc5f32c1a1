/// Any JSON value. Object keys keep the order of the file; of equal keys the last one counts, as in Python.
public enum JSONValue: Hashable, Sendable {
    /// Nothing.
    case null
    /// True or false.
    case bool(Bool)
    /// A number.
    case number(Double)
    /// A text.
    case string(String)
    /// Values in their order.
    case array([JSONValue])
    /// Members in their order.
    case object([Member])

    /// A name of an object with its value.
    public struct Member: Hashable, Sendable {
        /// The name.
        public var key: String
        /// What it stands for.
        public var value: JSONValue

        /// A member by name and value.
        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The member of that name, scalar by scalar; nil when this is no object or has none.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key.unicodeScalars.elementsEqual(key.unicodeScalars) }?.value
    }

    /// What this is, for error messages.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Null.
    public init(nilLiteral: ()) { self = .null }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .number(Double(value)) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object, with its members as they stand there.
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }

    /// A truth value, or null.
    public init(_ value: Bool?) { self = value.map(JSONValue.bool) ?? .null }
    /// A number, or null.
    public init(_ value: Double?) { self = value.map(JSONValue.number) ?? .null }

    /// An object, with its members in the order of their names.
    package static func object(_ members: [String: JSONValue]) -> JSONValue {
        .object(members.sorted { $0.key < $1.key }.map { Member($0.key, $0.value) })
    }
}

extension JSONValue {
    /// JSON on one line. Whole numbers are written without a fraction, numbers JSON doesn't have as null.
    public var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): Self.text(of: value)
        case .string(let value): value.jsonQuoted
        case .array(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { $0.key.jsonQuoted + ": " + $0.value.text }.joined(separator: ", ") + "}"
        }
    }

    private static func text(of number: Double) -> String {
        guard number.isFinite else { return "null" }
        return Int(exactly: number).map(String.init) ?? "\(number)"
    }
}

/// What a value is, or nil where it is something else.
extension JSONValue {
    /// An object's members in order.
    package var members: [Member]? { if case .object(let members) = self { members } else { nil } }
    package var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var double: Double? { if case .number(let value) = self { value } else { nil } }
    package var integer: Int? { double.flatMap { Int(exactly: $0) } }
}

/// Keys are data: no encoder's or decoder's strategy changes them.
extension JSONValue: Codable {
    /// Members come in the order of their names, for a decoder doesn't tell that of the file.
    /// - Throws: `DecodingError` for what is no JSON value.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        // A decoder doesn't tell what is there but by trying.
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .string(text)
        } else if let values = try? value.decode([JSONValue].self) {
            self = .array(values)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    /// Writes the value.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .object(let members):
            try value.encode(Dictionary(members.map { ($0.key, $0.value) }) { _, last in last })
        case .array(let values): try value.encode(values)
        case .string(let text): try value.encode(text)
        case .number(let number):
            if let integer = Int(exactly: number) { try value.encode(integer) } else { try value.encode(number) }
        case .bool(let bool): try value.encode(bool)
        case .null: try value.encodeNil()
        }
    }
}
