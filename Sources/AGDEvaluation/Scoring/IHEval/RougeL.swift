/// ROUGE-L (Lin, *ROUGE: A Package for Automatic Evaluation of Summaries*, 2004) without stemming.
enum RougeL {
    /// The harmonic mean of the longest common subsequence's share in each text, from 0 to 1. Tokens are runs of ASCII
    /// letters and digits, lower-cased, as in the rouge-score program: an accented letter parts a word.
    static func f1(_ prediction: PythonText, reference: PythonText) -> Double {
        let predicted = tokens(prediction)
        let expected = tokens(reference)
        let common = longestCommonSubsequence(predicted, expected)
        guard common > 0 else { return 0 }
        let precision = Double(common) / Double(predicted.count)
        let recall = Double(common) / Double(expected.count)
        return 2 * precision * recall / (precision + recall)
    }

    private static func tokens(_ text: PythonText) -> [PythonText] {
        text.lower().runs { $0.isASCIILetter || $0.isASCIIDigit }
    }

    /// Time: the product of both lengths; memory: one row.
    private static func longestCommonSubsequence(_ first: [PythonText], _ second: [PythonText]) -> Int {
        var row = [Int](repeating: 0, count: second.count + 1)
        for token in first {
            var diagonal = 0
            for (index, other) in second.enumerated() {
                let above = row[index + 1]
                row[index + 1] = token == other ? diagonal + 1 : max(above, row[index])
                diagonal = above
            }
        }
        return row[second.count]
    }
}
