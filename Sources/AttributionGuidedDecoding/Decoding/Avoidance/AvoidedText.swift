/// A word or phrase that a completion must not have.
///
/// It is avoided however it is spelled in tokens, in small letters and capitals, with any white space between its words, and with accents
/// composed or not. It is a whole word: `cat` leaves `category` alone. A star opens an end: `coffee*` is every word that begins so,
/// `*coffee*` every text that has it inside. Scripts that don't divide words by spaces need no star.
public struct AvoidedText: Sendable, Hashable, CustomStringConvertible {
    /// As it was written.
    public let description: String
    /// Without stars, and without white space around it.
    let text: String
    /// Whether a word that goes on beyond the end in question is avoided, too.
    let isOpenBefore, isOpenBehind: Bool

    /// - Throws: ``AvoidanceError/empty(_:)`` for a text with nothing to avoid.
    public init(_ description: String) throws(AvoidanceError) {
        var text = Substring(description).trimmed
        let opensBefore = text.unicodeScalars.first == "*"
        if opensBefore { text = Substring(text.unicodeScalars.dropFirst()) }
        let opensBehind = text.unicodeScalars.last == "*"
        if opensBehind { text = Substring(text.unicodeScalars.dropLast()) }
        text = text.trimmed
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace && $0 != "*" }) else {
            throw AvoidanceError.empty(description)
        }
        self.description = description
        self.text = String(text)
        (isOpenBefore, isOpenBehind) = (opensBefore, opensBehind)
    }

    /// Whether a word has to begin with the text, and end with it.
    var isWordBefore: Bool { !isOpenBefore && text.unicodeScalars.first?.isInDividedWord ?? false }
    var isWordBehind: Bool { !isOpenBehind && text.unicodeScalars.last?.isInDividedWord ?? false }
}

extension Substring {
    /// Without white space around it.
    fileprivate var trimmed: Substring {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return self[first...last]
    }
}

extension Unicode.Scalar {
    /// Whether words go on with it: letters, marks, digits and `_`.
    var isInWord: Bool {
        if isASCII { return self == "_" || ("0"..."9") ~= self || ("a"..."z") ~= self || ("A"..."Z") ~= self }
        return properties.isAlphabetic || properties.numericType != nil
            || [.nonspacingMark, .spacingMark, .enclosingMark].contains(properties.generalCategory)
    }

    /// The same in a script that divides words by spaces: not Thai, Lao, Burmese, Khmer, Chinese, Japanese, and not Korean, which adds
    /// particles to words.
    fileprivate var isInDividedWord: Bool {
        let undivided: [ClosedRange<UInt32>] = [
            0x0E00...0x0EFF, 0x1000...0x109F, 0x1100...0x11FF, 0x1780...0x17FF, 0x2E80...0xD7FF, 0xF900...0xFAFF,
            0x1B000...0x1B16F, 0x20000...0x3FFFF,
        ]
        return isInWord && !undivided.contains { $0.contains(value) }
    }
}

/// What can't be avoided.
public enum AvoidanceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A text without a letter or sign.
    case empty(String)
    /// The model has no vocabulary to look for texts in.
    case noVocabulary
    /// Every token that could follow is avoided, or ruled out otherwise.
    case nothingLeft

    public var description: String {
        switch self {
        case .empty(let text): "'\(text)' has nothing to avoid; name a word or phrase such as coffee or coffee*"
        case .noVocabulary: "the model has no vocabulary, by which texts are avoided"
        case .nothingLeft:
            "no token is left that doesn't say what is to be avoided; avoid less, or ask for another format"
        }
    }
}
