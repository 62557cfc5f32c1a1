import ArgumentParser
import AttributionGuidedDecoding
import Foundation

/// Text in files, as editors and other programs write them.
extension PromptOptions {
    /// Bytes; devices have no end.
    private static let largest = 8 << 20

    /// A raw prompt: UTF-8, without the byte-order mark and the carriage returns that some programs write.
    static func text(ofFile path: String) throws -> String {
        guard let text = String(validating: try contents(path), as: UTF8.self) else {
            throw ValidationError(
                "\(path == StandardInput.name ? "stdin" : path): not UTF-8 text. Convert the file to UTF-8.")
        }
        return text.replacing("\r\n", with: "\n")
    }

    private static func contents(_ path: String) throws -> Data {
        let data: Data
        do {
            let file =
                path == StandardInput.name
                ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            data = try file.read(upToCount: largest + 1) ?? Data()
            try file.close()
        } catch {
            throw ValidationError("\(path): can't be read. Check that it is a file, exists and may be read.")
        }
        guard data.count <= largest else {
            throw ValidationError(
                "\(path): larger than \(largest >> 20) MiB, more than any context holds. Give a shorter prompt.")
        }
        return data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
    }
}

/// Text that is piped in, in place of an option's value.
enum StandardInput {
    /// What stands for it.
    static let name = "-"

    static var isPiped: Bool { isatty(STDIN_FILENO) == 0 }

    /// The value of an option, or, where that is `-`, what comes by stdin, without the line end behind it.
    static func text(_ value: String) throws -> String {
        guard value == name else { return value }
        let text = try PromptOptions.text(ofFile: name)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
