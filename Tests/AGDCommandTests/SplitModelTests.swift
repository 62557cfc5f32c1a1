import Foundation
import Testing

@testable import TestFixtures

@Suite("A model in several files loads by its first")
struct SplitModelTests {
    /// Files of a folder that exists while a test runs.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appending(path: "agd-\(UUID().uuidString)")

        init(_ parts: [GGUFWriter]) throws {
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
            for (index, part) in parts.enumerated() {
                try part.serialized().file.write(to: part.url(index, parts.count, path))
            }
        }

        deinit { _ = try? FileManager.default.removeItem(at: path) }

        func part(_ index: Int, of count: Int = 3) -> String { GGUFWriter().url(index, count, path).path }
    }

    private func generate(_ path: String) async throws -> Command.Result {
        try await Command.run([
            "generate", "-m", path, "-p", "a b é", "-n", "4", "-t", "1", "--strategy", "greedy", "--ignore-eos",
            "--json",
        ])
    }

    @Test("It computes what the whole file does", arguments: [2, 3, 7])
    func whole(count: Int) async throws {
        let model = GGUFWriter.model()
        let folder = try Folder(model.split(into: count))
        let file = try TemporaryFile(model.serialized().file, name: "model.gguf")
        func steps(_ path: String) async throws -> String {
            let result = try await generate(path)
            try #require(result.status == 0, "\(result.standardError)")
            let object = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8)) as? [String: Any]
            return "\(try #require(object?["steps"] as? [[String: Any]]).map { "\($0["entropy"] ?? "")" })"
        }
        #expect(try await steps(folder.part(0, of: count)) == steps(file.path))
        let info = try await Command.run(["info", folder.part(0, of: count)])
        #expect(info.status == 0 && info.standardOutput.contains("\(count) files"), "\(info.standardOutput)")
    }

    @Test("A part that is missing is named")
    func missing() async throws {
        let folder = try Folder(GGUFWriter.model().split(into: 3))
        try FileManager.default.removeItem(atPath: folder.part(1))
        try await Command.expectError(["info", folder.part(0)], mentions: [folder.part(1), "no such file"])
    }

    @Test("Any part but the first leads to the first")
    func notFirst() async throws {
        let folder = try Folder(GGUFWriter.model().split(into: 3))
        for part in 1..<3 {
            try await Command.expectError(
                ["info", folder.part(part)], mentions: ["part \(part + 1) of 3", folder.part(0)])
        }
    }

    @Test(
        "Parts that don't belong together are refused",
        arguments: [
            ("split.no", 1, GGUFWriter.Value.uint16(2)), ("split.no", 1, nil), ("split.count", 2, .uint16(4)),
            ("split.tensors.count", 0, .int32(7)), ("split.tensors.count", 0, nil), ("split.no", 2, .uint32(2)),
            ("split.count", 0, .uint32(3)), ("split.tensors.count", 0, .uint32(21)), ("split.count", 0, .int32(-1)),
        ])
    func mismatch(key: String, part: Int, value: GGUFWriter.Value?) async throws {
        var parts = GGUFWriter.model().split(into: 3)
        parts[part][key] = value
        let folder = try Folder(parts)
        let named = key == "split.tensors.count" || part == 0 ? folder.part(0) : folder.part(part)
        try await Command.expectError(["info", folder.part(0)], mentions: [named, key])
    }

    @Test("A tensor in two parts, and a part that is cut short, are refused")
    func damaged() async throws {
        var parts = GGUFWriter.model().split(into: 3)
        parts[2].tensors[0] = parts[1].tensors[0]
        let doubled = try Folder(parts)
        try await Command.expectError(["info", doubled.part(0)], mentions: [parts[1].tensors[0].name, "two parts"])

        let folder = try Folder(GGUFWriter.model().split(into: 3))
        let data = try Data(contentsOf: URL(filePath: folder.part(2)))
        try data.prefix(data.count - 600).write(to: URL(filePath: folder.part(2)))
        try await Command.expectError(["info", folder.part(0)], mentions: [folder.part(2), "end of the file"])
    }
}

extension GGUFWriter {
    fileprivate func url(_ index: Int, _ count: Int, _ folder: URL) -> URL {
        folder.appending(path: String(format: "tiny-%05d-of-%05d.gguf", index + 1, count))
    }

    /// The model as `llama-gguf-split` divides it: the metadata in the first part, the tensors in turn.
    fileprivate func split(into count: Int) -> [GGUFWriter] {
        let length = (tensors.count + count - 1) / count
        return (0..<count).map { index in
            var part = GGUFWriter()
            if index == 0 { part.metadata = metadata }
            part["split.no"] = .uint16(UInt16(index))
            part["split.count"] = .uint16(UInt16(count))
            part["split.tensors.count"] = .int32(Int32(tensors.count))
            part.tensors = Array(tensors.dropFirst(index * length).prefix(length))
            return part
        }
    }
}
