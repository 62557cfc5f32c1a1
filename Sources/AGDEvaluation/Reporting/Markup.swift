import AGDInsight
import AttributionGuidedDecoding
import Foundation

/// What charts and pages of runs are made of.
extension Markup {
    static func text(_ text: String, x: Double, y: Double, _ classes: String = "") -> String {
        element("text", ["class": "chart-text \(classes)", "x": number(x), "y": number(y)], escaped(text))
    }

    static func line(_ a: (Double, Double), _ b: (Double, Double), _ classes: String) -> String {
        element(
            "line", ["class": classes, "x1": number(a.0), "y1": number(a.1), "x2": number(b.0), "y2": number(b.1)])
    }

    static func circle(x: Double, y: Double, radius: Double = 4, _ classes: String, tooltip: String) -> String {
        element(
            "circle", ["class": classes, "cx": number(x), "cy": number(y), "r": number(radius)],
            element("title", [:], escaped(tooltip)))
    }

    /// A table; cells that begin with a digit or a sign are set as numbers.
    static func table(_ header: [String], _ rows: [[String]]) -> String {
        func row(_ cells: [String], _ kind: String) -> String {
            let cells = cells.map { cell in
                let isNumber = cell.first.map { $0.isNumber || "-<".contains($0) } ?? false
                return kind == "td" && isNumber
                    ? element(kind, ["class": "number"], escaped(cell)) : element(kind, [:], escaped(cell))
            }
            return element("tr", [:], cells.joined())
        }
        return element("table", [:], ([row(header, "th")] + rows.map { row($0, "td") }).joined(separator: "\n"))
    }

    /// A chart from its elements.
    static func chart(title: String, width: Double, height: Double, _ elements: [String]) -> String {
        Template.fill(
            String(decoding: PackageResources.chart_svg, as: UTF8.self),
            [
                "title": escaped(title), "width": "\(Int(width))", "height": "\(Int(height))",
                "body": elements.joined(separator: "\n"),
            ])
    }

    /// A self-contained page.
    static func page(title: String, _ parts: [String]) -> String {
        Template.fill(
            String(decoding: PackageResources.report_html, as: UTF8.self),
            [
                "title": escaped(title), "style": String(decoding: PackageResources.report_css, as: UTF8.self),
                "body": parts.joined(separator: "\n"),
            ])
    }
}
