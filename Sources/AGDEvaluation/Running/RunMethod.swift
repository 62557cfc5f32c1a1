import AttributionGuidedDecoding

/// How a run decodes: a method, and the region that it is about on each item.
public struct RunMethod: Hashable, Sendable {
    /// Which of an item's regions guides.
    public enum Side: String, Codable, Sendable, CaseIterable {
        /// What the benchmark wants to be followed.
        case region
        /// What stands against it, where the benchmark says so: the control.
        case opposite
    }

    /// How tokens are chosen.
    public var decoding: DecodingMethod
    /// Which of an item's regions guides.
    public var side = Side.region
    /// Regions that take the place of the items' own, such as attention heads.
    public var regions: [RegionSpecification] = []

    /// A method that is guided by the items' own regions.
    public init(_ decoding: DecodingMethod) { self.decoding = decoding }

    /// A short name for tables, such as `agd excess, tau 1.2, opposite region`.
    public var label: String {
        var parts = [decoding.label]
        if !regions.isEmpty { parts.append(regions.map(\.description).joined(separator: " ")) }
        if side == .opposite { parts.append("opposite region") }
        return parts.joined(separator: ", ")
    }

    /// The regions that guide on an item: the method's own, or the item's.
    func regions(of item: EvaluationItem) -> [RegionSpecification] {
        regions.isEmpty ? (side == .region ? item.region : item.oppositeRegion) : regions
    }
}

/// As one object, with the decoding method's settings beside the run's own.
extension RunMethod: Codable {
    private enum CodingKeys: CodingKey { case side, regions }

    /// - Throws: `DecodingError` for what is no method; ``DecodingOptionError`` for a value that can't be.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        decoding = try DecodingMethod(from: decoder)
        side = try fields.decode(Side.self, forKey: .side)
        regions = try fields.decode([RegionSpecification].self, forKey: .regions)
    }

    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        try decoding.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(side, forKey: .side)
        try fields.encode(regions, forKey: .regions)
    }
}
