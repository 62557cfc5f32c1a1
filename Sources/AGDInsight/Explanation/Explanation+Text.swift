import AttributionGuidedDecoding
import Foundation

extension Explanation {
    /// A heat map for a terminal, or with numbers where there is no colour.
    /// - Parameter step: a token of the completion, counted from 0; nil for the sum over all.
    public func text(step: Int? = nil, inColor: Bool = true) -> String {
        let relevance = wordRelevance(step: step)
        let largest = relevance.reduce(0) { max($0, abs($1)) }
        let target =
            step.map {
                "\"\(Self.visible(targetText(step: $0)))\" (token \(steps[$0].position - promptLength + 1) of the completion, logit \(steps[$0].logit.fourDigits))"
            }
            ?? "the completion, all \(steps.count) tokens"
        var lines = "Relevance for \(target); rule \(rule), largest \(largest.fourDigits).\n"
        lines +=
            inColor
            ? "\u{1B}[48;2;214;69;65m\u{1B}[38;2;0;0;0m red: positive \u{1B}[0m \u{1B}[48;2;66;113;206m\u{1B}[38;2;255;255;255m\u{1B}[4m blue, underlined: negative \u{1B}[0m ⟦region⟧\n\n"
            : "Numbers are percent of the largest; ⟦region⟧; none below 5 %.\n\n"
        for (word, value) in zip(words, relevance) {
            if word.positions.lowerBound == promptLength { lines += "\n── completion ──\n" }
            let isTarget = step.map { word.positions.contains(steps[$0].position) } ?? false
            lines += Self.marked(word, largest > 0 ? value / largest : 0, isTarget: isTarget, inColor: inColor)
        }
        lines += "\n\n"
        for (index, part) in parts.enumerated() {
            let sum = step.map { steps[$0].parts[index] } ?? steps.reduce(0) { $0 + $1.parts[index] }
            lines += "\(sum.fourDigits.leftPadded(to: 12))  \(part.name.printable)\n"
        }
        return lines + neuronLines(step: step)
    }

    /// The strongest neurons of each step, or of one, where there are some.
    private func neuronLines(step: Int?) -> String {
        let chosen = step.map { [$0] } ?? Array(steps.indices)
        let lines = chosen.compactMap { index -> String? in
            guard let neurons = steps[index].neurons else { return nil }
            let list = neurons.map { "\($0.layer).\($0.index) \($0.relevance.fourDigits)" }
            return "neurons for \"\(Self.visible(tokens[steps[index].position].text))\": "
                + list.joined(separator: ", ") + "\n"
        }
        return lines.isEmpty ? "" : "\n" + lines.joined()
    }

    private static func marked(_ word: Word, _ value: Double, isTarget: Bool, inColor: Bool) -> String {
        var text = visible(word.text)
        let newLine = word.text.contains("\n") ? "\n" : ""
        if isTarget { text = "▸\(text)◂" }
        if word.isInRegion { text = "⟦\(text)⟧" }
        guard inColor else {
            return (abs(value) < 0.05 ? text : "\(text)(\(value > 0 ? "+" : "−")\(Int((abs(value) * 100).rounded())))")
                + newLine
        }
        guard abs(value) >= 0.02 else { return text + newLine }
        let (red, green, blue) = HeatColor.components(value)
        let ink = HeatColor.isDark(value) ? "255;255;255" : "0;0;0"
        return
            "\u{1B}[48;2;\(red);\(green);\(blue)m\u{1B}[38;2;\(ink)m\(value < 0 ? "\u{1B}[4m" : "")\(text)\u{1B}[0m\(newLine)"
    }

    /// What the tokens at a step's place are together.
    func targetText(step: Int) -> String {
        words.first { $0.positions.contains(steps[step].position) }?.text ?? tokens[steps[step].position].text
    }

    /// Spaces and line ends as signs, and nothing that a terminal would obey.
    static func visible(_ text: String) -> String {
        let signs: [Unicode.Scalar: Unicode.Scalar] = ["\n": "↵", "\t": "⇥", " ": "·"]
        return String(String.UnicodeScalarView(text.printable.unicodeScalars.map { signs[$0] ?? $0 }))
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
