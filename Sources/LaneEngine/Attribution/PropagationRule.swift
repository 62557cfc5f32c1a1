/// How relevance passes through the non-linear parts of a transformer.
///
/// Each rule is a fixed linear map once the activations are known, written here in the Input x Gradient form
/// (Arras et al., arXiv 2502.15886). `h` is an activation, `t` its tangent, `s = 1 / rms(h)`.
///
/// | part | `attnLRP` | `cpLRP` | `inputTimesGradient` |
/// |---|---|---|---|
/// | RMSNorm | `g s t` | `g s t` | derivative |
/// | activation `h gate(h)` | `gate(h) t` | no tangent | derivative |
/// | product `a u` | `(ta u + a tu) / 2` | `a tu` | `ta u + a tu` |
/// | scores `q.k` | `(tq.k + q.tk) / 4` | 0 | `tq.k + q.tk` |
/// | softmax | Jacobian | 0 | Jacobian |
/// | output `A v` | `dA.v + A.tv / 2` | `A.tv` | `dA.v + A.tv` |
public enum PropagationRule: String, Sendable, CaseIterable, Codable {
    /// AttnLRP (Achtibat et al., arXiv 2402.05602), the rule of the AGD paper.
    case attnLRP = "attnlrp"
    /// Conservative propagation (Ali et al., arXiv 2202.07304): attention weights and gates are constants.
    case cpLRP = "cp-lrp"
    /// The plain gradient times the input.
    case inputTimesGradient = "ixg"

    /// Factor on the tangents of queries and keys at their product.
    var queryKeyFactor: Float { self == .attnLRP ? 0.25 : 1 }
    /// Factor on the tangent of values at their product with the attention weights.
    var valueFactor: Float { self == .attnLRP ? 0.5 : 1 }
    /// Whether relevance passes through the attention weights.
    var passesThroughAttentionWeights: Bool { self != .cpLRP }
}
