/// Parses JSON as Python's `json.loads` does.
///
/// Accepted beyond the standard: `NaN`, `Infinity`, `-Infinity`, duplicate keys and lone surrogate escapes (read as
/// U+FFFD, for Swift has no such scalar). Rejected: raw control characters in strings, a leading U+FEFF, comments,
/// trailing commas, single quotes, `01`, `.5`, `1.`, `+1`. Cost: one pass over the bytes.
struct JSONParser {
    /// Deeper nesting is an error, so that no input can exhaust the stack.
    static let depthLimit = 512

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        let value = try parser.value()
        parser.skipWhitespace()
        guard parser.position == bytes.count else { throw parser.expected("the end of the text after one JSON value") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func value() throws(JSONError) -> JSONValue {
        skipWhitespace()
        switch peek {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"): return accept("-Infinity") ? .number(-.infinity) : .number(try number())
        case let byte? where Unicode.Scalar(byte).isASCIIDigit: return .number(try number())
        default:
            for (word, value) in Self.words where accept(word) { return value }
            throw expected("a JSON value")
        }
    }

    private static let words: [(StaticString, JSONValue)] = [
        ("null", .null), ("true", .bool(true)), ("false", .bool(false)),
        ("NaN", .number(.nan)), ("Infinity", .number(.infinity)),
    ]

    private mutating func object() throws(JSONError) -> JSONValue {
        try enter()
        var members: [JSONValue.Member] = []
        skipWhitespace()
        if !accept("}") {
            repeat {
                skipWhitespace()
                guard peek == UInt8(ascii: "\"") else { throw expected("a key in double quotes") }
                let key = try string()
                skipWhitespace()
                guard accept(":") else { throw expected("':' after a key") }
                members.append(JSONValue.Member(key, try value()))
                skipWhitespace()
            } while accept(",")
            guard accept("}") else { throw expected("',' or '}'") }
        }
        depth -= 1
        return .object(members)
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        try enter()
        var values: [JSONValue] = []
        skipWhitespace()
        if !accept("]") {
            repeat {
                values.append(try value())
                skipWhitespace()
            } while accept(",")
            guard accept("]") else { throw expected("',' or ']'") }
        }
        depth -= 1
        return .array(values)
    }

    private mutating func enter() throws(JSONError) {
        position += 1
        depth += 1
        if depth > Self.depthLimit { throw expected("at most \(Self.depthLimit) nested arrays and objects") }
    }

    private mutating func number() throws(JSONError) -> Double {
        let start = position
        _ = accept("-")
        if !accept("0"), skipDigits() == 0 { throw expected("a digit") }
        // What doesn't belong to the number is left for the caller to reject, as Python does.
        let integerEnd = position
        if accept("."), skipDigits() == 0 { position = integerEnd }
        let fractionEnd = position
        if accept("e") || accept("E") {
            if !accept("-") { _ = accept("+") }
            if skipDigits() == 0 { position = fractionEnd }
        }
        guard let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw expected("a number")
        }
        return number
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = peek, Unicode.Scalar(byte).isASCIIDigit { position += 1 }
        return position - start
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var content: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: content, as: UTF8.self) else { throw expected("valid UTF-8") }
                return text
            case UInt8(ascii: "\\"):
                position += 1
                content += try escape().utf8
            case 0..<0x20:
                throw expected("an escape such as \\n in place of a raw control character")
            default:
                content.append(byte)
                position += 1
            }
        }
        throw expected("'\"' at the end of a string")
    }

    private mutating func escape() throws(JSONError) -> String {
        guard let byte = peek else { throw expected("an escape after '\\'") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(UnicodeScalar(byte))
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return String(try escapedScalar())
        default: throw expected("one of \" \\ / b f n r t u after '\\'")
        }
    }

    private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        let high = try fourHexDigits()
        let afterHigh = position
        if (0xD800...0xDBFF).contains(high), accept("\\u") {
            let low = try fourHexDigits()
            if (0xDC00...0xDFFF).contains(low) {
                return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
            }
            position = afterHigh
        }
        return Unicode.Scalar(high) ?? "\u{FFFD}"
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(UnicodeScalar(byte)).hexDigitValue, byte < 0x80 else {
                throw expected("four hexadecimal digits after \\u")
            }
            value = value << 4 + UInt32(digit)
            position += 1
        }
        return value
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhitespace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func accept(_ word: StaticString) -> Bool {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        let matches = word.withUTF8Buffer { bytes[position..<end].elementsEqual($0) }
        if matches { position = end }
        return matches
    }

    private func expected(_ what: String) -> JSONError { JSONError(byte: position + 1, expected: what) }
}

extension Unicode.Scalar {
    fileprivate var isASCIIDigit: Bool { (0x30...0x39).contains(value) }
}

/// Text that is no JSON.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Counted from 1.
    public let byte: Int
    /// What should stand there.
    public let expected: String

    public var description: String { "not JSON at byte \(byte); expected \(expected)" }
}

extension JSONValue {
    /// - Throws: ``JSONError`` that says what was expected at which byte.
    public init(parsing bytes: [UInt8]) throws(JSONError) { self = try JSONParser.parse(bytes) }

    /// The value that a text holds.
    /// - Throws: ``JSONError`` for what is no JSON.
    public init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }
}
