/// How langdetect folds scalars before it cuts n-grams, with the tables of `messages.properties`.
struct LanguageAlphabet: Sendable {
    private let ignoredLatin1: Set<Unicode.Scalar>
    /// Kanji to the representative of their group.
    private let kanji: [Unicode.Scalar: Unicode.Scalar]
    /// Vietnamese letter and combining mark to one letter.
    private let vietnamese: [PythonText: Unicode.Scalar]

    init(properties path: String) throws(EvaluationError) {
        let properties = try Self.properties(at: path)
        func scalars(_ key: String) throws(EvaluationError) -> [Unicode.Scalar] {
            guard let value = properties[key] else {
                throw EvaluationError(file: path, field: key, problem: "is missing", remedy: "fetch the file again")
            }
            return value
        }
        ignoredLatin1 = Set(try scalars("NGram.LATIN1_EXCLUDE"))
        var kanji: [Unicode.Scalar: Unicode.Scalar] = [:]
        for (key, group) in properties where key.hasPrefix("NGram.KANJI_") {
            for scalar in group { kanji[scalar] = group[0] }
        }
        self.kanji = kanji
        var vietnamese: [PythonText: Unicode.Scalar] = [:]
        let letters = try scalars("TO_NORMALIZE_VI_CHARS")
        for mark in try scalars("DMARK_CLASS") {
            let normalized = try scalars("NORMALIZED_VI_CHARS_0" + String(mark.value, radix: 16))
            for (letter, result) in zip(letters, normalized) { vietnamese[[letter, mark]] = result }
        }
        self.vietnamese = vietnamese
    }

    func foldingVietnamese(_ text: PythonText) -> PythonText {
        text.rewriting { text, position in
            vietnamese[PythonText(text[position..<min(position + 2, text.count)])].map { Rewrite(2, [$0]) }
        }
    }

    /// The scalar that stands for this one in n-grams; a space for what is no part of a word.
    func normalized(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0...0x7F: scalar.isASCIILetter ? scalar : " "
        case 0x80...0xFF: ignoredLatin1.contains(scalar) ? " " : scalar
        case 0x219: "\u{15F}"  // Romanian letters with a comma below, to those with a cedilla
        case 0x21B: "\u{163}"
        case 0x6CC: "\u{64A}"  // Farsi yeh to Arabic yeh
        case 0x1EA0...0x1EFF: "\u{1EC3}"
        case 0x2000...0x206F: " "
        case 0x3040...0x309F: "\u{3042}"  // hiragana
        case 0x30A0...0x30FF: "\u{30A2}"  // katakana
        case 0x3100...0x312F, 0x31A0...0x31BF: "\u{3105}"  // bopomofo
        case 0x4E00...0x9FFF: kanji[scalar] ?? scalar
        case 0xAC00...0xD7AF: "\u{AC00}"  // hangul
        default: scalar
        }
    }

    /// `key=value` lines with `\uXXXX` escapes.
    private static func properties(at path: String) throws(EvaluationError) -> [String: [Unicode.Scalar]] {
        let file = try InputFile(path: path)
        var properties: [String: [Unicode.Scalar]] = [:]
        var number = 0
        while let line = try file.nextLine() {
            number += 1
            let parts = String(decoding: line, as: UTF8.self).split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            do throws(EvaluationError) {
                let value = try JSONField(try JSONParser.parse("\"\(parts[1])\"")).string()
                properties[String(parts[0])] = Array(value.unicodeScalars)
            } catch {
                throw error.located(file: path, line: number)
            }
        }
        return properties
    }
}
