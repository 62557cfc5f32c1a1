import AttributionGuidedDecoding

/// Small plots as SVG.
enum Plot {
    /// A number for each layer and head, as a grid: red is positive, blue and hatched negative.
    static func grid(_ values: [[Double]], title: String, selected: Set<RegionOfInterest.Head> = []) -> String {
        let (cell, left, top) = (22.0, 44.0, 54.0)
        let columns = values.first?.count ?? 0
        let largest = max(values.joined().reduce(0) { max($0, abs($1)) }, 1e-30)
        var elements = [hatch]
        for (layer, row) in values.enumerated() {
            let y = top + Double(layer) * cell
            elements.append(SVG.text("\(layer)", x: left - 6, y: y + 15, ["text-anchor": "end"]))
            for (head, value) in row.enumerated() {
                let isSelected = selected.contains(.init(layer: layer, head: head))
                func box(_ attributes: SVG.Attributes, tooltip: String? = nil) -> String {
                    SVG.rectangle(
                        x: left + Double(head) * cell, y: y, width: cell - 1, height: cell - 1, attributes,
                        tooltip: tooltip)
                }
                elements.append(
                    box(
                        [
                            "fill": HeatColor.hex(value / largest), "stroke": isSelected ? "#111" : "#ddd",
                            "stroke-width": isSelected ? "2" : "1",
                        ], tooltip: "layer \(layer), head \(head): \(value.fourDigits)"))
                if value < -0.05 * largest {
                    elements.append(box(["fill": "url(#hatch)", "pointer-events": "none"]))
                }
            }
        }
        for head in 0..<columns {
            elements.append(
                SVG.text("\(head)", x: left + (Double(head) + 0.5) * cell, y: top - 6, ["text-anchor": "middle"]))
        }
        return document(
            width: max(420, left + Double(columns) * cell + 20), height: top + Double(values.count) * cell + 20,
            title: title, elements)
    }

    private static let hatch = """
        <defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
        <path d="M0 0v5" stroke="#123" stroke-opacity="0.5"/></pattern></defs>
        """

    /// - Parameters:
    ///   - followsTheme: whether ink and paper follow the reader's light or dark theme, for what needs no white paper.
    static func document(
        width: Double, height: Double, title: String, followsTheme: Bool = false, _ elements: [String]
    ) -> String {
        let dark =
            followsTheme ? "@media (prefers-color-scheme: dark) { svg { color: #ddd; background: #1b1c1e } }" : ""
        return SVG.document(
            width: width, height: height, title: title,
            style:
                "svg { color: #222; background: #fff; font: 11px sans-serif } text { fill: currentColor } \(dark)",
            [SVG.text(title, x: 12, y: 20, ["font-size": "13"])] + elements)
    }
}
