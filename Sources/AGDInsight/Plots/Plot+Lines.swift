import AttributionGuidedDecoding
import Foundation

extension Plot {
    /// A line; those of one name share colour and mark.
    struct Series {
        var name: String
        var points: [(x: Double, y: Double)]
        var isDashed = false
    }

    struct Axis {
        var label: String
        /// Where numbers stand; the first and the last are the ends of the axis.
        var ticks: [Double]
        var isLogarithmic = false

        /// From 0 at the first tick to 1 at the last.
        func place(_ value: Double) -> Double {
            guard let first = ticks.first, let last = ticks.last, first != last else { return 0.5 }
            func scaled(_ value: Double) -> Double { isLogarithmic ? log(value) : value }
            return (scaled(value) - scaled(first)) / (scaled(last) - scaled(first))
        }
    }

    /// - Parameter notes: lines below the legend.
    static func lines(_ series: [Series], title: String, x: Axis, y: Axis, notes: [String] = []) -> String {
        let (width, height, left, top) = (420.0, 240.0, 54.0, 40.0)
        func point(_ value: (x: Double, y: Double)) -> (x: Double, y: Double) {
            (left + width * x.place(value.x), top + height * (1 - y.place(value.y)))
        }
        var elements = axes(x, y, left: left, top: top, width: width, height: height)
        let names = series.map(\.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        for line in series {
            let style = names.firstIndex(of: line.name) ?? 0
            let points = line.points.map(point)
            elements.append(
                SVG.polyline(
                    points,
                    [
                        "fill": "none", "stroke": color(style), "stroke-width": "2",
                        "stroke-dasharray": line.isDashed ? "5 4" : "none",
                    ]))
            elements += points.map { mark(style, at: $0) }
        }
        for (index, name) in names.enumerated() {
            let place = (x: left + width + 24, y: top + 12 + Double(index) * 18)
            elements += [mark(index, at: place), SVG.text(name, x: place.x + 10, y: place.y + 4)]
        }
        for (index, note) in notes.enumerated() {
            let y = top + height - 16 * Double(notes.count - 1 - index)
            elements.append(SVG.text(note, x: left + width + 14, y: y))
        }
        return document(width: 680, height: top + height + 44, title: title, followsTheme: true, elements)
    }

    private static func axes(
        _ x: Axis, _ y: Axis, left: Double, top: Double, width: Double, height: Double
    ) -> [String] {
        var elements = [
            SVG.rectangle(x: left, y: top, width: width, height: height, ["fill": "none", "stroke": "#888"])
        ]
        for tick in y.ticks {
            let place = top + height * (1 - y.place(tick))
            elements += [
                SVG.line((left, place), (left + width, place), ["stroke": "#888", "stroke-opacity": "0.3"]),
                SVG.text(tick.fourDigits, x: left - 5, y: place, ["dy": "4", "text-anchor": "end"]),
            ]
        }
        for tick in x.ticks {
            elements.append(
                SVG.text(
                    tick.fourDigits, x: left + width * x.place(tick), y: top + height + 16,
                    ["text-anchor": "middle"]))
        }
        return elements + [
            SVG.text(x.label, x: left + width / 2, y: top + height + 34, ["text-anchor": "middle"]),
            SVG.text(y.label, x: left, y: top - 6),
        ]
    }

    /// Readable on white and on black.
    private static func color(_ style: Int) -> String {
        let colors = ["#8a8a8a", "#d64541", "#4a7de0", "#2e9b5f", "#b8801b", "#a45bc0", "#2a94a3"]
        return colors[style % colors.count]
    }

    /// Each style has a shape of its own, for those who don't see its colour.
    private static func mark(_ style: Int, at point: (x: Double, y: Double)) -> String {
        let shapes = [
            "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0", "m-3 -3h6v6h-6z", "m0 -4l4 7h-8z",
            "m0 -4.5l4.5 4.5l-4.5 4.5l-4.5 -4.5z",
            "m0 4l4 -7h-8z", "m-4 -1.5h2.5v-2.5h3v2.5h2.5v3h-2.5v2.5h-3v-2.5h-2.5z", "m-4.5 -1.5h9v3h-9z",
        ]
        let shape = shapes[style % shapes.count]
        return SVG.path(from: point, shape, ["fill": color(style)])
    }
}
