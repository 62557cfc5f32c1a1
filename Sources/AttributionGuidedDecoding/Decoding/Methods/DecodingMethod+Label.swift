extension DecodingMethod {
    /// A short name for tables, such as `agd excess, tau 1.2`: what differs from the standard.
    public var label: String {
        var parts = [name.rawValue]
        switch self {
        case .greedy, .regionPrompt: break
        case .sample(let options):
            let standard = Sampling.Options()
            if options.temperature != standard.temperature { parts.append("t \(options.temperature)") }
            if options.topK != standard.topK { parts.append("top-k \(options.topK)") }
            if options.topP != standard.topP { parts.append("top-p \(options.topP)") }
            if options.minP != standard.minP { parts.append("min-p \(options.minP)") }
            parts.append("seed \(options.seed)")
        case .contextAware(let alpha): parts.append("alpha \(alpha)")
        case .layerContrast(let layers, let plausibility, let repetitionPenalty):
            parts.append("\(layers.description.contains(",") ? "layers " : "")\(layers)")
            if repetitionPenalty != Self.standardRepetitionPenalty {
                parts.append("repetition penalty \(repetitionPenalty)")
            }
            if plausibility != LayerContrast.standardPlausibility { parts.append("plausibility \(plausibility)") }
        case .guided(let guidance):
            parts[0] += " \(guidance.score.rawValue)"
            if guidance.rule != .attnLRP { parts.append(guidance.rule.name) }
            if let threshold = guidance.entropyThreshold { parts.append("tau \(threshold)") }
            switch guidance.choice {
            case .best(let candidates, _), .bestByReverse(let candidates):
                if candidates != CandidateRule() {
                    parts.append("k \(candidates.count), p \(candidates.minimumProbability)")
                }
            case .blended(let lambda, let plausibility, _):
                parts.append("lambda \(lambda)")
                if plausibility != BlendedGuidance.standardPlausibility { parts.append("plausibility \(plausibility)") }
            }
        }
        return parts.joined(separator: ", ")
    }
}
