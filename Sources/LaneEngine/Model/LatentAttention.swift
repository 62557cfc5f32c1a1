/// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): what is cached of a position is one column, the latent elements
/// that keys and values of all heads are made from and a rotated part that all heads share. The matrices that make keys and
/// values from it are applied to queries and outputs instead, which are linear in them.
struct LatentAttention: Sendable, Hashable {
    /// Latent elements, from which keys and values are made.
    var rank: Int
    /// Elements of a query and key that are rotated.
    var rotatedWidth: Int
    /// Elements of a head's query and key, those that are rotated included.
    var keyWidth: Int
    /// Elements of a head's value.
    var valueWidth: Int
    /// Latent elements from which queries are made; nil where they are made from the input.
    var queryRank: Int?
}
