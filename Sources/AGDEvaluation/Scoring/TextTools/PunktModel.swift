/// The parameters of a Punkt sentence model (Kiss and Strunk, *Unsupervised Multilingual Sentence Boundary Detection*,
/// Computational Linguistics 32:4, 2006), as NLTK ships them in `punkt_tab`.
struct PunktModel: Sendable {
    /// How a word type was seen in the training text.
    struct Orthography: OptionSet {
        let rawValue: Int
        static let capitalMidSentence = Orthography(rawValue: 4)
        static let lowerSentenceInitial = Orthography(rawValue: 16)
        static let anyCapital = Orthography(rawValue: 2 | 4 | 8)
        static let anyLower = Orthography(rawValue: 16 | 32 | 64)
    }

    struct Pair: Hashable {
        let first: PythonText
        let second: PythonText
    }

    let abbreviations: Set<PythonText>
    let collocations: Set<Pair>
    let sentenceStarters: Set<PythonText>
    private let orthography: [PythonText: Int]

    /// Reads `abbrev_types.txt`, `collocations.tab`, `sent_starters.txt` and `ortho_context.tab`.
    init(directory: String) throws(EvaluationError) {
        abbreviations = Set(try Self.rows(of: directory + "/abbrev_types.txt", columns: 1).map { $0[0] })
        sentenceStarters = Set(try Self.rows(of: directory + "/sent_starters.txt", columns: 1).map { $0[0] })
        collocations = Set(
            try Self.rows(of: directory + "/collocations.tab", columns: 2).map { Pair(first: $0[0], second: $0[1]) })
        let path = directory + "/ortho_context.tab"
        var orthography: [PythonText: Int] = [:]
        for (index, row) in try Self.rows(of: path, columns: 2).enumerated() {
            guard let flags = Int(row[1].description) else {
                throw EvaluationError(
                    file: path, line: index + 1, problem: "'\(row[1])' is no number",
                    remedy: "write a word type, a tab and its flags")
            }
            orthography[row[0]] = flags
        }
        self.orthography = orthography
    }

    func orthography(of type: PythonText) -> Orthography { Orthography(rawValue: orthography[type] ?? 0) }

    private static func rows(of path: String, columns: Int) throws(EvaluationError) -> [[PythonText]] {
        let file = try InputFile(path: path)
        var rows: [[PythonText]] = []
        while let bytes = try file.nextLine() {
            let row = PythonText(String(decoding: bytes, as: UTF8.self)).split(separator: "\t")
            if bytes.isEmpty { continue }
            guard row.count == columns else {
                throw EvaluationError(
                    file: path, line: rows.count + 1, problem: "has \(row.count) columns",
                    remedy: "write \(columns), separated by tabs")
            }
            rows.append(row)
        }
        return rows
    }
}
