extension String {
    /// The text as it may be shown to a person: what a terminal would obey, or what would reorder the line, is written as
    /// an escape such as `\u{1B}`. Line ends and tabs stay, and everything else, joined emoji too.
    ///
    /// For every text that comes from a file, a prompt or a model, at the border where it is shown.
    package var printable: String {
        guard unicodeScalars.contains(where: \.isObeyed) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.isObeyed {
                text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}

extension Unicode.Scalar {
    /// Control characters (C0, DEL, C1) and the marks that change the direction of text.
    fileprivate var isObeyed: Bool {
        switch value {
        case 0x09, 0x0A: false
        case 0x00...0x1F, 0x7F...0x9F: true
        case 0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
