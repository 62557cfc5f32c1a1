import Foundation
import LaneEngine

/// What HuggingFace's models give when their attention is changed; `Tools/oracle/interventions.py` makes the file.
struct InterventionOracle: Decodable {
    struct Boost: Decodable {
        var positions: [Int]
        var multiplier: Double
        var logits: [Double]
        var tokens: [Int]
    }
    struct Hidden: Decodable {
        var positions: [Int]
        var logits: [Double]
    }
    struct Hierarchy: Decodable {
        var roles: [String: [Int]]
        var beta, decay: Double
        var corrected: [Bool]
        var tokens: [Int]
    }
    struct KeyScaled: Decodable {
        var positions: [Int]
        var factor, plausibility: Double
        /// Layers in which keys were scaled, at each step.
        var layers: [Int]
        var tokens: [Int]
    }
    struct Control: Decodable {
        var layers: [Int]
        var scale: Double
        var logits: [Double]
        var tokens: [Int]
    }
    struct Lanes: Decodable {
        var region, positions: [Int]
        var multiplier: Double
        var targets: [Int]
        var relevance: [Double]
    }
    var prompt: [Int]
    var instaboost: [Boost]
    var hidden: [Hidden]
    var ihdec: [Hierarchy]
    var directer: [KeyScaled]
    var control: [Control]
    var lanes: Lanes

    static let variants = ["llama", "llama31", "qwen2", "gemma3"]

    static func load(_ variant: String) throws -> InterventionOracle {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let data = try Data(contentsOf: Oracle.directory.appending(path: "interventions.json"))
        guard let own = try decoder.decode([String: InterventionOracle].self, from: data)[variant] else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return own
    }

    /// The vector that is added behind the layer at this place of ``Control/layers``.
    static func direction(_ index: Int, _ width: Int) -> [Float] {
        (0..<width).map { Float(sin(1 + 0.7 * Double($0) * Double(index + 1))) }
    }

    static func boost(_ positions: [Int], by multiplier: Double) -> Intervention {
        Intervention(attentionBias: Dictionary(uniqueKeysWithValues: positions.map { ($0, log(multiplier)) }))
    }
}
