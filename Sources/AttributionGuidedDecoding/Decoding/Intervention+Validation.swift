extension Intervention {
    /// Checks that positions lie in the prompt, that biases are numbers that attention can bear, and that vectors fit the model.
    /// - Throws: ``RegionError/tokenOutOfRange(position:promptLength:)``,
    ///   ``RegionError/directionMismatch(layer:length:layerCount:width:)``, ``GenerationError/invalid(field:problem:)``.
    func validate(for model: LanguageModel, promptLength: Int) throws {
        if let position = attentionBias.keys.first(where: { !(0..<promptLength).contains($0) }) {
            throw RegionError.tokenOutOfRange(position: position, promptLength: promptLength)
        }
        for bias in attentionBias.values where bias != -.infinity && !(abs(bias) <= Self.largestBias) {
            throw GenerationError.invalid(
                field: "attention bias",
                problem: "must be -infinity or between -\(Self.largestBias) and \(Self.largestBias); it is \(bias)")
        }
        let (layers, width) = (model.configuration.layerCount, model.configuration.embeddingLength)
        for (layer, vector) in residualStream {
            guard (0..<layers).contains(layer), vector.count == width else {
                throw RegionError.directionMismatch(
                    layer: layer, length: vector.count, layerCount: layers, width: width)
            }
            guard vector.allSatisfy(\.isFinite) else {
                throw GenerationError.invalid(
                    field: "vector for layer \(layer)",
                    problem: "holds a number that is not finite; take a smaller scale")
            }
        }
    }
}
