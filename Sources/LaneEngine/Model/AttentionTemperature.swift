/// A factor on queries that grows with their position, so that attention stays sharp in long contexts (Llama 4, Ministral 3):
/// `1 + scale * log(1 + floor((position + offset) / length))`.
public struct AttentionTemperature: Sendable, Hashable {
    public var length: Int
    public var scale: Float
    public var offset: Float
}
