import Foundation

/// The benchmarks whose official files can be read, plain or gzipped.
///
///     let items = try Benchmark.iheval.items(inFile: "rule-following/single-turn/conflict/default/input_data.json.gz")
public enum Benchmark: String, CaseIterable, Sendable {
    case ifeval
    case iheval
    case sysbench
    /// Questions alone, or with their gold passage (nq-open-oracle and files with more passages).
    case nqOpen = "nq-open"
    case nqSwap = "nq-swap"
    /// The official nested file, or FlashRAG's lines.
    case triviaqa
    /// The official files, with paragraphs or without.
    case hotpotqa
    case microcosm

    /// The items of one file, in its order.
    ///
    /// - Throws: ``EvaluationError`` naming file, line (where the format has lines), field and remedy; a file without
    ///   items is an error.
    public func items(inFile path: String) throws(EvaluationError) -> [EvaluationItem] {
        let items =
            switch self {
            case .ifeval: try IFEvalReader.items(inFile: path)
            case .iheval: try IHEvalReader.items(inFile: path)
            case .sysbench: try SysBenchReader.items(inFile: path)
            case .nqOpen: try NQOpenReader.items(inFile: path)
            case .nqSwap: try NQSwapReader.items(inFile: path)
            case .triviaqa: try TriviaQAReader.items(inFile: path)
            case .hotpotqa: try HotpotQAReader.items(inFile: path)
            case .microcosm: try MicrocosmReader.items(inFile: path)
            }
        guard !items.isEmpty else {
            throw EvaluationError(file: path, problem: "holds no item", remedy: "give a file of \(rawValue)")
        }
        return items
    }
}

/// How a file is laid out: one JSON object a line, or all of them in one array.
enum ItemFile {
    /// Reads each line as items.
    static func lines(
        of path: String, _ read: (JSONField, Int) throws(EvaluationError) -> [EvaluationItem]
    ) throws(EvaluationError) -> [EvaluationItem] {
        var items: [EvaluationItem] = []
        try InputFile.forEachLine(of: path) { (line, number) throws(EvaluationError) in
            _ = try line.members()
            items += try read(line, number)
        }
        return items
    }

    /// Reads each element of the array at `key` (or of the whole file) as items.
    static func array(
        in path: String, at key: String? = nil, _ read: (JSONField, Int) throws(EvaluationError) -> [EvaluationItem]
    ) throws(EvaluationError) -> [EvaluationItem] {
        let root = JSONField(try InputFile.json(at: path))
        var items: [EvaluationItem] = []
        do throws(EvaluationError) {
            for (index, element) in try (key.map { root[$0] } ?? root).array().enumerated() {
                _ = try element.members()
                items += try read(element, index + 1)
            }
        } catch {
            throw error.located(file: path)
        }
        return items
    }
}
