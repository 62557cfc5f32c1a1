/// A factor on queries that grows with their position, so that attention stays sharp in long contexts (Llama 4, Ministral 3):
/// `1 + scale * log(1 + floor((position + offset) / length))`.
public struct AttentionTemperature: Sendable, Hashable {
    /// Positions after which the factor grows by a step.
    public var length: Int
    /// How much it grows.
    public var scale: Float
    /// What is added to a position.
    public var offset: Float
}
