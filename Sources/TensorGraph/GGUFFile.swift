import CLlama
import Foundation

/// A GGUF model file: its metadata, the list of its tensors, and their data mapped into memory.
///
/// The file is parsed by ggml's own reader. Everything that the reader's getters would only assert, and that the data
/// of every tensor lies inside the file, is checked here.
public final class GGUFFile: @unchecked Sendable {  // Immutable after `init`; the mapping is read-only.
    /// One tensor of the file; `shape` counts the fastest-varying dimension first, as ggml does.
    public struct TensorDescription: Sendable {
        public let name: String
        public let type: ElementType
        public let shape: [Int]
        /// Bytes from the start of the file.
        public let offset: Int
        public let byteCount: Int
        public var elementCount: Int { shape.reduce(1, *) }
    }

    public let path: String
    public let byteCount: Int
    public let version: Int
    public let tensors: [String: TensorDescription]
    public let metadata: [String: MetadataValue]
    /// ggml's name of the element type of each array in the metadata, such as `i32`.
    public let arrayElementTypes: [String: String]

    private let mapping: UnsafeMutableRawPointer

    /// Parses and maps the file at `path`.
    /// - Throws: ``TensorGraphError/invalidFile(path:field:problem:remedy:)``.
    public init(path: String) throws {
        self.path = path
        byteCount = try Self.checkedSize(of: path)
        let (context, report) = BackendLog.capturing {
            gguf_init_from_file(path, gguf_init_params(no_alloc: true, ctx: nil))
        }
        guard let context else { throw Self.damaged(path, "header", report.isEmpty ? "not a GGUF file" : report) }
        defer { gguf_free(context) }

        version = Int(gguf_get_version(context))
        metadata = Self.readMetadata(context)
        arrayElementTypes = Self.readArrayElementTypes(context)
        tensors = try Self.readTensors(context, path: path, fileSize: byteCount)
        mapping = try Self.map(path, byteCount: byteCount)
    }

    deinit { munmap(mapping, byteCount) }

    var mappedStart: UnsafeMutableRawPointer { mapping }

    /// Address of the tensor's bytes in the mapped file; valid as long as this object lives.
    func data(of tensor: TensorDescription) -> UnsafeMutableRawPointer { mapping + tensor.offset }

    /// Lets the system take back the memory that holds the tensor's bytes; they are read from the file again where needed.
    func releaseMemory(of tensor: TensorDescription) {
        let page = Int(getpagesize())
        let start = (tensor.offset + page - 1) / page * page
        let end = (tensor.offset + tensor.byteCount) / page * page
        if end > start { madvise(mapping + start, end - start, MADV_DONTNEED) }
    }

    /// One row of a matrix `[width, rows]` as float32, decoded from its quantisation: `width` numbers.
    public func row(_ index: Int, of tensor: TensorDescription) -> [Float] {
        let width = tensor.shape[0]
        let source = data(of: tensor) + index * tensor.type.byteCount(of: width)
        return [Float](unsafeUninitializedCapacity: width) { buffer, count in
            agd_dequantize(tensor.type.raw, source, buffer.baseAddress, Int64(width))
            count = width
        }
    }

    private static func damaged(_ path: String, _ field: String, _ problem: String) -> TensorGraphError {
        .invalidFile(path: path, field: field, problem: problem, remedy: "Download or convert the model again.")
    }

    private static func checkedSize(of path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw TensorGraphError.invalidFile(
                path: path, field: "file", problem: String(cString: strerror(errno)).lowercased(),
                remedy: "Check the path.")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TensorGraphError.invalidFile(
                path: path, field: "file", problem: "not a regular file", remedy: "Give the path of a GGUF file.")
        }
        guard status.st_size >= 24 else { throw damaged(path, "header", "the file ends inside the GGUF header") }
        return Int(status.st_size)
    }

    private static func readTensors(
        _ context: OpaquePointer, path: String, fileSize: Int
    ) throws -> [String: TensorDescription] {
        let dataStart = gguf_get_data_offset(context)
        var tensors: [String: TensorDescription] = [:]
        for index in 0..<gguf_get_n_tensors(context) {
            let name = String(cString: gguf_get_tensor_name(context, index))
            let extents = UnsafeBufferPointer(start: gguf_get_tensor_ne(context, index), count: Int(GGML_MAX_DIMS))
            let tensor = TensorDescription(
                name: name, type: ElementType(raw: gguf_get_tensor_type(context, index)),
                shape: extents.map { Int($0) },
                offset: dataStart + gguf_get_tensor_offset(context, index),
                byteCount: gguf_get_tensor_size(context, index))
            guard tensor.elementCount > 0 else { throw damaged(path, "tensor \(name)", "it has no elements") }
            // Sizes and offsets beyond 2^63 come out of C as negative numbers.
            guard tensor.offset >= dataStart, tensor.byteCount > 0, tensor.offset <= fileSize,
                tensor.byteCount <= fileSize - tensor.offset
            else {
                throw damaged(
                    path, "tensor \(name)",
                    "its data (\(UInt(bitPattern: tensor.byteCount)) bytes from byte "
                        + "\(UInt(bitPattern: tensor.offset))) goes beyond the end of the file, at byte \(fileSize)")
            }
            guard tensor.offset % 16 == 0 else {
                throw damaged(path, "tensor \(name)", "its data is not aligned to 16 bytes (general.alignment)")
            }
            tensors[name] = tensor
        }
        return tensors
    }

    private static func map(_ path: String, byteCount: Int) throws -> UnsafeMutableRawPointer {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        guard descriptor >= 0, let address = mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0),
            address != MAP_FAILED
        else {
            throw TensorGraphError.invalidFile(
                path: path, field: "file", problem: String(cString: strerror(errno)).lowercased(),
                remedy: "Check that the file can be read and mapped into memory.")
        }
        return address
    }
}
