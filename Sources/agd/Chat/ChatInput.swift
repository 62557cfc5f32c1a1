import ArgumentParser
import CLineEditor
import Foundation

/// Where the turns of a conversation come from: a terminal, on which lines are edited, or a pipe.
struct ChatInput {
    enum Entry: Equatable {
        case text(String)
        /// Ctrl-C; what had been typed is gone.
        case interrupted
        /// Ctrl-D, or the end of the pipe.
        case end
    }

    let isTerminal = isatty(STDIN_FILENO) == 1

    private static let mark = "\"\"\""

    /// The next entry: a line, lines joined by a backslash at their ends, or what stands between two `"""`.
    func next() throws -> Entry {
        let first = try line(prompt: "> ")
        guard case .text(let text) = first else { return first }
        if text.hasPrefix(Self.mark) {
            return try entry(String(text.dropFirst(Self.mark.count))) { line in
                guard line.hasSuffix(Self.mark) else { return true }
                line.removeLast(Self.mark.count)
                return false
            }
        }
        return try entry(text) { line in
            guard line.last == "\\" else { return false }
            line.removeLast()
            return true
        }
    }

    /// Lines, the first of which is there, as far as they go on.
    /// - Parameter goesOn: whether another line follows; takes the sign of it off.
    private func entry(_ first: String, goesOn: (inout String) -> Bool) throws -> Entry {
        var lines = [first]
        while goesOn(&lines[lines.count - 1]) {
            let next = try line(prompt: "… ")
            if next == .interrupted { return next }
            guard case .text(let text) = next else { break }
            lines.append(text)
        }
        let text = lines.joined(separator: "\n").trimmingCharacters(in: .newlines)
        if isTerminal, !text.isEmpty { agd_remember_line(text) }
        return .text(text)
    }

    private func line(prompt: String) throws -> Entry {
        switch agd_read_line(prompt, { Interruption.taken() }) {
        case agd_line_end: return .end
        case agd_line_interrupted: return .interrupted
        case agd_line_text:
            if let text = String(validatingCString: agd_last_line()) { return .text(text) }
            throw ValidationError("stdin: not UTF-8 text. Send it as UTF-8.")
        default:
            throw ValidationError(
                "stdin: a line has a zero byte or more than \(AGD_LINE_LIMIT >> 20) MiB. Send text, in shorter lines.")
        }
    }
}
