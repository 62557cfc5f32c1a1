import AttributionGuidedDecoding

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
                "\(column.title)\n" + lines(of: column.pieces, width: width - 2).map { "  \($0.text)\n" }.joined()
            }.joined(separator: "\n")
        }
        let titles = columns.map { lines(of: [Piece(text: $0.title, isMarked: false)], width: columnWidth) }
        let titleHeight = titles.map(\.count).max() ?? 0
        let rule = Line(text: String(repeating: "─", count: columnWidth), width: columnWidth)
        let blocks = zip(titles, columns).map { title, column in
            Array(repeating: Line(), count: titleHeight - title.count) + title + [rule]
                + lines(of: column.pieces, width: columnWidth)
        }
        return (0..<(blocks.map(\.count).max() ?? 0)).map { row in
            let cells = blocks.map { row < $0.count ? $0[row] : Line() }
            let padded = cells.dropLast().map {
                $0.text + String(repeating: " ", count: columnWidth - $0.width + Self.gap)
            }
            return padded.joined() + (cells.last?.text ?? "") + "\n"
        }.joined()
    }

    /// A line with its width on the screen, which escape sequences don't add to.
    private struct Line {
        var text = ""
        var width = 0
    }

    private func lines(of pieces: [Piece], width: Int) -> [Line] {
        var lines: [Line] = []
        for paragraph in paragraphs(pieces) {
            var line = Line()
            for word in paragraph {
                let wordWidth = word.reduce(0) { $0 + $1.text.count + ($1.isMarked && !hasColor ? 2 : 0) }
                if line.width > 0, line.width + 1 + wordWidth > width {
                    lines.append(line)
                    line = Line()
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
            for character in piece.text.printable {
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
