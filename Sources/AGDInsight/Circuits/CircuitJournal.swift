import AttributionGuidedDecoding
import Foundation

/// Results of ablations, kept in a file as they come, so that a search that was stopped goes on where it was.
public final class CircuitJournal {
    /// What can be wrong with a journal.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// Of another search: other pairs, another model or other options.
        case ofAnother(path: String)
        /// A file that can't be read or written.
        case unusable(path: String, problem: String)

        public var description: String {
            switch self {
            case .ofAnother(let path):
                "\(path) belongs to a search with another model, other pairs or other options; remove it to begin anew"
            case .unusable(let path, let problem): "\(path): \(problem)"
            }
        }
    }

    private struct Line: Codable {
        var key: String
        var value: Double
    }

    private var values: [String: Double] = [:]
    private let file: FileHandle?
    private let path: String
    private var knownMeans: ReverseAttribution.Means?

    /// Keeps nothing beyond the search.
    public init() { (file, path) = (nil, "") }

    /// - Parameters:
    ///   - path: of the file, which is made where there is none.
    ///   - search: what tells this search from others; its first line.
    /// - Throws: ``Failure``.
    public init(path: String, search: String) throws {
        self.path = path
        do {
            let manager = FileManager.default
            if manager.fileExists(atPath: path) {
                let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
                guard lines.first.map(String.init) == search else { throw Failure.ofAnother(path: path) }
                for line in lines.dropFirst() {
                    // A line that was cut off by the end of the program counts for nothing.
                    guard let result = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)) else { continue }
                    values[result.key] = result.value
                }
            } else {
                try Data((search + "\n").utf8).write(to: URL(fileURLWithPath: path))
            }
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try handle.seekToEnd()
            // What follows a line that was cut off must not be read as its end.
            try handle.write(contentsOf: Data("\n".utf8))
            file = handle
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure.unusable(path: path, problem: error.localizedDescription)
        }
    }

    /// Results that the file held already.
    public var count: Int { values.count }

    /// The result of that name, computed where it isn't there yet.
    func value(_ key: String, _ compute: () throws -> Double) throws -> Double {
        if let known = values[key] { return known }
        let value = try compute()
        values[key] = value
        guard let file else { return value }
        do {
            try file.write(contentsOf: JSONEncoder().encode(Line(key: key, value: value)) + Data("\n".utf8))
        } catch {
            throw Failure.unusable(path: path, problem: error.localizedDescription)
        }
        return value
    }

    /// The mean activations, computed once in a search.
    func means(_ compute: () throws -> ReverseAttribution.Means?) rethrows -> ReverseAttribution.Means? {
        if let knownMeans { return knownMeans }
        knownMeans = try compute()
        return knownMeans
    }
}
