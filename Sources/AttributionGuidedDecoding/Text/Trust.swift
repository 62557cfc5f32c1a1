/// Whether what a message or document says may tell the model what to do.
public enum Trust: String, Sendable, CaseIterable, Codable {
    /// Its author may instruct the model, as the system and the user may.
    case trusted
    /// It is there to be read, not obeyed: a tool's result, a page from the web.
    case untrusted
}

extension [ChatMessage] {
    /// The same messages, with tools' results untrusted where a message doesn't say otherwise.
    public func distrustingTools() -> [ChatMessage] {
        map { message in
            var message = message
            if message.role == "tool" { message.trust = message.trust ?? .untrusted }
            return message
        }
    }
}

extension [ChatDocument] {
    /// The same documents, untrusted where one doesn't say otherwise.
    public func distrusted() -> [ChatDocument] {
        map { document in
            var document = document
            document.trust = document.trust ?? .untrusted
            return document
        }
    }
}

extension Prompt {
    /// Bytes of ``text`` that come from untrusted messages and documents; what a trusted document says inside of an untrusted message isn't
    /// told apart.
    public var untrustedSpans: [Range<Int>] {
        (messages.filter { $0.trust == .untrusted }.flatMap(\.spans)
            + documents.filter { $0.document.trust == .untrusted }.flatMap(\.spans)).united
    }

    /// Bytes of ``text`` that come from all other messages, the assistant's left out.
    var trustedSpans: [Range<Int>] {
        let untrusted = untrustedSpans
        return messages.filter { $0.role != "assistant" }.flatMap(\.spans).united.flatMap { span in
            // What lies between the untrusted parts of the span.
            let cuts = untrusted.map { $0.clamped(to: span) }.filter { !$0.isEmpty }
            let starts = [span.lowerBound] + cuts.map(\.upperBound)
            return zip(starts, cuts.map(\.lowerBound) + [span.upperBound]).filter { $0 < $1 }.map { $0..<$1 }
        }
    }
}
