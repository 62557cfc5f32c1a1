/// How often each n-gram (one to three scalars) occurs in each of the langdetect profiles.
struct LanguageProfiles: Sendable {
    /// ISO 639-1 codes, `zh-cn` and `zh-tw`; in the archive's order.
    let languages: [String]
    private let rows: [PythonText: Int]
    /// For each n-gram a row with one frequency a language.
    private let frequencies: [Double]

    /// Reads `profiles.tar.gz`: one JSON file a language, with `name`, `n_words` (totals for one, two and three
    /// scalars) and `freq` (n-gram to count).
    init(archive path: String) throws(EvaluationError) {
        do throws(EvaluationError) {
            let archive = try TarArchive(try InputFile(path: path).readAll())
            guard !archive.entries.isEmpty else {
                throw EvaluationError(problem: "holds no profile", remedy: "fetch it again")
            }
            var languages: [String] = []
            var rows: [PythonText: Int] = [:]
            var counts: [(row: Int, language: Int, frequency: Double)] = []
            for (index, entry) in archive.entries.enumerated() {
                let profile = JSONField(try JSONParser.parse(Array(entry.content)), path: entry.name)
                languages.append(try profile["name"].string())
                let totals = try profile["n_words"].array().map { (total) throws(EvaluationError) in
                    try total.int(atLeast: 1)
                }
                for (text, count) in try profile["freq"].members() {
                    let gram = PythonText(text)
                    guard gram.count >= 1, gram.count <= min(3, totals.count) else { continue }
                    let row = rows[gram, default: rows.count]
                    rows[gram] = row
                    counts.append((row, index, Double(try count.int()) / Double(totals[gram.count - 1])))
                }
            }
            var frequencies = [Double](repeating: 0, count: rows.count * languages.count)
            for (row, language, frequency) in counts { frequencies[row * languages.count + language] = frequency }
            self.languages = languages
            self.rows = rows
            self.frequencies = frequencies
        } catch {
            throw error.located(file: path)
        }
    }

    /// One frequency a language, or nil when no profile knows the n-gram.
    func frequencies(of gram: PythonText) -> ArraySlice<Double>? {
        rows[gram].map { frequencies[($0 * languages.count)..<(($0 + 1) * languages.count)] }
    }
}
