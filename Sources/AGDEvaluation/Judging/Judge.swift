import AttributionGuidedDecoding

/// Scores that take a model to give: open-ended quality (the paper's QS), and SysBench's criteria.
public struct Judge: Sendable {
    private let endpoint: ChatEndpoint
    /// Malformed answers are asked for again this often.
    private let attempts: Int

    /// A judge at an endpoint, which is asked again where its answer has not the form that was asked for.
    public init(_ endpoint: ChatEndpoint, attempts: Int = 3) {
        self.endpoint = endpoint
        self.attempts = attempts
    }

    /// - Parameters:
    ///   - messages: the whole conversation, the model's replies included.
    ///   - replies: of the model, one a turn: the last assistant messages.
    /// - Returns: `quality` from 0 to 1, and for SysBench `csr`, `isr` and `ssr` of this dialogue.
    /// - Throws: ``EvaluationError`` where the judge can't be reached or won't answer as asked.
    func scores(_ messages: [ChatMessage], replies: [String], _ scoring: Scoring) async throws -> [String: Double] {
        let places = messages.indices.filter { messages[$0].role == "assistant" }.suffix(replies.count)
        guard let last = places.last else { return [:] }
        if case .judged(let turns) = scoring {
            var verdicts: [[Bool]] = []
            for (turn, place) in zip(turns, places) {
                verdicts.append(
                    try await self.verdicts(on: messages[place].content, after: Array(messages[..<place]), turn))
            }
            return Self.satisfaction(verdicts)
        }
        return ["quality": try await quality(of: messages[last].content, after: Array(messages[..<last]))]
    }

    private func quality(of reply: String, after messages: [ChatMessage]) async throws -> Double {
        let prompt = Template.fill(
            String(decoding: PackageResources.quality_judge_txt, as: UTF8.self),
            ["conversation": Self.written(messages), "reply": reply])
        return try await ask(prompt, for: "{\"score\": 1 to 10}") { answer in
            guard case .number(let score)? = answer["score"], (1...10).contains(score) else { return nil }
            return score / 10
        }
    }

    private func verdicts(on reply: String, after messages: [ChatMessage], _ turn: JudgedTurn) async throws -> [Bool] {
        let criteria = turn.criteria.enumerated().map { "\($0.offset + 1). (\($0.element.type)) \($0.element.text)" }
        let prompt = Template.fill(
            String(decoding: PackageResources.criteria_judge_txt, as: UTF8.self),
            ["conversation": Self.written(messages), "reply": reply, "criteria": criteria.joined(separator: "\n")])
        return try await ask(prompt, for: "a verdict on each of \(criteria.count) criteria") { answer in
            let verdicts = (1...max(1, criteria.count)).compactMap { number -> Bool? in
                if case .bool(let verdict)? = answer["\(number)"] { verdict } else { nil }
            }
            return verdicts.count == criteria.count ? verdicts : nil
        }
    }

    /// Shares of criteria met, of turns with all met, and of leading turns with all met.
    static func satisfaction(_ verdicts: [[Bool]]) -> [String: Double] {
        let all = verdicts.joined()
        guard !verdicts.isEmpty, !all.isEmpty else { return [:] }
        let turns = verdicts.map { $0.allSatisfy { $0 } }
        return [
            "csr": Double(all.count { $0 }) / Double(all.count),
            "isr": Double(turns.count { $0 }) / Double(turns.count),
            "ssr": Double(turns.prefix { $0 }.count) / Double(turns.count),
        ]
    }

    private func ask<Value>(
        _ prompt: String, for wanted: String, _ read: (JSONValue) -> Value?
    ) async throws -> Value {
        var answer = ""
        for _ in 0..<attempts {
            answer = try await endpoint.answer(to: prompt)
            if let value = Self.object(in: answer).flatMap(read) { return value }
        }
        throw EvaluationError(
            field: "judge", problem: "'\(answer.prefix(120))' is not the JSON object asked for: \(wanted)",
            remedy: "try a more capable judge", setting: .judgeModel)
    }

    /// The JSON object in an answer, which may stand in a code fence or between words.
    static func object(in answer: String) -> JSONValue? {
        guard let start = answer.firstIndex(of: "{"), let end = answer.lastIndex(of: "}"), start < end else {
            return nil
        }
        do { return try JSONParser.parse(String(answer[start...end])) } catch { return nil }
    }

    private static func written(_ messages: [ChatMessage]) -> String {
        messages.map { "[\($0.role)]\n\($0.content)" }.joined(separator: "\n\n")
    }
}
