/// A text as Python sees it: a sequence of Unicode scalars, equal only scalar by scalar.
///
/// The reference scorers are Python programs. Swift's `String` groups scalars into characters (`"\r\n"` is one) and
/// compares by canonical equivalence (`"é" == "e\u{301}"`), so a port on `String` disagrees with them at the edges.
///
///     PythonText("a\r\nb").split(separator: "\n")     // ["a\r", "b"]
struct PythonText: Hashable, Sendable {
    var scalars: [Unicode.Scalar]

    init() { scalars = [] }
    init(_ text: String) { scalars = Array(text.unicodeScalars) }
    init(_ text: some Sequence<Unicode.Scalar>) { scalars = Array(text) }
}

extension PythonText: RandomAccessCollection, RangeReplaceableCollection, MutableCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { scalars.count }
    var count: Int { scalars.count }

    subscript(position: Int) -> Unicode.Scalar {
        get { scalars[position] }
        set { scalars[position] = newValue }
    }

    subscript(range: Range<Int>) -> ArraySlice<Unicode.Scalar> {
        get { scalars[range] }
        set { scalars[range] = newValue }
    }

    func makeIterator() -> [Unicode.Scalar].Iterator { scalars.makeIterator() }
    mutating func append(_ scalar: Unicode.Scalar) { scalars.append(scalar) }

    mutating func replaceSubrange(_ range: Range<Int>, with new: some Collection<Unicode.Scalar>) {
        scalars.replaceSubrange(range, with: new)
    }
}

extension PythonText: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, CustomStringConvertible {
    init(stringLiteral text: String) { self.init(text) }
    init(arrayLiteral scalars: Unicode.Scalar...) { self.scalars = scalars }

    var description: String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
