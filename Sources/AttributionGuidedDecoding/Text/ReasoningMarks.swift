/// What a model writes around its thoughts.
public struct ReasoningMarks: Sendable, Hashable {
    /// Before the thoughts. The template may have written it already.
    public let opening: String
    /// Behind the thoughts.
    public let closing: String
    /// Around the answer, and no part of it.
    public let scaffolding: [String]

    /// Marks by their texts.
    public init(opening: String, closing: String, scaffolding: [String] = []) {
        self.opening = opening
        self.closing = closing
        self.scaffolding = scaffolding
    }

    /// `<think>…</think>`, as most models have it.
    public static let think = ReasoningMarks(opening: "<think>", closing: "</think>")

    /// The marks that a chat template shows; those of most models for one that shows none.
    public init(templateSource: String?) {
        let source = templateSource ?? ""
        self = Self.known.first { $0.areShown(in: source) } ?? .think
    }

    private func areShown(in source: String) -> Bool {
        source.contains(opening) && source.contains(closing)
            && (scaffolding.isEmpty || scaffolding.contains { source.contains($0) })
    }

    /// The marks that models are known to write.
    package static let known = [
        ReasoningMarks(
            opening: "<|channel|>analysis<|message|>", closing: "<|end|>",
            scaffolding: [
                "<|start|>assistant", "<|channel|>final<|message|>", "<|channel|>commentary<|message|>",
            ]),
        ReasoningMarks(opening: "[THINK]", closing: "[/THINK]"),
        ReasoningMarks(opening: "<thinking>", closing: "</thinking>"),
        ReasoningMarks(
            opening: "<|START_THINKING|>", closing: "<|END_THINKING|>",
            scaffolding: ["<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"]),
        ReasoningMarks(opening: "<seed:think>", closing: "</seed:think>"),
        ReasoningMarks(opening: "<mm:think>", closing: "</mm:think>"),
        ReasoningMarks(opening: "<|inner_prefix|>", closing: "<|inner_suffix|>"),
        ReasoningMarks(opening: "<|channel>thought", closing: "<channel|>"),
        ReasoningMarks(
            opening: "Here are my reasoning steps:", closing: "[BEGIN FINAL RESPONSE]",
            scaffolding: ["[END FINAL RESPONSE]", "<|end|>"]),
        ReasoningMarks(
            opening: "Here is my thought process:", closing: "Here is my response:"),
        ReasoningMarks(opening: "<thought>", closing: "</thought>"),
        ReasoningMarks(opening: "<Thought>", closing: "</Thought>", scaffolding: ["<Output>", "</Output>"]),
        ReasoningMarks(opening: "<reasoning>", closing: "</reasoning>"),
        ReasoningMarks(opening: "<unused94>thought", closing: "<unused95>"),
        ReasoningMarks(opening: "◁think▷", closing: "◁/think▷"),
        ReasoningMarks(
            opening: "<|begin_of_thought|>", closing: "<|end_of_thought|>",
            scaffolding: ["<|begin_of_solution|>", "<|end_of_solution|>"]),
        ReasoningMarks(
            opening: "<think>", closing: "</think>",
            scaffolding: ["<response>", "</response>", "<answer>", "</answer>"]),
    ]

    /// Whether the closing mark ends nothing but thoughts: other messages end with gpt-oss's too.
    package var closesThoughtsOnly: Bool { closing != "<|end|>" }

    /// Whether a reply to this prompt begins inside thoughts, because the prompt has opened them.
    func areOpen(atEndOf prompt: String) -> Bool {
        guard let opened = prompt.ranges(of: opening).last else { return false }
        return !prompt[opened.upperBound...].contains(closing)
    }
}
