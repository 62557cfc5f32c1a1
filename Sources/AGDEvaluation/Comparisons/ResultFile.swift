import Foundation

/// Results on disk, a JSON object a line, added as they come, so that the same command goes on where it stopped.
struct ResultFile<Result: Codable> {
    private let path: String
    private(set) var results: [Result] = []

    /// Reads what is there; a last line that was cut off in writing is done again.
    /// - Parameter command: that writes such files.
    /// - Throws: ``EvaluationError`` naming file and line.
    init(resuming path: String, of command: String) throws(EvaluationError) {
        self.path = path
        guard FileManager.default.fileExists(atPath: path) else { return }
        let content = FileManager.default.contents(atPath: path) ?? Data()
        let whole = content.lastIndex(of: UInt8(ascii: "\n")).map { content.prefix(through: $0) } ?? Data()
        for (index, line) in whole.split(separator: UInt8(ascii: "\n")).enumerated() {
            do { results.append(try JSONDecoder().decode(Result.self, from: line)) } catch {
                throw EvaluationError(
                    file: path, line: index + 1, problem: "is no result of \(command)",
                    remedy: "remove the line, or give another file", setting: .output)
            }
        }
        if whole.count < content.count { try write(whole) }
    }

    /// Adds a result.
    /// - Throws: ``EvaluationError`` where the file can't be written.
    mutating func append(_ result: Result) throws(EvaluationError) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let line = try encoder.encode(result) + Data("\n".utf8)
            guard FileManager.default.fileExists(atPath: path) else {
                try write(line)
                results.append(result)
                return
            }
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try handle.seekToEnd()
            try handle.write(contentsOf: line)
            try handle.close()
        } catch {
            throw unwritable(error)
        }
        results.append(result)
    }

    private func write(_ content: Data) throws(EvaluationError) {
        do { try content.write(to: URL(fileURLWithPath: path), options: .atomic) } catch { throw unwritable(error) }
    }

    private func unwritable(_ error: any Error) -> EvaluationError {
        error as? EvaluationError
            ?? EvaluationError(
                file: path, problem: "can't be written (\(error.localizedDescription))", remedy: "make room",
                setting: .output)
    }
}
