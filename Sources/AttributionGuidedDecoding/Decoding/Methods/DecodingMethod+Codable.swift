/// As one object: the method's name as `strategy`, and its settings beside it.
///
/// A setting that is missing has its standard, but for a threshold, where that stands for none. Settings that the method doesn't
/// have, which older files hold, are passed over.
extension DecodingMethod: Codable {
    /// Values that are left out: files have always been without them.
    private static let unwritten = ["entropyThreshold": "off", "tangents": TangentSchedule.withEachStep.rawValue]

    /// - Throws: `DecodingError` for what is no method; ``DecodingOptionError`` for a value that can't be.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: DecodingMethodKey.self)
        let name = try fields.decode(String.self, forKey: .strategy)
        guard let kind = Self.kind(named: name) else {
            throw DecodingError.dataCorruptedError(
                forKey: DecodingMethodKey.strategy, in: fields,
                debugDescription: "\(DecodingOptionError.unknown(method: name))")
        }
        var given: [String: String] = [:]
        for option in kind.options {
            let key = DecodingMethodKey(stringValue: option.name)
            given[option.name] =
                fields.contains(key)
                ? try fields.decode(OptionText.self, forKey: key).text : Self.unwritten[option.name]
        }
        self = try kind.method(given)
    }

    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: DecodingMethodKey.self)
        try fields.encode(name, forKey: .strategy)
        let values = values
        for option in Self.options {
            guard let text = values[option.name], text != Self.unwritten[option.name] else { continue }
            try fields.encode(
                OptionText(text: text, isNumber: option.values.areNumbers),
                forKey: DecodingMethodKey(stringValue: option.name))
        }
    }
}

/// What a method's name, or an option of it, is called where it is read by key.
package struct DecodingMethodKey: CodingKey {
    package let stringValue: String
    package var intValue: Int? { nil }

    package init(stringValue: String) { self.stringValue = stringValue }
    package init?(intValue: Int) { nil }

    package static let strategy = Self(stringValue: "strategy")
}

/// An option's value as a number where it is one, or as text.
private struct OptionText: Codable {
    let text: String
    var isNumber = true

    init(text: String, isNumber: Bool) { (self.text, self.isNumber) = (text, isNumber) }

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        // Integers first, for a seed has more digits than a floating-point number holds.
        if let integer = try? value.decode(UInt64.self) {
            text = "\(integer)"
        } else if let number = try? value.decode(Double.self) {
            text = "\(number)"
        } else {
            text = try value.decode(String.self)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        if isNumber, let integer = UInt64(text) {
            try value.encode(integer)
        } else if isNumber, let number = Double(text) {
            try value.encode(number)
        } else {
            try value.encode(text)
        }
    }
}
