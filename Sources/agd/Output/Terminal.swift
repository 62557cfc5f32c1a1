import ArgumentParser
import AttributionGuidedDecoding
import Foundation

/// Writing to the terminal: results to stdout, everything else to stderr.
///
/// The one border at which text of files, prompts and models becomes text that a terminal obeys: messages are always
/// written ``Swift/String/printable``, results where stdout is a terminal; a file or pipe gets them as they are.
enum Terminal {
    enum Color: String, ExpressibleByArgument, CaseIterable {
        case auto, always, never

        /// `auto` follows https://no-color.org.
        var isOn: Bool {
            switch self {
            case .always: true
            case .never: false
            case .auto:
                outputIsTerminal && obeysEscapes
                    && ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
            }
        }
    }

    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    /// Whether the terminal knows escape sequences at all.
    static var obeysEscapes: Bool { ProcessInfo.processInfo.environment["TERM"] != "dumb" }

    /// Columns of the terminal; 100 where there is none.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
        return Int(size.ws_col)
    }

    static func write(_ text: String) { writeStyled(outputIsTerminal ? text.printable : text) }

    /// Writes what was made for a terminal, colours and all.
    static func writeStyled(_ text: String) { write(Data(text.utf8)) }

    /// Writes to a file, or to stdout where none was named.
    static func write(_ text: String, to path: String?, option: String) throws {
        guard let path else { return write(text) }
        try checkOutput(path, option: option)
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) } catch {
            throw ValidationError("\(option) \(path): \(error.localizedDescription)")
        }
    }

    /// Before long work whose result is to be written to `path`: that its folder is there, and that it is or can become
    /// a plain file.
    static func checkOutput(_ path: String?, option: String) throws {
        guard let path else { return }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ValidationError("\(option) \(path): there is no folder '\(folder)'. Make it first.")
        }
        guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
            throw ValidationError(
                "\(option) \(path): is not a plain file. Give the path of one."
            )
        }
    }

    /// Ends the program where stdout can't be written: quietly where its reader has gone, as `head` does.
    private static func write(_ data: Data) {
        do { try FileHandle.standardOutput.write(contentsOf: data) } catch {
            if errno != EPIPE {
                writeError("Error: stdout: can't be written: \(String(cString: strerror(errno)).lowercased())\n")
            }
            exit(EXIT_FAILURE)
        }
    }

    static func writeError(_ text: String) { writeErrorStyled(text.printable) }

    /// Writes what was made for a terminal, such as a bar that moves.
    static func writeErrorStyled(_ text: String) {
        // Where stderr is gone, nowhere is left to tell.
        do { try FileHandle.standardError.write(contentsOf: Data(text.utf8)) } catch { return }
    }

    static func note(_ text: String) { writeError("note: \(text)\n") }

    /// Bold and underlined, and not by colour alone.
    static func marked(_ text: String) -> String {
        text.isEmpty ? "" : "\u{1B}[1;4;33m\(text.printable)\u{1B}[0m"
    }

    static func dimmed(_ text: String) -> String { text.isEmpty ? "" : "\u{1B}[2m\(text.printable)\u{1B}[0m" }

    static func writeJSON(_ value: some Encodable) throws { write(try json(value)) }

    /// A JSON object with a line end. What a terminal would obey beyond JSON's own rules is escaped, too.
    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(value), as: UTF8.self)
        return text.unicodeScalars.reduce(into: "") { json, scalar in
            if (0x7F...0x9F).contains(scalar.value) {
                json += "\\u00\(String(scalar.value, radix: 16))"
            } else {
                json.unicodeScalars.append(scalar)
            }
        } + "\n"
    }
}
