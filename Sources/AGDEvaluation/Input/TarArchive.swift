import Foundation

/// The plain files in a tar archive (POSIX ustar layout: 512-byte headers, sizes in octal).
struct TarArchive {
    struct Entry {
        let name: String
        let content: ArraySlice<UInt8>
    }

    let entries: [Entry]

    /// - Throws: ``EvaluationError`` when a header or a size is damaged.
    init(_ bytes: [UInt8]) throws(EvaluationError) {
        var entries: [Entry] = []
        var position = 0
        while position + 512 <= bytes.count, bytes[position] != 0 {
            let name = Self.text(bytes[position..<(position + 100)])
            let sizeText = Self.text(bytes[(position + 124)..<(position + 136)]).trimmingCharacters(in: .whitespaces)
            guard let size = Int(sizeText, radix: 8), size >= 0, size <= bytes.count - position - 512 else {
                throw EvaluationError(problem: "is a damaged tar archive at byte \(position)", remedy: "fetch it again")
            }
            let kind = bytes[position + 156]
            let start = position + 512
            if kind == 0 || kind == UInt8(ascii: "0") {
                entries.append(Entry(name: name, content: bytes[start..<(start + size)]))
            }
            position = start + (size + 511) / 512 * 512
        }
        self.entries = entries
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }
}
