import Foundation
import TensorGraph

/// How positions enter: rotary embeddings, their scaling, sliding windows.
extension ModelConfiguration {
    static func rotaryEmbedding(
        _ metadata: MetadataReader, _ layout: RotaryEmbedding.Layout, headWidth: Int, originalContextLength: Int
    ) throws -> RotaryEmbedding {
        let dimensions = try metadata.optionalInteger("%.rope.dimension_count", in: 2...4096) ?? headWidth
        guard dimensions <= headWidth, dimensions % 2 == 0 else {
            throw metadata.invalid(
                "%.rope.dimension_count", "is \(dimensions), expected an even number up to the head width \(headWidth)")
        }
        let base = try metadata.optionalFloat("%.rope.freq_base", in: 1...1e12) ?? 10_000
        let type = try metadata.optionalString("%.rope.scaling.type") ?? "linear"
        let factor = try Self.scalingFactor(metadata)
        var rope = RotaryEmbedding(
            layout: layout, dimensions: dimensions, base: Float(base),
            frequencyScale: type == "none" ? 1 : Float(1 / factor))
        rope.magnitude = Float(try metadata.optionalFloat("%.rope.scaling.attn_factor", in: 1e-3...1e3, unset: 0) ?? 1)
        switch type {
        case "none", "linear", "longrope": break
        case "yarn":
            guard factor >= 1 else {
                throw metadata.invalid("%.rope.scaling.factor", "is \(factor), expected 1 or more")
            }
            rope.yarn = .init(originalContextLength: originalContextLength, fastRotations: 32, slowRotations: 1)
        default:
            throw metadata.invalid(
                "%.rope.scaling.type", "is '\(type)'",
                remedy: "Supported are 'none', 'linear', 'yarn' and 'longrope'.")
        }
        return rope
    }

    /// How much farther positions reach than in training. As in llama.cpp the older key counts only where there is no
    /// newer one, and 0 means that nothing is scaled.
    private static func scalingFactor(_ metadata: MetadataReader) throws -> Double {
        let older = try metadata.optionalFloat("%.rope.scale_linear", in: 1e-3...1e6, unset: 0)
        let factor = try metadata.optionalFloat("%.rope.scaling.factor", in: 1e-3...1e6, unset: 0)
        return factor ?? (metadata.value("%.rope.scaling.factor") == nil ? older : nil) ?? 1
    }

    /// What some families say about YaRN beyond its factor: which rotations are fast and slow, and a share of the magnitude
    /// that ggml derives from the factor to be taken back.
    /// - Parameter isRotationOnly: whether magnitudes are left as they are.
    /// - Returns: that share.
    @discardableResult
    mutating func readYaRN(_ metadata: MetadataReader, isRotationOnly: Bool = false) throws -> Float {
        let rotations = 1e-3...1e6
        let fast = try metadata.optionalFloat("%.rope.scaling.yarn_beta_fast", in: rotations, unset: 0) ?? 32
        let slow = try metadata.optionalFloat("%.rope.scaling.yarn_beta_slow", in: rotations, unset: 0) ?? 1
        let share = try metadata.optionalFloat("%.rope.scaling.yarn_log_multiplier", in: 0...100, unset: 0) ?? 0
        for layer in attention.indices {
            guard var rope = attention[layer].rope, rope.yarn != nil else { continue }
            rope.yarn?.fastRotations = Float(fast)
            rope.yarn?.slowRotations = Float(slow)
            if !isRotationOnly { rope.magnitude /= 1 + 0.1 * Float(share) * log(1 / rope.frequencyScale) }
            attention[layer].rope = rope
        }
        return Float(share)
    }

    /// Makes queries of all layers grow with their position.
    mutating func setTemperature(_ temperature: AttentionTemperature) {
        for layer in attention.indices { attention[layer].temperature = temperature }
    }

    /// Gives some layers a sliding window: those that the file lists, or all but the last of each period.
    /// - Parameters:
    ///   - period: where the file names none.
    ///   - base: the rotary base of these layers where the file names none; nil for that of the others.
    ///   - readsBase: whether the family heeds what the file names.
    ///   - isScaled: whether the rotary embedding of these layers is scaled as that of the others.
    mutating func setSlidingWindow(
        _ window: Int, _ metadata: MetadataReader, period: Int, base: Float?, readsBase: Bool = true,
        isScaled: Bool = true
    ) throws {
        let key = "%.attention.sliding_window_pattern"
        let ownBase = try metadata.optionalFloat("%.rope.freq_base_swa", in: 1...1e12).map { Float($0) }
        var isLocal = try metadata.optionalFlags(key, count: layerCount)
        if isLocal == nil {
            let period = try metadata.optionalInteger(key, in: 0...1024) ?? period
            isLocal = (0..<layerCount).map { period == 0 || $0 % period < period - 1 }
        }
        for (layer, isLocal) in (isLocal ?? []).enumerated() where isLocal {
            attention[layer].slidingWindow = window
            guard var rope = attention[layer].rope else { continue }
            if let base = (readsBase ? ownBase : nil) ?? base { rope.base = base }
            if !isScaled { (rope.frequencyScale, rope.magnitude, rope.yarn) = (1, 1, nil) }
            attention[layer].rope = rope
        }
    }
}
