import Foundation

/// A text in canonical decomposition (Unicode's NFD), which canonically equal texts share, with the bytes it comes from.
///
/// It is made scalar by scalar, in time in proportion to the text; library functions sort long runs of combining marks slowly.
struct CanonicalText {
    private var scalars: [UInt32] = []
    /// The byte of the text at which what begins with this scalar begins; nil inside of something, such as between a letter and
    /// its accent. One more for the end.
    private var bytes: [Int?] = []

    init(_ text: String) {
        var decompositions: [UInt32: [UInt32]] = [:]
        var marks: [(scalar: UInt32, order: UInt8)] = []
        var byte = 0
        func append(_ scalar: UInt32, _ byte: Int?) {
            scalars.append(scalar)
            bytes.append(byte)
        }
        func appendMarks() {
            // Marks of one class keep their order, as Swift's sort is stable.
            for mark in marks.sorted(by: { $0.order < $1.order }) { append(mark.scalar, nil) }
            marks.removeAll(keepingCapacity: true)
        }
        for scalar in text.unicodeScalars {
            defer { byte += UTF8.width(scalar) }
            if scalar.isASCII {
                appendMarks()
                append(scalar.value, byte)
                continue
            }
            let decomposed = decompositions[scalar.value] ?? Self.decomposition(of: scalar)
            decompositions[scalar.value] = decomposed
            for (index, part) in decomposed.enumerated() {
                let order = Unicode.Scalar(part)?.properties.canonicalCombiningClass.rawValue ?? 0
                if order != 0 {
                    marks.append((part, order))
                } else {
                    appendMarks()
                    append(part, index == 0 ? byte : nil)
                }
            }
        }
        appendMarks()
        bytes.append(byte)
    }

    private static func decomposition(of scalar: Unicode.Scalar) -> [UInt32] {
        String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
    }

    /// The bytes of this text in which `other` occurs, from where something begins to where something ends: e is not found in é.
    func occurrences(of other: CanonicalText) -> [Range<Int>] {
        scalars.occurrences(of: other.scalars).compactMap { start in
            guard let first = bytes[start], let end = bytes[start + other.scalars.count] else { return nil }
            return first..<end
        }
    }
}
