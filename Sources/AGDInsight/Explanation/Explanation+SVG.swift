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
        var body = ""
        for (word, value) in zip(words, relevance) {
            let text = Self.visible(word.text)
            let width = Double(text.count) * characterWidth + 2
            if word.positions.lowerBound == promptLength { (x, y) = (margin, y + 1.6 * lineHeight) }
            if x + width > pageWidth - margin { (x, y) = (margin, y + lineHeight) }
            let isTarget = step.map { word.positions.contains(steps[$0].position) } ?? false
            body += Self.cell(
                text, largest > 0 ? value / largest : 0, x: x, y: y, width: width, isInRegion: word.isInRegion,
                isTarget: isTarget)
            x += width
            if word.text.contains("\n") { (x, y) = (margin, y + lineHeight) }
        }
        let target = step.map { "for “\(Self.visible(targetText(step: $0)))”" } ?? "for the completion"
        let height = y + 30
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(pageWidth))" height="\(Int(height))" viewBox="0 0 \(Int(pageWidth)) \(Int(height))" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, monospace" font-size="14">
            <title>Relevance \(Self.escaped(target))</title>
            <defs><linearGradient id="scale"><stop offset="0" stop-color="\(HeatColor.hex(-1))"/><stop offset="0.5" stop-color="#ffffff"/><stop offset="1" stop-color="\(HeatColor.hex(1))"/></linearGradient></defs>
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="\(margin)" y="26" font-family="sans-serif" font-size="13">Relevance \(Self.escaped(target)) · \(Self.escaped(Self.visible(model))) · \(Self.escaped(rule))</text>
            <rect x="\(pageWidth - 240)" y="14" width="160" height="14" fill="url(#scale)" stroke="#999"/>
            <text x="\(pageWidth - 245)" y="26" text-anchor="end" font-family="sans-serif" font-size="11">−\(Self.number(largest))</text>
            <text x="\(pageWidth - 75)" y="26" font-family="sans-serif" font-size="11">+\(Self.number(largest))</text>
            <text x="\(pageWidth - 160)" y="40" text-anchor="middle" font-family="sans-serif" font-size="10">negative: dashed line below · region: frame</text>
            \(body)</svg>

            """
    }

    private static func cell(
        _ text: String, _ value: Double, x: Double, y: Double, width: Double, isInRegion: Bool, isTarget: Bool
    ) -> String {
        let frame = isInRegion ? " stroke=\"#222\" stroke-width=\"1.2\"" : ""
        let ink = HeatColor.isDark(value) ? "#fff" : "#111"
        var cell =
            "<rect x=\"\(number(x))\" y=\"\(number(y - 15))\" width=\"\(number(width - 1))\" height=\"20\" fill=\"\(HeatColor.hex(value))\"\(frame)/>"
        cell +=
            "<text x=\"\(number(x + 1))\" y=\"\(number(y))\" fill=\"\(ink)\" textLength=\"\(number(width - 3))\" lengthAdjust=\"spacingAndGlyphs\"\(isTarget ? " font-weight=\"bold\" text-decoration=\"underline\"" : "")>\(escaped(text))</text>"
        if value < -0.05 {
            cell +=
                "<path d=\"M\(number(x + 1)) \(number(y + 4))h\(number(width - 3))\" stroke=\"#123\" stroke-dasharray=\"2 2\"/>"
        }
        return cell + "\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
