import Foundation

/// The benchmarks whose official files can be read, plain or gzipped.
///
///     let items = try Benchmark.iheval.items(inFile: "rule-following/single-turn/conflict/default/input_data.json.gz")
public enum Benchmark: String, CaseIterable, Sendable {
    /// Verifiable instructions (Zhou et al., arXiv 2311.07911).
    case ifeval
    /// Instructions of different rank in conflict (Zhang et al., arXiv 2502.08745).
    case iheval
    /// Adherence to system messages over five turns (Qin et al., arXiv 2408.10943).
    case sysbench
    /// Questions alone, or with passages (nq-open-oracle and files with more of them).
    case nqOpen = "nq-open"
    /// Passages whose answer was swapped for another (Longpre et al., arXiv 2109.05052).
    case nqSwap = "nq-swap"
    /// Questions alone (Joshi et al., arXiv 1705.03551).
    case triviaqa
    /// With paragraphs or without.
    case hotpotqa
    /// The conflicts of the model in the repository.
    case microcosm
    /// One's own examples.
    case task

    /// The items of some files, in their order, each with its ``EvaluationItem/place``.
    ///
    /// - Throws: ``EvaluationError`` as of one file, and for a file that gives the items of another once more.
    public func items(inFiles paths: [String]) throws(EvaluationError) -> [EvaluationItem] {
        var firstPaths: [Source: String] = [:]
        var all: [EvaluationItem] = []
        for (number, path) in paths.enumerated() {
            let items = try items(inFile: path)
            let checksum = try InputFile.checksum(of: path)
            for setting in items.map(\.setting).distinct() {
                let source = Source(byteCount: checksum.byteCount, crc32: checksum.crc32, setting: setting)
                if let first = firstPaths.updateValue(path, forKey: source) {
                    throw EvaluationError(
                        file: path, problem: "holds the same items as \(first)", remedy: "give each file once")
                }
            }
            all += items.map { item in
                var item = item
                item.place.file = number
                return item
            }
        }
        return all
    }

    /// IHEval has the same file in several settings.
    private struct Source: Hashable {
        var byteCount: Int
        var crc32, setting: String
    }

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
            case .nqOpen, .hotpotqa: try QuestionReader().items(inFile: path)
            case .nqSwap: try NQSwapReader.items(inFile: path)
            case .triviaqa: try QuestionReader(readsPassages: false, removesQuotes: true).items(inFile: path)
            case .microcosm: try MicrocosmReader.items(inFile: path)
            case .task: try TaskReader.items(inFile: path)
            }
        guard !items.isEmpty else {
            throw EvaluationError(file: path, problem: "holds no item", remedy: "give a file of \(rawValue)")
        }
        return items.enumerated().map { number, item in
            var item = item
            item.place = ItemPlace(file: 0, item: number + 1)
            return item
        }
    }
}
