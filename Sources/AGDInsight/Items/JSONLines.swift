import AttributionGuidedDecoding
import Foundation

/// Files with one JSON object a line.
enum JSONLines {
    static func read<Item: Decodable>(_ type: Item.Type, path: String, limit: Int?, expected: String) throws -> [Item] {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ItemError.unreadable(path: path, problem: error.localizedDescription)
        }
        // Lines end at line feeds alone: JSON strings may hold the other characters that separate lines.
        let lines = text.utf8.dropFirst(text.utf8.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .filter { $0.element.contains { !" \t\r".utf8.contains($0) } }
        let items = try lines.prefix(limit ?? .max).map { index, line in
            do { return try JSONDecoder().decode(type, from: Data(line)) } catch {
                throw ItemError.malformed(
                    path: path, line: index + 1, problem: problem(of: error), expected: expected)
            }
        }
        guard !items.isEmpty else { throw ItemError.unreadable(path: path, problem: "it has no items") }
        return items
    }

    private static func problem(of error: any Error) -> String {
        func name(_ path: [any CodingKey]) -> String {
            path.isEmpty
                ? "the line"
                : "'" + path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".") + "'"
        }
        return switch error {
        case DecodingError.keyNotFound(let key, let context): "\(name(context.codingPath + [key])) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\(name(context.codingPath)) is of the wrong type"
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            "\(name(context.codingPath)) has an unknown value"
        case let error as RegionError: "\(error)"
        default: "not valid JSON"
        }
    }
}

/// What can be wrong with a file of items.
public enum ItemError: Error, Equatable, CustomStringConvertible {
    /// A file that can't be read, or holds nothing.
    case unreadable(path: String, problem: String)
    /// A line that is no item.
    case malformed(path: String, line: Int, problem: String, expected: String)
    /// Items of which none can be used.
    case noneUsable(problem: String)
    /// An item, counted from 1, that names no region where none was given for all.
    case noRegion(item: Int)

    public var description: String {
        switch self {
        case .unreadable(let path, let problem): "\(path): can't be used: \(problem)"
        case .malformed(let path, let line, let problem, let expected):
            "\(path), line \(line): \(problem); expected \(expected)"
        case .noneUsable(let problem): "no item can be used: \(problem)"
        case .noRegion(let item): "item \(item) has no region; name one in the file, or one for all items"
        }
    }
}
