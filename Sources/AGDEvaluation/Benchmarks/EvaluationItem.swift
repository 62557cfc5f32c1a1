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
    public var messages: [ChatMessage]
    /// User turns that follow, each after the model's reply to the one before (SysBench).
    public var followUps: [String]
    /// Definitions of the tools the model may call, as ``TemplateOptions`` has them.
    public var tools: [JSONValue]
    /// What the reply should be attributed to. Empty where nothing in the input qualifies.
    public var region: [RegionSpecification]
    /// What it should not be attributed to, where the benchmark says so.
    public var oppositeRegion: [RegionSpecification]
    /// How the reply is judged.
    public var scoring: Scoring

    /// An item; its place is that of the first until its file is read.
    public init(
        id: String, setting: String, messages: [ChatMessage], followUps: [String] = [], tools: [JSONValue] = [],
        region: [RegionSpecification], oppositeRegion: [RegionSpecification] = [], scoring: Scoring
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
