/// Texts side by side, wrapped at spaces, with marked pieces.
struct TextColumns {
    struct Piece {
        var text: String
        var isMarked: Bool
    }
    struct Column {
        var title: String
        var pieces: [Piece]
    }

    let columns: [Column]
    let hasColor: Bool

    private static let gap = 3
    private static let narrowest = 22

    /// Side by side where each column gets enough room, else one below the other.
    func rendered(width: Int) -> String {
        let columnWidth = (width - Self.gap * (columns.count - 1)) / columns.count
        guard columnWidth >= Self.narrowest else {
            return columns.map { column in
                "\(column.title)\n" + lines(of: column, width: width - 2).map { "  \($0.text)\n" }.joined()
            }.joined(separator: "\n")
        }
        let blocks = columns.map { column in
            wrapTitle(column.title, columnWidth) + [
                Line(text: String(repeating: "─", count: columnWidth), width: columnWidth)
            ]
                + lines(of: column, width: columnWidth)
        }
        let titleHeight = zip(blocks, columns).map { $0.0.count - lines(of: $0.1, width: columnWidth).count }.max() ?? 0
        let aligned = zip(blocks, columns).map { block, column in
            Array(
                repeating: Line(text: "", width: 0),
                count: titleHeight - (block.count - lines(of: column, width: columnWidth).count))
                + block
        }
        let height = aligned.map(\.count).max() ?? 0
        return (0..<height).map { row in
            aligned.enumerated().map { index, block in
                let line = row < block.count ? block[row] : Line(text: "", width: 0)
                let isLast = index == aligned.count - 1
                return line.text + (isLast ? "" : String(repeating: " ", count: columnWidth - line.width + Self.gap))
            }.joined() + "\n"
        }.joined()
    }

    /// A line with its width on the screen, which escape sequences don't add to.
    private struct Line {
        var text: String
        var width: Int
    }

    private func wrapTitle(_ title: String, _ width: Int) -> [Line] {
        lines(of: Column(title: "", pieces: [Piece(text: title, isMarked: false)]), width: width)
    }

    private func lines(of column: Column, width: Int) -> [Line] {
        var lines: [Line] = []
        for paragraph in paragraphs(column.pieces) {
            var line = Line(text: "", width: 0)
            for word in paragraph {
                let wordWidth = word.reduce(0) { $0 + $1.text.count + ($1.isMarked && !hasColor ? 2 : 0) }
                if line.width > 0, line.width + 1 + wordWidth > width {
                    lines.append(line)
                    line = Line(text: "", width: 0)
                }
                if line.width > 0 { line = Line(text: line.text + " ", width: line.width + 1) }
                line = Line(text: line.text + word.map(marked).joined(), width: line.width + wordWidth)
            }
            lines.append(line)
        }
        return lines
    }

    private func marked(_ piece: Piece) -> String {
        guard piece.isMarked else { return piece.text }
        return hasColor ? Terminal.marked(piece.text) : "⟦\(piece.text)⟧"
    }

    /// Paragraphs of words of pieces: a word may have a marked and an unmarked part.
    private func paragraphs(_ pieces: [Piece]) -> [[[Piece]]] {
        var paragraphs: [[[Piece]]] = [[]]
        var word: [Piece] = []
        func endWord() {
            if !word.isEmpty { paragraphs[paragraphs.count - 1].append(word) }
            word = []
        }
        for piece in pieces {
            var current = ""
            func endPiece() {
                if !current.isEmpty { word.append(Piece(text: current, isMarked: piece.isMarked)) }
                current = ""
            }
            for character in piece.text {
                switch character {
                case " ":
                    endPiece()
                    endWord()
                case "\n":
                    endPiece()
                    endWord()
                    paragraphs.append([])
                default: current.append(character)
                }
            }
            endPiece()
        }
        endWord()
        return paragraphs
    }
}
