import Foundation

/// Files with one JSON object a line.
enum JSONLines {
    static func read<Item: Decodable>(_ type: Item.Type, path: String, limit: Int?, expected: String) throws -> [Item] {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ItemError.unreadable(path: path, problem: error.localizedDescription)
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let lines = text.split(whereSeparator: \.isNewline).prefix(limit ?? .max)
        let items = try lines.enumerated().map { index, line in
            do { return try decoder.decode(type, from: Data(line.utf8)) } catch {
                throw ItemError.malformed(path: path, line: index + 1, expected: expected)
            }
        }
        guard !items.isEmpty else { throw ItemError.unreadable(path: path, problem: "it has no items") }
        return items
    }
}

/// What can be wrong with a file of items.
public enum ItemError: Error, Equatable, CustomStringConvertible {
    case unreadable(path: String, problem: String)
    case malformed(path: String, line: Int, expected: String)
    case noneUsable(problem: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let problem): "\(path): can't be used: \(problem)"
        case .malformed(let path, let line, let expected): "\(path), line \(line): expected \(expected)"
        case .noneUsable(let problem): "no item can be used: \(problem)"
        }
    }
}
