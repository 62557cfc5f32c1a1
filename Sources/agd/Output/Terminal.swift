import ArgumentParser
import Foundation

/// Writing to the terminal: results to stdout, everything else to stderr.
enum Terminal {
    enum Color: String, ExpressibleByArgument, CaseIterable {
        case auto, always, never

        /// `auto` follows https://no-color.org.
        var isOn: Bool {
            switch self {
            case .always: true
            case .never: false
            case .auto:
                isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
            }
        }
    }

    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
    static func writeError(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
    static func note(_ text: String) { writeError("note: \(text)\n") }

    /// Bold and underlined, and not by colour alone.
    static func marked(_ text: String) -> String { text.isEmpty ? "" : "\u{1B}[1;4;33m\(text)\u{1B}[0m" }

    static func writeJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        FileHandle.standardOutput.write(try encoder.encode(value) + Data("\n".utf8))
    }
}
