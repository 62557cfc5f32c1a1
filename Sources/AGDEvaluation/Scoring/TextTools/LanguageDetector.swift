import AttributionGuidedDecoding
import Foundation

/// Naive Bayes over character n-grams: the procedure of langdetect 1.0.9 (Nakatani Shuyo's language-detection).
///
/// The original draws n-grams from an unseeded generator, so short texts can change language from run to run. Here the
/// generator starts from a fixed seed: one text has one answer.
struct LanguageDetector: Sendable {
    /// Seven trials average out the drawing; the thresholds are langdetect's own.
    static let trials = 7
    static let convergence = 0.99999
    static let iterationLimit = 1000
    static let smallestProbability = 0.1
    static let textLimit = 10_000
    static let seed: UInt64 = 20_231_107

    private let profiles: LanguageProfiles
    private let alphabet: LanguageAlphabet

    /// - Parameter directory: holds `profiles.tar.gz` and `messages.properties`.
    init(directory: String) throws(EvaluationError) {
        profiles = try LanguageProfiles(archive: directory + "/profiles.tar.gz")
        alphabet = try LanguageAlphabet(properties: directory + "/messages.properties")
    }

    enum Verdict: Equatable, Sendable {
        /// The most probable language, or `unknown` when none is likely.
        case language(String)
        /// No n-gram of the text is in any profile.
        case noFeatures
    }

    func detect(_ text: PythonText) -> Verdict {
        let grams = grams(of: cleaned(text))
        guard !grams.isEmpty else { return .noFeatures }
        var generator = SeededGenerator(seed: Self.seed)
        var mean = [Double](repeating: 0, count: profiles.languages.count)
        for _ in 0..<Self.trials {
            for (index, probability) in trial(grams, using: &generator).enumerated() {
                mean[index] += probability / Double(Self.trials)
            }
        }
        let best = mean.indices.max { mean[$0] < mean[$1] }
        guard let best, mean[best] > Self.smallestProbability else { return .language("unknown") }
        return .language(profiles.languages[best])
    }

    /// One trial: a posterior over the languages, from n-grams drawn until it is sure.
    private func trial(_ grams: [ArraySlice<Double>], using generator: inout SeededGenerator) -> [Double] {
        let languages = profiles.languages.count
        var probabilities = [Double](repeating: 1 / Double(languages), count: languages)
        let weight = (0.5 + 0.05 * generator.nextGaussian()) / 10_000
        for iteration in 0... {
            let row = grams[Int.random(in: grams.indices, using: &generator)]
            for (index, frequency) in row.enumerated() { probabilities[index] *= weight + frequency }
            guard iteration % 5 == 0 else { continue }
            let sum = probabilities.reduce(0, +)
            var largest = 0.0
            for index in probabilities.indices {
                probabilities[index] /= sum
                largest = max(largest, probabilities[index])
            }
            if largest > Self.convergence || iteration >= Self.iterationLimit { break }
        }
        return probabilities
    }

    /// Addresses out, Vietnamese folded, spaces collapsed, and stray Latin letters out of a text in another script.
    private func cleaned(_ text: PythonText) -> PythonText {
        var text = text.rewriting(Self.webAddress).rewriting(Self.mailAddress)
        text = PythonText(alphabet.foldingVietnamese(text).prefix(Self.textLimit))
        text = text.rewriting { text, position in
            text[position] == " " && text.scalar(at: position - 1) == " " ? Rewrite(1, "") : nil
        }
        // The range from "A" to "z" holds six marks besides the letters; the original counts them too.
        let isLatin: (Unicode.Scalar) -> Bool = { ("A"..."z").contains($0) }
        let others = text.count { $0.value >= 0x300 && !(0x1E00...0x1EFF).contains($0.value) }
        return text.count(where: isLatin) * 2 < others ? PythonText(text.filter { !isLatin($0) }) : text
    }

    /// The frequencies of every n-gram that some profile knows, in the order of the text.
    private func grams(of text: PythonText) -> [ArraySlice<Double>] {
        var found: [ArraySlice<Double>] = []
        var window: PythonText = " "
        var isInCapitals = false
        for original in text {
            let scalar = alphabet.normalized(original)
            let previous = window[window.count - 1]
            if previous == " " {
                window = " "
                isInCapitals = false
                if scalar == " " {
                    // A repeated space adds nothing, and " " alone is no n-gram.
                    continue
                }
            } else if window.count == 3 {
                window.removeFirst()
            }
            window.append(scalar)
            isInCapitals = scalar.properties.isUppercase && (isInCapitals || previous.properties.isUppercase)
            if isInCapitals { continue }
            for length in 1...3 where length <= window.count {
                let gram = PythonText(window.suffix(length))
                if gram != " ", let row = profiles.frequencies(of: gram) { found.append(row) }
            }
        }
        return found
    }

    /// `http://` or `https://` and at least one scalar that an address may hold.
    private static func webAddress(_ text: PythonText, _ position: Int) -> Rewrite? {
        guard let scheme = (["https://", "http://"] as [PythonText]).first(where: { text.hasPrefix($0, at: position) })
        else {
            return nil
        }
        let start = position + scheme.count
        let end = min(
            text.skip(from: start) { isMailScalar($0) || "?&~;+=/#".unicodeScalars.contains($0) }, start + 2076)
        return end > start ? Rewrite(end - position, " ") : nil
    }

    /// Up to 64 scalars, `@`, and at least two after it.
    private static func mailAddress(_ text: PythonText, _ position: Int) -> Rewrite? {
        guard isMailScalar(text[position]) else { return nil }
        let limit = min(position + 65, text.count)
        guard let at = text[position..<limit].firstIndex(where: { !isMailScalar($0) }), text[at] == "@" else {
            return nil
        }
        // The host takes up to 255 scalars without a dot, then up to 255 of any kind; one of either at least.
        let host = min(text.skip(from: at + 1) { isMailScalar($0) && $0 != "." }, at + 1 + 255)
        guard host > at + 1 else { return nil }
        let end = min(text.skip(from: host, while: isMailScalar), host + 255)
        return end >= at + 3 ? Rewrite(end - position, " ") : nil
    }

    private static func isMailScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCIILetter || scalar.isASCIIDigit || scalar == "-" || scalar == "_" || scalar == "."
    }
}
