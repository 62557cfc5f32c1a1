/// Python's character classes. Each is a property of one scalar.
extension Unicode.Scalar {
    /// What `str.strip()`, `str.split()` and `\s` take as white space. Neither U+200B nor U+FEFF is.
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// `\w`: letters, everything numeric (`²`, `½`, `Ⅷ`) and `_`. Combining marks are not, unlike in ICU.
    var isPythonWord: Bool {
        if isASCII { return isASCIILetter || isASCIIDigit || self == "_" }
        return isLetter || properties.numericType != nil
    }

    /// `\d`: decimal digits of any script (category Nd).
    var isPythonDigit: Bool { isASCII ? isASCIIDigit : properties.generalCategory == .decimalNumber }

    /// Categories L*.
    var isLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// One of the 32 characters of Python's `string.punctuation`.
    var isASCIIPunctuation: Bool { (0x21...0x7E).contains(value) && !isASCIILetter && !isASCIIDigit }

    var isASCIILetter: Bool { (0x41...0x5A).contains(value) || (0x61...0x7A).contains(value) }
    var isASCIIDigit: Bool { (0x30...0x39).contains(value) }
}
