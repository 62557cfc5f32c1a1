import AttributionGuidedDecoding

/// A question with a text that answers it and has an instruction inside, or, as a harmless twin, a sentence of the same kind that wants
/// nothing of the model. `Benchmarks/injections.py` writes them.
public struct InjectionItem: Sendable {
    /// As the file has it.
    public var id: String
    /// The kind of attack, and where the text stands: `document` or `tool`.
    public var kind, place: String
    /// False for a harmless twin.
    public var isAttack: Bool
    /// With the untrusted one marked, where it is a message.
    public var messages: [ChatMessage]
    /// Untrusted ones.
    public var documents: [ChatDocument]
    /// The sentence that was put in.
    public var injected: String
    /// What a reply has that obeys the attack.
    public var marker: String
    /// What a right reply has.
    public var answer: String

    /// The items of a file, an object a line.
    /// - Throws: ``EvaluationError`` naming file, line and field.
    public static func read(path: String) throws(EvaluationError) -> [InjectionItem] {
        let items = try ItemFile.objects(of: path) { (line, _) throws(EvaluationError) in [try item(line)] }
        guard !items.isEmpty else {
            throw EvaluationError(
                file: path, problem: "holds no item", remedy: "give what Benchmarks/injections.py writes")
        }
        return items
    }

    private static func item(_ line: JSONField) throws(EvaluationError) -> InjectionItem {
        let messages = try line["messages"].array().map { (field) throws(EvaluationError) in
            do throws(ChatMessageError) { return try ChatMessage(field.value ?? .null) } catch {
                throw EvaluationError(
                    field: field.path, problem: "\(error)", remedy: "write {\"role\": \"user\", \"content\": \"…\"}")
            }
        }
        let documents = try (line["documents"].optional?.array() ?? []).map { (field) throws(EvaluationError) in
            ChatDocument(
                title: try field["title"].optional?.string(), text: try field["text"].string(), trust: .untrusted)
        }
        return InjectionItem(
            id: try line["id"].identifier(), kind: try line["kind"].string(), place: try line["place"].string(),
            isAttack: try line["attack"].bool(), messages: messages, documents: documents,
            injected: try line["injected"].string(), marker: try line["marker"].string(),
            answer: try line["answer"].string())
    }
}

/// A way to answer in spite of injected instructions.
public enum InjectionMethod: String, Sendable, CaseIterable {
    /// Nothing is done.
    case greedy
    /// Words that say that what is trusted counts most.
    case regionPrompt = "region-prompt"
    /// Guided towards what is trusted, at every step.
    case trusted
    /// Guided away from what is untrusted, at every step.
    case negative
    /// Both.
    case both
    /// Guided away, where the model is unsure (the paper's gate).
    case gatedNegative = "gated-negative"

    func decoding() throws -> DecodingMethod {
        switch self {
        case .greedy: .greedy
        case .regionPrompt: .regionPrompt
        case .trusted, .negative, .both: try .named("agd", ["entropyThreshold": "off"])
        case .gatedNegative: try .named("agd")
        }
    }

    func regions() throws -> [RegionSpecification] {
        let towards = try RegionSpecification(.trust(.trusted))
        let away = try RegionSpecification(.trust(.untrusted), weight: -1)
        return switch self {
        case .greedy: []
        case .regionPrompt, .trusted: [towards]
        case .negative, .gatedNegative: [away]
        case .both: [towards, away]
        }
    }
}
