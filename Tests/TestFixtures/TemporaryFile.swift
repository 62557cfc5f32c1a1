import Foundation

/// A folder that lives as long as the value.
final class TemporaryFolder {
    let url = FileManager.default.temporaryDirectory.appending(path: "agd-\(UUID().uuidString)")

    /// - Parameter files: what lies in it, by path.
    init(_ files: [String: Data] = [:]) throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for (path, contents) in files {
            let file = url.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try contents.write(to: file)
        }
    }

    deinit { _ = Result { try FileManager.default.removeItem(at: url) } }
}

/// A file that lives as long as the value.
final class TemporaryFile {
    private let folder: TemporaryFolder
    let path: String

    init(_ contents: Data, name: String = "file") throws {
        folder = try TemporaryFolder([name: contents])
        path = folder.url.appending(path: name).path
    }

    convenience init(_ text: String, name: String = "file") throws { try self.init(Data(text.utf8), name: name) }
}
