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
            throw ValidationError("\(path): not UTF-8 text. Convert the file to UTF-8.")
        }
        return text.replacing("\r\n", with: "\n")
    }

    private static func contents(_ path: String) throws -> Data {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
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
