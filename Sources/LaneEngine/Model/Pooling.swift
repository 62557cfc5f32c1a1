/// How a model makes one vector of a text's hidden states, by the numbers of GGUF's `pooling_type`.
public enum Pooling: Int, Sendable, CaseIterable {
    /// It doesn't.
    case unpooled
    /// Their mean.
    case mean
    /// The first token's, which in a decoder has seen nothing of the rest.
    case firstToken
    /// The last token's.
    case last
    /// A score of a pair of texts, made by a head of its own.
    case rank
}
