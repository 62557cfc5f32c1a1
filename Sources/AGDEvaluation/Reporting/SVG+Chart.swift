import AGDInsight

extension SVG {
    /// A chart of runs, in the ink of the page that it stands in.
    static func chart(title: String, width: Double, height: Double, _ elements: [String]) -> String {
        document(
            width: width, height: height, title: title,
            style: """
                svg text { font: 12px system-ui, sans-serif; fill: currentColor; } svg .label { font-weight: 600; }
                .end { text-anchor: end; } .middle { text-anchor: middle; }
                .grid { stroke: currentColor; stroke-opacity: 0.15; } .interval { stroke: #4477aa; stroke-width: 2; }
                .point { fill: #4477aa; } .other { fill: #4477aa; fill-opacity: 0.3; } .baseline { fill: #cc3311; }
                .front { fill: none; stroke: #4477aa; stroke-dasharray: 4 3; }
                """, elements)
    }
}
