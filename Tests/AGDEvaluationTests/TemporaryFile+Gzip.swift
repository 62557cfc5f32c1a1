import CZlib
import Foundation

@testable import TestFixtures

extension TemporaryFile {
    /// A text, gzipped, and of that the first `share`.
    convenience init(gzipped text: String, keeping share: Double = 1) throws {
        try self.init(Data(), name: "input.jsonl.gz")
        let handle = gzopen(path, "wb")
        let bytes = Array(text.utf8)
        gzwrite(handle, bytes, UInt32(bytes.count))
        gzclose(handle)
        let data = try Data(contentsOf: URL(filePath: path))
        try data.prefix(Int(Double(data.count) * share)).write(to: URL(filePath: path))
    }
}
