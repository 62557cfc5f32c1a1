import AttributionGuidedDecoding

/// A field of a request: everything that is known about it, stated once. It is checked by this, and documented from it.
struct Field: Sendable {
    var name: String
    var type: FieldType
    /// One sentence on what it does.
    var meaning: String
    var isRequired = false
    /// Used where the field is left out or null; nil where that means something of its own, told in `meaning`.
    var standard: JSON?

    init(_ name: String, _ type: FieldType, _ meaning: String, required: Bool = false, default standard: JSON? = nil) {
        self.name = name
        self.type = type
        self.meaning = meaning
        isRequired = required
        self.standard = standard
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
    /// Any strings under any keys, which are ignored by everybody: OpenAI's `metadata`.
    case labels(Int)
    case either([FieldType])
    /// A field whose effects are not implemented, so that only values without effect are accepted.
    case only([JSON], because: String)
}

extension FieldType {
    /// What is accepted, in words.
    var expectation: String {
        switch self {
        case .boolean: return "true or false"
        case .integer(let range): return "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range):
            return "a number from \(JSON.number(range.lowerBound).text) to \(JSON.number(range.upperBound).text)"
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
        case .labels(let count): return "an object with at most \(count) strings"
        case .either(let types): return types.map(\.expectation).joined(separator: ", or ")
        case .only(let values, let reason):
            let accepted = values.isEmpty ? "nothing but null" : values.map(\.text).joined(separator: " or ")
            return "\(accepted): \(reason)"
        }
    }

    /// Checks a value that is not null.
    /// - Parameter path: where the value is, such as `messages[0].role`.
    /// - Throws: ``APIError`` that names the path and says what is accepted.
    func check(_ value: JSON, at path: String) throws {
        switch (self, value) {
        case (.boolean, .bool): return
        case (.integer(let range), .number(let number)):
            if let integer = Int(exactly: number), range.contains(integer) { return }
        case (.number(let range), .number(let number)):
            if range.contains(number) { return }
        case (.string(let size), .string(let string)):
            if size.contains(string.utf8.count) { return }
        case (.choice(let choices), .string(let string)):
            if choices.contains(string) { return }
        case (.array(let element, let count), .array(let items)):
            guard count.contains(items.count) else { break }
            for (index, item) in items.enumerated() { try element.check(item, at: "\(path)[\(index)]") }
            return
        case (.object(let fields), .object(let object)):
            return try Self.check(object, fields, at: path)
        case (.labels(let count), .object(let object)):
            if object.count <= count, object.values.allSatisfy({ $0.string != nil }) { return }
        case (.either(let types), _):
            // The error of the alternative that has the value's own type says most.
            var errors: [any Error] = []
            for type in types where type.accepts(typeOf: value) {
                do { return try type.check(value, at: path) } catch { errors.append(error) }
            }
            if errors.count == 1, let error = errors.first { throw error }
        case (.only(let values, _), _):
            if values.contains(value) { return }
        default: break
        }
        throw APIError.invalid("'\(path)' must be \(expectation); it is \(value.excerpt).", param: path)
    }

    /// Checks an object's fields: none unknown, none missing.
    static func check(_ object: [String: JSON], _ fields: [Field], at path: String = "") throws {
        func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        for name in object.keys.sorted() where !fields.contains(where: { $0.name == name }) {
            let shown = String(name.prefix(64))
            throw APIError.invalid(
                "Unknown field '\(place(shown))'. Known are: \(fields.map(\.name).joined(separator: ", ")).",
                param: place(shown),
                code: "unknown_field")
        }
        for field in fields {
            switch object[field.name] {
            case nil, .null:
                if field.isRequired {
                    throw APIError.invalid(
                        "'\(place(field.name))' is missing; it must be \(field.type.expectation).",
                        param: place(field.name))
                }
            case let value?: try field.type.check(value, at: place(field.name))
            }
        }
    }

    private func accepts(typeOf value: JSON) -> Bool {
        switch (self, value) {
        case (.boolean, .bool), (.integer, .number), (.number, .number), (.string, .string), (.choice, .string),
            (.array, .array),
            (.object, .object), (.labels, .object), (.either, _), (.only, _):
            true
        default: false
        }
    }
}

extension JSON {
    /// As JSON, for documentation.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
        case .string(let value): value.jsonQuoted
        case .array(let items): "[\(items.map(\.text).joined(separator: ", "))]"
        case .object(let items): items.isEmpty ? "{}" : "{…}"
        }
    }

    /// For an error message: the value where it is short, else its type.
    fileprivate var excerpt: String {
        switch self {
        case .number, .bool, .null: text
        case .string(let value) where value.utf8.count <= 40: text
        case .array(let items): "an array of \(items.count)"
        default: typeName
        }
    }
}

extension String {
    fileprivate func replacingLastComma(with word: String) -> String {
        guard let comma = lastIndex(of: ",") else { return self }
        return self[..<comma] + word + self[index(after: comma)...]
    }
}
