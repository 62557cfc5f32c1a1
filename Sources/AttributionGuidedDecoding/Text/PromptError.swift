/// What can be wrong with a prompt.
public enum PromptError: Error, Equatable, CustomStringConvertible {
    /// The model's file has no vocabulary.
    case noVocabulary
    /// The model's file has no chat template.
    case noTemplate
    /// The template can't be read, or refuses the conversation.
    case template(problem: String)
    /// The template leaves out a message, counted from 0.
    case leftOut(message: Int, role: String)
    /// The template shows the model no tools, or no calls of them.
    case noPlaceForTools
    /// The conversation has no system message, which a method was to strengthen.
    case noSystemMessage
    /// Fewer than two of the roles system, user and assistant say something, so that none outranks another.
    case noHierarchy
    /// The template shows the model no documents, and there is no message of the user to hold them.
    case noPlaceForDocuments
    /// A document, counted from 1, contains a null character.
    case documentContainsNull(number: Int)
    /// A message's role is no word.
    case invalidRole(message: Int, role: String)
    /// A message contains a null character.
    case containsNull(message: Int)
    /// A message contains what the vocabulary can only write as a control token.
    case containsControlToken(String)
    /// There is nothing to read.
    case empty
    /// A text that the vocabulary can't express.
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
        case .noSystemMessage: "there is no system message to strengthen; give one, or take another strategy"
        case .noHierarchy:
            "no role outranks another: give messages of two of the roles system, user and assistant, or take another strategy"
        case .noPlaceForDocuments:
            "the chat template has no place for documents, and there is no message of the user to hold them; add one"
        case .documentContainsNull(let number): "document \(number) contains a null character; remove it"
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
