import AttributionGuidedDecoding

/// How much of an answer may rest on untrusted messages and documents.
public struct TrustLimit: Sendable, Hashable {
    /// What is done about an answer with a sentence, or a call of a tool, that rests on them more.
    public enum Action: String, Sendable, CaseIterable, Codable {
        /// It is told.
        case flag
        /// The answer is withheld.
        case refuse
    }

    /// Share of a statement, from 0 to 1.
    public var share: Double
    /// What is done.
    public var action: Action

    /// A limit, by default one that is told.
    public init(share: Double, action: Action = .flag) {
        (self.share, self.action) = (share, action)
    }
}

/// Whether an answer rests more on untrusted messages and documents than it may.
public struct TrustCheck: Sendable, Encodable {
    /// The limit's.
    public var limit: Double
    /// The limit's.
    public var action: TrustLimit.Action
    /// The largest untrusted share of a statement; nil where nothing is untrusted, or nothing was said.
    public var largest: Double?
    /// Numbers of the statements that rest on them more than they may, counted from 0.
    public var exceeding: [Int]

    /// Whether the answer is withheld.
    public var isRefused: Bool { action == .refuse && !exceeding.isEmpty }

    init(_ limit: TrustLimit, _ statements: [AnswerSources.Statement]) {
        self.limit = limit.share
        action = limit.action
        largest = statements.compactMap(\.untrusted).max()
        exceeding = statements.indices.filter { statements[$0].untrusted ?? 0 > limit.share }
    }

    /// Such as `1 of 2 statements rests on untrusted text by more than 60 % (at most 84 %)`.
    public func text(of statementCount: Int) -> String {
        func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
        let verb = exceeding.count == 1 ? "rests" : "rest"
        return "\(exceeding.count) of \(statementCount) statements \(verb) on untrusted text by more than "
            + "\(percent(limit))" + (largest.map { " (at most \(percent($0)))" } ?? "")
    }
}
