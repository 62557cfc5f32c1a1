import CLlama

/// Renders a conversation as the text that a model was trained on, and tells where each message lies in it.
///
/// libllama recognises the common templates by their text (ChatML, Llama 2 and 3, Mistral, Gemma, Phi and others); it
/// does not run Jinja. A template that it doesn't know is an error.
public struct ChatTemplate: Sendable {
    let source: String

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
        // The same conversation with a marker for each content shows what the template puts between them.
        let marked = messages.enumerated().map { ChatMessage(role: $1.role, content: Self.marker($0)) }
        let skeleton = Array(try apply(marked, opensAnswer).utf8)
        let placed = messages.indices.compactMap { index in
            skeleton.firstRange(of: Array(Self.marker(index).utf8)).map { (index: index, range: $0) }
        }.sorted { $0.range.lowerBound < $1.range.lowerBound }

        let bytes = Array(text.utf8)
        var contents = Array(repeating: 0..<0, count: messages.count)
        var (cursor, skeletonCursor) = (0, 0)
        for (order, item) in placed.enumerated() {
            cursor += item.range.lowerBound - skeletonCursor
            skeletonCursor = item.range.upperBound
            let following = skeleton[
                skeletonCursor..<(order + 1 < placed.count ? placed[order + 1].range.lowerBound : skeleton.count)]
            let content = messages[item.index].content
            guard
                let length = [content, Self.trimmed(content)].map({ Array($0.utf8) }).first(where: { candidate in
                    bytes.dropFirst(cursor).starts(with: candidate)
                        && bytes.dropFirst(cursor + candidate.count).starts(with: following)
                })?.count
            else { throw PromptError.contentNotFound(message: item.index) }
            contents[item.index] = cursor..<cursor + length
            cursor += length
        }
        return Rendering(text: text, contents: contents)
    }

    /// Private-use characters, which no template and hardly a message has.
    private static func marker(_ index: Int) -> String { "\u{F8F0}\(index)\u{F8F1}" }

    /// Without white space at both ends, as templates trim.
    private static func trimmed(_ text: String) -> String {
        let isSpace: (Unicode.Scalar) -> Bool = { " \t\n\r\u{B}\u{C}".unicodeScalars.contains($0) }
        var scalars = Substring(text).unicodeScalars
        while let first = scalars.first, isSpace(first) { scalars.removeFirst() }
        while let last = scalars.last, isSpace(last) { scalars.removeLast() }
        return String(scalars)
    }

    private func apply(_ messages: [ChatMessage], _ opensAnswer: Bool) throws -> String {
        let strings = messages.flatMap { [$0.role, $0.content] }
        if let index = strings.firstIndex(where: { $0.utf8.contains(0) }) {
            throw PromptError.containsNull(message: index / 2)
        }
        // One block of memory holds all strings, each ended by a zero, as C wants them.
        var offsets: [Int] = []
        var block: [CChar] = []
        for string in strings {
            offsets.append(block.count)
            block += string.utf8CString
        }
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
