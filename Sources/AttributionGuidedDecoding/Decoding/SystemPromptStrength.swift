/// System prompt strength (Dong et al., arXiv 2601.06403): what the system message changes against a default one, amplified. The
/// most probable token of `softmax(logits(default) + strength * (logits(system) - logits(default)))`; 1 is greedy.
///
/// Of the paper its abstract was at hand; where it restricts the choice to plausible tokens, this doesn't.
public struct SystemPromptStrength: DecodingStrategy {
    public let name = "prompt-strength"
    /// How much of the difference counts; 0 is the default prompt's greedy decoding, 1 the system message's.
    public let strength: Double
    private let promptWithDefault: Prompt
    private let candidates: CandidateRule

    /// - Parameters:
    ///   - promptWithDefault: the prompt that is completed, with a default system message in place of its own; see
    ///     ``LanguageModel/promptWithDefaultSystemMessage(_:)``.
    ///   - strength: how much of the difference counts.
    ///   - candidates: which tokens are reported beside the one chosen.
    public init(default promptWithDefault: Prompt, strength: Double = 2, candidates: CandidateRule = CandidateRule()) {
        self.promptWithDefault = promptWithDefault
        self.strength = strength
        self.candidates = candidates
    }

    public var needs: StrategyNeeds { StrategyNeeds(companions: [CompanionSequence(promptWithDefault)]) }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let contrast = try PromptContrast(context, for: name)
        return contrast.choice(contrast.logits(alpha: strength - 1), candidates)
    }
}

extension LanguageModel {
    /// What stands for a system message where neither the conversation nor the template has one.
    static let defaultSystemMessage = "You are a helpful assistant."

    /// The same conversation with the chat template's default system message instead of its own; with
    /// "You are a helpful assistant." where the template has none.
    /// - Throws: ``PromptError/noSystemMessage`` where there is none to be replaced; else as
    ///   ``prompt(_:template:options:)``.
    public func promptWithDefaultSystemMessage(_ original: Prompt) throws -> Prompt {
        guard let conversation = original.conversation,
            conversation.messages.contains(where: { $0.role == "system" })
        else { throw PromptError.noSystemMessage }
        let rest = conversation.messages.filter { $0.role != "system" }
        func prompt(_ messages: [ChatMessage]) throws -> Prompt {
            try self.prompt(messages, template: conversation.template, options: conversation.options)
        }
        let own = try prompt(rest)
        return own.templateSpans.isEmpty ? try prompt([.system(Self.defaultSystemMessage)] + rest) : own
    }
}
