/// One turn of a conversation.
public struct ChatMessage: Sendable, Hashable, Codable {
    /// `system`, `user`, `assistant`, `tool`, or whatever the model's template knows.
    public var role: String
    /// What the message says.
    public var content: String

    /// A message of any role that the template knows.
    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }

    /// Instructions that stand above the conversation.
    public static func system(_ content: String) -> ChatMessage { ChatMessage(role: "system", content: content) }
    /// What the user says.
    public static func user(_ content: String) -> ChatMessage { ChatMessage(role: "user", content: content) }
    /// What the model said.
    public static func assistant(_ content: String) -> ChatMessage { ChatMessage(role: "assistant", content: content) }
    /// What a tool answered.
    public static func tool(_ content: String) -> ChatMessage { ChatMessage(role: "tool", content: content) }
}
