/// A prompt with the regions that were named in it. They are looked for once, for everything that is done with them: guidance
/// weighs their tokens and parts inside the model, other methods edit their text.
public struct MarkedPrompt: Sendable {
    /// What a specification names.
    struct Mark: Sendable {
        let specification: RegionSpecification
        /// Tokens, in order, in ranges apart from each other.
        var tokens: [Range<Int>] = []
        /// Bytes of the prompt's text, likewise; none where it has no text.
        var bytes: [Range<Int>] = []
        /// Parts inside the model, with weights that the region's own multiplies.
        var inside = RegionOfInterest()
    }

    /// The prompt.
    public let prompt: Prompt
    /// All regions together; where they overlap their weights add up.
    public let region: RegionOfInterest
    let marks: [Mark]

    /// The regions that were named in it.
    public var specifications: [RegionSpecification] { marks.map(\.specification) }

    /// Looks for regions, in time in proportion to the prompt and each specification.
    /// - Throws: ``RegionError``; `CancellationError` where the task is cancelled.
    public init(_ prompt: Prompt, regions: [RegionSpecification]) throws {
        var patternSteps = Pattern.stepLimit
        try self.init(prompt, regions: regions, patternSteps: &patternSteps)
    }

    /// The same, with a bound on the work of patterns that several prompts share.
    /// - Parameters:
    ///   - patternSteps: steps that patterns may take, see ``Pattern/stepLimit``; lessened by those that they took.
    ///   - naming: what is thrown for the error of a region, given its number.
    package init(
        _ prompt: Prompt, regions: [RegionSpecification], patternSteps: inout Int,
        naming: (Int, RegionError) -> any Error = { $1 }
    ) throws {
        var search = RegionSearch(prompt, patternSteps: patternSteps)
        defer { patternSteps = search.patternSteps }
        self.prompt = prompt
        marks = try regions.enumerated().map { index, specification in
            try Task.checkCancellation()
            do { return try search.find(specification) } catch let error as RegionError { throw naming(index, error) }
        }
        region = Self.union(marks, tokenCount: prompt.tokens.count)
    }

    private static func union(_ marks: [Mark], tokenCount: Int) -> RegionOfInterest {
        let inside = marks.map { $0.inside.scaled(by: $0.specification.weight) }
        var region = inside.reduce(RegionOfInterest()) { $0.union($1) }
        var weights: [Double?] = Array(repeating: nil, count: tokenCount)
        for mark in marks {
            let weight = mark.specification.weight
            for position in mark.tokens.joined() { weights[position] = (weights[position] ?? 0) + weight }
        }
        for (position, weight) in weights.enumerated() { region.tokens[position] = weight }
        return region
    }

    /// The region of a method that acts on tokens alone.
    /// - Throws: ``RegionError/malformed(_:_:)`` for parts inside the model.
    func tokensOnly(for method: String) throws(RegionError) -> RegionOfInterest {
        if let mark = marks.first(where: { $0.inside != RegionOfInterest() }) {
            throw .malformed(
                mark.specification.description,
                "the strategy \(method) acts on tokens, and \(mark.specification.target.noun) are none")
        }
        return region
    }

    /// The directions that a method adds which knows nothing else.
    /// - Throws: ``RegionError/malformed(_:_:)`` for what is no direction.
    func directionsOnly(for method: String) throws(RegionError) -> [RegionOfInterest.Direction: Double] {
        if let mark = marks.first(where: { $0.inside.directions.isEmpty }) {
            throw .malformed(
                mark.specification.description,
                "the strategy \(method) adds directions, and \(mark.specification.target.noun) are none; name a file, such as direction:@file.gguf"
            )
        }
        return region.directions
    }

    /// Checks that the model has every part of the regions, and that weights are within ``RegionOfInterest/largestWeight``.
    /// - Throws: ``RegionError``, which names the region where one alone is at fault.
    public func validate(for model: LanguageModel) throws {
        for mark in marks {
            do { try mark.inside.validate(for: model, promptLength: prompt.tokens.count) } catch let error
                as RegionError
            {
                throw RegionError.named(specification: mark.specification.description, problem: "\(error)")
            }
        }
        try region.validate(for: model, promptLength: prompt.tokens.count)
    }
}
