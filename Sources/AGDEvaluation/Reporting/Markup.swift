import AGDInsight
import AttributionGuidedDecoding
import Foundation

/// What pages of runs are made of.
extension Markup {
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
