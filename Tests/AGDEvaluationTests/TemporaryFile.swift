import CZlib
import Foundation

/// A file that lives as long as the value.
final class TemporaryFile {
    let path: String

    init(_ text: String, name: String = "input.jsonl") throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        let file = folder.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        path = file.path
        try Data(text.utf8).write(to: file)
    }

    /// The same text, gzipped.
    init(gzipped text: String, keeping share: Double = 1) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: "input.jsonl.gz").path
        let handle = gzopen(path, "wb")
        let bytes = Array(text.utf8)
        gzwrite(handle, bytes, UInt32(bytes.count))
        gzclose(handle)
        let data = try Data(contentsOf: URL(filePath: path))
        try data.prefix(Int(Double(data.count) * share)).write(to: URL(filePath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
