import Foundation

/// What a chat template is told beside the messages.
public struct TemplateOptions: Sendable, Hashable {
    /// Definitions of the tools that the model may call, as `{"type": "function", "function": {"name": …, …}}`.
    public var tools: [JSONValue]
    /// Texts to draw on. They stand where the template puts documents; where it has no place for them, before the text of the
    /// user's last message, as `[1] title` and a line with the text for each. Those that have a place in a message are left there.
    public var documents: [ChatDocument]
    /// What the final message, the assistant's, is: its turn goes on where the message ends, and is not closed.
    public var continuesFinalMessage: Bool
    /// Whether the text ends with the beginning of the assistant's turn; not where the final message is continued.
    public var opensAnswer: Bool
    /// Variables that the template knows, such as `enable_thinking`: HuggingFace's `chat_template_kwargs`.
    public var variables: [JSONValue.Member]
    /// What `strftime_now` tells.
    public var date: TemplateDate

    /// What a template is told; by default nothing but the messages.
    public init(
        tools: [JSONValue] = [], documents: [ChatDocument] = [], continuesFinalMessage: Bool = false,
        opensAnswer: Bool = true,
        variables: [JSONValue.Member] = [], date: TemplateDate = .now
    ) {
        self.tools = tools
        self.documents = documents
        self.continuesFinalMessage = continuesFinalMessage
        self.opensAnswer = opensAnswer
        self.variables = variables
        self.date = date
    }
}

/// The date that a template may write into its prompt.
public struct TemplateDate: Sendable, Hashable, CustomStringConvertible {
    /// In the Gregorian calendar, counted from 1.
    public let year, month, day: Int
    let hour, minute, second: Int

    /// A day, at its beginning; nil for one that doesn't exist.
    public init?(year: Int, month: Int, day: Int) {
        let components = DateComponents(
            calendar: Calendar(identifier: .gregorian), year: year, month: month, day: day)
        guard (1...9999).contains(year), components.isValidDate else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        (hour, minute, second) = (0, 0, 0)
    }

    /// A day as `2025-07-26`; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], text.utf8.allSatisfy({ $0 == 0x2D || (0x30...0x39).contains($0) }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    private init(_ date: Date) {
        let parts = Calendar(identifier: .gregorian).dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: date)
        (year, month, day) = (parts.year ?? 1970, parts.month ?? 1, parts.day ?? 1)
        (hour, minute, second) = (parts.hour ?? 0, parts.minute ?? 0, parts.second ?? 0)
    }

    /// This moment, in the machine's time zone.
    public static var now: TemplateDate { TemplateDate(Date()) }

    /// `2025-07-26`
    public var description: String { String(format: "%04d-%02d-%02d", year, month, day) }
}

/// As its day: the time isn't kept.
extension TemplateDate: Codable {
    /// Reads a day such as `2024-07-26`.
    /// - Throws: `DecodingError` for text that is no day.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let date = TemplateDate(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no day")
        }
        self = date
    }

    /// Writes the day, such as `2024-07-26`.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
