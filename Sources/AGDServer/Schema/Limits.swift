/// Caps on everything that a request can count.
enum Limits {
    /// Room for a prompt of some hundred thousand tokens.
    static let bodyBytes = 2 << 20
    /// All bodies that are being received.
    static let bodiesBytes = 64 << 20
    /// Tokens that one request may have read and generated: 64 prompts that fill a context of 4096.
    static let tokens = 262_144
    /// An answer in JSON that is held at once; encoding it takes about ten times as much for a moment.
    static let answerBytes = 16 << 20
    static let tokenizedTokens = 65_536
    static let promptBytes = 1 << 20
    static let promptTokens = 131_072
    static let prompts = 64
    static let embeddings = 2048
    static let messages = 1024
    static let contentParts = 64
    static let tools = 128
    static let documents = 256
    /// For which sources are told in one answer; where there are more, neighbours are put together.
    static let sentences = 32
    static let toolBytes = 65_536
    static let maximumTokens = 131_072
    static let choices = 8
    static let stopStrings = 16
    static let stopBytes = 256
    static let logProbabilities = 20
    static let biases = 1024
    static let avoided = 64
    static let avoidedBytes = 256
    static let regions = 32
    static let candidates = 64
    static let layers = 64
    static let heads = 4096
    static let neurons = 16_384
    static let targets = 16
    static let weight = -1000.0...1000.0
    /// Patterns are matched without going back; their work is bounded besides.
    static let patternBytes = 256
    /// Integers that a JSON number holds exactly.
    static let seed = -9_007_199_254_740_991...9_007_199_254_740_991
}
