/// One thing to look for in a reply. A reply passes when all its checks hold.
public struct ReplyCheck: Hashable, Sendable {
    /// What is looked for.
    public enum Kind: String, CaseIterable, Sendable {
        /// Some value occurs as a whole word or phrase, whatever its case.
        case includes
        /// No value does.
        case excludes
        /// The stripped reply begins with some value, whatever its case.
        case startsWith = "starts_with"
        /// It ends with some value.
        case endsWith = "ends_with"
        /// Letters of one case only, and at least one.
        case uppercase
        /// The same in small letters.
        case lowercase
    }

    /// What is looked for.
    public var kind: Kind
    /// The texts that count; none for the two cases of letters.
    public var values: [String]

    /// A check by its kind.
    public init(kind: Kind, values: [String] = []) {
        self.kind = kind
        self.values = values
    }

    /// Whether the reply has what is looked for.
    public func holds(for reply: String) -> Bool {
        let text = PythonText(reply).strip()
        let keys = text.caseKeys()
        let wanted = values.map { PythonText($0).caseKeys() }
        return switch kind {
        case .includes: wanted.contains { text.containsPhrase($0, keys: keys) }
        case .excludes: !wanted.contains { text.containsPhrase($0, keys: keys) }
        case .startsWith: wanted.contains { keys.hasPrefix($0) }
        case .endsWith: wanted.contains { keys.hasSuffix($0) }
        case .uppercase: text.isUpper
        case .lowercase: text.isLower
        }
    }

    /// `{"kind": KIND, "values": [TEXT]}`; the two cases need no values.
    init(_ field: JSONField) throws(EvaluationError) {
        guard let kind = Kind(rawValue: try field["kind"].string()) else {
            throw field["kind"].unexpected("one of " + Kind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let needsValues = kind != .uppercase && kind != .lowercase
        let values = field["values"].isMissing && !needsValues ? [] : try field["values"].strings()
        guard !needsValues || !values.isEmpty, !values.contains("") else {
            throw EvaluationError(
                field: field["values"].path, problem: "is empty or holds an empty text",
                remedy: "give texts to look for")
        }
        self.init(kind: kind, values: values)
    }
}

extension PythonText {
    /// Whether the phrase occurs without a word going on beyond either of its ends.
    fileprivate func containsPhrase(_ phrase: PythonText, keys: PythonText) -> Bool {
        func continuesWord(_ edge: Unicode.Scalar?, _ neighbour: Unicode.Scalar?) -> Bool {
            (edge?.isPythonWord ?? false) && (neighbour?.isPythonWord ?? false)
        }
        return keys.contains(phrase) { range in
            !continuesWord(phrase.first, scalar(at: range.lowerBound - 1))
                && !continuesWord(phrase.last, scalar(at: range.upperBound))
        }
    }
}
