/// A grammar is followed by keeping all readings of what was written so far. Alternatives that begin alike are as many readings, and
/// inside each of them others may open: without a bound their number grows with the power of the depth.
extension JSONShape {
    /// Readings that may be open at most.
    static let ambiguityLimit = 256
}

extension ShapeDocument {
    /// - Throws: ``SchemaError`` where more readings could be open than ``JSONShape/ambiguityLimit``, or ever more by recursion.
    func checkAmbiguity() throws(SchemaError) {
        for (pointer, shape) in definitions {
            if begins(with: pointer, shape, []) {
                throw SchemaError(path: pointer, problem: "is nothing but a reference to itself")
            }
        }
        var counts = definitions.mapValues { _ in 1 }
        // Without growth by recursion the counts stand after as many rounds as there are definitions.
        for _ in 0...definitions.count {
            let next = definitions.mapValues { ambiguity(of: $0, counts) }
            if let (pointer, _) = next.first(where: { $0.value > JSONShape.ambiguityLimit }) {
                throw Self.tooMany(pointer)
            }
            if next == counts {
                guard ambiguity(of: root, counts) <= JSONShape.ambiguityLimit else { throw Self.tooMany("") }
                return
            }
            counts = next
        }
        throw SchemaError(
            path: "",
            problem:
                "is recursive through alternatives that begin alike; let each begin with a property of its own value")
    }

    private static func tooMany(_ path: String) -> SchemaError {
        SchemaError(path: path, problem: "has more than \(JSONShape.ambiguityLimit) alternatives that begin alike")
    }

    /// Whether a shape can begin with a definition before anything is written.
    private func begins(with pointer: String, _ shape: JSONShape, _ seen: Set<String>) -> Bool {
        switch shape {
        case .reference(let other):
            other == pointer
                || !seen.contains(other)
                    && definitions[other].map { begins(with: pointer, $0, seen.union([other])) } ?? false
        case .alternatives(let shapes): shapes.contains { begins(with: pointer, $0, seen) }
        default: false
        }
    }

    private func ambiguity(of shape: JSONShape, _ counts: [String: Int]) -> Int {
        switch shape {
        case .any: 8
        case .literal, .string, .formatted, .number: 1
        case .reference(let pointer): counts[pointer] ?? 1
        case .map(let value): max(2, ambiguity(of: value, counts))
        case .array(let first, let rest, _):
            (first + [rest].compactMap { $0 }).reduce(2) { max($0, ambiguity(of: $1, counts)) }
        case .object(let properties):
            properties.reduce(Self.longestChoice(properties)) { max($0, ambiguity(of: $1.shape, counts)) }
        case .alternatives(let shapes):
            ambiguity(ofAlternatives: shapes.map { (opening($0), ambiguity(of: $0, counts)) })
        }
    }

    /// Of alternatives that begin alike the sum; all are open before the first character.
    private func ambiguity(ofAlternatives alternatives: [(opening: String, count: Int)]) -> Int {
        alternatives.reduce(alternatives.count) { most, one in
            let alike = alternatives.filter { $0.opening.hasPrefix(one.opening) || one.opening.hasPrefix($0.opening) }
            return max(most, alike.reduce(0) { min(JSONShape.ambiguityLimit + 1, $0 + $1.count) })
        }
    }

    /// Properties any of which may come next.
    private static func longestChoice(_ properties: [JSONShape.Property]) -> Int {
        var (longest, run) = (1, 1)
        for property in properties {
            run = property.isRequired ? 1 : run + 1
            longest = max(longest, run)
        }
        return longest
    }

    /// What each text of a shape begins with, white space left out; empty where that isn't known.
    private func opening(_ shape: JSONShape, depth: Int = 0) -> String {
        switch shape {
        case .literal(let text): return text.first.map { $0 == "-" || $0.isNumber } == true ? "0" : text
        case .string, .formatted: return "\""
        case .number: return "0"
        case .map: return "{"
        case .array: return "["
        case .object(let properties):
            guard let first = properties.first, first.isRequired else { return "{" }
            let known: String
            if case .literal(let text) = first.shape { known = text } else { known = "" }
            return "{" + first.name.jsonQuoted + ":" + known
        case .reference(let pointer):
            return depth < 16 ? definitions[pointer].map { opening($0, depth: depth + 1) } ?? "" : ""
        case .alternatives(let shapes) where shapes.count == 1: return opening(shapes[0], depth: depth)
        case .any, .alternatives: return ""
        }
    }
}
