import CZlib
import Foundation

/// Reads a file by lines or whole, unpacking gzip on the way; a file that isn't compressed is read as it is, without the
/// byte-order mark that some programs put before UTF-8.
///
/// Memory: one buffer and the longest line.
final class InputFile {
    /// A line or a whole file that unpacks to more is refused: 1 GiB is a hundred times the largest benchmark file.
    static let sizeLimit = 1 << 30

    let path: String
    private let handle: gzFile
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var unread = 0..<0
    private var isAtStart = true

    /// - Throws: ``EvaluationError`` when the file can't be opened.
    init(path: String) throws(EvaluationError) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue,
            let handle = gzopen(path, "rb")
        else {
            throw EvaluationError(
                file: path, problem: isDirectory.boolValue ? "is a folder" : "cannot be opened",
                remedy: "give the path of a readable file")
        }
        self.path = path
        self.handle = handle
    }

    deinit { gzclose_r(handle) }

    /// The next line without its `\n`; nil at the end.
    func nextLine() throws(EvaluationError) -> [UInt8]? {
        var line: [UInt8] = []
        var sawAny = false
        while try fill() {
            sawAny = true
            if let end = buffer[unread].firstIndex(of: UInt8(ascii: "\n")) {
                line += buffer[unread.lowerBound..<end]
                unread = (end + 1)..<unread.upperBound
                return line
            }
            try append(to: &line)
        }
        return sawAny ? line : nil
    }

    /// Everything that is left.
    func readAll() throws(EvaluationError) -> [UInt8] {
        var content: [UInt8] = []
        while try fill() { try append(to: &content) }
        return content
    }

    private func append(to content: inout [UInt8]) throws(EvaluationError) {
        content += buffer[unread]
        unread = 0..<0
        guard content.count <= Self.sizeLimit else {
            throw EvaluationError(file: path, problem: "holds more than 1 GiB in one piece", remedy: "split the file")
        }
    }

    /// Makes sure that something is unread; false at the end.
    private func fill() throws(EvaluationError) -> Bool {
        if !unread.isEmpty { return true }
        let count = gzread(handle, &buffer, UInt32(buffer.count))
        if count <= 0 {
            // A file that was cut short reads as an end; only the error code tells.
            var code = Z_OK
            let message = gzerror(handle, &code).map { String(cString: $0) } ?? ""
            guard code == Z_OK || code == Z_STREAM_END else {
                throw EvaluationError(
                    file: path, problem: "cannot be unpacked (\(message.isEmpty ? "error \(code)" : message))",
                    remedy: "fetch the file again; it is damaged or cut short")
            }
        }
        let hasMark = isAtStart && buffer[..<Int(count)].starts(with: [0xEF, 0xBB, 0xBF])
        isAtStart = false
        unread = (hasMark ? 3 : 0)..<Int(count)
        return hasMark && count == 3 ? try fill() : count > 0
    }
}

extension InputFile {
    /// Whether a byte is white space within a line.
    static func isBlank(_ byte: UInt8) -> Bool { " \t\r".utf8.contains(byte) }

    /// Calls `body` with each line that isn't blank and its number; errors get the file and the line.
    static func forEachLine(of path: String, _ body: (JSONField, Int) throws(EvaluationError) -> Void)
        throws(EvaluationError)
    {
        let file = try InputFile(path: path)
        var number = 0
        while let line = try file.nextLine() {
            number += 1
            if line.allSatisfy(isBlank) { continue }
            if number == 1 { try refuseOtherKinds(line, path) }
            do throws(EvaluationError) {
                try body(JSONField(try JSONParser.parse(line)), number)
            } catch {
                throw error.located(file: path, line: number)
            }
        }
    }

    /// Says what a file is that was taken for JSON.
    static func refuseOtherKinds(_ content: [UInt8], _ path: String) throws(EvaluationError) {
        let start = Array(content.prefix(512))
        let text = String(decoding: start.drop { isBlank($0) || $0 == 0x0A }, as: UTF8.self).lowercased()
        let (problem, remedy): (String, String)
        if text.hasPrefix("version https://git-lfs") {
            (problem, remedy) = ("is a Git LFS pointer, not the data itself", "fetch it with 'git lfs pull'")
        } else if ["<!doctype", "<html", "<?xml"].contains(where: text.hasPrefix) {
            (problem, remedy) = ("is a web page", "download the file itself; this may need a login")
        } else if start.starts(with: "PAR1".utf8) {
            (problem, remedy) = ("is Parquet", "convert it to JSON lines, as with pandas' to_json(lines=True)")
        } else if start.starts(with: "PK\u{3}\u{4}".utf8) {
            (problem, remedy) = ("is a ZIP archive", "unpack it")
        } else if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
            (problem, remedy) = ("is UTF-16", "convert it to UTF-8")
        } else {
            return
        }
        throw EvaluationError(file: path, problem: problem, remedy: remedy)
    }

    /// The whole file as one JSON value.
    static func json(at path: String) throws(EvaluationError) -> JSONValue {
        let content = try InputFile(path: path).readAll()
        try refuseOtherKinds(content, path)
        do throws(EvaluationError) { return try JSONParser.parse(content) } catch { throw error.located(file: path) }
    }

    /// Size and CRC-32 of a file's bytes as they are, which tell whether it is the same file.
    static func checksum(of path: String) throws(EvaluationError) -> (byteCount: Int, crc32: String) {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw EvaluationError(file: path, problem: "cannot be opened", remedy: "give the path of a readable file")
        }
        var (byteCount, checksum) = (0, CZlib.crc32(0, nil, 0))
        while true {
            let chunk: Data
            do { chunk = try handle.read(upToCount: 1 << 20) ?? Data() } catch {
                throw EvaluationError(file: path, problem: "cannot be read", remedy: "check the file and its disk")
            }
            if chunk.isEmpty { break }
            byteCount += chunk.count
            checksum = Array(chunk).withUnsafeBufferPointer { CZlib.crc32(checksum, $0.baseAddress, UInt32($0.count)) }
        }
        return (byteCount, String(format: "%08lx", checksum))
    }
}
