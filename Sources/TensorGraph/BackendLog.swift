import CLlama
import Synchronization

/// What ggml and libllama report. They write to stderr unless told otherwise; here warnings and errors are kept for
/// the error message of whoever asked, and nothing is printed.
package enum BackendLog {
    private static let messages = Mutex<[String]>([])
    private static let longestMemory = 20

    private static let installed: Void = {
        llama_log_set(
            { level, text, _ in
                guard level == GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_ERROR, let text else { return }
                let message = String(cString: text)
                BackendLog.messages.withLock { messages in
                    messages.append(message)
                    if messages.count > BackendLog.longestMemory { messages.removeFirst() }
                }
            }, nil)
    }()

    /// Runs `body` and returns its result with the warnings and errors that were reported meanwhile, one a line.
    package static func capturing<Result>(_ body: () throws -> Result) rethrows -> (result: Result, report: String) {
        _ = installed
        messages.withLock { $0.removeAll() }
        let result = try body()
        let lines = messages.withLock { $0 }.joined().split(whereSeparator: \.isNewline)
        return (result, lines.map(withoutFunctionName).joined(separator: "; "))
    }

    /// ggml begins a message with the C function it comes from, which tells a user nothing.
    private static func withoutFunctionName(_ line: Substring) -> String {
        guard let colon = line.firstIndex(of: ":"),
            line[..<colon].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
        else { return String(line) }
        return line[line.index(after: colon)...].trimmingPrefix(while: \.isWhitespace).description
    }
}
