import Foundation
import LaneEngine

/// Reference values for tiny models, computed with HuggingFace transformers and LXT; `Oracle/README.md` tells how.
struct Oracle: Decodable {
    struct TokenRegion: Decodable {
        var positions: [Int]
        var weights: [Double]
    }
    struct HeadRegion: Decodable { var heads: [[Int]] }
    struct Regions: Decodable {
        var span, set, weighted: TokenRegion
        var heads: HeadRegion
    }
    struct Heads: Decodable {
        var target: Int
        var allPositions, lastPosition: [[Double]]
    }
    struct RegionSums: Decodable { var span, set, weighted, heads: [Double] }
    struct Rule: Decodable {
        var relevance: [[Double]]
        var roiSums: RegionSums
        var roiSpanAllVocab: [Double]
        var heads: Heads
    }
    struct Candidate: Decodable {
        var id: Int
        var prob: Double
        var score: Double?
    }
    struct Step: Decodable {
        var nContext: Int
        var entropy: Double
        var gated: Bool
        var candidates: [Candidate]
        var chosen, greedy: Int
        var scale: Double?
    }
    struct Trace: Decodable {
        var rule: String?
        var roi: String?
        var tau: Double?
        var prompt, tokens: [Int]
        var steps: [Step]
    }
    struct CandidateCase: Decodable {
        var nContext: Int
        var entropy: Double
        var nCandidates: Int
        var top5Ids: [Int]
    }
    var prompt: [Int]
    var logits: [Double]
    var entropy: Double
    var candidateCases: [CandidateCase]
    var targets: [Int]
    var rois: Regions
    var rules: [String: Rule]
    var traces: [String: Trace]

    /// Options of sessions. Two threads, so that the sharing out of work is tried too.
    static func float32(fused: Bool) -> InferenceSession.Options {
        .init(contextLength: 128, threadCount: 2, cacheType: .float32, fusesOperations: fused)
    }

    /// As sessions are made where nothing else is asked for.
    static let float32 = float32(fused: true)

    static let reverseOptions = ReverseAttribution.Options(threadCount: 1)

    /// A region that lies in every prompt.
    static let span = RegionOfInterest(tokens: [3: 1, 4: 1, 5: 1])

    static let variants = ["llama", "llama31", "qwen2", "qwen3", "gemma3", "gemma3_linear", "qwen3_moe"]

    static var directory: URL {
        get throws {
            guard let directory = Bundle.module.url(forResource: "Oracle", withExtension: nil) else {
                throw CocoaError(.fileNoSuchFile)
            }
            return directory
        }
    }

    static func load(_ variant: String) throws -> Oracle {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Oracle.self, from: Data(contentsOf: directory.appending(path: "\(variant).json")))
    }

    static func model(_ variant: String) throws -> LanguageModel {
        try LanguageModel(path: directory.appending(path: "\(variant).gguf").path)
    }

    func region(_ name: String) throws -> RegionOfInterest {
        switch name {
        case "span": rois.span.region
        case "set": rois.set.region
        case "weighted": rois.weighted.region
        case "heads":
            RegionOfInterest(
                heads: Dictionary(uniqueKeysWithValues: rois.heads.heads.map { (.init(layer: $0[0], head: $0[1]), 1) }))
        default: throw CocoaError(.fileNoSuchFile)
        }
    }

    static func rule(_ name: String) throws -> PropagationRule {
        switch name {
        case "attnlrp": .attnLRP
        case "cp_lrp": .cpLRP
        case "ixg": .inputTimesGradient
        default: throw CocoaError(.fileNoSuchFile)
        }
    }
}

extension Oracle.TokenRegion {
    var region: RegionOfInterest { RegionOfInterest(tokens: Dictionary(uniqueKeysWithValues: zip(positions, weights))) }
}

extension Array where Element == Double {
    /// The largest absolute difference to `other`.
    func distance(to other: [Double]) -> Double {
        count == other.count ? zip(self, other).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }
    var largestMagnitude: Double { map { abs($0) }.max() ?? 0 }
}

extension Oracle {
    /// The oracle's targets, predicted after the whole prompt.
    var finalTargets: [AttributionTarget] { targets.map { AttributionTarget(token: $0, position: prompt.count - 1) } }
}

extension Oracle.Rule {
    /// The largest relevance, which tolerances refer to.
    var scale: Double { relevance.joined().map { abs($0) }.max() ?? 0 }
}
