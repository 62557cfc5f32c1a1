import AGDInsight
import Foundation

extension ParetoFront {
    /// Adherence upwards, perplexity to the right; the front is joined by a dashed line.
    public var svg: String {
        let (left, top, width, height) = (60.0, 40.0, 620.0, 400.0)
        let xScale = Scale(points.map(\.perplexity), from: left, to: left + width)
        let yScale = Scale(points.map { 100 * $0.adherence }, from: top + height, to: top)
        var elements = [
            SVG.text("\(metric), %", x: 10, y: 20, ["class": "label"]),
            SVG.text("perplexity", x: left + width, y: top + height + 36, ["class": "end label"]),
        ]
        for tick in xScale.ticks {
            elements += [
                SVG.line((xScale(tick), top), (xScale(tick), top + height), ["class": "grid"]),
                SVG.text(xScale.label(tick), x: xScale(tick), y: top + height + 18, ["class": "middle"]),
            ]
        }
        for tick in yScale.ticks {
            elements += [
                SVG.line((left, yScale(tick)), (left + width, yScale(tick)), ["class": "grid"]),
                SVG.text(yScale.label(tick), x: left - 6, y: yScale(tick) + 4, ["class": "end"]),
            ]
        }
        let front = points.filter(\.isOnFront).map { (x: xScale($0.perplexity), y: yScale(100 * $0.adherence)) }
        elements.append(SVG.polyline(front, ["class": "front"]))
        for point in points {
            elements.append(
                SVG.circle(
                    x: xScale(point.perplexity), y: yScale(100 * point.adherence), radius: 4,
                    ["class": point.method == "greedy" ? "baseline" : point.isOnFront ? "point" : "other"],
                    tooltip: "\(point.method): \((100 * point.adherence).formatted(decimals: 1)) %, "
                        + "perplexity \(point.perplexity.formatted(decimals: 3))"))
        }
        return SVG.chart(
            title: "Adherence against perplexity", width: left + width + 30, height: top + height + 50, elements)
    }
}

/// Values on a chart's axis, with round ticks.
struct Scale {
    private let lower, upper, start, end, step: Double

    /// - Parameters `start` and `end`: where the axis begins and ends on the screen.
    init(_ values: [Double], from start: Double, to end: Double) {
        let (least, most) = (values.min() ?? 0, values.max() ?? 1)
        let span = most > least ? most - least : max(abs(most), 1)
        let unit = pow(10, floor(log10(span / 4)))
        step = [1, 2, 5, 10].map { $0 * unit }.first { span / $0 <= 6 } ?? 10 * unit
        (lower, upper) = (floor(least / step) * step, max(ceil(most / step) * step, floor(least / step) * step + step))
        (self.start, self.end) = (start, end)
    }

    func callAsFunction(_ value: Double) -> Double { start + (value - lower) / (upper - lower) * (end - start) }

    var ticks: [Double] { Array(stride(from: lower, through: upper + step / 2, by: step)) }

    func label(_ tick: Double) -> String { tick.formatted(decimals: step >= 1 ? 0 : Int(ceil(-log10(step)))) }
}
