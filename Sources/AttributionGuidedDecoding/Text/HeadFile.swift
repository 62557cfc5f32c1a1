import Foundation

/// A list of attention heads in a JSON file: `{"heads": [{"layer": 3, "head": 5, "weight": 1}, ...]}`, or the array alone.
enum HeadFile {
    private struct Entry: Decodable {
        var layer: Int
        var head: Int
        var weight: Double?
    }
    private struct Document: Decodable { var heads: [Entry] }

    static func read(path: String) throws -> [RegionOfInterest.Head: Double] {
        var data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw RegionError.headFile(path: path, problem: "can't be read: \(error.localizedDescription)")
        }
        if data.starts(with: [0xEF, 0xBB, 0xBF]) { data = Data(data.dropFirst(3)) }
        let entries: [Entry]
        do {
            let decoder = JSONDecoder()
            let isArray = data.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "[")
            entries =
                isArray
                ? try decoder.decode([Entry].self, from: data) : try decoder.decode(Document.self, from: data).heads
        } catch {
            throw RegionError.headFile(path: path, problem: "expected {\"heads\": [{\"layer\": 3, \"head\": 5}, ...]}")
        }
        guard !entries.isEmpty else { throw RegionError.headFile(path: path, problem: "names no heads") }
        return Dictionary(entries.map { (.init(layer: $0.layer, head: $0.head), $0.weight ?? 1) }, uniquingKeysWith: +)
    }
}
