import Foundation

/// DoLa (decoding by contrasting layers; Chuang et al., ICLR 2024, arXiv 2309.03883): of the plausible tokens the one whose
/// log-probability has grown most since an early layer, which is chosen anew at each step as the one that differs most.
///
/// An early layer speaks through the output matrix without the final norm, as in the authors' code and HuggingFace's.
public struct LayerContrast: DecodingStrategy {
    /// Which layers may be the early one.
    public enum Layers: Sendable, Hashable, LosslessStringConvertible {
        /// Every second layer of the lower half, or of the first 20 layers of more than 40.
        case low
        /// Every second layer of the upper half, or of the last 20 layers of more than 40.
        case high
        /// These layers; 0 is the embeddings.
        case layers([Int])

        /// - Parameter text: `low`, `high` or a list such as `0,2,4`.
        public init?(_ text: String) {
            let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            switch text {
            case "low": self = .low
            case "high": self = .high
            case _ where numbers.allSatisfy { $0 != nil }: self = .layers(numbers.compactMap { $0 })
            default: return nil
            }
        }

        /// As it can be read again.
        public var description: String {
            switch self {
            case .low: "low"
            case .high: "high"
            case .layers(let layers): layers.map(String.init).joined(separator: ",")
            }
        }
    }

    public let name = "dola"
    /// The layers that may be the early one; 0 is the embeddings.
    public let earlyLayers: [Int]
    /// Tokens with less than this share of the most probable one's probability are implausible.
    public let plausibility: Double
    /// The authors' share.
    public static let standardPlausibility = 0.1
    /// Makes tokens that have occurred less likely (Keskar et al., 2019); 1 is off. The authors take 1.2.
    public let repetitionPenalty: Double
    private let candidates: CandidateRule

    /// - Throws: ``DecodingOptionError/invalid(option:problem:)`` for a layer that the model doesn't have.
    public init(
        _ model: LanguageModel, layers: Layers = .high, plausibility: Double = standardPlausibility,
        repetitionPenalty: Double = 1,
        candidates: CandidateRule = CandidateRule()
    ) throws {
        let count = model.configuration.layerCount
        earlyLayers = Self.layers(layers, layerCount: count, isTied: model.file.tensors["output.weight"] == nil)
        if let layer = earlyLayers.first(where: { !(0..<count).contains($0) }) {
            throw DecodingOptionError.invalid(
                option: DecodingOption.layers.name,
                problem: "there is no layer \(layer); give layers from 0 to \(count - 1)")
        }
        guard !earlyLayers.isEmpty else {
            throw DecodingOptionError.invalid(option: DecodingOption.layers.name, problem: "name at least one layer")
        }
        self.plausibility = plausibility
        self.repetitionPenalty = repetitionPenalty
        self.candidates = candidates
    }

    /// The layers that HuggingFace transformers takes. With tied embeddings layer 0 would only repeat the input token.
    static func layers(_ layers: Layers, layerCount count: Int, isTied: Bool) -> [Int] {
        let start = isTied ? (count > 2 ? 2 : count - 1) : 0
        switch layers {
        case .low where start == count / 2: return [start]
        case .low: return Array(stride(from: start, to: count > 40 ? 20 : count / 2, by: 2))
        case .high: return Array(stride(from: count > 40 ? count - 20 : count / 2, to: count, by: 2))
        case .layers(let layers): return Set(layers).sorted()
        }
    }

    public var needs: StrategyNeeds { StrategyNeeds(earlyLayers: earlyLayers) }

    public mutating func choose(_ context: borrowing DecodingContext) throws -> Choice {
        let distribution = context.distribution
        let final = Self.logSoftmax(distribution.logits)
        let early = context.earlyLogits.map(Self.logSoftmax)
        let distances = early.count > 1 ? early.map { Self.divergence(final, $0) } : early.map { _ in 0 }
        let furthest = early[distances.indexOfMaximum]
        let floor = (final.max() ?? 0) + log(plausibility)
        var scores = final.indices.map { final[$0] < floor ? -.infinity : final[$0] - furthest[$0] }
        if repetitionPenalty != 1 {
            for token in Set(context.tokens) {
                scores[token] *= scores[token] < 0 ? repetitionPenalty : 1 / repetitionPenalty
            }
        }
        let best = scores.indexOfMaximum
        return Choice(
            token: best, guided: true, candidates: candidates.candidates(distribution, scores, including: best))
    }

    /// `(KL(M || P) + KL(M || Q)) / 2` with `M = (P + Q) / 2`. The paper writes the Jensen-Shannon divergence, whose terms
    /// are the other way round; its code, by which its results were made, computes this.
    static func divergence(_ p: [Double], _ q: [Double]) -> Double {
        p.indices.reduce(0) { sum, index in
            let mean = (exp(p[index]) + exp(q[index])) / 2
            return mean > 0 ? sum + mean * (log(mean) - (p[index] + q[index]) / 2) : sum
        }
    }

    static func logSoftmax(_ logits: [Float]) -> [Double] {
        let top = Double(logits.max() ?? 0)
        let partition = top + log(logits.reduce(0) { $0 + exp(Double($1) - top) })
        return logits.map { Double($0) - partition }
    }
}
