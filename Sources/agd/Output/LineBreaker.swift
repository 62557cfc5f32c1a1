/// Breaks lines at spaces as text comes, so that a terminal's edge cuts no word. A word is shown when it is whole.
struct LineBreaker {
    private let width: Int
    /// Where the next character stands in its line.
    private var column = 0
    /// Spaces before the word that isn't whole yet.
    private var spaceCount = 0
    private var word = ""
    private var wordWidth = 0

    /// - Parameter width: columns of the terminal.
    init(width: Int) { self.width = max(1, width) }

    /// What can be shown after more text has come.
    /// - Parameter style: what makes a part of a word bold or dim, at no width.
    mutating func append(_ text: String, style: (String) -> String = { $0 }) -> String {
        var (shown, part) = ("", "")
        for character in text {
            let isWide = character.unicodeScalars.first.map { $0.value >= Self.firstWide } ?? false
            if character == " " || character == "\n" || isWide {
                word += part.isEmpty ? "" : style(part)
                part = ""
                shown += endWord()
            }
            switch character {
            case " ": spaceCount += 1
            case "\n":
                shown += "\n"
                (column, spaceCount) = (0, 0)
            case _ where isWide:
                (word, wordWidth) = (style(String(character)), 2)
                shown += endWord()
            default:
                part.append(character)
                wordWidth += 1
            }
        }
        word += part.isEmpty ? "" : style(part)
        return shown
    }

    /// What is left to be shown when no more text comes.
    mutating func finish() -> String { endWord() }

    /// The first of the scripts whose characters have two columns and no spaces between them.
    private static let firstWide: UInt32 = 0x2E80

    private mutating func endWord() -> String {
        guard wordWidth > 0 else { return "" }
        let breaks = column > 0 && column + spaceCount + wordWidth > width
        let ended = (breaks ? "\n" : String(repeating: " ", count: spaceCount)) + word
        column = (breaks ? 0 : column + spaceCount) + wordWidth
        // The terminal breaks what is wider than a line.
        if column > width { column %= width }
        (word, wordWidth, spaceCount) = ("", 0, 0)
        return ended
    }
}
