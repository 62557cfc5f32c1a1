import Foundation

/// A JSON value whose shape isn't known yet: a request's body before it has been checked.
enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// - Throws: ``APIError`` for bytes that aren't UTF-8 or aren't JSON.
    init(parsing data: Data) throws {
        guard String(validating: data, as: UTF8.self) != nil else {
            throw APIError.invalid("the body is not UTF-8", param: nil)
        }
        do {
            self = try JSON(foundation: JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed))
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError.invalid("the body is not valid JSON: \(Self.reason(error))", param: nil)
        }
    }

    private static func reason(_ error: any Error) -> String {
        (error as NSError).userInfo["NSDebugDescription"] as? String ?? "it can't be parsed"
    }

    private init(foundation value: Any) throws {
        switch value {
        case let string as String: self = .string(string)
        case let number as NSNumber:
            // Foundation keeps booleans as numbers whose C type is char.
            self =
                number.objCType.pointee == CChar(UInt8(ascii: "c"))
                ? .bool(number.boolValue) : .number(number.doubleValue)
        case let array as [Any]: self = .array(try array.map(JSON.init(foundation:)))
        case let object as [String: Any]: self = .object(try object.mapValues(JSON.init(foundation:)))
        case is NSNull: self = .null
        default: throw APIError.invalid("the body has a value that is no JSON", param: nil)
        }
    }

    var typeName: String {
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

/// Reading values that have been checked against the table of fields: what isn't there or is null is nil.
extension JSON {
    subscript(_ key: String) -> JSON? {
        guard case .object(let object) = self, let value = object[key], value != .null else { return nil }
        return value
    }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var string: String? { if case .string(let value) = self { value } else { nil } }
    var double: Double? { if case .number(let value) = self { value } else { nil } }
    var integer: Int? { double.flatMap { Int(exactly: $0) } }
    var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
}

extension JSON: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value):
            if let integer = Int(exactly: value) { try container.encode(integer) } else { try container.encode(value) }
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .number(Double(value)) }
    init(floatLiteral value: Double) { self = .number(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(arrayLiteral elements: JSON...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSON)...) { self = .object(Dictionary(elements) { _, last in last }) }
}

extension JSONEncoder {
    /// As OpenAI's clients expect it: snake case, and the same bytes for the same values.
    static var api: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
