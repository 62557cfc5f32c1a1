import Testing

@testable import AttributionGuidedDecoding
@testable import LaneEngine

@Suite("Regions are written as people name them")
struct RegionSpecificationTests {
    static let bodies: [(String, RegionSpecification.Target)] = [
        ("system", .role("system")), ("user", .role("user")), ("assistant", .role("assistant")),
        ("tool", .role("tool")), ("message:0", .message(0)),
        ("message:12", .message(12)), ("text:\"in French\"", .text("in French")), ("text:\"\"\"", .text("\"")),
        ("text:\"a=1\"", .text("a=1")),
        ("text:\"a:b\"", .text("a:b")), ("text:\"é漢🙂\"", .text("é漢🙂")), ("text:plain", .text("plain")),
        ("regex:\"\\d+\"", .regex("\\d+")),
        ("regex:^a|b$", .regex("^a|b$")), ("tokens:3", .tokens([3..<4])),
        ("tokens:0..<12,15", .tokens([0..<12, 15..<16])),
        ("tokens:2...4", .tokens([2..<5])), ("tokens:5...5", .tokens([5..<6])),
        ("heads:3.5", .heads([.init(layer: 3, head: 5): 1])),
        ("heads:3.5,7.0", .heads([.init(layer: 3, head: 5): 1, .init(layer: 7, head: 0): 1])),
    ]

    @Test("with and without a weight", arguments: [nil, 1, -0.5, 0, 2.25, 1e-3, -1e20, 3])
    func weights(weight: Double?) throws {
        for (body, target) in Self.bodies {
            let specification = try RegionSpecification(body + (weight.map { "=\($0)" } ?? ""))
            #expect(specification.target == target, "\(body)")
            #expect(specification.weight == weight ?? 1, "\(body)")
        }
    }

    @Test("An equals sign without a number behind it is text", arguments: ["a=", "a=b", "=", "a=1x", "x = y", "1=2 "])
    func equalsSigns(text: String) throws {
        #expect(try RegionSpecification("text:\(text)").target == .text(text))
    }

    @Test("Quotes keep what looks like a weight")
    func quotedWeight() throws {
        let specification = try RegionSpecification("text:\"x=2\"=-3")
        #expect(specification.target == .text("x=2"))
        #expect(specification.weight == -3)
    }

    @Test("Any string is understood or refused, and never more than that")
    func anyString() {
        var generator = SeededGenerator(seed: 3)
        let alphabet = [
            "system", "text:", "regex:", "tokens:", "heads:", "message:", "\"", "=", "-", "0", "1",
            "9223372036854775807", ".", "..<", "...",
            ",", "@", "é", " ", "inf", "nan", "e9", ":",
        ]
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...6, using: &generator)).compactMap { _ in
                alphabet.randomElement(using: &generator)
            }.joined()
            do {
                let specification = try RegionSpecification(text)
                #expect(specification.weight.isFinite)
                #expect(specification.description == text)
            } catch { #expect(error is RegionError, "\(text)") }
        }
    }

    @Test("The likeliest place of a text that isn't there is where most of it is")
    func likeliestPlace() {
        let text =
            String(repeating: "Nothing here. ", count: 20) + "Answer in french, please."
            + String(repeating: " Nor here.", count: 20)
        #expect(Prompt.likeliestPlace(of: "Answer in Frensh", in: text).contains("Answer in french"))
        #expect(Prompt.likeliestPlace(of: "", in: "") == "")
        #expect(Prompt.likeliestPlace(of: "漢", in: "abc").count <= 3)
    }
}
