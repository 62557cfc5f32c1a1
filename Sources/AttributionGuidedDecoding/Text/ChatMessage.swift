/// One turn of a conversation.
public struct ChatMessage: Sendable, Hashable {
    /// `system`, `user`, `assistant`, `tool`, or whatever the model's template knows.
    public var role: String
    /// What is said; empty where the message only calls tools.
    public var content: String
    /// What the assistant thought before it answered, where that is kept apart from the content.
    public var reasoningContent: String?
    /// The tools that the assistant calls.
    public var toolCalls: [ToolCall]
    /// Which call a tool's result answers.
    public var toolCallID: String?
    /// Who speaks, or which tool.
    public var name: String?
    /// Whether its author may instruct the model; nil where nobody has said. Chat templates aren't told.
    public var trust: Trust?

    /// A call of a tool.
    public struct ToolCall: Sendable, Hashable {
        /// By which a tool's result names the call it answers.
        public var id: String?
        /// The tool's name.
        public var name: String
        /// An object as a rule.
        public var arguments: JSONValue

        /// A call of the tool of a name.
        public init(id: String? = nil, name: String, arguments: JSONValue) {
            self.id = id
            self.name = name
            self.arguments = arguments
        }
    }

    /// A message of any role that the template knows.
    public init(
        role: String, content: String, reasoningContent: String? = nil, toolCalls: [ToolCall] = [],
        toolCallID: String? = nil, name: String? = nil, trust: Trust? = nil
    ) {
        self.role = role
        self.content = content
        self.reasoningContent = reasoningContent
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
        self.name = name
        self.trust = trust
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
