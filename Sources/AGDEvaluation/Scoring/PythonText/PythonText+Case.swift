extension PythonText {
    /// `str.lower()`: full Unicode lower-casing, with Python's rule for a final capital sigma.
    func lower() -> PythonText {
        var result = PythonText()
        for (index, scalar) in scalars.enumerated() {
            if scalar == "Σ" {
                result.append(isFinalSigma(at: index) ? "ς" : "σ")
            } else {
                result.scalars += scalar.lower
            }
        }
        return result
    }

    /// `str.isupper()`: some cased scalar, none of the opposite case.
    var isUpper: Bool { isCased(\.isUppercase, without: \.isLowercase) }

    /// `str.islower()`.
    var isLower: Bool { isCased(\.isLowercase, without: \.isUppercase) }

    /// One key a scalar, equal for scalars that `re.IGNORECASE` takes as the same.
    func caseKeys() -> PythonText { PythonText(scalars.map(\.caseKey)) }

    private func isCased(
        _ wanted: (Unicode.Scalar.Properties) -> Bool, without opposite: (Unicode.Scalar.Properties) -> Bool
    ) -> Bool {
        var found = false
        for scalar in scalars {
            let properties = scalar.properties
            if opposite(properties) || properties.generalCategory == .titlecaseLetter { return false }
            found = found || wanted(properties)
        }
        return found
    }

    /// A cased scalar before and none after, looking past scalars that case ignores (Unicode's Final_Sigma).
    private func isFinalSigma(at index: Int) -> Bool {
        func isCased(_ scalar: Unicode.Scalar?) -> Bool { scalar?.properties.isCased ?? false }
        return isCased(scalars[..<index].last { !$0.properties.isCaseIgnorable })
            && !isCased(scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable })
    }
}

extension Unicode.Scalar {
    /// Full lower-casing of this scalar alone.
    var lower: [Unicode.Scalar] {
        if isASCII { return [(0x41...0x5A).contains(value) ? Unicode.Scalar(UInt8(value) + 0x20) : self] }
        return Array(properties.lowercaseMapping.unicodeScalars)
    }

    /// Lower-cased, then joined with the lower-case letters that share its capital: `K`~`k`, `ſ`~`s`, `ı`~`i`.
    var caseKey: Unicode.Scalar {
        let lower = self == "İ" ? "i" : (self.lower.count == 1 ? self.lower[0] : self)
        if lower.isASCII { return lower }
        switch lower {
        // Three pairs share a capital that is written with several scalars.
        case "\u{1FD3}": return "\u{390}"
        case "\u{1FE3}": return "\u{3B0}"
        case "\u{FB06}": return "\u{FB05}"
        default:
            let upper = Array(lower.properties.uppercaseMapping.unicodeScalars)
            return upper.count == 1 ? (upper[0].lower.count == 1 ? upper[0].lower[0] : lower) : lower
        }
    }
}
