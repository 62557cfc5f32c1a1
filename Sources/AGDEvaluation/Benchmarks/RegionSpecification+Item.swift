import AttributionGuidedDecoding

extension RegionSpecification {
    /// A region of an item.
    /// - Throws: ``EvaluationError`` for a target that can be nowhere, such as an empty text.
    static func region(_ target: Target) throws(EvaluationError) -> RegionSpecification {
        try naming { () throws(RegionError) in try RegionSpecification(target) }
    }

    private static func naming(
        _ field: String? = nil, _ region: () throws(RegionError) -> RegionSpecification
    ) throws(EvaluationError) -> RegionSpecification {
        do { return try region() } catch {
            throw EvaluationError(
                field: field, problem: "\(error)",
                remedy: "name a region such as system, message:1 or text:\"Paris is\"")
        }
    }

    /// The regions that a field lists.
    static func regions(in field: JSONField) throws(EvaluationError) -> [RegionSpecification] {
        try field.array().map { (element) throws(EvaluationError) in
            let text = try element.string()
            return try naming(element.path) { () throws(RegionError) in try RegionSpecification(text) }
        }
    }
}
