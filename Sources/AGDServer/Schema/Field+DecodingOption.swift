import AttributionGuidedDecoding

extension DecodingOption {
    /// Whether it is one of the fields by which OpenAI's clients steer a draw; the others are fields of `agd`.
    var isOfDraws: Bool { ["temperature", "topP", "topK", "minP", "seed"].contains(name) }

    /// What requests call it.
    var field: String { (isOfDraws ? "" : "agd.") + fieldName }

    fileprivate var fieldName: String { shortName(joinedBy: "_") }

    /// Its value in a request, as text.
    func text(in body: JSONValue) -> String? {
        let place = isOfDraws ? body : body["agd"]
        return switch place?[fieldName] {
        case .string(let text)?: text
        case .array(let items)?: items.map(\.text).joined(separator: ",")
        case let value?: value.text
        case nil: nil
        }
    }
}

extension Field {
    /// An option of decoding methods as a field of `agd`.
    init(_ option: DecodingOption) {
        let texts = Set(option.standards.map(\.text))
        let methods = option.standards.map(\.method).joined(separator: ", ")
        let standards =
            texts.count == 1
            ? ""
            : " Without it " + option.standards.map { "\($0.text) with \($0.method)" }.joined(separator: ", ") + "."
        self.init(
            option.fieldName, FieldType(option),
            "\(option.meaning)\(standards) With the strateg\(option.standards.count == 1 ? "y" : "ies") \(methods).",
            default: texts.count == 1
                ? texts.first.map { text in Double(text).map(JSONValue.number) ?? .string(text) } : nil)
    }
}

extension FieldType {
    fileprivate init(_ option: DecodingOption) {
        self =
            switch option.values {
            case .number(let range, nil): .number(range)
            case .number(let range, let word?): .either([.number(range), .choice([word])])
            // A request's candidates are held to what an answer may tell of them.
            case .integer(let range) where option.name == "candidates":
                .integer(Int(clamping: range.lowerBound)...Limits.candidates)
            case .integer(let range): .integer(Int(clamping: range.lowerBound)...Int(clamping: range.upperBound))
            case .choice(let words): .choice(words)
            case .integers(let words): .either([.choice(words), .array(.integer(0...1023), count: 1...Limits.layers)])
            }
    }
}
