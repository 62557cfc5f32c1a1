/// A non-linearity written as `a(h) = h * gate(h)`, so that nothing is divided by `h` when relevance is shared out.
enum ActivationFunction: Sendable, Hashable {
    /// gate(h) = sigmoid(h).
    case silu
    /// gate(h) = sigmoid(slope * h).
    case swish(Float)
    /// The tanh form of GELU: gate(h) = sigmoid(2 sqrt(2/pi) (h + 0.044715 h^3)).
    case geluTanh
    /// gate(h) = 1 where h > 0, else 0.
    case relu
    /// gate(h) = max(h, 0).
    case reluSquared
    /// a(h) = min(h, limit).
    case limited(Float)
    /// a(h) = min(max(h, -limit), limit).
    case clamped(Float)
    /// a(h) = limit * tanh(h / limit), soft-capping.
    case softcapped(Float)
}
