import AttributionGuidedDecoding
import Foundation

/// A table for a terminal; columns that hold numbers are right-aligned, and columns without names have no header.
struct TextTable {
    var header: [String]
    var rows: [[String]]

    init(_ header: [String], _ rows: [[String]]) {
        self.header = header.map(Self.cell)
        self.rows = rows.map { $0.map(Self.cell) }
    }

    /// A cell is one line.
    private static func cell(_ text: String) -> String {
        text.printable.replacing("\n", with: "\\n").replacing("\t", with: "\\t")
    }

    var rendered: String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        let isNumeric = header.indices.map { column in
            rows.allSatisfy { row in
                row[column].isEmpty || row[column].first.map { "-+0123456789–".contains($0) } == true
            }
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return isNumeric[column] ? space + cell : cell + space
            }
            return padded.joined(separator: "  ").trimmingSuffix { $0 == " " } + "\n"
        }
        let names =
            header.allSatisfy(\.isEmpty) ? "" : line(header) + line(widths.map { String(repeating: "─", count: $0) })
        return names + rows.map(line).joined()
    }
}
