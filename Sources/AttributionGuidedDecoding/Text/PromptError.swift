/// What can be wrong with a prompt.
public enum PromptError: Error, Equatable, CustomStringConvertible {
    case noVocabulary
    case noTemplate
    case unknownTemplate(known: [String])
    case contentNotFound(message: Int)
    case containsNull(message: Int)
    case empty
    case tokenOutOfRange(token: Int, vocabularySize: Int)
    case notAligned(token: Int, position: Int)

    public var description: String {
        switch self {
        case .noVocabulary: "the model has no vocabulary; give the prompt as token ids with --prompt-tokens"
        case .noTemplate: "the model has no chat template; give the whole prompt with --prompt"
        case .unknownTemplate(let known):
            "the model's chat template is not one that libllama knows (\(known.joined(separator: ", "))); "
                + "give the whole prompt with --prompt"
        case .contentNotFound(let message):
            "the chat template changes the text of message \(message), so that its place can't be told; "
                + "give the whole prompt with --prompt and mark regions with text:"
        case .containsNull(let message): "message \(message) contains a null character; remove it"
        case .empty: "the prompt is empty; give one with --user, --prompt, --file, --messages or --prompt-tokens"
        case .tokenOutOfRange(let token, let size):
            "token \(token) is not in the vocabulary, whose ids are 0 to \(size - 1)"
        case .notAligned(let token, let position):
            "token \(token) at position \(position) can't be found in the prompt's text, so that text regions can't be told; "
                + "mark regions with tokens:"
        }
    }
}
