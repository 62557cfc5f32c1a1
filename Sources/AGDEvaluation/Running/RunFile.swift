import Foundation

/// A run on disk: one line of settings, then one line a finished item, appended and flushed, so that whatever happens
/// loses at most the item in hand and the same command goes on where it stopped.
public struct RunFile {
    /// Of the file.
    public let path: String
    /// What the run is made with.
    public let settings: RunSettings
    /// Finished items, in the order in which they finished.
    public private(set) var samples: [Sample]
    private let handle: FileHandle?

    private struct Header: Codable { var run: RunSettings }

    /// Opens a run to go on with, or begins it. Until it is closed no other process can.
    /// - Throws: ``EvaluationError`` where the file holds a run with other settings or something else, which is left as it
    ///   is, or where another process writes it.
    public init(resuming path: String, _ settings: RunSettings) throws {
        self.path = path
        self.settings = settings
        // Without waiting: a named pipe would wait for its other end.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o644)
        guard descriptor >= 0 else {
            throw EvaluationError(
                file: path, problem: "can't be opened (\(String(cString: strerror(errno))))",
                remedy: "give a path that can be written")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw EvaluationError(
                file: path, problem: "is not a plain file, so that a run can't be kept and gone on with there",
                remedy: "give the path of one")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw EvaluationError(
                file: path, problem: "is being written by another process",
                remedy: "wait for it, or give each shard a file of its own", setting: .output)
        }
        self.handle = handle
        let content = try handle.readToEnd() ?? Data()
        // A line that was cut off in writing has no end; its item is done again.
        let whole = Self.wholeLines(content)
        if whole.isEmpty {
            let header = try Self.line(Header(run: settings))
            guard header.starts(with: content) else {
                throw EvaluationError(
                    file: path, problem: "holds something else than a run", remedy: "give another file",
                    setting: .output)
            }
            samples = []
            try handle.truncate(atOffset: 0)
            try write(header)
        } else {
            let (found, samples) = try Self.parse(whole, path: path)
            let expected = settings.asWritten(with: found)
            guard found == expected else {
                throw EvaluationError(
                    file: path, line: 1, field: "run",
                    problem: "holds a run with other settings (\(try Self.difference(found, expected)))",
                    remedy: "give another file, or the same settings", setting: .output)
            }
            self.samples = samples
            try handle.truncate(atOffset: UInt64(whole.count))
        }
    }

    /// Reads a run, which may still be in the making.
    /// - Throws: ``EvaluationError`` for a file that can't be read or holds no run.
    public init(reading path: String) throws {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw EvaluationError(file: path, problem: "can't be read", remedy: "give a file that agd eval has written")
        }
        self.path = path
        (settings, samples) = try Self.parse(Self.wholeLines(content), path: path)
        handle = nil
    }

    /// Finds out which of a run's items are finished. A line of an earlier version doesn't say which item it is: it is the
    /// first of its id that no other line is.
    /// - Returns: the items that are missing.
    public mutating func missing(of items: [EvaluationItem]) -> [EvaluationItem] {
        var finished = Set(samples.compactMap(\.place))
        var candidates = Dictionary(grouping: items.filter { !finished.contains($0.place) }) { [$0.setting, $0.id] }
            .mapValues { $0[...] }
        for index in samples.indices where samples[index].place == nil {
            let place = candidates[[samples[index].task, samples[index].docId]]?.popFirst()?.place
            samples[index].place = place
            if let place { finished.insert(place) }
        }
        return items.filter { !finished.contains($0.place) }
    }

    /// Adds a finished item.
    /// - Throws: ``EvaluationError`` where the file can't be written.
    public mutating func append(_ sample: Sample) throws {
        try write(try Self.line(sample))
        samples.append(sample)
    }

    private func write(_ line: Data) throws {
        do {
            try handle?.write(contentsOf: line)
            try handle?.synchronize()
        } catch {
            throw EvaluationError(
                file: path, problem: "can't be written (\(error.localizedDescription))",
                remedy: "make room; the same command then goes on where it stopped")
        }
    }

    private static func line(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value) + Data("\n".utf8)
    }

    private static func wholeLines(_ content: Data) -> Data {
        content.lastIndex(of: UInt8(ascii: "\n")).map { content.prefix(through: $0) } ?? Data()
    }

    private static func parse(_ content: Data, path: String) throws -> (RunSettings, [Sample]) {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let lines = content.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        func decode<Value: Decodable>(_ type: Value.Type, _ number: Int) throws -> Value {
            do { return try decoder.decode(type, from: lines[number]) } catch {
                throw EvaluationError(
                    file: path, line: number + 1, problem: "is not a line of a run",
                    remedy: number == 0
                        ? "give a file that agd eval has written"
                        : "remove this line and those after it; agd eval then does their items again")
            }
        }
        guard !content.isEmpty else {
            throw EvaluationError(file: path, problem: "is empty", remedy: "give a file that agd eval has written")
        }
        let settings = try decode(Header.self, 0).run
        let samples = try lines.indices.dropFirst().map { number in
            let sample = try decode(Sample.self, number)
            if let place = sample.place, !settings.data.indices.contains(place.file) {
                throw EvaluationError(
                    file: path, line: number + 1, field: "place.file", problem: "names none of the run's data files",
                    remedy: "remove this line and those after it; agd eval then does their items again")
            }
            return sample
        }
        return (settings, samples)
    }

    /// What differs, such as `maximumTokens was 512, is 64`.
    private static func difference(_ old: RunSettings, _ new: RunSettings) throws -> String {
        func fields(_ settings: RunSettings) throws -> [String: String] {
            let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(settings))
            var fields = object as? [String: Any] ?? [:]
            let method = fields.removeValue(forKey: "method") as? [String: Any] ?? [:]
            return fields.merging(method) { own, _ in own }.mapValues { "\($0)" }
        }
        let (old, new) = (try fields(old), try fields(new))
        return Set(old.keys).union(new.keys).sorted().filter { old[$0] != new[$0] }
            .map { "\($0) was \(old[$0] ?? "not set"), is \(new[$0] ?? "not set")" }.joined(separator: "; ")
    }
}
