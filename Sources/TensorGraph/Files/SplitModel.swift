import Foundation

/// A model in several files, `NAME-00001-of-00003.gguf` and so on, as llama.cpp's `llama-gguf-split` makes them: the first
/// holds the metadata, and each says which one it is.
struct SplitModel {
    let count: Int
    private let path: String
    private let prefix: String
    private let tensorCount: Int?

    /// - Parameter first: the metadata of the file that was named.
    /// - Returns: nil for a model in one file.
    init?(_ first: GGUFMetadata) throws {
        guard let count = try Self.number("split.count", type: "u16", in: first), count > 1 else { return nil }
        self.count = count
        path = first.path
        let index = try Self.number("split.no", type: "u16", in: first) ?? 0
        prefix = try Self.prefix(of: first, index: index, count: count)
        guard index == 0 else {
            throw TensorGraphError.invalidFile(
                path: path, field: "split.no", problem: "the file is part \(index + 1) of \(count)",
                remedy: "Name the first part, \(Self.path(prefix, 0, count)).")
        }
        tensorCount = try Self.number("split.tensors.count", type: "i32", in: first)
    }

    func path(of index: Int) -> String { Self.path(prefix, index, count) }

    /// Checks what another part says of itself.
    func check(_ part: GGUFMetadata, index: Int) throws {
        for (key, expected) in [("split.no", index), ("split.count", count)] {
            let number = try Self.number(key, type: "u16", in: part)
            guard number == expected else {
                throw TensorGraphError.invalidFile(
                    path: part.path, field: key,
                    problem: (number.map { "is \($0)" } ?? "is missing")
                        + ", expected \(expected) in this part of \(path)",
                    remedy: "The parts are of different models; download them again.")
            }
        }
    }

    /// Checks the number of tensors of all parts together.
    func check(tensorCount actual: Int) throws {
        guard let tensorCount, tensorCount == actual else {
            throw TensorGraphError.invalidFile(
                path: path, field: "split.tensors.count",
                problem: (tensorCount.map { "is \($0)" } ?? "is missing") + ", but the \(count) parts have \(actual)",
                remedy: "The parts are of different models; download them again.")
        }
    }

    private static func path(_ prefix: String, _ index: Int, _ count: Int) -> String {
        prefix + suffix(index, count)
    }

    private static func suffix(_ index: Int, _ count: Int) -> String {
        String(format: "-%05d-of-%05d.gguf", index + 1, count)
    }

    private static func prefix(of file: GGUFMetadata, index: Int, count: Int) throws -> String {
        let suffix = suffix(index, count)
        guard file.path.hasSuffix(suffix), file.path.count > suffix.count else {
            throw TensorGraphError.invalidFile(
                path: file.path, field: "split.count",
                problem: "the model is split into \(count) files, and this name doesn't end with '\(suffix)'",
                remedy: "Name the parts as they were, or merge them with llama-gguf-split --merge.")
        }
        return String(file.path.dropLast(suffix.count))
    }

    /// libllama ends the process where these have another type.
    private static func number(_ key: String, type: String, in metadata: GGUFMetadata) throws -> Int? {
        guard let value = metadata[key] else { return nil }
        guard case .integer(let number) = value, metadata.elementTypeName(key) == type, number >= 0 else {
            throw TensorGraphError.invalidFile(
                path: metadata.path, field: key,
                problem: "is \(value.summary) of type \(metadata.elementTypeName(key) ?? "?"), expected a \(type)",
                remedy: "Split the model again with llama-gguf-split.")
        }
        return number
    }
}
