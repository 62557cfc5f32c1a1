import Foundation

/// How a chat template writes an assistant's calls of tools: text, the tool's name, text, the arguments as JSON, text. It is found by
/// rendering calls, so that no template has to be known.
public struct ToolCallFormat: Sendable, Hashable {
    /// Before the first name.
    let opening: String
    /// From a name to its arguments.
    let middle: String
    /// From arguments to the next name; nil where the template writes one call only.
    let between: String?
    /// Behind the last arguments.
    let closing: String

    init(opening: String, middle: String, between: String?, closing: String) {
        self.opening = opening
        self.middle = middle
        self.between = between
        self.closing = closing
    }

    /// Nil for a template that writes calls otherwise, or none.
    /// - Parameter options: with the tools' definitions.
    init?(_ template: ChatTemplate, options: TemplateOptions) {
        func rendered(_ answer: ChatMessage?, opensAnswer: Bool) -> String? {
            var options = options
            options.continuesFinalMessage = false
            options.opensAnswer = opensAnswer
            let messages: [ChatMessage] = [.user("q")] + (answer.map { [$0] } ?? [])
            do { return try template.render(messages, options).text } catch { return nil }
        }
        func answer(_ calls: Int) -> ChatMessage {
            ChatMessage(role: "assistant", content: "", toolCalls: (0..<calls).map { Self.probe($0) })
        }
        guard let start = rendered(nil, opensAnswer: true), let one = rendered(answer(1), opensAnswer: false),
            let said = rendered(.assistant(Self.content), opensAnswer: false), let call = Self.parts(of: one, call: 0)
        else { return nil }
        let thoughts = ReasoningMarks(templateSource: template.source).closing
        let turn = call.before.dropFirst(Self.beginning(of: start, in: call.before).count)
        opening = String((turn.components(separatedBy: thoughts).last ?? "").trimmingPrefix(while: \.isWhitespace))
        middle = call.middle
        // What ends the assistant's turn is no part of the call.
        let end = call.after.commonSuffix(with: said.components(separatedBy: Self.content).last ?? "")
        let turnEnd = end.drop { $0 != "<" && !$0.isWhitespace }
        closing = String(call.after.dropLast(turnEnd.count)).trimmingSuffix { $0.isWhitespace }
        between = rendered(answer(2), opensAnswer: false).flatMap { two in
            guard let first = Self.parts(of: two, call: 0), let second = Self.parts(of: first.after, call: 1) else {
                return nil
            }
            return second.before
        }
        guard !opening.isEmpty, middle.contains(where: { !$0.isWhitespace }) else { return nil }
    }

    private static let content = "agd_content"

    /// The part of a prompt that an answer to it begins with: all of it, or up to where a mark begins that only one of them has.
    static func beginning(of prompt: String, in answer: String) -> Substring {
        let prompt = prompt.trimmingSuffix { $0.isWhitespace }
        if answer.hasPrefix(prompt) { return answer.prefix(prompt.count) }
        let common = answer.prefix(zip(prompt, answer).prefix { $0 == $1 }.count)
        return common.prefix(
            upTo: common.lastIndex { $0 == ">" || $0.isNewline }.map { common.index(after: $0) } ?? common.startIndex)
    }

    /// Of a call; models write others.
    static func identifier(_ index: Int) -> String { "agdcall0\(index)" }

    private static func probe(_ index: Int) -> ChatMessage.ToolCall {
        .init(
            id: Self.identifier(index), name: "agd_tool_\(index)",
            arguments: .object([.init("agd_key_\(index)", "agd_value")]))
    }

    /// A call in a rendered text.
    private static func parts(of text: String, call index: Int) -> (before: String, middle: String, after: String)? {
        guard let name = text.firstRange(of: "agd_tool_\(index)") else { return nil }
        let rest = text[name.upperBound...]
        guard let key = rest.firstRange(of: "\"agd_key_\(index)\""), let value = rest.firstRange(of: "agd_value\""),
            let open = rest[..<key.lowerBound].lastIndex(of: "{"),
            let close = rest[value.upperBound...].firstIndex(of: "}"),
            key.upperBound < value.lowerBound
        else { return nil }
        return (
            String(text[..<name.lowerBound]), String(rest[..<open]), String(rest[rest.index(after: close)...])
        )
    }
}

extension String {
    fileprivate func commonSuffix(with other: String) -> String {
        String(zip(reversed(), other.reversed()).prefix { $0 == $1 }.map(\.0).reversed())
    }
}

extension ToolCallFormat {
    /// The name of a control token that is a part of what is written around calls; empty for others, which have texts.
    public func name(ofMark token: Int, _ tokenizer: Tokenizer?) -> String {
        guard let tokenizer, tokenizer.kind(of: token) == .control, !tokenizer.endsGeneration(token) else { return "" }
        let name = tokenizer.text(of: token)
        return [opening, middle, between ?? "", closing].contains { $0.contains(name) } ? name : ""
    }
}

extension LanguageModel {
    /// How the model's calls of tools are read, by the template that rendered a conversation; nil where they can't be.
    public func toolCallFormat(of prompt: Prompt) -> ToolCallFormat? {
        guard let conversation = prompt.conversation, !conversation.options.tools.isEmpty else { return nil }
        return ToolCallFormat(conversation.template, options: conversation.options)
    }
}
