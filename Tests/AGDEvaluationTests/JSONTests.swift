import Testing

@testable import AGDEvaluation

@Suite("JSON is read as Python's json.loads reads it")
struct JSONTests {
    @Test(
        "accepted",
        arguments: [
            "1", "-0", "1.5e-3", "1E+2", "\"x\"", "null", "[]", "{}", " [1, {\"a\": [true]}]\r\n", "NaN", "-Infinity",
            "{\"a\": 1, \"a\": 2}", "\"\\ud800\"", "\"\\ud83d\\ude00\"", "\"\u{2028}\"", "\"\u{7F}\"",
        ])
    func accepted(text: String) throws {
        _ = try JSONParser.parse(text)
    }

    @Test(
        "rejected",
        arguments: [
            "", " ", "{", "[1,]", "{\"a\": 1,}", "{'a': 1}", "{a: 1}", "01", ".5", "1.", "+1", "-", "1 2", "\"a\nb\"",
            "\"\t\"", "\u{FEFF}1", "// x\n1", "\"\\x\"", "\"\\u12\"", "nul", "\"a", "\u{A0}1", "[1 2]", "{\"a\" 1}",
            "--1",
        ])
    func rejected(text: String) {
        #expect(throws: EvaluationError.self) { try JSONParser.parse(text) }
    }

    @Test("escapes become scalars, a lone surrogate the replacement character")
    func escapes() throws {
        #expect(try JSONParser.parse(#""\u00e9\ud83d\ude00\n\/\ud800x""#) == "é😀\n/\u{FFFD}x")
    }

    @Test("of equal keys the last one counts")
    func duplicateKeys() throws {
        #expect(try JSONParser.parse("{\"a\": 1, \"a\": 2}")["a"] == .number(2))
    }

    @Test("a hundred thousand brackets are an error, not a crash")
    func depth() {
        #expect(throws: EvaluationError.self) { try JSONParser.parse(String(repeating: "[", count: 100_000)) }
        #expect(throws: EvaluationError.self) { try JSONParser.parse(String(repeating: "{\"a\":", count: 100_000)) }
    }

    @Test("invalid UTF-8 is an error")
    func invalidUTF8() {
        #expect(throws: EvaluationError.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
    }

    @Test("what is written is read back")
    func roundTrip() throws {
        var random = RandomTexts(seed: 2)
        for number in 0..<200 {
            let text = random.text(upTo: 12).description
            let value = JSONValue.object([
                .init(text, .array([.string(text), .number(Double(number) / 7), .null, .bool(true)])),
                .init("whole", .number(Double(number))),
            ])
            #expect(try JSONParser.parse(value.text) == value)
        }
    }

    @Test("no cut through a document crashes the parser")
    func everyPrefix() throws {
        let document = Array(#"{"a": [1.5e3, "x\u00e9", null, true], "b": {"c": -Infinity}}"#.utf8)
        for end in 0..<document.count {
            #expect(throws: EvaluationError.self) { try JSONParser.parse(Array(document[..<end])) }
        }
    }

    @Test("a complaint names the path of its field")
    func fieldPaths() throws {
        let line = JSONField(try JSONParser.parse(#"{"kwargs": {"keywords": ["a", 2]}}"#))
        let error = #expect(throws: EvaluationError.self) { try line["kwargs"]["keywords"].strings() }
        #expect(error?.description == "field 'kwargs.keywords[1]': is a number (2); write a string")
        let missing = #expect(throws: EvaluationError.self) { try line["kwargs"]["letter"].string() }
        #expect(missing?.description == "field 'kwargs.letter': is missing; write a string")
    }
}
