import AttributionGuidedDecoding
import Foundation

extension ModelBenchmark.Report {
    /// The time of a token over greedy decoding's by context, both logarithmic, with a line for each variant.
    public var plot: String {
        let contexts = Set(rows.map(\.context)).sorted().map(Double.init)
        let times = rows.map(\.timeOverGreedy)
        let (least, most) = (times.min() ?? 1, times.max() ?? 1)
        let round =
            most > 8
            ? (-1...5).flatMap { power in [1, 2, 5].map { $0 * pow(10, Double(power)) } }
            : Array(stride(from: 0.25, through: 8, by: 0.25))
        let lowest = round.lastIndex { $0 <= least } ?? 0
        let highest = round.firstIndex { $0 >= most } ?? round.count - 1
        return Plot.lines(
            ModelBenchmark.Variant.allCases.map { variant in
                let rows = rows.filter { $0.variant == variant && $0.sequences == 1 }
                return Plot.Series(
                    name: variant.rawValue, points: rows.map { (Double($0.context), $0.timeOverGreedy) })
            }.filter { !$0.points.isEmpty },
            title:
                "Time of a token over greedy decoding's, \(model.split(separator: "/").last ?? ""), \(threads) \(threads == 1 ? "thread" : "threads")",
            x: .init(label: "context", ticks: contexts, isLogarithmic: true),
            y: .init(label: "times greedy", ticks: Array(round[lowest...highest]), isLogarithmic: true))
    }
}
