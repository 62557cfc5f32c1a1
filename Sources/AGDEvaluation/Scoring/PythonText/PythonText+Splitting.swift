extension PythonText {
    /// `str.strip()`.
    func strip() -> PythonText { strip { $0.isPythonSpace } }

    /// Both ends without the scalars that satisfy `condition`; Python's `strip(characters)`.
    func strip(where condition: (Unicode.Scalar) -> Bool) -> PythonText {
        leftStrip(where: condition).rightStrip(where: condition)
    }

    func leftStrip(where condition: (Unicode.Scalar) -> Bool) -> PythonText { PythonText(drop(while: condition)) }

    func rightStrip(where condition: (Unicode.Scalar) -> Bool) -> PythonText {
        guard let last = lastIndex(where: { !condition($0) }) else { return PythonText() }
        return PythonText(self[...last])
    }

    var isBlank: Bool { allSatisfy(\.isPythonSpace) }

    /// `str.split()`: on runs of white space, without empty pieces.
    func words() -> [PythonText] { runs { !$0.isPythonSpace } }

    /// Every match of `\w+`.
    func wordRuns() -> [PythonText] { runs(\.isPythonWord) }

    /// Maximal runs of scalars that satisfy `condition`.
    func runs(_ condition: (Unicode.Scalar) -> Bool) -> [PythonText] {
        scalars.split(whereSeparator: { !condition($0) }).map { PythonText($0) }
    }

    /// `str.split(separator)`: empty pieces are kept. The separator isn't empty.
    func split(separator: PythonText) -> [PythonText] {
        var pieces: [PythonText] = []
        var start = 0
        while let next = find(separator, from: start) {
            pieces.append(PythonText(self[start..<next]))
            start = next + separator.count
        }
        return pieces + [PythonText(self[start...])]
    }

    func lines() -> [PythonText] { split(separator: "\n") }

    func replacing(_ old: PythonText, with new: PythonText) -> PythonText {
        PythonText.join(split(separator: old), with: new)
    }

    /// Python's `separator.join(pieces)`.
    static func join(_ pieces: some Sequence<PythonText>, with separator: PythonText) -> PythonText {
        PythonText(pieces.joined(separator: separator))
    }
}
