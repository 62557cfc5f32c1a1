import AttributionGuidedDecoding

/// A field of a request: everything that is known about it, stated once. It is checked by this, and documented from it.
struct Field: Sendable {
    var name: String
    var type: FieldType
    /// One sentence on what it does.
    var meaning: String
    var isRequired = false
    /// Used where the field is left out or null; nil where that means something of its own, told in `meaning`.
    var standard: JSONValue?
    /// Further values that mean the same as leaving the field out. Clients send them in fields they don't use.
    var neutral: [JSONValue] = []

    init(
        _ name: String, _ type: FieldType, _ meaning: String, required: Bool = false,
        default standard: JSONValue? = nil,
        neutral: [JSONValue] = []
    ) {
        self.name = name
        self.type = type
        self.meaning = meaning
        isRequired = required
        self.standard = standard
        self.neutral = neutral
    }

    /// A field whose effects are not implemented; only values that ask for none are accepted.
    static func unsupported(_ name: String, because reason: String, neutral: [JSONValue] = []) -> Field {
        Field(name, .unsupported(because: reason), "Not supported.", neutral: neutral)
    }

    /// What is accepted, in words.
    fileprivate var expectation: String {
        switch type {
        case .unsupported(let reason):
            (neutral.isEmpty ? "left out" : "left out or " + neutral.map(\.text).joined(separator: " or "))
                + ": \(reason)"
        default: ([type.expectation] + neutral.map(\.text)).joined(separator: ", or ")
        }
    }
}

/// What a field accepts, with its limits.
indirect enum FieldType: Sendable {
    case boolean
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    /// A string of up to so many bytes.
    case string(ClosedRange<Int>)
    case choice([String])
    case array(FieldType, count: ClosedRange<Int>)
    case object([Field])
    /// An object whose `type` says which fields it has; without one it is of the first kind.
    case kinds([Kind])
    /// Any strings under any keys, which are ignored by everybody: OpenAI's `metadata`.
    case labels(Int)
    /// At most so many numbers under any keys.
    case numbers(ClosedRange<Double>, count: Int)
    /// Any object whose JSON has at most so many bytes.
    case structure(Int)
    case either([FieldType])
    /// Nothing: the field's effects are not implemented.
    case unsupported(because: String)

    /// An object's kind, by the value of its field `type`.
    struct Kind: Sendable {
        var name: String
        private var others: [Field]

        init(_ name: String, _ others: [Field]) { (self.name, self.others) = (name, others) }

        /// All fields, `type` among them, which may be missing where the kind is the first one.
        func fields(isFirst: Bool) -> [Field] {
            [Field("type", .choice([name]), "The kind.", required: !isFirst)] + others
        }
    }
}

extension FieldType {
    /// What is accepted, in words.
    var expectation: String {
        switch self {
        case .boolean: return "true or false"
        case .integer(let range): return "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range):
            return
                "a number from \(JSONValue.number(range.lowerBound).text) to \(JSONValue.number(range.upperBound).text)"
        case .string(let size):
            return size.lowerBound > 0
                ? "a string that is not empty, of at most \(size.upperBound) bytes"
                : "a string of at most \(size.upperBound) bytes"
        case .choice(let values):
            return values.map { "\"\($0)\"" }.joined(separator: ", ").replacingLastComma(with: " or")
        case .array(let element, let count):
            return
                "an array of \(count.lowerBound > 0 ? "\(count.lowerBound)" : "0") to \(count.upperBound) items, each \(element.expectation)"
        case .object(let fields): return "an object with \(fields.map(\.name).joined(separator: ", "))"
        case .kinds(let kinds):
            return "an object of type \(FieldType.choice(kinds.map(\.name)).expectation)"
        case .labels(let count): return "an object with at most \(count) strings"
        case .numbers(let range, let count):
            return "an object with at most \(count) values, each \(FieldType.number(range).expectation)"
        case .structure(let byteCount): return "an object of at most \(byteCount) bytes"
        case .either(let types): return types.map(\.expectation).joined(separator: ", or ")
        case .unsupported(let reason): return "left out: \(reason)"
        }
    }

    /// Checks a value that is not null.
    /// - Parameter path: where the value is, such as `messages[0].role`.
    /// - Returns: the value without fields that mean nothing.
    /// - Throws: ``APIError`` that names the path and says what is accepted.
    func checked(_ value: JSONValue, at path: String) throws -> JSONValue {
        switch (self, value) {
        case (.boolean, .bool): return value
        case (.integer(let range), .number(let number)):
            if let integer = Int(exactly: number), range.contains(integer) { return value }
        case (.number(let range), .number(let number)):
            if range.contains(number) { return value }
        case (.string(let size), .string(let string)):
            if size.contains(string.utf8.count) { return value }
        case (.choice(let choices), .string(let string)):
            if choices.contains(string) { return value }
        case (.array(let element, let count), .array(let items)):
            guard count.contains(items.count) else { break }
            return .array(try items.enumerated().map { try element.checked($1, at: "\(path)[\($0)]") })
        case (.object(let fields), .object(let members)):
            return .object(try Self.checked(members, fields, at: path))
        case (.kinds(let kinds), .object(let members)):
            let name = value["type"].flatMap { $0 == .null ? nil : $0 } ?? .string(kinds.first?.name ?? "")
            guard let index = kinds.firstIndex(where: { .string($0.name) == name }) else {
                throw Self.mismatch(name, FieldType.choice(kinds.map(\.name)).expectation, at: "\(path).type")
            }
            return .object(try Self.checked(members, kinds[index].fields(isFirst: index == 0), at: path))
        case (.labels(let count), .object(let members)):
            if members.count <= count, members.allSatisfy({ $0.value.string != nil }) { return value }
        case (.numbers(let range, let count), .object(let members)):
            let areNumbers = members.allSatisfy { $0.value.double.map(range.contains) ?? false }
            if members.count <= count, areNumbers { return value }
        case (.structure(let byteCount), .object):
            if value.text.utf8.count <= byteCount { return value }
        case (.either(let types), _):
            // The error of the alternative that has the value's own type says most.
            var errors: [any Error] = []
            for type in types where type.accepts(typeOf: value) {
                do { return try type.checked(value, at: path) } catch { errors.append(error) }
            }
            if errors.count == 1, let error = errors.first { throw error }
        default: break
        }
        throw Self.mismatch(value, expectation, at: path)
    }

    fileprivate static func mismatch(_ value: JSONValue, _ expectation: String, at path: String) -> APIError {
        .invalid("'\(path)' must be \(expectation); it is \(value.excerpt).", param: path)
    }

    /// Checks an object's fields: none unknown, none missing.
    /// - Returns: the fields that mean something.
    static func checked(
        _ members: [JSONValue.Member], _ fields: [Field], at path: String = ""
    ) throws -> [JSONValue.Member] {
        func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        let object = Dictionary(members.map { ($0.key, $0.value) }) { _, last in last }
        for member in members where !fields.contains(where: { $0.name == member.key }) {
            let shown = String(member.key.prefix(64))
            throw APIError.invalid(
                "Unknown field '\(place(shown))'. Known are: \(fields.map(\.name).joined(separator: ", ")).",
                param: place(shown),
                code: "unknown_field")
        }
        var checked: [JSONValue.Member] = []
        for field in fields {
            let place = place(field.name)
            switch object[field.name] {
            case nil, .null:
                if field.isRequired {
                    throw APIError.invalid("'\(place)' is missing; it must be \(field.expectation).", param: place)
                }
            case let value? where field.neutral.contains(value): break
            case let value?:
                guard field.type.accepts(typeOf: value) else { throw mismatch(value, field.expectation, at: place) }
                checked.append(.init(field.name, try field.type.checked(value, at: place)))
            }
        }
        return checked
    }

    fileprivate func accepts(typeOf value: JSONValue) -> Bool {
        switch (self, value) {
        case (.boolean, .bool), (.integer, .number), (.number, .number), (.string, .string), (.choice, .string),
            (.array, .array),
            (.object, .object), (.kinds, .object), (.labels, .object), (.numbers, .object), (.structure, .object),
            (.either, _):
            true
        default: false
        }
    }
}

extension JSONValue {
    /// For an error message: the value where it is short, else its type.
    fileprivate var excerpt: String {
        switch self {
        case .number, .bool, .null: text
        case .string(let value) where value.utf8.count <= 40: text
        case .array(let items): "an array of \(items.count)"
        default: kind
        }
    }
}

extension String {
    fileprivate func replacingLastComma(with word: String) -> String {
        guard let comma = lastIndex(of: ",") else { return self }
        return self[..<comma] + word + self[index(after: comma)...]
    }
}
