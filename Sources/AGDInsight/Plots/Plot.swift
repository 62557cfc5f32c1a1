import AttributionGuidedDecoding
import Foundation

/// Small plots as SVG.
enum Plot {
    /// A number for each layer and head, as a grid: red is positive, blue and hatched negative.
    static func grid(_ values: [[Double]], title: String, selected: Set<RegionOfInterest.Head> = []) -> String {
        let (cell, left, top) = (22.0, 44.0, 54.0)
        let columns = Double(values.first?.count ?? 0)
        let largest = max(values.joined().reduce(0) { max($0, abs($1)) }, 1e-30)
        var body = ""
        for (layer, row) in values.enumerated() {
            let y = top + Double(layer) * cell
            body += "<text x=\"\(left - 6)\" y=\"\(y + 15)\" text-anchor=\"end\">\(layer)</text>\n"
            for (head, value) in row.enumerated() {
                let box = "x=\"\(left + Double(head) * cell)\" y=\"\(y)\" width=\"\(cell - 1)\" height=\"\(cell - 1)\""
                let isSelected = selected.contains(.init(layer: layer, head: head))
                body +=
                    "<rect \(box) fill=\"\(HeatColor.hex(value / largest))\" stroke=\"\(isSelected ? "#111" : "#ddd")\" stroke-width=\"\(isSelected ? 2 : 1)\"><title>layer \(layer), head \(head): \(Explanation.number(value))</title></rect>"
                if value < -0.05 * largest { body += "<rect \(box) fill=\"url(#hatch)\"/>" }
                body += "\n"
            }
        }
        for head in 0..<Int(columns) {
            body +=
                "<text x=\"\(left + (Double(head) + 0.5) * cell)\" y=\"\(top - 6)\" text-anchor=\"middle\">\(head)</text>\n"
        }
        return document(
            width: max(420, left + columns * cell + 20), height: top + Double(values.count) * cell + 20, title: title,
            body)
    }

    /// - Parameters:
    ///   - followsTheme: whether ink and paper follow the reader's light or dark theme, for what needs no white paper.
    static func document(width: Double, height: Double, title: String, followsTheme: Bool = false, _ body: String)
        -> String
    {
        let dark =
            followsTheme ? "@media (prefers-color-scheme: dark) { svg { color: #ddd; background: #1b1c1e } }" : ""
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(Int(height))" viewBox="0 0 \(Int(width)) \(Int(height))" font-family="sans-serif" font-size="11">
            <style>svg { color: #222; background: #fff } text { fill: currentColor } \(dark)</style>
            <defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0v5" stroke="#123" stroke-opacity="0.5"/></pattern></defs>
            <text x="12" y="20" font-size="13">\(Markup.escaped(title))</text>
            \(body)</svg>

            """
    }
}
