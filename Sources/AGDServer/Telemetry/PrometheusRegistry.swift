import CoreMetrics
import Synchronization

/// Collects swift-metrics' values and writes them in Prometheus' text format (version 0.0.4).
public final class PrometheusRegistry: MetricsFactory, Sendable {
    fileprivate struct Series: Hashable {
        var name: String
        var labels: String
    }
    fileprivate enum Value {
        case counter(Double)
        case gauge(Double)
        case summary(count: Int, sum: Double, buckets: [Int])
    }
    /// Upper bounds in seconds, from a small model's token to a long prompt on a CPU.
    private static let bounds = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60]
    private let values = Mutex<[Series: Value]>([:])

    public init() {}

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(label, dimensions)
    }
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        handler(label, dimensions)
    }
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        handler(label, dimensions, aggregates: aggregate)
    }
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        handler(label, dimensions)
    }
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func handler(_ label: String, _ dimensions: [(String, String)], aggregates: Bool = false) -> Handler {
        let name = label.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }.joined()
        let labels = dimensions.map { key, value in
            "\(key)=\"\(value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n"))\""
        }
        return Handler(
            registry: self, series: Series(name: name, labels: labels.joined(separator: ",")), aggregates: aggregates)
    }

    fileprivate func update(_ series: Series, _ change: (inout Value?) -> Void) {
        values.withLock { change(&$0[series]) }
    }

    fileprivate func observe(_ series: Series, _ value: Double) {
        update(series) { old in
            var (count, sum, buckets) = (0, 0.0, Array(repeating: 0, count: Self.bounds.count))
            if case .summary(let a, let b, let c)? = old { (count, sum, buckets) = (a, b, c) }
            for (index, bound) in Self.bounds.enumerated() where value <= bound { buckets[index] += 1 }
            old = .summary(count: count + 1, sum: sum + value, buckets: buckets)
        }
    }

    /// All values so far.
    public var text: String {
        let all = values.withLock { $0 }
        var lines: [String] = []
        var lastName = ""
        for (series, value) in all.sorted(by: { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }) {
            let isNew = series.name != lastName
            lastName = series.name
            func line(_ suffix: String, _ extra: String, _ value: String) -> String {
                let labels = [series.labels, extra].filter { !$0.isEmpty }.joined(separator: ",")
                return series.name + suffix + (labels.isEmpty ? "" : "{\(labels)}") + " " + value
            }
            switch value {
            case .counter(let value):
                if isNew { lines.append("# TYPE \(series.name) counter") }
                lines.append(line("", "", "\(value)"))
            case .gauge(let value):
                if isNew { lines.append("# TYPE \(series.name) gauge") }
                lines.append(line("", "", "\(value)"))
            case .summary(let count, let sum, let buckets):
                if isNew { lines.append("# TYPE \(series.name) histogram") }
                lines += zip(Self.bounds, buckets).map { line("_bucket", "le=\"\($0)\"", "\($1)") }
                lines += [
                    line("_bucket", "le=\"+Inf\"", "\(count)"), line("_sum", "", "\(sum)"),
                    line("_count", "", "\(count)"),
                ]
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private final class Handler: CounterHandler, MeterHandler, RecorderHandler, TimerHandler, Sendable {
        private let registry: PrometheusRegistry
        private let series: Series
        private let aggregates: Bool

        init(registry: PrometheusRegistry, series: Series, aggregates: Bool) {
            self.registry = registry
            self.series = series
            self.aggregates = aggregates
        }

        func increment(by amount: Int64) {
            registry.update(series) { old in
                if case .counter(let value)? = old {
                    old = .counter(value + Double(amount))
                } else {
                    old = .counter(Double(amount))
                }
            }
        }
        func reset() { registry.update(series) { $0 = nil } }
        func set(_ value: Int64) { set(Double(value)) }
        func set(_ value: Double) { registry.update(series) { $0 = .gauge(value) } }
        func increment(by amount: Double) { change(by: amount) }
        func decrement(by amount: Double) { change(by: -amount) }
        func record(_ value: Int64) { record(Double(value)) }
        func record(_ value: Double) { aggregates ? registry.observe(series, value) : set(value) }
        func recordNanoseconds(_ duration: Int64) { registry.observe(series, Double(duration) / 1e9) }

        private func change(by amount: Double) {
            registry.update(series) { old in
                if case .gauge(let value)? = old { old = .gauge(value + amount) } else { old = .gauge(amount) }
            }
        }
    }
}
