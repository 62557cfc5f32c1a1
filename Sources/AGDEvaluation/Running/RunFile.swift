import Foundation

/// A run on disk: one line of settings, then one line a finished item, appended and flushed, so that whatever happens
/// loses at most the item in hand and the same command goes on where it stopped.
public struct RunFile {
    public let path: String
    public let settings: RunSettings
    /// Finished items, in the order in which they finished.
    public private(set) var samples: [Sample]
    private let handle: FileHandle?

    private struct Header: Codable { var run: RunSettings }

    /// Opens a run to go on with, or begins it.
    /// - Throws: ``EvaluationError`` where the file holds a run with other settings or something else.
    public init(resuming path: String, _ settings: RunSettings) throws {
        self.path = path
        self.settings = settings
        if !FileManager.default.fileExists(atPath: path) {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw EvaluationError(
                    file: path, problem: "can't be created", remedy: "give a path that can be written")
            }
        }
        guard let handle = FileHandle(forUpdatingAtPath: path) else {
            throw EvaluationError(file: path, problem: "can't be opened", remedy: "give a path that can be written")
        }
        self.handle = handle
        let content = try handle.readToEnd() ?? Data()
        // A line that was cut off in writing has no end; its item is done again.
        let whole = content.lastIndex(of: UInt8(ascii: "\n")).map { content.prefix(through: $0) } ?? Data()
        try handle.truncate(atOffset: UInt64(whole.count))
        if whole.isEmpty {
            samples = []
            try write(Header(run: settings))
        } else {
            let (found, samples) = try Self.parse(whole, path: path)
            guard found == settings else {
                throw EvaluationError(
                    file: path, line: 1, field: "run",
                    problem: "holds a run with other settings (\(Self.difference(found, settings)))",
                    remedy: "give another --output, or the same settings")
            }
            self.samples = samples
        }
    }

    /// Reads a run.
    public init(reading path: String) throws {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw EvaluationError(file: path, problem: "can't be read", remedy: "give a file that agd eval has written")
        }
        self.path = path
        (settings, samples) = try Self.parse(content, path: path)
        handle = nil
    }

    /// Adds a finished item.
    public mutating func append(_ sample: Sample) throws {
        try write(sample)
        samples.append(sample)
    }

    private func write(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try handle?.write(contentsOf: try encoder.encode(value) + Data("\n".utf8))
        try handle?.synchronize()
    }

    private static func parse(_ content: Data, path: String) throws -> (RunSettings, [Sample]) {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let lines = content.split(separator: UInt8(ascii: "\n"))
        func decode<Value: Decodable>(_ type: Value.Type, _ number: Int) throws -> Value {
            do { return try decoder.decode(type, from: lines[number]) } catch {
                throw EvaluationError(
                    file: path, line: number + 1, problem: "is not a line of a run",
                    remedy: "give a file that agd eval has written")
            }
        }
        guard !lines.isEmpty else {
            throw EvaluationError(file: path, problem: "is empty", remedy: "give a file that agd eval has written")
        }
        return (try decode(Header.self, 0).run, try lines.indices.dropFirst().map { try decode(Sample.self, $0) })
    }

    private static func difference(_ a: RunSettings, _ b: RunSettings) -> String {
        zip(Mirror(reflecting: a).children, Mirror(reflecting: b).children)
            .filter { String(describing: $0.value) != String(describing: $1.value) }
            .map { $0.0.label ?? "" }.joined(separator: ", ")
    }
}
