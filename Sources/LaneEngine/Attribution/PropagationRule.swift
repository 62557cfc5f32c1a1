/// How relevance passes through the non-linear parts of a transformer: a row of numbers.
///
/// Each rule is a fixed linear map once the activations are known, written here in the Input x Gradient form
/// (Arras et al., arXiv 2502.15886). With `h` an activation and `t` its tangent, every part of the network is a derivative,
/// or the ratio of output to input in its place, times a factor on each way in:
///
/// | part | tangent |
/// |---|---|
/// | RMSNorm `g h s`, `s = 1 / rms(h)` | ``norm``: `g s t`, or the derivative |
/// | activation `a(h) = h gate(h)` | ``activation``: `gate(h) t`, or `a'(h) t` |
/// | product `a u` | `gateFactor * ta u + upFactor * a tu` |
/// | scores `q.k` | `scoreFactor * (tq.k + q.tk)` |
/// | softmax | its Jacobian |
/// | output `A v` | `dA.v + valueFactor * A.tv` |
/// | expert `p E(x)` | `routingFactor * dp E(x) + expertFactor * p dE(x)` |
///
/// A rule of your own is one more value; ``all`` lists those that have a name on the command line, in requests and files.
public struct PropagationRule: Sendable, Hashable {
    /// What an RMSNorm does to a tangent.
    public enum Norm: Sendable, Hashable {
        /// The root mean square is a constant.
        case constant
        /// The true derivative.
        case derivative
    }

    /// What an activation function does to a tangent.
    public enum Activation: Sendable, Hashable {
        /// `a(h) / h`: the tangent keeps its share of the activation.
        case ratio
        /// The true derivative.
        case derivative
    }

    /// As on the command line, in requests and files.
    public let name: String
    /// What an RMSNorm does to a tangent.
    public let norm: Norm
    /// What an activation function does to a tangent.
    public let activation: Activation
    /// On the tangent of the activated gate at its product with `up`.
    public let gateFactor: Float
    /// On the tangent of `up` at that product.
    public let upFactor: Float
    /// On the tangents of queries and keys at their product; 0: attention weights are constants.
    public let scoreFactor: Float
    /// On the tangent of values at their product with the attention weights; positive.
    public let valueFactor: Float
    /// On the tangent of an expert's output at its product with the routing weight.
    public let expertFactor: Float
    /// On the tangent of the routing weight at that product, which comes from the router by the derivative of its softmax; 0:
    /// routing weights are constants. Which experts are chosen always is.
    public let routingFactor: Float

    /// A rule by its numbers.
    public init(
        name: String, norm: Norm, activation: Activation, gateFactor: Float, upFactor: Float, scoreFactor: Float,
        valueFactor: Float, expertFactor: Float = 1, routingFactor: Float = 0
    ) {
        self.name = name
        self.norm = norm
        self.activation = activation
        self.gateFactor = gateFactor
        self.upFactor = upFactor
        self.scoreFactor = scoreFactor
        self.valueFactor = valueFactor
        self.expertFactor = expertFactor
        self.routingFactor = routingFactor
    }

    /// Whether relevance passes through the attention weights.
    var passesThroughAttentionWeights: Bool { scoreFactor != 0 }
}

extension PropagationRule {
    /// AttnLRP (Achtibat et al., arXiv 2402.05602), the rule of the AGD paper.
    public static let attnLRP = PropagationRule(
        name: "attnlrp", norm: .constant, activation: .ratio, gateFactor: 0.5, upFactor: 0.5, scoreFactor: 0.25,
        valueFactor: 0.5, expertFactor: 0.5, routingFactor: 0.5)
    /// Conservative propagation (Ali et al., arXiv 2202.07304): attention weights and gates are constants.
    public static let cpLRP = PropagationRule(
        name: "cp-lrp", norm: .constant, activation: .ratio, gateFactor: 0, upFactor: 1, scoreFactor: 0, valueFactor: 1,
        expertFactor: 1, routingFactor: 0)
    /// The plain gradient times the input.
    public static let inputTimesGradient = PropagationRule(
        name: "ixg", norm: .derivative, activation: .derivative, gateFactor: 1, upFactor: 1, scoreFactor: 1,
        valueFactor: 1, expertFactor: 1, routingFactor: 1)
    /// RelP (arXiv 2508.21258): constant norms, ratios and halves in the feed-forward network, attention as an ordinary
    /// gradient.
    public static let relP = PropagationRule(
        name: "relp", norm: .constant, activation: .ratio, gateFactor: 0.5, upFactor: 0.5, scoreFactor: 1,
        valueFactor: 1, expertFactor: 0.5, routingFactor: 0.5)

    /// The rules that have a name.
    public static let all: [PropagationRule] = [.attnLRP, .cpLRP, .inputTimesGradient, .relP]
}

/// A rule is written as its name.
extension PropagationRule: LosslessStringConvertible, Codable {
    /// The rule of this name in ``all``.
    public init?(_ name: String) {
        guard let rule = Self.all.first(where: { $0.name == name }) else { return nil }
        self = rule
    }

    public var description: String { name }

    /// - Throws: `DecodingError` for a name that is not in ``all``.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let name = try container.decode(String.self)
        guard let rule = Self(name) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription:
                    "there is no rule '\(name)'; there are \(Self.all.map(\.name).joined(separator: ", "))")
        }
        self = rule
    }

    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
