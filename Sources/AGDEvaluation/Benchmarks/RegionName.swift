import AttributionGuidedDecoding

/// How items name the part of a conversation that a reply should be attributed to.
///
///     RegionName.system.description                  // system
///     RegionName.message(1).description              // message:1
///     RegionName.text("Paris is").description        // text:"Paris is"
public enum RegionName: Hashable, Sendable, CustomStringConvertible {
    /// The content of the system message.
    case system
    /// The content of the message at this position, counted from 0.
    case message(Int)
    /// A text that occurs in the conversation, written as a JSON string.
    case text(String)

    public var description: String {
        switch self {
        case .system: "system"
        case .message(let index): "message:\(index)"
        case .text(let text): "text:" + text.jsonQuoted
        }
    }
}
