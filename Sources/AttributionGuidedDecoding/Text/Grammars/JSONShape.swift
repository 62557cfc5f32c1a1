/// What a JSON value may look like, as far as a grammar can tell.
indirect enum JSONShape: Sendable {
    case any
    /// This JSON, in these characters.
    case literal(String)
    /// - Parameter length: in characters.
    case string(length: ClosedRange<Int>?)
    /// A string whose content is this rule of ``GrammarWriter/formats``.
    case formatted(String)
    case number(isWhole: Bool, mayBeNegative: Bool)
    case object([Property])
    /// An object with any keys.
    case map(JSONShape)
    /// Items by place, then `rest` of the same shape each.
    case array([JSONShape], rest: JSONShape?, count: ClosedRange<Int>)
    case alternatives([JSONShape])
    /// A definition of the document, by its pointer.
    case reference(String)

    struct Property: Sendable {
        var name: String
        var shape: JSONShape
        var isRequired: Bool
    }

    static let boolean = alternatives([.literal("true"), .literal("false")])
    /// More items or characters are as good as no limit.
    static let endless = Int.max
}

/// A shape with those that it refers to.
struct ShapeDocument {
    var root: JSONShape
    var definitions: [String: JSONShape]
}
