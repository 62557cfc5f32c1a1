import AttributionGuidedDecoding

/// One conversation to complete, and how to judge what comes back: the same for every benchmark.
public struct EvaluationItem: Hashable, Sendable {
    /// As the benchmark names it; names may repeat.
    public var id: String
    /// What tells it from all others.
    public var place = ItemPlace(file: 0, item: 1)
    /// The part of the benchmark, for example `rule-following/single-turn/conflict/default` or `open-book`.
    public var setting: String
    /// The conversation up to the reply that is asked for.
    public var messages: [Message]
    /// User turns that follow, each after the model's reply to the one before (SysBench).
    public var followUps: [String]
    /// Definitions of the tools the model may call, as ``TemplateOptions`` has them.
    public var tools: [JSONValue]
    /// What the reply should be attributed to; see ``RegionName``. Empty where nothing in the input qualifies.
    public var region: [String]
    /// What it should not be attributed to, where the benchmark says so.
    public var oppositeRegion: [String]
    public var scoring: Scoring

    public init(
        id: String, setting: String, messages: [Message], followUps: [String] = [], tools: [JSONValue] = [],
        region: [String], oppositeRegion: [String] = [], scoring: Scoring
    ) {
        self.id = id
        self.setting = setting
        self.messages = messages
        self.followUps = followUps
        self.tools = tools
        self.region = region
        self.oppositeRegion = oppositeRegion
        self.scoring = scoring
    }
}

/// One message of a conversation.
public struct Message: Hashable, Sendable {
    public enum Role: String, CaseIterable, Sendable {
        case system, user, assistant, tool
    }

    public var role: Role
    public var content: String
    /// The tool that the assistant calls, or the call that a tool's message answers.
    public var toolCall: ChatMessage.ToolCall?

    public init(_ role: Role, _ content: String, toolCall: ChatMessage.ToolCall? = nil) {
        self.role = role
        self.content = content
        self.toolCall = toolCall
    }
}
