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
        var body = axes(x, y, left: left, top: top, width: width, height: height)
        let names = series.map(\.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        for line in series {
            let style = names.firstIndex(of: line.name) ?? 0
            let points = line.points.map(point)
            let path = points.map { "\(Markup.number($0.x)),\(Markup.number($0.y))" }.joined(separator: " ")
            body +=
                "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(color(style))\" stroke-width=\"2\"\(line.isDashed ? " stroke-dasharray=\"5 4\"" : "")/>\n"
            body += points.map { mark(style, at: $0) }.joined() + "\n"
        }
        for (index, name) in names.enumerated() {
            let place = (x: left + width + 24, y: top + 12 + Double(index) * 18)
            body += mark(index, at: place)
            body += "<text x=\"\(place.x + 10)\" y=\"\(place.y + 4)\">\(Markup.escaped(name))</text>\n"
        }
        for (index, note) in notes.enumerated() {
            let y = top + height - 16 * Double(notes.count - 1 - index)
            body += "<text x=\"\(left + width + 14)\" y=\"\(y)\">\(Markup.escaped(note))</text>\n"
        }
        return document(width: 680, height: top + height + 44, title: title, followsTheme: true, body)
    }

    private static func axes(_ x: Axis, _ y: Axis, left: Double, top: Double, width: Double, height: Double) -> String {
        var body =
            "<rect x=\"\(left)\" y=\"\(top)\" width=\"\(width)\" height=\"\(height)\" fill=\"none\" stroke=\"#888\"/>\n"
        for tick in y.ticks {
            let place = Markup.number(top + height * (1 - y.place(tick)))
            body += "<path d=\"M\(left) \(place)h\(width)\" stroke=\"#888\" stroke-opacity=\"0.3\"/>"
            body +=
                "<text x=\"\(left - 5)\" y=\"\(place)\" dy=\"4\" text-anchor=\"end\">\(Explanation.number(tick))</text>\n"
        }
        for tick in x.ticks {
            let place = Markup.number(left + width * x.place(tick))
            body +=
                "<text x=\"\(place)\" y=\"\(top + height + 16)\" text-anchor=\"middle\">\(Explanation.number(tick))</text>\n"
        }
        body +=
            "<text x=\"\(left + width / 2)\" y=\"\(top + height + 34)\" text-anchor=\"middle\">\(Markup.escaped(x.label))</text>"
        return body + "<text x=\"\(left)\" y=\"\(top - 6)\">\(Markup.escaped(y.label))</text>\n"
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
        return "<path d=\"M\(Markup.number(point.x)) \(Markup.number(point.y))\(shape)\" fill=\"\(color(style))\"/>"
    }
}
