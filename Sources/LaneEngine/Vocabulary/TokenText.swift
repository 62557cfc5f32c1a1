/// Tokens as text. A token need not be whole characters: byte-level vocabularies divide rarer ones among several tokens.
package enum TokenText {
    /// UTF-8 as text; each byte that belongs to no whole character as `\xE4`.
    package static func text(of bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var (text, rest) = ("", Array(bytes)[...])
        while let byte = rest.first {
            let character = (1...4).lazy.filter { $0 <= rest.count }
                .compactMap { String(validating: rest.prefix($0), as: UTF8.self) }.first
            if let character {
                text += character
                rest = rest.dropFirst(character.utf8.count)
            } else {
                text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
                rest = rest.dropFirst()
            }
        }
        return text
    }

    /// The bytes where their text can't be exact; nil for UTF-8.
    package static func inexactBytes(_ bytes: [UInt8]) -> [UInt8]? {
        String(validating: bytes, as: UTF8.self) == nil ? bytes : nil
    }

    /// Runs of tokens, as short as can be, between which no character is divided: neither one's bytes nor what belongs
    /// together in it, such as a letter and its accent or the parts of an emoji.
    package static func runs(of tokens: [[UInt8]]) -> [Range<Int>] {
        let scalarRuns = runsOfWholeScalars(tokens)
        let texts = scalarRuns.map { text(of: tokens[$0].joined()) }
        var ends: Set<Int> = []
        var end = 0
        for character in texts.joined() {
            end += character.utf8.count
            ends.insert(end)
        }
        var (runs, position) = ([Range<Int>](), 0)
        for (run, text) in zip(scalarRuns, texts) {
            if let last = runs.last, position > 0, !ends.contains(position) {
                runs[runs.count - 1] = last.lowerBound..<run.upperBound
            } else {
                runs.append(run)
            }
            position += text.utf8.count
        }
        return runs
    }

    private static func runsOfWholeScalars(_ tokens: [[UInt8]]) -> [Range<Int>] {
        var (runs, start, missing) = ([Range<Int>](), 0, 0)
        for (index, bytes) in tokens.enumerated() {
            if let first = bytes.first, first & 0b1100_0000 != 0b1000_0000, start < index {
                // What was begun is never ended.
                runs.append(start..<index)
                (start, missing) = (index, 0)
            }
            for byte in bytes {
                switch byte {
                case 0b1000_0000..<0b1100_0000: missing = max(0, missing - 1)
                case 0b1100_0000..<0b1110_0000: missing = 1
                case 0b1110_0000..<0b1111_0000: missing = 2
                case 0b1111_0000...: missing = 3
                default: missing = 0
                }
            }
            if missing == 0 || index == tokens.count - 1 {
                runs.append(start..<index + 1)
                start = index + 1
            }
        }
        return runs
    }
}
