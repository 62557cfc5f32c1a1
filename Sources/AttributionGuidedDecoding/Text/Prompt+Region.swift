extension Prompt {
    /// The region that the specifications name together; where they overlap their weights add up.
    ///
    /// A token that overlaps a span belongs to it. Template markers and BOS don't belong to a message, but `text:` and
    /// `tokens:` reach them.
    /// - Throws: ``RegionError``.
    public func region(_ specifications: [RegionSpecification]) throws -> RegionOfInterest {
        try MarkedPrompt(self, regions: specifications).region
    }

    /// The region that one or more specifications such as `system` or `text:"in French"=-0.5` name.
    public func region(_ specifications: String...) throws -> RegionOfInterest {
        try region(specifications.map { (text) throws(RegionError) in try RegionSpecification(text) })
    }
}

extension RegionOfInterest {
    /// Checks that every position and head exists and that weights are within ``largestWeight``.
    public func validate(for model: LanguageModel, promptLength: Int) throws {
        let (layers, headCount) = (model.configuration.layerCount, model.configuration.headCount)
        if let position = tokens.keys.first(where: { $0 < 0 || $0 >= promptLength }) {
            throw RegionError.tokenOutOfRange(position: position, promptLength: promptLength)
        }
        if let head = heads.keys.first(where: { !(0..<layers).contains($0.layer) || !(0..<headCount).contains($0.head) }
        ) {
            throw RegionError.headOutOfRange(
                layer: head.layer, head: head.head, layerCount: layers, headCount: headCount)
        }
        let weights = [otherTokens] + tokens.values + heads.values
        if let weight = weights.first(where: { !(abs($0) <= Self.largestWeight) }) {
            throw RegionError.weightOutOfRange(weight)
        }
    }
}
