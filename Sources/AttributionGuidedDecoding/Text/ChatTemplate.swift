import CLlama

/// Renders a conversation as the text that a model was trained on, and tells where each message lies in it.
///
/// libllama recognises the common templates by their text (ChatML, Llama 2 and 3, Mistral, Gemma, Phi and others); it
/// does not run Jinja. A template that it doesn't know is an error.
public struct ChatTemplate: Sendable {
    let source: String

    /// A template by its text, as the file has it.
    public init(source: String) { self.source = source }

    /// Names of the templates that can be rendered.
    public static var knownNames: [String] {
        let count = llama_chat_builtin_templates(nil, 0)
        var names = [UnsafePointer<CChar>?](repeating: nil, count: Int(count))
        _ = llama_chat_builtin_templates(&names, names.count)
        return names.compactMap { $0.map { String(cString: $0) } }
    }

    /// Whether libllama can render this template.
    public var isKnown: Bool {
        do { return try !apply([.user("x")], true).isEmpty } catch { return false }
    }

    /// A rendered conversation. Ranges count bytes of `text`.
    struct Rendering {
        var text: String
        /// Where the content of each message lies; empty for one that the template leaves out.
        var contents: [Range<Int>]
    }

    /// - Parameter opensAnswer: ends with the beginning of the assistant's turn.
    func render(_ messages: [ChatMessage], opensAnswer: Bool = true) throws -> Rendering {
        let text = try apply(messages, opensAnswer)
        // Some templates write a separator only where there is something to separate: a second try leaves blank contents be.
        for marksBlank in [true, false] {
            if let contents = try locate(messages, in: text, opensAnswer: opensAnswer, marksBlank: marksBlank) {
                return Rendering(text: text, contents: contents)
            }
        }
        throw PromptError.contentNotFound
    }

    /// Renders the same conversation with a marker for each content, which shows what the template puts between them and
    /// whether it trims them; nil where that doesn't add up to `text`.
    private func locate(
        _ messages: [ChatMessage], in text: String, opensAnswer: Bool, marksBlank: Bool
    ) throws -> [Range<Int>]? {
        let marked = messages.enumerated().map { index, message in
            let isMarked = marksBlank || !Self.trimmed(message.content).isEmpty
            return ChatMessage(
                role: message.role, content: isMarked ? Self.pad + Self.marker(index) + Self.pad : message.content)
        }
        let skeleton = Array(try apply(marked, opensAnswer).utf8)
        var places: [(message: Int, marker: Range<Int>)] = []
        for (index, message) in messages.enumerated() {
            if let range = skeleton.firstRange(of: Array(Self.marker(index).utf8)) {
                places.append((index, range))
            } else if !Self.trimmed(message.content).isEmpty {
                throw PromptError.leftOut(message: index, role: message.role)
            }
        }
        var contents = Array(repeating: 0..<0, count: messages.count)
        var (assembled, cursor) = ([UInt8](), 0)
        for (index, marker) in places.sorted(by: { $0.marker.lowerBound < $1.marker.lowerBound }) {
            let keepsStart = marker.lowerBound > cursor && skeleton[marker.lowerBound - 1] == Self.padByte
            let keepsEnd = marker.upperBound < skeleton.count && skeleton[marker.upperBound] == Self.padByte
            assembled += skeleton[cursor..<marker.lowerBound - (keepsStart ? 1 : 0)]
            cursor = marker.upperBound + (keepsEnd ? 1 : 0)
            let content = Self.trimmed(messages[index].content, start: !keepsStart, end: !keepsEnd).utf8
            contents[index] = assembled.count..<assembled.count + content.count
            assembled += content
        }
        return assembled + skeleton[cursor...] == Array(text.utf8) ? contents : nil
    }

    /// Private-use characters, which no template has.
    private static func marker(_ index: Int) -> String { "\u{F8F0}\(index)\u{F8F1}" }

    /// White space (a vertical tab) that no template writes by itself: where it is missing, the template trims.
    private static let pad = "\u{B}"
    private static let padByte: UInt8 = 0xB

    /// Without white space at the ends, as templates trim.
    private static func trimmed(_ text: String, start: Bool = true, end: Bool = true) -> String {
        let isSpace: (Unicode.Scalar) -> Bool = { " \t\n\r\u{B}\u{C}".unicodeScalars.contains($0) }
        var scalars = Substring(text).unicodeScalars
        if start { scalars = scalars.drop(while: isSpace) }
        if end { while let last = scalars.last, isSpace(last) { scalars.removeLast() } }
        return String(scalars)
    }

    private static let roleCharacters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-".utf8)

    private func apply(_ messages: [ChatMessage], _ opensAnswer: Bool) throws -> String {
        let strings = messages.flatMap { [$0.role, $0.content] }
        if let index = strings.firstIndex(where: { $0.utf8.contains(0) }) {
            throw PromptError.containsNull(message: index / 2)
        }
        // A role goes into the template's own text, where anything but a word could pose as a part of it.
        if let index = messages.firstIndex(where: { message in
            message.role.isEmpty || !message.role.utf8.allSatisfy { Self.roleCharacters.contains($0) }
        }) {
            throw PromptError.invalidRole(message: index, role: messages[index].role)
        }
        // One block of memory holds all strings, each ended by a zero, as C wants them.
        var offsets: [Int] = []
        var block: [CChar] = []
        for string in strings {
            offsets.append(block.count)
            block += string.utf8CString
        }
        guard block.count < 1 << 28 else { throw TokenError.textTooLong(byteCount: block.count) }
        return try block.withUnsafeBufferPointer { block in
            let chat = messages.indices.map { index in
                llama_chat_message(
                    role: block.baseAddress.map { $0 + offsets[2 * index] },
                    content: block.baseAddress.map { $0 + offsets[2 * index + 1] })
            }
            var buffer = [CChar](repeating: 0, count: 2 * block.count + 1024)
            var length = llama_chat_apply_template(source, chat, chat.count, opensAnswer, &buffer, Int32(buffer.count))
            if length > buffer.count {
                buffer = [CChar](repeating: 0, count: Int(length))
                length = llama_chat_apply_template(source, chat, chat.count, opensAnswer, &buffer, length)
            }
            guard length >= 0 else { throw PromptError.unknownTemplate(known: Self.knownNames) }
            return String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
