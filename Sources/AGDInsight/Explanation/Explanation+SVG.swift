import AttributionGuidedDecoding
import Foundation

extension Explanation {
    /// A plot for a paper: the text as a heat map, with the region outlined and a legend.
    /// - Parameter step: a token of the completion, counted from 0; nil for the sum over all.
    public func svg(step: Int? = nil) -> String {
        let relevance = wordRelevance(step: step)
        let largest = relevance.reduce(0) { max($0, abs($1)) }
        let (pageWidth, lineHeight, characterWidth, margin) = (760.0, 26.0, 8.4, 20.0)
        var (x, y) = (margin, 64.0)
        var cells: [String] = []
        for (word, value) in zip(words, relevance) {
            let text = Self.visible(word.text)
            let width = Double(text.count) * characterWidth + 2
            if word.positions.lowerBound == promptLength { (x, y) = (margin, y + 1.6 * lineHeight) }
            if x + width > pageWidth - margin { (x, y) = (margin, y + lineHeight) }
            let isTarget = step.map { word.positions.contains(steps[$0].position) } ?? false
            cells += Self.cell(
                text, largest > 0 ? value / largest : 0, x: x, y: y, width: width, isInRegion: word.isInRegion,
                isTarget: isTarget)
            x += width
            if word.text.contains("\n") { (x, y) = (margin, y + lineHeight) }
        }
        let target = step.map { "for “\(Self.visible(targetText(step: $0)))”" } ?? "for the completion"
        let sans = "font-family: sans-serif"
        let legend = [
            SVG.text(
                "Relevance \(target) · \(model.printable) · \(rule)", x: margin, y: 26,
                ["font-size": "13", "style": sans]),
            SVG.rectangle(
                x: pageWidth - 240, y: 14, width: 160, height: 14, ["fill": "url(#scale)", "stroke": "#999"]),
            SVG.text(
                "−\(largest.fourDigits)", x: pageWidth - 245, y: 26,
                ["text-anchor": "end", "font-size": "11", "style": sans]),
            SVG.text("+\(largest.fourDigits)", x: pageWidth - 75, y: 26, ["font-size": "11", "style": sans]),
            SVG.text(
                "negative: dashed line below · region: frame", x: pageWidth - 160, y: 40,
                ["text-anchor": "middle", "font-size": "10", "style": sans]),
        ]
        return SVG.document(
            width: pageWidth, height: y + 30, title: "Relevance \(target)",
            style:
                "svg { background: #fff; font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, monospace; font-size: 14px }",
            [Self.scale] + legend + cells)
    }

    private static var scale: String {
        """
        <defs><linearGradient id="scale"><stop offset="0" stop-color="\(HeatColor.hex(-1))"/>\
        <stop offset="0.5" stop-color="#ffffff"/><stop offset="1" stop-color="\(HeatColor.hex(1))"/></linearGradient></defs>
        """
    }

    private static func cell(
        _ text: String, _ value: Double, x: Double, y: Double, width: Double, isInRegion: Bool, isTarget: Bool
    ) -> [String] {
        let cell = [
            SVG.rectangle(
                x: x, y: y - 15, width: width - 1, height: 20,
                [
                    "fill": HeatColor.hex(value), "stroke": isInRegion ? "#222" : "none", "stroke-width": "1.2",
                ]),
            SVG.text(
                text, x: x + 1, y: y,
                [
                    "fill": HeatColor.isDark(value) ? "#fff" : "#111", "textLength": Markup.number(width - 3),
                    "lengthAdjust": "spacingAndGlyphs", "font-weight": isTarget ? "bold" : "normal",
                    "text-decoration": isTarget ? "underline" : "none",
                ]),
        ]
        guard value < -0.05 else { return cell }
        return cell + [
            SVG.path(
                from: (x + 1, y + 4), "h\(Markup.number(width - 3))", ["stroke": "#123", "stroke-dasharray": "2 2"])
        ]
    }
}
