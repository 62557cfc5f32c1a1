import Foundation

/// A file's bytes, mapped into memory: they are read when they are looked at, and take memory only as long as there is some.
final class MappedFile: @unchecked Sendable {  // Immutable after `init`; the mapping is read-only.
    let path: String
    let byteCount: Int
    let start: UnsafeMutableRawPointer

    /// - Throws: ``TensorGraphError/invalidFile(path:field:problem:remedy:)`` for what can't be read or isn't a plain file.
    init(path: String) throws {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.unreadable(path, "Check the path.") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(path, "Check that the file can be read.") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TensorGraphError.invalidFile(
                path: path, field: "file", problem: "not a regular file", remedy: "Give the path of a GGUF file.")
        }
        byteCount = Int(status.st_size)
        guard byteCount > 0 else {
            throw TensorGraphError.invalidFile(
                path: path, field: "file", problem: "it is empty", remedy: "Download or convert the model again.")
        }
        guard let address = mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0), address != MAP_FAILED else {
            throw Self.unreadable(path, "Check that the file can be mapped into memory.")
        }
        start = address
    }

    deinit { munmap(start, byteCount) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: byteCount) }

    /// Lets the system take back the memory that holds these bytes; they are read from the file again where needed.
    func releaseMemory(_ range: Range<Int>) {
        let page = Int(getpagesize())
        let first = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound / page * page
        if end > first { madvise(start + first, end - first, MADV_DONTNEED) }
    }

    private static func unreadable(_ path: String, _ remedy: String) -> TensorGraphError {
        .invalidFile(path: path, field: "file", problem: String(cString: strerror(errno)).lowercased(), remedy: remedy)
    }
}
