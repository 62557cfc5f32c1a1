import CLlama

/// The weights of a GGUF model, mapped into memory: one file, or the parts into which a large model is split.
///
/// Files are parsed by ggml's own reader. Everything that the reader's getters would only assert, and that the data
/// of every tensor lies inside its file, is checked here.
package final class GGUFFile: Sendable {
    /// One tensor of the file; `shape` counts the fastest-varying dimension first, as ggml does.
    package struct TensorDescription: Sendable {
        package let name: String
        package let type: ElementType
        package let shape: [Int]
        /// Which of the model's files holds the data, from 0.
        package let part: Int
        /// Bytes from the start of that file.
        package let offset: Int
        package let byteCount: Int
        package var elementCount: Int { shape.reduce(1, *) }

        /// Rows of a matrix `[width, rows]`, as a tensor of their own.
        package func rows(_ range: Range<Int>, name: String) -> TensorDescription {
            section(name, [shape[0], range.count, 1, 1], first: range.lowerBound * shape[0])
        }

        /// Elements of a vector, as a tensor of their own.
        package func elements(_ range: Range<Int>, name: String) -> TensorDescription {
            section(name, [range.count, 1, 1, 1], first: range.lowerBound)
        }

        private func section(_ name: String, _ shape: [Int], first: Int) -> TensorDescription {
            TensorDescription(
                name: name, type: type, shape: shape, part: part, offset: offset + type.byteCount(of: first),
                byteCount: type.byteCount(of: shape.reduce(1, *)))
        }
    }

    /// The path that was given: that of the only part or of the first one.
    package let path: String
    /// Bytes of all parts.
    package let byteCount: Int
    package let tensors: [String: TensorDescription]
    let parts: [MappedFile]
    package var partCount: Int { parts.count }

    /// Parses and maps the file at `path`, and where it is the first part of a split model, the others too.
    /// - Returns: the weights, and the metadata of the first file, which aren't needed once a model is set up.
    /// - Throws: ``TensorGraphError/invalidFile(path:field:problem:remedy:)``.
    package static func open(path: String) throws -> (file: GGUFFile, metadata: GGUFMetadata) {
        let (first, metadata) = try openPart(path)
        var parts = [first]
        var tensors = try metadata.tensors(fileSize: first.byteCount, part: 0)
        if let split = try SplitModel(metadata) {
            for index in 1..<split.count {
                let (part, partMetadata) = try openPart(split.path(of: index))
                try split.check(partMetadata, index: index)
                parts.append(part)
                tensors += try partMetadata.tensors(fileSize: part.byteCount, part: index)
            }
            try split.check(tensorCount: tensors.count)
        }
        return (try GGUFFile(path: path, parts: parts, tensors: tensors), metadata)
    }

    private init(path: String, parts: [MappedFile], tensors: [TensorDescription]) throws {
        self.path = path
        self.parts = parts
        byteCount = parts.reduce(0) { $0 + $1.byteCount }
        var named: [String: TensorDescription] = [:]
        for tensor in tensors {
            guard named.updateValue(tensor, forKey: tensor.name) == nil else {
                throw TensorGraphError.invalidFile(
                    path: path, field: "tensor \(tensor.name)", problem: "is in two parts of the model",
                    remedy: "Download or convert the model again.")
            }
        }
        self.tensors = named
    }

    private static func openPart(_ path: String) throws -> (MappedFile, GGUFMetadata) {
        let file = try MappedFile(path: path)
        func invalid(_ problem: String, _ remedy: String) -> TensorGraphError {
            .invalidFile(path: path, field: "header", problem: problem, remedy: remedy)
        }
        if let (problem, remedy) = FileKind.mistaken(file.bytes) { throw invalid(problem, remedy) }
        guard file.byteCount >= 24 else {
            throw invalid("the file ends inside the GGUF header", "Download or convert the model again.")
        }
        try GGUFHeaderScan.check(file.bytes, path: path)
        return (file, try GGUFMetadata(file))
    }

    /// Address of the tensor's bytes in the mapped file; valid as long as this object lives.
    func data(of tensor: TensorDescription) -> UnsafeMutableRawPointer { parts[tensor.part].start + tensor.offset }

    /// Lets the system take back the memory that holds the tensor's bytes; they are read from the file again where needed.
    func releaseMemory(of tensor: TensorDescription) {
        parts[tensor.part].releaseMemory(tensor.offset..<tensor.offset + tensor.byteCount)
    }

    /// One row of a matrix `[width, rows]` as float32, decoded from its quantisation: `width` numbers.
    package func row(_ index: Int, of tensor: TensorDescription) -> [Float] {
        let width = tensor.shape[0]
        let source = data(of: tensor) + index * tensor.type.byteCount(of: width)
        return [Float](unsafeUninitializedCapacity: width) { buffer, count in
            agd_dequantize(tensor.type.raw, source, buffer.baseAddress, Int64(width))
            count = width
        }
    }
}
