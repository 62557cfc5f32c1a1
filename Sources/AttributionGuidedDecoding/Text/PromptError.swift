/// What can be wrong with a prompt.
public enum PromptError: Error, Equatable, CustomStringConvertible {
    case noVocabulary
    case noTemplate
    /// The template can't be read, or refuses the conversation.
    case template(problem: String)
    case leftOut(message: Int, role: String)
    /// The template shows the model no tools, or no calls of them.
    case noPlaceForTools
    case invalidRole(message: Int, role: String)
    case containsNull(message: Int)
    case containsControlToken(String)
    case empty
    case notInVocabulary(text: String)

    public var description: String {
        switch self {
        case .noVocabulary: "the model has no vocabulary; give the prompt as token ids"
        case .noTemplate: "the model has no chat template; give one, or the whole prompt as one text"
        case .template(let problem):
            "the chat template can't render this conversation: \(problem); change the messages, or give another template "
                + "or the whole prompt as one text"
        case .leftOut(let message, let role):
            "the chat template has no place for message \(message) (role '\(role)'); leave it out, or change its role or its place"
        case .noPlaceForTools: "the chat template has no place for tools and their calls; leave them out"
        case .invalidRole(let message, let role):
            "message \(message): role '\(role)' is not a word; roles are system, user, assistant, tool and their like"
        case .containsNull(let message): "message \(message) contains a null character; remove it"
        case .containsControlToken(let name):
            "a message contains '\(name)', which this vocabulary can only write as a control token; remove it"
        case .empty: "the prompt is empty; give one"
        case .notInVocabulary(let text):
            "the model's vocabulary can't express '\(text)' in the prompt; remove it, or give the prompt as token ids"
        }
    }
}
