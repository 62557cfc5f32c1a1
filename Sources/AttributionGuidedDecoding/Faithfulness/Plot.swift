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

    /// Lines over 0...1; the solid ones fall first.
    static func curves(_ lines: [(name: String, values: [Double], isDashed: Bool)], title: String, xLabel: String)
        -> String
    {
        let (width, height, left, top) = (420.0, 240.0, 54.0, 40.0)
        let all = lines.flatMap(\.values)
        let (low, high) = (all.min() ?? 0, all.max() ?? 1)
        let colors = ["#d64541", "#4271ce", "#2e8b57", "#777777"]
        var body =
            "<rect x=\"\(left)\" y=\"\(top)\" width=\"\(width)\" height=\"\(height)\" fill=\"none\" stroke=\"#bbb\"/>\n"
        body += "<text x=\"\(left - 5)\" y=\"\(top + 8)\" text-anchor=\"end\">\(Explanation.number(high))</text>"
        body += "<text x=\"\(left - 5)\" y=\"\(top + height)\" text-anchor=\"end\">\(Explanation.number(low))</text>"
        body += "<text x=\"\(left + width / 2)\" y=\"\(top + height + 18)\" text-anchor=\"middle\">\(xLabel)</text>\n"
        let names = lines.map(\.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        for line in lines {
            let points = line.values.enumerated().map { index, value in
                let x = left + width * Double(index) / Double(max(1, line.values.count - 1))
                let y = top + height * (1 - (value - low) / max(high - low, 1e-30))
                return "\(String(format: "%.1f", x)),\(String(format: "%.1f", y))"
            }
            let color = colors[(names.firstIndex(of: line.name) ?? 0) % colors.count]
            body +=
                "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\"\(line.isDashed ? " stroke-dasharray=\"5 4\"" : "")/>\n"
        }
        for (index, name) in names.enumerated() {
            let y = top + 16 + Double(index) * 18
            body +=
                "<path d=\"M\(left + width + 14) \(y - 4)h22\" stroke=\"\(colors[index % colors.count])\" stroke-width=\"2\"/><text x=\"\(left + width + 42)\" y=\"\(y)\">\(name)</text>\n"
        }
        body += "<text x=\"\(left + width + 14)\" y=\"\(top + height - 20)\">solid: most relevant first</text>"
        body += "<text x=\"\(left + width + 14)\" y=\"\(top + height - 4)\">dashed: least relevant first</text>\n"
        return document(width: 680, height: top + height + 34, title: title, body)
    }

    private static func document(width: Double, height: Double, title: String, _ body: String) -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(Int(height))" viewBox="0 0 \(Int(width)) \(Int(height))" font-family="sans-serif" font-size="11">
        <defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0v5" stroke="#123" stroke-opacity="0.5"/></pattern></defs>
        <rect width="100%" height="100%" fill="#fff"/>
        <text x="12" y="20" font-size="13">\(title.replacing("&", with: "&amp;").replacing("<", with: "&lt;"))</text>
        \(body)</svg>

        """
    }
}

extension HeadIdentification {
    /// D by layer and head; the selection is framed.
    public var plot: String {
        Plot.grid(
            scores, title: "Open book − closed book, \(model); framed: the \(heads.count) \(kind.rawValue) heads",
            selected: Set(heads.map { .init(layer: $0.layer, head: $0.head) }))
    }
}

extension Faithfulness {
    /// The curves of tokens, or of heads.
    public func plot(ofHeads: Bool) -> String {
        let rankings = ofHeads ? heads : tokens
        return Plot.curves(
            rankings.flatMap { [($0.name, $0.mostRelevantFirst, false), ($0.name, $0.leastRelevantFirst, true)] },
            title:
                "Logit as \(ofHeads ? "head outputs" : "input tokens") are set to zero, \(model), \(promptCount) prompts",
            xLabel: "share set to zero, 0 to 1")
    }
}
