/// Writes shapes as GBNF.
struct GrammarWriter {
    private var rules: [String] = []
    private var names: [String: String] = [:]

    /// Rules of formatted strings' contents.
    static let formats = [
        "date": #"[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])"#,
        "time":
            #"([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,3})? ("Z" | ("+" | "-") ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])"#,
        "date-time": #"date "T" time"#,
        "uuid": #"[0-9a-fA-F]{8} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{12}"#,
    ]

    private static let common = [
        #"ws ::= | " " | "\n" [ \t]{0,20}"#,
        #"char ::= [^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})"#,
        #"string ::= "\"" char* "\"" ws"#,
        #"natural ::= "0" | [1-9] [0-9]{0,15}"#,
        #"decimals ::= ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?"#,
        #"value ::= object | array | string | "-"? natural decimals ws | ("true" | "false" | "null") ws"#,
        #"member ::= string ":" ws value"#,
        #"object ::= "{" ws (member ("," ws member)*)? "}" ws"#,
        #"array ::= "[" ws (value ("," ws value)*)? "]" ws"#,
    ]

    /// A grammar whose text is one document's.
    mutating func grammar(of document: ShapeDocument) -> String { grammar(root: "ws " + expression(document, "")) }

    /// A grammar that begins with an expression, made by this writer.
    mutating func grammar(root: String) -> String {
        (["root ::= \(root)"] + rules + Self.common
            + Self.formats.sorted { $0.key < $1.key }.map { "\($0.key) ::= \($0.value)" })
            .joined(separator: "\n") + "\n"
    }

    /// - Parameter prefix: of the names of its definitions, of letters.
    mutating func expression(_ document: ShapeDocument, _ prefix: String) -> String {
        names = [:]
        for (index, pointer) in document.definitions.keys.sorted().enumerated() {
            names[pointer] = "\(prefix)definition\(index)"
        }
        for (pointer, shape) in document.definitions.sorted(by: { $0.key < $1.key }) {
            let body = expression(shape)
            rules.append("\(names[pointer] ?? "") ::= \(body)")
        }
        return expression(document.root)
    }

    /// Each takes the white space behind it along.
    private mutating func expression(_ shape: JSONShape) -> String {
        switch shape {
        case .any: return "value"
        case .literal(let text): return Self.quoted(text) + " ws"
        case .string(nil): return "string"
        case .string(let length?): return #""\"" char"# + Self.repetition(length) + #" "\"" ws"#
        case .formatted(let name): return #""\"" "# + name + #" "\"" ws"#
        case .number(let isWhole, let mayBeNegative):
            return (mayBeNegative ? #""-"? "# : "") + "natural" + (isWhole ? "" : " decimals") + " ws"
        case .reference(let pointer): return names[pointer] ?? "value"
        case .alternatives(let shapes):
            return "(" + shapes.map { expression($0) }.joined(separator: " | ") + ")"
        case .map(let value):
            let member = rule(#"string ":" ws "# + expression(value))
            return #""{" ws (\#(member) ("," ws \#(member))*)? "}" ws"#
        case .object(let properties): return object(properties)
        case .array(let first, let rest, let count): return array(first, rest, count)
        }
    }

    /// From the last property to the first, what may follow where none was written yet, and where one was.
    private mutating func object(_ properties: [JSONShape.Property]) -> String {
        var (first, further) = ("", "")
        for property in properties.reversed() {
            let member = rule(Self.quoted(property.name.jsonQuoted) + #" ws ":" ws "# + expression(property.shape))
            let written = further.isEmpty ? member : "\(member) \(further)"
            if property.isRequired {
                (first, further) = (written, rule(#""," ws "# + written))
            } else {
                first = first.isEmpty ? rule("| \(written)") : rule("\(written) | \(first)")
                // An alternative that is empty stands first: behind the last `|` the next line would be read on.
                let next = #""," ws "# + written
                further = rule(further.isEmpty ? "| \(next)" : "\(next) | \(further)")
            }
        }
        return #""{" ws \#(first) "}" ws"#
    }

    private mutating func array(_ first: [JSONShape], _ rest: JSONShape?, _ count: ClosedRange<Int>) -> String {
        var items = first.map { expression($0) }.joined(separator: #" "," ws "#)
        if let rest {
            let item = rule(expression(rest))
            if first.isEmpty, count.upperBound > 0 {
                let most = count.upperBound == JSONShape.endless ? count.upperBound : count.upperBound - 1
                let all = #"\#(item) ("," ws \#(item))"# + Self.repetition(max(0, count.lowerBound - 1)...most)
                items = count.lowerBound == 0 ? "(\(all))?" : all
            } else if count.upperBound > first.count {
                let most = count.upperBound == JSONShape.endless ? count.upperBound : count.upperBound - first.count
                items += #" ("," ws \#(item))"# + Self.repetition(count.lowerBound - first.count...most)
            }
        }
        return #""[" ws \#(items) "]" ws"#
    }

    private mutating func rule(_ expression: String) -> String {
        let name = "r\(rules.count)"
        rules.append("\(name) ::= \(expression)")
        return name
    }

    private static func repetition(_ count: ClosedRange<Int>) -> String {
        count.upperBound == JSONShape.endless
            ? (count.lowerBound == 0 ? "*" : "{\(count.lowerBound),}") : "{\(count.lowerBound),\(count.upperBound)}"
    }

    static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }
}
